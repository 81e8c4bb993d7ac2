"""Which meters are relied on (R22, R24, R25)."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from domain.knowledge.ledger import NEVER_SENT, LedgerEntry
from domain.knowledge.readings import MeterReading, Readings
from domain.site.power import Watts
from domain.site.site import Site, Windows
from domain.values import value

READINGS_BACK = 3
"""How many readings at least bring a meter back that fell silent."""

TOO_LOW_PART = 10
"""A meter may show so small a part less than the connectors below it draw."""

COARSE_W = 1000
"""A meter that shows whole kilowatts may stand still while little moves."""

LIVELY_READINGS = 20
"""A meter that repeated none of so many readings measures what never stands still."""


@value
class WayBack:
    """The readings of a meter that speaks again: when the first and the newest were taken, how many were seen."""

    since: datetime
    newest_at: datetime
    readings: int = 1


@value
class Drawn:
    """What the connectors below a meter drew, so far as they were told so, by readings as young as a meter's; and by
    their newest readings, of which the oldest that shows any was taken at `oldest_at`.
    """

    told_w: Watts
    seen_w: Watts
    oldest_at: datetime


@value
class Still:
    """What a meter shows, and since when; what the connectors below it drew when all of them had been read since; when
    its newest reading was taken as they were first seen to draw another amount, which they still do; and how many
    figures on end before this one, up to `LIVELY_READINGS`, were shown by one reading alone.
    """

    power_w: Watts
    since: datetime
    drawn_w: Watts | None = None
    moved_at: datetime | None = None
    unrepeated: int = 0

    def then(self, reading: MeterReading, below: Drawn, windows: Windows, *, read_before_at: datetime) -> "Still":
        """With one more reading, which may be the one it had before; that was taken at `read_before_at`."""
        if reading.power_w != self.power_w:
            unrepeated = 0 if read_before_at > self.since else min(LIVELY_READINGS, self.unrepeated + 1)
            return Still(reading.power_w, reading.measured_at, unrepeated=unrepeated)
        if self.drawn_w is None:
            return replace(self, drawn_w=below.seen_w if below.oldest_at >= self.since else None)
        if abs(below.seen_w - self.drawn_w) <= windows.tolerance_w:
            return replace(self, moved_at=None)
        return replace(self, moved_at=self.moved_at or reading.measured_at)

    def frozen_since(self, taken_at: datetime, below: Drawn, windows: Windows) -> datetime | None:
        """Since when it repeats itself to the watt for too long: after something moved below it, or, of one that never
        did before, whatever moves, where it shows more than the connectors below it draw.
        """
        if self.power_w % COARSE_W == 0:
            return None
        if self.moved_at is not None and taken_at - self.moved_at >= windows.meter_stale_after:
            return self.moved_at
        was_lively = self.unrepeated >= LIVELY_READINGS and self.power_w > below.seen_w + windows.tolerance_w
        return self.since if was_lively and taken_at - self.since > windows.meter_stale_after else None


@value
class MeterMemory:
    """A meter that was heard: when its newest reading was taken; whether it fell silent and has not come back since,
    and how far it is on its way; since when its readings are all too low for the connectors below it, or stand still;
    whether that made it count as silent, until it is relied on again (R25).
    """

    read_at: datetime
    fell_silent: bool = False
    way_back: WayBack | None = None
    too_low_since: datetime | None = None
    is_bad: bool = False
    still: Still | None = None


@value
class Meters:
    """Per node: the reading that is relied on; that of a meter on its way back. The nodes (indices) whose meter counts
    as last known for now.

    `memory`, by circuit id, is for the next cycle. A meter never heard has none.
    """

    readings: list[MeterReading | None]
    on_way_back: list[MeterReading | None]
    last_known: frozenset[int]
    memory: dict[str, MeterMemory]


def relied_on(
    site: Site,
    readings: Readings,
    memory: Mapping[str, MeterMemory],
    ledger: Mapping[str, LedgerEntry],
    *,
    at: datetime,
    first: bool,
) -> Meters:
    """Which meters are relied on now; all that are fresh where nobody was ever sent a setpoint (`first`).

    One that fell silent, is contradicted, or is first heard later, is after fresh readings for `meter_stale_after_s`,
    at least three. So long after a take-over one that was relied on and has not been heard yet counts as last known,
    but not later than twice that after its last reading.
    """
    tree, windows = site.tree, site.windows
    stale_after, since = windows.meter_stale_after, readings.listening_since
    heard_enough = since is None or at - since >= stale_after
    drawn_below = [] if first or not readings.meters else _drawn(site, readings, ledger, at, oldest=at - stale_after)
    relied: list[MeterReading | None] = [None] * len(tree.nodes)
    on_way_back: list[MeterReading | None] = [None] * len(tree.nodes)
    last_known, after = set(), {}
    for index, node in enumerate(tree.nodes):
        if not node.metered:
            continue
        known, reading = memory.get(node.node_id), readings.meters.get(node.node_id)
        if reading is not None and reading.measured_at >= at - stale_after:
            below = None if first or node.generation else drawn_below[index]
            known = _after_reading(None if first else known, reading, below, windows, first=first)
            if not known.fell_silent:
                relied[index] = reading
            elif known.way_back is not None:
                on_way_back[index] = reading
        elif heard_enough or (known is not None and at - known.read_at >= 2 * stale_after):
            known = _silent(known, reading)
        elif known is not None and not known.fell_silent:
            last_known.add(index)
        if known is not None:
            after[node.node_id] = known
    return Meters(relied, on_way_back, frozenset(last_known), after)


def _silent(known: MeterMemory | None, reading: MeterReading | None) -> MeterMemory | None:
    """The memory of a meter without a fresh reading; null where it was never heard."""
    if known is None:
        return None if reading is None else MeterMemory(reading.measured_at, fell_silent=True)
    return MeterMemory(known.read_at, fell_silent=True, is_bad=known.is_bad)


def _drawn(
    site: Site, readings: Readings, ledger: Mapping[str, LedgerEntry], at: datetime, *, oldest: datetime
) -> list[Drawn]:
    """Per node, in tree order."""
    tree = site.tree
    told, seen, since = [0] * len(tree.nodes), [0] * len(tree.nodes), [at] * len(tree.nodes)
    for connector, key in zip(tree.connectors, tree.connector_index, strict=True):
        known, node = readings.connectors.get(key), connector.charge_point
        power_w = None if known is None else known.reading.power_w
        if known is None or not power_w:
            continue
        seen[node] += power_w
        taken_at = known.measured_at
        if taken_at < since[node]:
            since[node] = taken_at
        if taken_at >= oldest:
            last_w = ledger.get(connector.node_id, NEVER_SENT).last_w
            if last_w is not None:
                told[node] += last_w if last_w < power_w else power_w
    parents = tree.parents
    for node in range(len(since) - 1, 0, -1):
        if since[node] < since[parents[node]]:
            since[parents[node]] = since[node]
    return list(map(Drawn, tree.summed(told), tree.summed(seen), since))


def _after_reading(
    known: MeterMemory | None,
    reading: MeterReading,
    below: Drawn | None,
    windows: Windows,
    *,
    first: bool,
) -> MeterMemory:
    """The memory of a meter after a fresh reading, which may be the one it had before, beside what was drawn below it;
    null where that is not asked.
    """
    taken_at, still, since = reading.measured_at, None, None
    if known is None:
        known = MeterMemory(taken_at, fell_silent=not first)
    if below is not None:
        still = known.still or Still(reading.power_w, taken_at)
        still = still.then(reading, below, windows, read_before_at=known.read_at)
        if reading.power_w < below.told_w - max(windows.tolerance_w, below.told_w // TOO_LOW_PART):
            since = known.too_low_since or taken_at
        else:
            since = still.frozen_since(taken_at, below, windows)
    if since is not None:
        is_bad = known.is_bad or taken_at - since >= windows.meter_stale_after
        return MeterMemory(taken_at, known.fell_silent or is_bad, too_low_since=since, is_bad=is_bad, still=still)
    if not known.fell_silent:
        return MeterMemory(taken_at, still=still)
    back = known.way_back
    # Cycles see the newest reading only: nothing longer between two of them can be put down to that.
    if back is None or taken_at - back.newest_at > windows.meter_stale_after + windows.telemetry_cycle_interval:
        back = WayBack(taken_at, taken_at)
    elif taken_at > back.newest_at:
        back = WayBack(back.since, taken_at, back.readings + 1)
    if taken_at - back.since >= windows.meter_stale_after and back.readings >= READINGS_BACK:
        return MeterMemory(taken_at, still=still)
    return MeterMemory(taken_at, fell_silent=True, way_back=back, is_bad=known.is_bad, still=still)
