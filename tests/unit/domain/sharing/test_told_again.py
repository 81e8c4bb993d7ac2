"""What reserved and unresponsive connectors are told: what they were told last, but where that is too much (R42)."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from domain.knowledge.demand import Standing
from domain.knowledge.ledger import LedgerEntry
from domain.knowledge.lines import Line
from domain.knowledge.readings import Readings
from domain.sharing import rebalance
from domain.sharing.plan import Reason
from tests.unit.domain.depot import Depot, charger, grid


def dual(capacity_w: int = 300_000, *, told_w: int = 50_000, minimum_w: int = 0) -> Depot:
    """A charge point of 100 kW, 30 kW without a setpoint, whose connectors were told 50 kW each at eight."""
    depot = Depot(
        grid("gc-1", capacity_w),
        charger("cp-1", "gc-1", 80_000, 80_000, max_power_w=100_000, fallback_w=30_000, minimum_w=minimum_w),
    )
    for connector in ("cp-1/1", "cp-1/2"):
        depot.hears(connector, told_w, requested_w=told_w, applied_limit_w=told_w)
    depot.cycle()
    return depot


def told(depot: Depot, change: Callable[[Line], Line]) -> int | None:
    """What the first connector is told where it is known as the change has it."""
    situation = depot.situation()
    first, *others = situation.lines
    setpoint = rebalance.decide(replace(situation, lines=[change(first), *others])).setpoints[0]
    assert (setpoint.reason is Reason.RESERVED) or (setpoint.reason is Reason.UNRESPONSIVE)
    assert setpoint.target_w is None
    return setpoint.limit_w


def reserved(line: Line, **changes: object) -> Line:
    return replace(line, standing=Standing.RESERVED, demand_w=0, full_w=0, minimum_w=0, **changes)  # type: ignore[arg-type]


def unresponsive(line: Line, **changes: object) -> Line:
    return replace(reserved(line, **changes), standing=Standing.UNRESPONSIVE)


@pytest.mark.parametrize("known", [reserved, unresponsive])
def test_it_is_its_last_setpoint(known: Callable[[Line], Line]) -> None:
    assert told(dual(), known) == 50_000


def test_it_is_as_it_was_told_whatever_its_factor() -> None:
    """R35: no share is converted here."""
    assert told(dual(), lambda line: reserved(line, entry=_with(line.entry, factor=1080))) == 50_000


def test_it_is_nothing_where_it_was_never_told_anything() -> None:
    assert told(dual(), lambda line: reserved(line, entry=LedgerEntry())) is None


def test_it_is_its_rating_at_most() -> None:
    def of_a_smaller_charger(line: Line) -> Line:
        return reserved(line, connector=replace(line.connector, max_power_w=40_000))

    assert told(dual(), of_a_smaller_charger) == 40_000


def test_it_is_in_proportion_where_its_charge_point_bears_less_than_when_it_was_told_that() -> None:
    """R42: twice 50 kW on 60 kW; unheard, as after a take-over, both are reserved."""
    depot = dual()
    depot.configures(grid("gc-1", 300_000), charger("cp-1", "gc-1", 80_000, 80_000, max_power_w=60_000))
    depot.readings = Readings(listening_since=depot.at)
    assert [(each.reason, each.limit_w) for each in depot.plan().setpoints] == [(Reason.RESERVED, 30_000)] * 2


def test_it_is_nothing_to_its_own_charge_point_that_both_together_draw_more_than_that_bears() -> None:
    """Told 0 for the rating of its own charge point a connector would draw nothing, be let in again, and blink."""
    depot = ignoring(dual(told_w=30_000))
    assert (depot.node("cp-1").headroom_w or 0) < 0
    assert [(each.reason, each.limit_w) for each in depot.plan().setpoints] == [(Reason.UNRESPONSIVE, 30_000)] * 2


def test_it_is_0_where_what_is_held_alone_exceeds_a_limit_above_its_charge_point() -> None:
    depot = ignoring(dual(101_000, told_w=30_000))
    assert [(each.reason, each.limit_w) for each in depot.plan().setpoints] == [(Reason.UNRESPONSIVE, 0)] * 2


def test_it_is_not_0_where_its_factor_explains_what_it_holds() -> None:
    """R40, R42: told 0 it would stop, be let in again and stop again."""
    depot = dual(capacity_w=101_000)
    depot.later(20)
    for connector in ("cp-1/1", "cp-1/2"):
        depot.hears(connector, 70_000, applied_limit_w=50_000)
    assert (depot.node("gc-1").headroom_w or 0) < 0
    assert [(each.reason, each.limit_w) for each in depot.plan().setpoints] == [(Reason.UNRESPONSIVE, 35_714)] * 2


def ignoring(depot: Depot) -> Depot:
    """A grace later both draw more than any factor explains."""
    depot.later(20)
    for connector in ("cp-1/1", "cp-1/2"):
        depot.hears(connector, 98_000, applied_limit_w=30_000)
    return depot


@pytest.mark.parametrize(("after_s", "limit_w"), [(19, 50_000), (20, 15_000)])
def test_it_is_its_part_of_the_fallback_from_a_grace_after_it_fell_back(after_s: int, limit_w: int) -> None:
    """30 kW for two connectors."""
    depot = dual()
    fell_back_at = depot.at
    depot.later(after_s)
    assert told(depot, lambda line: reserved(line, entry=_with(line.entry, fell_back_at=fell_back_at))) == limit_w


@pytest.mark.parametrize(("minimum_w", "limit_w"), [(0, 35_714), (40_000, 40_000)])
def test_where_its_factor_explains_what_it_draws_it_is_told_so_much_less(minimum_w: int, limit_w: int) -> None:
    """R40: at 1.4 W for each that it is told; never under its minimum."""
    depot = dual(minimum_w=minimum_w)
    depot.later(20)
    depot.hears("cp-1/1", 70_000, applied_limit_w=50_000)
    entry = {"factor": 1400, "explained_at": depot.at}
    assert told(depot, lambda line: unresponsive(line, entry=_with(line.entry, **entry))) == limit_w


def test_a_reading_explains_what_was_told_before_it_and_no_more() -> None:
    """R40: what is told for it is told again, not lowered once more."""
    depot = dual()
    entry = {"factor": 1400, "explained_at": depot.at}
    depot.later(20)
    assert told(depot, lambda line: unresponsive(line, entry=_with(line.entry, **entry))) == 50_000


def _with(entry: LedgerEntry, **changes: object) -> LedgerEntry:
    after = entry.copy()
    for name, value in changes.items():
        setattr(after, name, value)
    return after
