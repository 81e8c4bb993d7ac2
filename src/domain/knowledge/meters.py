"""Which meters are relied on (contract section 4)."""

from collections.abc import Mapping
from datetime import datetime

from domain.knowledge.readings import MeterReading, Readings
from domain.site.power_tree import PowerTree
from domain.site.site import Site, Windows
from domain.values import value

READINGS_BACK = 3
"""How many readings at least bring a meter back that fell silent."""


@value
class WayBack:
    """The readings of a meter that speaks again: when the first and the newest were taken, how many were seen."""

    since: datetime
    newest_at: datetime
    readings: int = 1


@value
class MeterMemory:
    """A meter that was heard: whether it fell silent and has not come back since, and how far it is on its way."""

    fell_silent: bool = False
    way_back: WayBack | None = None


@value
class Meters:
    """Per node, the reading that is relied on; the nodes (indices) whose meter counts as last known for now.

    `memory`, by circuit id, is for the next cycle. A meter never heard has none.
    """

    readings: list[MeterReading | None]
    last_known: frozenset[int]
    memory: dict[str, MeterMemory]


_HEARD = MeterMemory()
_FELL_SILENT = MeterMemory(fell_silent=True)


def relied_on(site: Site, readings: Readings, memory: Mapping[str, MeterMemory], at: datetime) -> Meters:
    """Which meters are relied on now.

    One that fell silent is again after fresh readings for `meter_stale_after_s`, at least three. So long after a
    take-over one that was relied on and has not been heard yet counts as last known.
    """
    tree, windows = site.tree, site.windows
    fresh = _fresh(tree, readings, at - windows.meter_stale_after)
    since = readings.listening_since
    heard_enough = since is None or at - since >= windows.meter_stale_after
    last_known = set()
    after: dict[str, MeterMemory] = {}
    for index, node in enumerate(tree.nodes):
        if not node.metered:
            continue
        known, reading = memory.get(node.node_id), fresh[index]
        if reading is not None:
            known = _HEARD if known is None else _after_reading(known, reading, windows)
            if known.fell_silent:
                fresh[index] = None
        elif heard_enough:
            known = None if known is None and node.node_id not in readings.meters else _FELL_SILENT
        elif known == _HEARD:
            last_known.add(index)
        if known is not None:
            after[node.node_id] = known
    return Meters(fresh, frozenset(last_known), after)


def _fresh(tree: PowerTree, readings: Readings, oldest: datetime) -> list[MeterReading | None]:
    """Per node, the meter reading that is young enough."""
    fresh: list[MeterReading | None] = [None] * len(tree.nodes)
    for circuit_id, reading in readings.meters.items():
        index = tree.node_index.get(circuit_id)
        if index is not None and tree.nodes[index].metered and reading.measured_at >= oldest:
            fresh[index] = reading
    return fresh


def _after_reading(known: MeterMemory, reading: MeterReading, windows: Windows) -> MeterMemory:
    """The memory of a heard meter after a fresh reading, which may be the one it had before."""
    if not known.fell_silent:
        return known
    taken_at, back = reading.measured_at, known.way_back
    # Cycles see the newest reading only: nothing longer between two of them can be put down to that.
    if back is None or taken_at - back.newest_at > windows.meter_stale_after + windows.telemetry_cycle_interval:
        return MeterMemory(True, WayBack(taken_at, taken_at))
    if taken_at > back.newest_at:
        back = WayBack(back.since, taken_at, back.readings + 1)
    is_back = taken_at - back.since >= windows.meter_stale_after
    return _HEARD if is_back and back.readings >= READINGS_BACK else MeterMemory(True, back)
