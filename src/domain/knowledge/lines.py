"""One connector in one cycle: what it says, what it was told, and what it may draw."""

from collections.abc import Mapping
from datetime import datetime

from domain.knowledge import confirmation, demand, obedience, usage
from domain.knowledge.demand import Standing
from domain.knowledge.ledger import EXACT, NEVER_SENT, LedgerEntry
from domain.knowledge.memory import FormerRating, Memory
from domain.knowledge.obedience import Heard
from domain.knowledge.readings import KeptReading, Readings, plausible_w
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
    `reserved_w`: what is held for it, before sharing. `measured_w`: what it measures, at most its exposure where it is
    reserved; that where its power is not known; 0 where it was never heard.
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

    def drawn_w(self, moment: Moment) -> tuple[Watts, Watts]:
        """The least and the most that it draws by now, as a meter above it may see it (R26).

        That is what its reading says, but for what it was told later than a grace before that: no more than the lowest
        of those; up to its exposure where one was raised that the reading does not show to have been followed, and that
        it is likely to use up as it did the setpoint before.
        """
        power_w, entry, exposure_w = self.power_w, self.entry, self.exposure_w
        if entry.received is None:
            return self.measured_w, self.measured_w
        read_at, newest = entry.read_at or moment.at, entry.newest
        since = read_at - moment.windows.grace
        # What it says it draws it draws until it falls back, and again a grace after that.
        is_known = not self.silent and (not entry.falls_back_by(moment.at) or entry.falls_back_by(since))
        if power_w is None or (self.standing is Standing.RESERVED and not is_known):
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


@value
class _Cycle:
    """What is the same for every connector. `oldest`: a reading taken before it is silent. `last_known`: after a
    take-over, those that have not been heard since are as they were then, if that was later than this; null otherwise.
    """

    site: Site
    readings: Readings
    memory: Memory
    moment: Moment
    oldest: datetime
    last_known: datetime | None
    former: Mapping[str, FormerRating]


def read(site: Site, readings: Readings, memory: Memory, at: datetime) -> tuple[list[Line], datetime | None]:
    """Every connector after the newest readings, in tree order; and when one was readmitted last."""
    stale_after, since = site.windows.connector_stale_after, readings.listening_since
    cycle = _Cycle(
        site=site,
        readings=readings,
        memory=memory,
        moment=Moment.of(at, site.windows, memory.sendings),
        oldest=at - stale_after,
        last_known=at - 2 * stale_after if since is not None and at - since < stale_after else None,
        former=memory.former_ratings,
    )
    heard = [_heard(cycle, connector) for connector in site.tree.connectors]
    entries = [
        confirmation.heard(memory.ledger.get(connector.node_id, NEVER_SENT), news, cycle.moment)
        for connector, news in zip(site.tree.connectors, heard, strict=True)
    ]
    readmitted = obedience.readmit(entries, memory.readmitted_at, at, site.windows)
    lines = [_line(cycle, index, news, entry) for index, (news, entry) in enumerate(zip(heard, entries, strict=True))]
    return lines, at if readmitted else memory.readmitted_at


def _heard(cycle: _Cycle, connector: PlacedConnector) -> Heard:
    """What is known of a connector; of one not heard since a take-over what was known last (R22, R23)."""
    charge_point_id, node_id = connector.charge_point_id, connector.node_id
    known = cycle.readings.connectors.get((charge_point_id, connector.connector_id))
    heard_at = cycle.readings.heard_at.get(charge_point_id)
    rating_w, fallback_w = connector.max_power_w, connector.fallback_w
    if node_id in cycle.former:
        former = cycle.former[node_id]
        rating_w, fallback_w = max(rating_w, former.rating_w), max(fallback_w, former.fallback_w)
    if known is None or heard_at is None:
        entry = cycle.memory.ledger.get(node_id, NEVER_SENT)
        still_idle = cycle.last_known is not None and entry.idle and entry.is_last_known(cycle.last_known)
        return Heard(
            known=None,
            heard_at=heard_at,
            power_w=entry.power_w,
            plausible=False,
            asked_w=0,
            silent=not still_idle,
            fallback_w=fallback_w,
        )
    power_w, plausible, asked_w = known.reading.power_w, True, demand.asked_w(known, connector.max_power_w)
    if power_w is not None and power_w > plausible_w(rating_w):
        plausible = False
        if cycle.memory.ledger.get(node_id, NEVER_SENT).received is not None:
            power_w = plausible_w(rating_w)
    return Heard(
        known=known,
        heard_at=heard_at,
        power_w=power_w,
        plausible=plausible,
        asked_w=asked_w,
        silent=demand.is_silent(known, heard_at, cycle.oldest, asks=asked_w > 0),
        fallback_w=fallback_w,
    )


def _line(cycle: _Cycle, index: int, news: Heard, entry: LedgerEntry) -> Line:
    connector = cycle.site.tree.connectors[index]
    standing = _standing(entry, news, cycle.moment)
    used = _used(cycle.memory.usage.get(connector.node_id), news, entry, cycle.site.windows)
    rating_w = connector.max_power_w * min(entry.factor, MOST_OVER_RATING) // EXACT
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
        measured_w = power_w if standing is not Standing.RESERVED else min(power_w, exposure_w)
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


def _demand_w(cycle: _Cycle, index: int, used: UsageMemory, *, minimum_w: Watts, full_w: Watts) -> Watts:
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
    power_w, is_reserved = news.power_w, standing is Standing.RESERVED
    own_w, limit_w = entry.at_meter(highest_w), max(highest_w, news.fallback_w) if falls else highest_w
    if falls and is_reserved and power_w is not None:
        was_reported = entry.received is None and entry.confirmed_at is not None
        if was_reported or entry.falls_back_by(moment.soon):
            own_w = max(own_w, power_w)
    exposure_w = max(own_w, entry.at_meter(limit_w))
    if not is_reserved and power_w is not None:
        exposure_w = max(exposure_w, power_w)
    if not is_reserved and entry.fell_back_at is None and news.known is not None:
        obeyed_w = entry.obeyed_w(news.known.measured_at, moment.windows.grace)
        limit_w = limit_w if obeyed_w is None else obeyed_w
    # No meter and no mains explain a factor above this: who has one is shared with by it, but honours nothing.
    told_w = limit_w if entry.factor > obedience.UNLEARNED_FACTOR else entry.at_meter(limit_w)
    return told_w, own_w if falls and is_reserved else None, exposure_w


def _reserved_w(
    connector: PlacedConnector, entry: LedgerEntry, standing: Standing, exposure_w: Watts, *, power_w: Watts | None
) -> Watts:
    """What is held for it before anything is shared out (R20)."""
    match standing:
        case Standing.WANTING:
            return 0
        case Standing.IDLE:
            return max(entry.at_meter(connector.idle_power_w), exposure_w if power_w is None else power_w)
        case Standing.RESERVED | Standing.UNRESPONSIVE:
            return exposure_w
