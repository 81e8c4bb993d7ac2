"""The limit in force at every node, its kind and its mode, and which meters are relied on (contract section 4)."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from domain.plan import LimitKind, Mode, NodeType
from domain.power import Watts
from domain.power_tree import PowerNode, PowerTree
from domain.site import Settings
from domain.telemetry import MeterReading, Readings

READINGS_BACK = 3
"""How many readings at least bring a meter back that fell silent."""


@dataclass(frozen=True, slots=True)
class Limit:
    """What may be drawn at a node now; no `limit_w`, no `kind`."""

    limit_w: Watts | None
    kind: LimitKind | None
    mode: Mode


@dataclass(frozen=True, slots=True)
class WayBack:
    """The readings of a meter that speaks again: when the first and the newest were taken, how many were seen."""

    since: datetime
    newest_at: datetime
    readings: int = 1


@dataclass(frozen=True, slots=True)
class MeterMemory:
    """A meter that was heard: whether it fell silent and has not come back since, and how far it is on its way."""

    fell_silent: bool = False
    way_back: WayBack | None = None


@dataclass(frozen=True, slots=True)
class Meters:
    """Per node, the reading that is relied on; the nodes (indices) whose meter counts as last known for now.

    `memory`, by circuit id, is for the next cycle. A meter never heard has none.
    """

    readings: list[MeterReading | None]
    last_known: frozenset[int]
    memory: dict[str, MeterMemory]


_HEARD = MeterMemory()
_FELL_SILENT = MeterMemory(fell_silent=True)


def trusted_meters(
    tree: PowerTree,
    readings: Readings,
    memory: Mapping[str, MeterMemory],
    at: datetime,
    settings: Settings,
) -> Meters:
    """Which meters are relied on now.

    One that fell silent is again after fresh readings for `meter_stale_after_s`, at least three. So long after a
    take-over one that was relied on and has not been heard yet counts as last known.
    """
    fresh = fresh_meters(tree, readings, at, settings.meter_stale_after_s)
    since = readings.listening_since
    heard_enough = since is None or at - since >= timedelta(seconds=settings.meter_stale_after_s)
    last_known = set()
    after: dict[str, MeterMemory] = {}
    for index, node in enumerate(tree.nodes):
        if not node.metered:
            continue
        known, reading = memory.get(node.node_id), fresh[index]
        if reading is not None:
            known = _HEARD if known is None else _after_reading(known, reading, settings)
            if known.fell_silent:
                fresh[index] = None
        elif heard_enough:
            known = None if known is None and node.node_id not in readings.meters else _FELL_SILENT
        elif known == _HEARD:
            last_known.add(index)
        if known is not None:
            after[node.node_id] = known
    return Meters(fresh, frozenset(last_known), after)


def fresh_meters(tree: PowerTree, readings: Readings, at: datetime, stale_after_s: int) -> list[MeterReading | None]:
    """Per node, the meter reading that is young enough now."""
    oldest = at - timedelta(seconds=stale_after_s)
    fresh: list[MeterReading | None] = [None] * len(tree.nodes)
    for circuit_id, reading in readings.meters.items():
        index = tree.node_index.get(circuit_id)
        if index is not None and tree.nodes[index].metered and reading.measured_at >= oldest:
            fresh[index] = reading
    return fresh


def in_force(
    tree: PowerTree, meters: Sequence[MeterReading | None], last_known: Collection[int] = frozenset()
) -> list[Limit]:
    """The limit in force at every node, in tree order; `meters` are those relied on, `last_known` are as they were."""
    charge_point, rating, normal = NodeType.CHARGE_POINT, LimitKind.MAX_POWER, Mode.NORMAL
    return [
        Limit(node.default_capacity_w, rating, normal)
        if node.node_type is charge_point
        else _limit(node, meter is not None or index in last_known, tree.fallbacks_w[index])
        for index, (node, meter) in enumerate(zip(tree.nodes, meters, strict=True))
    ]


def _after_reading(known: MeterMemory, reading: MeterReading, settings: Settings) -> MeterMemory:
    """The memory of a heard meter after a fresh reading, which may be the one it had before."""
    if not known.fell_silent:
        return known
    taken_at, back = reading.measured_at, known.way_back
    # Cycles see the newest reading only: nothing longer between two of them can be put down to that.
    longest = timedelta(seconds=settings.meter_stale_after_s + settings.telemetry_cycle_interval_s)
    if back is None or taken_at - back.newest_at > longest:
        return MeterMemory(True, WayBack(taken_at, taken_at))
    if taken_at > back.newest_at:
        back = WayBack(back.since, taken_at, back.readings + 1)
    is_back = taken_at - back.since >= timedelta(seconds=settings.meter_stale_after_s)
    return _HEARD if is_back and back.readings >= READINGS_BACK else MeterMemory(True, back)


def _limit(node: PowerNode, is_known: bool, fallbacks_below: Watts) -> Limit:
    default, safe = node.default_capacity_w, node.safe_operating_capacity_w
    if node.node_type is NodeType.MICROGRID:
        return Limit(default, None if default is None else LimitKind.MAX_IMPORT, Mode.NORMAL)
    if is_known or (safe is None and not node.metered):
        return Limit(default, None if default is None else LimitKind.DEFAULT_CAPACITY, Mode.NORMAL)
    if safe is None:
        safe = fallbacks_below
    return Limit(safe if default is None else min(default, safe), LimitKind.SAFE_OPERATING_CAPACITY, Mode.SAFE)
