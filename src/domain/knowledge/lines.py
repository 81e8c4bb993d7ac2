"""One connector in one cycle: what it says, what it was told, and what it may draw."""

from collections.abc import Sequence
from datetime import datetime

from domain.knowledge import confirmation, obedience, usage
from domain.knowledge.demand import Standing
from domain.knowledge.hearing import Heard, Hearing
from domain.knowledge.ledger import EXACT, NEVER_SENT, LedgerEntry
from domain.knowledge.memory import Memory
from domain.knowledge.readings import KeptReading, Readings
from domain.knowledge.sendings import Moment
from domain.knowledge.usage import UsageMemory
from domain.site.power import Watts
from domain.site.power_tree import PlacedConnector
from domain.site.site import Site, Windows
from domain.values import value

MOST_OVER_RATING = 1035
"""Per mille of a rating that may flow at the meter: a breach there begins at 1050, and readings are noisy (R30)."""


@value
class Line:
    """One connector in one cycle.

    `known`: its newest reading, whose power counts as `power_w`, null where nobody knows; `silent`: it is too old (R7).
    At the meter, and 0 unless it wants: `demand_w`, `full_w` (its demand if it took all that it may), `minimum_w`
    (below that it is off); and its `rating_w`. `entry` and `usage`: its line of the ledger, and the memory of what it
    leaves unused. `told_w`: the most it may have obeyed when it was read (R44). `exposure_w`: the most it may draw
    (R15); `own_w`: where the fallback of its charge point is part of that, the most without it; null where it is none.
    `reserved_w`: what is held for it, before sharing. `measured_w`: what is held for what it measures, at most its
    exposure where it is reserved; that where its power is not known; 0 where it was never heard. `steady_until`: until
    then time alone changes nothing of this.
    """

    connector: PlacedConnector
    known: KeptReading | None
    silent: bool
    standing: Standing
    demand_w: Watts
    full_w: Watts
    minimum_w: Watts
    rating_w: Watts
    power_w: Watts | None
    entry: LedgerEntry
    usage: UsageMemory | None
    told_w: Watts
    own_w: Watts | None
    exposure_w: Watts
    reserved_w: Watts
    measured_w: Watts
    steady_until: datetime

    def drawn_w(self, moment: Moment) -> tuple[Watts, Watts]:
        """The least and the most that it draws by now, as a meter above it may see it (R26).

        That is what its reading says, but for what it was told later than a grace before that: no more than the lowest
        of those; up to its exposure where one was raised that the reading does not show to have been followed, and that
        it is likely to use up as it did the setpoint before.
        """
        entry = self.entry
        if entry.received is None:
            return self.measured_w, self.measured_w
        power_w, exposure_w = self.power_w, self.exposure_w
        newest, since = entry.newest, (entry.read_at or moment.at) - moment.windows.grace
        if power_w is None:
            return 0, exposure_w
        if self.standing is Standing.RESERVED and (
            # What it says it draws it draws until it falls back, and again a grace after that.
            self.silent or (entry.falls_back_by(moment.at) and not entry.falls_back_by(since))
        ):
            return 0, exposure_w
        least_w = 0 if entry.falls_back_by(moment.soon) else power_w
        if newest is None or newest.first_sent_at <= since:
            return least_w, power_w
        former_w, raised = entry.confirmed_w, False
        for sent in entry.setpoints:
            if sent.first_sent_at > since:
                least_w, raised = min(least_w, entry.at_meter(sent.limit_w)), raised or sent.raised
            else:
                former_w = sent.limit_w
        newest_w = entry.at_meter(newest.limit_w)
        rises = raised and power_w < newest_w - moment.windows.tolerance_of(newest_w)
        uses_up = former_w is None or power_w * 10 >= entry.at_meter(former_w) * 9
        return least_w, exposure_w if rises and uses_up else power_w


def read(
    site: Site, readings: Readings, memory: Memory, moment: Moment, before: Sequence[Line] = ()
) -> tuple[list[Line], datetime | None]:
    """Every connector after the newest readings, in tree order; and when one was readmitted last.

    `before`: the lines of the cycle that made this memory, where they are at hand: who has no news keeps its own.
    """
    tree, at, cycle = site.tree, moment.at, Hearing.of(site, readings, memory, moment)
    changed = _changed(cycle, before) if before else range(len(tree.connectors))
    heard = [cycle.heard(tree.connectors[index]) for index in changed]
    entries = [
        confirmation.heard(memory.ledger.get(tree.connectors[index].node_id, NEVER_SENT), news, moment)
        for index, news in zip(changed, heard, strict=True)
    ]
    readmitted = obedience.readmit(entries, memory.readmitted_at, at, site.windows)
    lines = [_line(cycle, index, news, entry) for index, news, entry in zip(changed, heard, entries, strict=True)]
    if before:
        made, lines = lines, list(before)
        for index, line in zip(changed, made, strict=True):
            lines[index] = line
    return lines, at if readmitted else memory.readmitted_at


def _changed(cycle: Hearing, before: Sequence[Line]) -> list[int]:
    """Whose line is not what it was: something was heard of the connector or sent to it since, or ran out."""
    at, ledger, known, heard_at = (
        cycle.moment.at,
        cycle.memory.ledger,
        cycle.readings.connectors,
        cycle.readings.heard_at,
    )
    return [
        index
        for index, (key, line) in enumerate(zip(cycle.site.tree.connector_index, before, strict=True))
        if known.get(key) is not line.known
        or at >= line.steady_until
        or ledger.get(line.connector.node_id) is not line.entry
        or heard_at.get(key[0]) != line.entry.heard_at
    ]


def _steady_until(entry: LedgerEntry, news: Heard, used: UsageMemory | None, moment: Moment) -> datetime:
    """Until when a connector that obeys by one setpoint goes on as it is; of all others nobody asks."""
    if entry.received is None or news.known is None or news.heard_at is None or news.silent:
        return moment.at
    changes = entry.fell_back_at is not None or entry.over_since is not None or entry.unresponsive
    waits = len(entry.setpoints) > 1 or (used is not None and used.in_vain_at is not None)
    if changes or waits or entry.overtaken_by is not None or news.held_w != (news.power_w or 0):
        return moment.at
    spoke_at = news.known.measured_at if news.asked_w else news.heard_at
    return min(spoke_at + moment.windows.connector_stale_after, entry.received.lapses_at - moment.windows.grace)


def _line(cycle: Hearing, index: int, news: Heard, entry: LedgerEntry) -> Line:
    connector = cycle.site.tree.connectors[index]
    standing = _standing(entry, news, cycle.moment)
    used = _used(cycle.memory.usage.get(connector.node_id), news, entry, cycle.site.windows)
    rating_w = connector.max_power_w
    if entry.factor != EXACT:
        rating_w = rating_w * min(entry.factor, MOST_OVER_RATING) // EXACT
    demand_w = minimum_w = full_w = 0
    if standing is Standing.WANTING and news.known is not None:
        minimum_w = min(entry.at_meter(connector.min_power_w), rating_w)
        full_w = min(entry.at_meter(news.asked_w), rating_w)
        demand_w = full_w if used is None else _demand_w(cycle, index, used, minimum_w=minimum_w, full_w=full_w)
    told_w, own_w, exposure_w = _exposure(entry, news, standing, cycle.moment)
    power_w = news.power_w
    if power_w is None:
        measured_w = exposure_w if news.known is not None or entry.received is not None else 0
    else:
        measured_w = news.held_w if standing is not Standing.RESERVED else min(power_w, exposure_w)
    return Line(
        connector=connector,
        known=news.known,
        silent=news.silent,
        standing=standing,
        demand_w=demand_w,
        full_w=full_w,
        minimum_w=minimum_w,
        rating_w=rating_w,
        power_w=power_w,
        entry=entry,
        usage=used,
        told_w=told_w,
        own_w=own_w,
        exposure_w=exposure_w,
        reserved_w=_reserved_w(connector, entry, standing, exposure_w, power_w=power_w),
        measured_w=measured_w,
        steady_until=_steady_until(entry, news, used, cycle.moment),
    )


def _standing(entry: LedgerEntry, news: Heard, moment: Moment) -> Standing:
    """How a connector takes part: the first that fits (R17, R20)."""
    if news.silent:
        return Standing.RESERVED
    if entry.unresponsive:
        return Standing.UNRESPONSIVE
    if entry.falls_back_by(moment.soon):
        newest = entry.newest
        if newest is not None and newest.limit_w < news.fallback_w:
            return Standing.RESERVED
    return Standing.WANTING if news.asked_w else Standing.IDLE


def _used(before: UsageMemory | None, news: Heard, entry: LedgerEntry, windows: Windows) -> UsageMemory | None:
    """What is remembered of the use it makes of its newest setpoint, also over a silence; null where it wants nothing,
    says itself what it wants, or was told nothing.
    """
    if news.known is None:
        return before
    if not news.asked_w or news.known.reading.requested_w is not None or not entry.setpoints:
        return None
    if news.silent or news.power_w is None:
        return before
    return usage.follow(before, news.known, news.power_w, entry, windows=windows)


def _demand_w(cycle: Hearing, index: int, used: UsageMemory, *, minimum_w: Watts, full_w: Watts) -> Watts:
    return used.demand_w(
        index,
        cycle.moment.at,
        minimum_w=minimum_w,
        full_w=full_w,
        margin_w=cycle.site.configuration.settings.usage_margin_w,
        windows=cycle.site.windows,
    )


def _exposure(entry: LedgerEntry, news: Heard, standing: Standing, moment: Moment) -> tuple[Watts, Watts | None, Watts]:
    """What it was told when it was read (R44); the most it may draw without its fallback where that is part of the
    most it may draw, and is shared with others; the most it may draw (R15).
    """
    highest_w, falls = entry.in_force(moment, silent=news.silent)
    power_w, limit_w, own_w = news.power_w, max(highest_w, news.fallback_w) if falls else highest_w, None
    exposure_w = entry.at_meter(limit_w)
    if standing is not Standing.RESERVED:
        exposure_w = max(exposure_w, news.held_w)
        if entry.fell_back_at is None and news.known is not None:
            obeyed_w = entry.obeyed_w(news.known.measured_at, moment.windows.grace)
            limit_w = limit_w if obeyed_w is None else obeyed_w
    elif falls:
        own_w, was_reported = entry.at_meter(highest_w), entry.received is None and entry.confirmed_at is not None
        if power_w is not None and (was_reported or entry.falls_back_by(moment.soon)):
            own_w = max(own_w, power_w)
        exposure_w = max(exposure_w, own_w)
    # No meter and no mains explain a factor above this: who has one is shared with by it, but honours nothing.
    told_w = limit_w if entry.factor > obedience.UNLEARNED_FACTOR else entry.at_meter(limit_w)
    return told_w, own_w, exposure_w


def _reserved_w(
    connector: PlacedConnector, entry: LedgerEntry, standing: Standing, exposure_w: Watts, *, power_w: Watts | None
) -> Watts:
    """What is held for it before anything is shared out (R20)."""
    if standing is Standing.WANTING:
        return 0
    if standing is Standing.IDLE:
        return max(entry.at_meter(connector.idle_power_w), exposure_w if power_w is None else power_w)
    return exposure_w
