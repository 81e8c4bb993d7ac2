"""What is configured otherwise for a while: limits, ratings, what is left out or has moved."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from domain.site.configuration import ChargePoint, SiteConfiguration
from tests.worlds.habits import NEVER, Span

Change: TypeAlias = Callable[[SiteConfiguration], SiteConfiguration]


@dataclass(frozen=True, slots=True)
class Edit:
    """What is configured otherwise for a while. One without a length is undone in the same second."""

    span: Span
    change: Change


def timeline(drawn: SiteConfiguration, edits: Sequence[Edit]) -> tuple[tuple[int, SiteConfiguration], ...]:
    """A configuration under edits: one at second 0, and one whenever an edit begins or ends, numbered from 1 on."""
    instants = [(each.span.start, index, True) for index, each in enumerate(edits)]
    instants += [(each.span.end, index, False) for index, each in enumerate(edits) if each.span.end < NEVER]
    in_force: set[int] = {index for second, index, begins in instants if begins and second == 0}
    configurations = [(0, _edited(drawn, edits, in_force, version=1))]
    for second, index, begins in sorted(instants, key=lambda each: (each[0], each[1], not each[2])):
        if second > 0:
            in_force = in_force | {index} if begins else in_force - {index}
            version = len(configurations) + 1
            configurations.append((second, _edited(drawn, edits, in_force, version=version)))
    return tuple(configurations)


def _edited(drawn: SiteConfiguration, edits: Sequence[Edit], in_force: set[int], *, version: int) -> SiteConfiguration:
    for index in sorted(in_force):
        drawn = edits[index].change(drawn)
    return replace(drawn, version=version)


def without(*charge_points: str, circuits: tuple[str, ...] = ()) -> Change:
    """Leave out charge points, and circuits with all that hangs on them directly."""

    def change(configuration: SiteConfiguration) -> SiteConfiguration:
        rows = [
            each
            for each in configuration.charge_points
            if each.charge_point_id not in charge_points and each.circuit_id not in circuits
        ]
        kept = [each for each in configuration.circuits if each.circuit_id not in circuits]
        return replace(configuration, charge_points=tuple(rows), circuits=tuple(kept))

    return change


def moved(charge_points: tuple[str, ...], circuit_id: str) -> Change:
    """Have charge points under another circuit."""
    return _each_charge_point(charge_points, lambda each: replace(each, circuit_id=circuit_id))


def rated(charge_points: tuple[str, ...], percent: int) -> Change:
    """Rate charge points and their connectors at less."""
    return _each_charge_point(charge_points, lambda each: _rated(each, percent))


def limited(circuit_id: str, capacity_w: int, safe_w: int | None) -> Change:
    """Give a circuit other capacities; without a safe one none, if it had none."""

    def change(configuration: SiteConfiguration) -> SiteConfiguration:
        circuits = [
            replace(each, default_capacity_w=capacity_w, safe_operating_capacity_w=safe_w)
            if each.circuit_id == circuit_id
            else each
            for each in configuration.circuits
        ]
        return replace(configuration, circuits=tuple(circuits))

    return change


def retimed(valid_for_s: int, grace_s: int) -> Change:
    """Have setpoints last for longer or shorter, and give chargers more or less time to apply them."""

    def change(configuration: SiteConfiguration) -> SiteConfiguration:
        settings = replace(configuration.settings, setpoint_valid_for_s=valid_for_s, apply_grace_s=grace_s)
        return replace(configuration, settings=settings)

    return change


def _each_charge_point(charge_points: tuple[str, ...], of_one: Callable[[ChargePoint], ChargePoint]) -> Change:
    def change(configuration: SiteConfiguration) -> SiteConfiguration:
        rows = [of_one(each) if each.charge_point_id in charge_points else each for each in configuration.charge_points]
        return replace(configuration, charge_points=tuple(rows))

    return change


def _rated(row: ChargePoint, percent: int) -> ChargePoint:
    connectors = [replace(each, max_power_w=each.max_power_w * percent // 100) for each in row.connectors]
    rating_w = row.max_power_w * percent // 100
    return replace(
        row,
        max_power_w=rating_w,
        connectors=tuple(connectors),
        fallback_power_w=None if row.fallback_power_w is None else min(row.fallback_power_w, rating_w),
    )
