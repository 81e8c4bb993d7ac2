"""The setpoint ledger: what each connector was told, what of it is confirmed, what has lapsed (contract section 6)."""

from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from domain.demand import Demands, Standing
from domain.power import Watts
from domain.power_tree import PowerTree
from domain.site import Settings
from domain.telemetry import KeptReading, LimitReport, Readings


@dataclass(frozen=True, slots=True)
class Sending:
    """A published cycle: it brought every connector the setpoint it lists."""

    cycle_seq: int
    at: datetime


@dataclass(frozen=True, slots=True)
class SentSetpoint:
    """A value that was sent, by which published cycles and when, first and last.

    `raised`: it was above what the connector was told before. `followed_at`: when a message of its charge point was
    taken after it was sent, which shows that the link lives.
    """

    limit_w: Watts
    first_cycle_seq: int
    first_sent_at: datetime
    last_cycle_seq: int
    last_sent_at: datetime
    raised: bool
    followed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class LedgerEntry:
    """One connector's line: the setpoints that still stand, oldest first, and the limit last confirmed.

    `reported_w`: the limit last reported, which the report of an old limit repeats.
    `received_at`: the latest sending that counts as received, at first the first one; `names`: its charger names
    cycles, so only those count. `fell_back_at`: when its setpoints lapsed, while nothing has shown it otherwise.
    `above_since`: since when its exposure is above its newest setpoint.
    """

    standing: tuple[SentSetpoint, ...] = ()
    confirmed_w: Watts | None = None
    confirmed_at: datetime | None = None
    reported_w: Watts | None = None
    received_at: datetime | None = None
    names: bool = False
    fell_back_at: datetime | None = None
    above_since: datetime | None = None
    unresponsive: bool = False

    @property
    def last_limit_w(self) -> Watts | None:
        """The newest setpoint; where there is none, the limit the charger reported, if it ever did."""
        return self.standing[-1].limit_w if self.standing else self.confirmed_w


NEVER_SENT = LedgerEntry()


def heard(
    tree: PowerTree,
    ledger: Mapping[str, LedgerEntry],
    sendings: Sequence[Sending],
    demands: Demands,
    readings: Readings,
    at: datetime,
    settings: Settings,
) -> list[LedgerEntry]:
    """The ledger's lines in tree order after the newest readings: what they confirm leaves what stands.

    `sendings` are the published cycles of the last `setpoint_valid_for_s` + `apply_grace_s`, oldest first.
    """
    entries = []
    for connector, known, standing in zip(tree.connectors, demands.readings, demands.standings, strict=True):
        entry = ledger.get(connector.node_id, NEVER_SENT)
        heard_at = readings.heard_at.get(connector.charge_point_id)
        if entry.standing:
            if len(entry.standing) > 1:
                entry = _without_overtaken(entry, at, settings)
            entry = _lapsed(entry, at, settings)
            entry = _received(entry, known, heard_at, sendings, settings)
        report = known.report if known is not None else None
        if report is not None and (entry.confirmed_at is None or entry.confirmed_at < report.measured_at):
            fallback = min(tree.fallbacks_w[connector.charge_point], connector.max_power_w)
            entry = _after_report(entry, report, fallback, settings)
        if entry.standing and known is not None and heard_at is not None:
            entry = _after_message(entry, known, standing, heard_at, settings)
            entry = _judged(entry, known, standing, at, settings)
        if entry.standing:
            entry = _lapsed(entry, at, settings)
        entries.append(entry)
    return entries


def record_sent(entry: LedgerEntry, limit_w: Watts | None, cycle_seq: int, at: datetime) -> LedgerEntry:
    """The entry after a published cycle that lists this value (None: it says nothing)."""
    if limit_w is None:
        return entry
    last = entry.standing[-1] if entry.standing else None
    if last is not None and last.limit_w == limit_w:
        newest = SentSetpoint(
            limit_w, last.first_cycle_seq, last.first_sent_at, cycle_seq, at, last.raised, last.followed_at
        )
        standing = (*entry.standing[:-1], newest)
    else:
        raised = entry.last_limit_w is None or limit_w > entry.last_limit_w
        standing = (*entry.standing, SentSetpoint(limit_w, cycle_seq, at, cycle_seq, at, raised))
    return LedgerEntry(
        standing,
        entry.confirmed_w,
        entry.confirmed_at,
        entry.reported_w,
        entry.received_at or at,
        entry.names,
        entry.fell_back_at,
        entry.above_since,
        entry.unresponsive,
    )


def recent(sendings: Sequence[Sending], at: datetime, settings: Settings) -> tuple[Sending, ...]:
    """The sendings that can still matter at this instant."""
    oldest = at - lapse(settings)
    return tuple(sending for sending in sendings if sending.at >= oldest)


def lapse(settings: Settings) -> timedelta:
    """How long after its last sending an unconfirmed setpoint may at most be in force."""
    return timedelta(seconds=settings.setpoint_valid_for_s + settings.apply_grace_s)


def _without_overtaken(entry: LedgerEntry, at: datetime, settings: Settings) -> LedgerEntry:
    """The newest setpoint stands always, an older one until it would have lapsed everywhere."""
    oldest = at - lapse(settings)
    if all(sent.last_sent_at >= oldest for sent in entry.standing[:-1]):
        return entry
    kept = tuple(sent for sent in entry.standing[:-1] if sent.last_sent_at >= oldest)
    return replace(entry, standing=(*kept, entry.standing[-1]))


def _lapsed(entry: LedgerEntry, at: datetime, settings: Settings) -> LedgerEntry:
    """Note when the last sending that was received ran out: from then the fallback may be in force.

    Judged before the newest message is looked at, as that a link is back does not undo that it was gone; and after
    it, as what it shows to have been received may have run out since.
    """
    if entry.received_at is None:
        return entry
    lapses_at = entry.received_at + _validity(settings)
    if at < lapses_at:
        return entry
    known_since = max((each for each in (entry.fell_back_at, entry.confirmed_at) if each is not None), default=None)
    if known_since is not None and lapses_at <= known_since:
        return entry
    return _falling_back(entry, lapses_at)


def _falling_back(entry: LedgerEntry, lapses_at: datetime) -> LedgerEntry:
    """Its setpoints run out then, and nothing that followed the newest one shows otherwise."""
    newest = replace(entry.standing[-1], followed_at=None)
    return replace(entry, standing=(*entry.standing[:-1], newest), fell_back_at=lapses_at)


def _received(
    entry: LedgerEntry,
    known: KeptReading | None,
    heard_at: datetime | None,
    sendings: Sequence[Sending],
    settings: Settings,
) -> LedgerEntry:
    """The latest sending that counts as received: one that was named, or where names are not in use one that a
    message of the charge point followed.

    Where the one before had nearly run out by then, it may run out before its charger has applied the new one.
    """
    named = known.report.cycle_seq if known is not None and known.report is not None else None
    if named is not None:
        before = bisect_right(sendings, named, key=lambda sending: sending.cycle_seq)
        entry = entry if entry.names else replace(entry, names=True)
    elif heard_at is not None and not entry.names:
        before = bisect_left(sendings, heard_at, key=lambda sending: sending.at)
    else:
        return entry
    if before == 0 or entry.received_at is None or heard_at is None or sendings[before - 1].at <= entry.received_at:
        return entry
    received = replace(entry, received_at=sendings[before - 1].at)
    lapses_at = entry.received_at + _validity(settings)
    applied_by = heard_at + timedelta(seconds=settings.apply_grace_s)
    if applied_by <= lapses_at or (entry.fell_back_at is not None and entry.fell_back_at >= lapses_at):
        return received
    return _falling_back(received, lapses_at)


def _after_report(entry: LedgerEntry, report: LimitReport, fallback_w: Watts, settings: Settings) -> LedgerEntry:
    confirmed = _confirmed_by(report, entry, fallback_w, settings)
    ends_fallback = entry.fell_back_at is not None and report.measured_at >= entry.fell_back_at
    standing, limit = entry.standing, report.limit_w
    if confirmed is not None:
        # The newest setpoint stands even when it is confirmed: it is what the charger will go on being told.
        limit = max(limit, standing[confirmed].limit_w)
        standing = standing[min(confirmed + 1, len(standing) - 1) :]
    return LedgerEntry(
        standing,
        limit,
        report.measured_at,
        report.limit_w,
        entry.received_at,
        entry.names,
        None if ends_fallback else entry.fell_back_at,
        entry.above_since,
        entry.unresponsive,
    )


def _confirmed_by(report: LimitReport, entry: LedgerEntry, fallback_w: Watts, settings: Settings) -> int | None:
    """The index of the newest standing setpoint that this report confirms."""
    if not entry.standing:
        return None
    tolerance = settings.apply_tolerance_w
    grace = timedelta(seconds=settings.apply_grace_s)
    if report.cycle_seq is not None:
        named = [index for index, sent in enumerate(entry.standing) if sent.first_cycle_seq <= report.cycle_seq]
        return named[-1] if named else None
    newest = entry.standing[-1]
    if newest.first_sent_at + grace <= report.measured_at and report.limit_w <= newest.limit_w + tolerance:
        return len(entry.standing) - 1
    in_force = [each for each in (fallback_w, entry.confirmed_w, entry.reported_w) if each is not None]
    needed_age = grace if any(abs(report.limit_w - each) <= tolerance for each in in_force) else timedelta(0)
    for index, sent in enumerate(entry.standing):
        told = sent.first_sent_at + needed_age
        in_time = told <= report.measured_at if needed_age else told < report.measured_at
        if in_time and abs(report.limit_w - sent.limit_w) <= tolerance:
            return index
    return None


def _after_message(
    entry: LedgerEntry, known: KeptReading, standing: Standing, heard_at: datetime, settings: Settings
) -> LedgerEntry:
    """What a message confirms that reports no limit: the newest setpoint, when there was time enough to apply it.

    A message after the sending shows that the link lives; `apply_grace_s` later the charger has obeyed, if the
    reading says so, or in any case where there is nothing to draw. Where cycles are named, only names confirm.
    """
    newest = entry.standing[-1]
    if newest.followed_at is None:
        told_at = max(newest.first_sent_at, entry.fell_back_at or newest.first_sent_at)
        if heard_at <= told_at or (entry.fell_back_at is not None and not _sent_since(entry, entry.fell_back_at)):
            return entry
        if entry.received_at is not None and heard_at >= entry.received_at + _validity(settings):
            # What it followed had run out: the charger was not told this again yet.
            return entry
        newest = replace(newest, followed_at=heard_at)
        entry = replace(entry, standing=(*entry.standing[:-1], newest))
    settled = len(entry.standing) == 1 and entry.confirmed_w == newest.limit_w and entry.fell_back_at is None
    if settled or entry.names:
        return entry
    obeyed_from = (newest.followed_at or heard_at) + timedelta(seconds=settings.apply_grace_s)
    if standing is Standing.IDLE and heard_at >= obeyed_from:
        return _confirmed(entry, newest, heard_at)
    obeys = known.reading.applied_limit_w is None and known.reading.power_w <= _tolerated(newest, settings)
    if obeys and known.measured_at >= obeyed_from:
        return _confirmed(entry, newest, known.measured_at)
    return entry


def _validity(settings: Settings) -> timedelta:
    return timedelta(seconds=settings.setpoint_valid_for_s)


def _sent_since(entry: LedgerEntry, instant: datetime) -> bool:
    """Whether a sending after this instant counts as received."""
    return entry.received_at is not None and entry.received_at > instant


def _confirmed(entry: LedgerEntry, newest: SentSetpoint, at: datetime) -> LedgerEntry:
    still_to_come = entry.fell_back_at if entry.fell_back_at is not None and entry.fell_back_at > at else None
    return replace(
        entry,
        standing=(newest,),
        confirmed_w=newest.limit_w,
        confirmed_at=at,
        fell_back_at=still_to_come,
        above_since=None,
    )


def _tolerated(newest: SentSetpoint, settings: Settings) -> Watts:
    """What a connector that obeys its newest setpoint may be seen to draw."""
    return newest.limit_w + max(settings.apply_tolerance_w, newest.limit_w // 20)


def _judged(
    entry: LedgerEntry, known: KeptReading, standing: Standing, at: datetime, settings: Settings
) -> LedgerEntry:
    """Whether a connector with demand does not do what it is told, by its readings or by what it may draw."""
    if standing is not Standing.WANTING:
        return (
            entry
            if entry.above_since is None and not entry.unresponsive
            else replace(entry, above_since=None, unresponsive=False)
        )
    newest, power = entry.standing[-1], known.reading.power_w
    exposure = max([entry.confirmed_w or 0, power, *(sent.limit_w for sent in entry.standing)])
    above_since = (entry.above_since or at) if exposure > newest.limit_w else None
    overdue = above_since is not None and at - above_since >= lapse(settings)
    unresponsive = overdue
    if power > _tolerated(newest, settings) and not overdue:
        grace = timedelta(seconds=settings.apply_grace_s)
        unresponsive = entry.unresponsive or known.measured_at >= newest.first_sent_at + grace
    if above_since == entry.above_since and unresponsive == entry.unresponsive:
        return entry
    return LedgerEntry(
        entry.standing,
        entry.confirmed_w,
        entry.confirmed_at,
        entry.reported_w,
        entry.received_at,
        entry.names,
        entry.fell_back_at,
        above_since,
        unresponsive,
    )
