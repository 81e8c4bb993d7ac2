"""What a message shows of a connector's setpoints: which it received, and which is in force (R5, R12, R16)."""

from dataclasses import replace
from datetime import datetime

from domain.knowledge import obedience
from domain.knowledge.hearing import Heard
from domain.knowledge.ledger import NEVER_SENT, LedgerEntry
from domain.knowledge.readings import KeptReading, LimitReport
from domain.knowledge.sendings import Moment, Sending, SentSetpoint
from domain.site.power import Watts
from domain.site.site import Windows

KILOWATT_W = 1000


def heard(entry: LedgerEntry, news: Heard, moment: Moment) -> LedgerEntry:
    """A connector's line after its newest messages: what those confirm leaves what stands. A message counts once."""
    known, heard_at = news.known, news.heard_at
    if entry is NEVER_SENT and known is not None:
        # Told nothing so far, it can only report what it had before.
        report = known.report
        return LedgerEntry(
            confirmed_w=None if report is None else report.limit_w,
            confirmed_at=None if report is None else report.measured_at,
            names=known.named_cycle_seq is not None,
            heard_at=heard_at,
            read_at=known.measured_at,
            sequence=known.sequence,
            power_w=news.power_w,
            idle=not news.asked_w,
        )
    is_read = known is not None and (known.measured_at, known.sequence) != (entry.read_at, entry.sequence)
    is_heard = heard_at is not None and (is_read or heard_at != entry.heard_at)
    obeys = not entry.unresponsive and entry.over_since is None
    if not is_heard and obeys and not entry.runs_out(moment.at):
        return entry
    entry = entry.copy()
    # Before the newest message is looked at: that a link is back does not undo that it was gone.
    entry.lapse(moment.at)
    if is_heard and heard_at is not None:
        entry.heard_at = heard_at
        _receive(entry, known, heard_at, moment)
        _follow(entry, heard_at)
        if known is not None:
            if is_read:
                entry.read_at, entry.sequence = known.measured_at, known.sequence
                entry.power_w, entry.idle = news.power_w, not news.asked_w
                obedience.judge(entry, known, news, moment.windows)
            _confirm(entry, known, news, heard_at, windows=moment.windows)
    if not news.wants:
        entry.over_since, entry.within_since, entry.unresponsive = None, None, False
    # What the message shows to have been received may have run out since.
    entry.lapse(moment.at)
    return entry


def _receive(entry: LedgerEntry, known: KeptReading | None, heard_at: datetime, moment: Moment) -> None:
    """Which sending counts as received: one that was named, or where names are not in use the newest one that a
    message followed; never one that was refused (R5, R11, R12).
    """
    named = None if known is None else known.named_cycle_seq
    refused = None if known is None else known.reading.refused_cycle_seq
    if known is not None and refused is not None:
        _refuse(entry, refused, known.measured_at, moment)
    if named is not None:
        entry.names = True
        sending = moment.named(named)
    elif entry.names:
        return
    elif refused is None:
        sending = moment.before(heard_at)
    else:
        # Those before may have been refused too, unheard; what it takes of those after ends its saying so in a grace.
        sending = moment.before(heard_at - moment.windows.grace)
        if sending is not None and sending.cycle_seq <= refused:
            return
    sending = _not_refused(entry, sending, moment)
    if sending is None or entry.received is None or sending.at <= entry.received.at:
        return
    lapses_at, entry.received = entry.received.lapses_at, sending
    overtaken_by, soon = entry.overtaken_by, heard_at + moment.windows.grace
    # The former one may run out before the charger has applied this one (R13).
    if soon > lapses_at and (entry.fell_back_at is None or entry.fell_back_at < lapses_at):
        entry.fall_back(lapses_at)
    if overtaken_by is not None and overtaken_by.at <= sending.at:
        entry.overtaken_by = None
        if soon > overtaken_by.lapses_at:
            entry.fall_back(max(heard_at, overtaken_by.lapses_at))


def _refuse(entry: LedgerEntry, cycle_seq: int, taken_at: datetime, moment: Moment) -> None:
    """The charger refused what this cycle brought: that is not in force and never will be, nor does it renew (R5).

    Nor does it do what it is told: it takes no part for a while, and is told what it had before (R39).
    """
    if cycle_seq in entry.refused or not entry.setpoints:
        return
    oldest = moment.sendings[0].cycle_seq if moment.sendings else cycle_seq
    entry.refused = (*[each for each in entry.refused if each >= oldest], cycle_seq)
    entry.unresponsive, entry.within_since = True, taken_at
    if entry.received is not None and entry.received.cycle_seq == cycle_seq:
        before = _not_refused(entry, moment.named(cycle_seq - 1), moment)
        if before is not None and before.cycle_seq >= entry.setpoints[0].first_cycle_seq:
            entry.received = before
    *older, newest = entry.setpoints
    standing = [
        sent
        for sent in older
        if sent.first_cycle_seq != cycle_seq or sent.last_sent is None or sent.last_sent.cycle_seq != cycle_seq
    ]
    if newest.first_cycle_seq == cycle_seq == moment.sendings[-1].cycle_seq:
        # Brought by no other: the one before is the newest again, and goes on being told.
        entry.setpoints = (*standing[:-1], *[replace(sent, last_sent=None) for sent in standing[-1:]])
    else:
        # That a message followed it shows nothing any more.
        entry.setpoints = (*standing, newest.followed(None))


def _not_refused(entry: LedgerEntry, sending: Sending | None, moment: Moment) -> Sending | None:
    while sending is not None and sending.cycle_seq in entry.refused:
        sending = moment.named(sending.cycle_seq - 1)
    return sending


def _follow(entry: LedgerEntry, heard_at: datetime) -> None:
    """A message shows that what was sent before it came through, unless that had run out (R16)."""
    if entry.received is None or heard_at >= entry.received.lapses_at:
        return
    fell_back_at = entry.fell_back_at
    if fell_back_at is not None and (heard_at <= fell_back_at or entry.received.at <= fell_back_at):
        return
    if entry.away:
        entry.away, entry.back_at = False, heard_at
    if entry.setpoints and entry.setpoints[-1].followed_at is None:
        entry.setpoints = tuple(
            [
                sent.followed(heard_at)
                if sent.followed_at is None
                and sent.first_sent_at < heard_at
                and sent.first_sent_at <= entry.received.at
                else sent
                for sent in entry.setpoints
            ]
        )


def _confirm(entry: LedgerEntry, known: KeptReading, news: Heard, heard_at: datetime, *, windows: Windows) -> None:
    """Which limit is in force by what was reported, drawn, or left alone (R16)."""
    report, reading, power_w, newest = known.report, known.reading, news.power_w, entry.newest
    shown: int | None = None
    report_w, at = None, known.measured_at
    if report is not None and (entry.confirmed_at is None or report.measured_at > entry.confirmed_at):
        report_w, at = report.limit_w, report.measured_at
        if not entry.names:
            shown = _shown(entry, report.limit_w, at, windows)
        elif report.cycle_seq is not None:
            shown = _brought_by(entry, report.cycle_seq)
    elif entry.names:
        if reading.applied_cycle_seq is not None and reading.applied_limit_w is None:
            shown = _brought_by(entry, reading.applied_cycle_seq)
        if shown is not None and news.asked_w and not _fits(entry, shown, power_w, windows):
            shown = None
    elif not news.asked_w:
        shown, at = _shown(entry, 0, heard_at, windows, report=report), heard_at
    elif power_w is not None and reading.applied_limit_w is None:
        shown = _shown(entry, power_w, at, windows, at_meter=True)
    elif power_w is None and reading.applied_limit_w is None:
        shown = len(entry.setpoints) - 1 if _is_alone(newest, at, windows) else None
        if _had_grace(entry, at, windows):
            # Nothing that it says can end it sooner, and what was sent since is applied by now (R13).
            entry.fell_back_at = None
    _confirmed(entry, shown, report_w, at, fallback_w=news.fallback_w, windows=windows)


def _is_alone(newest: SentSetpoint | None, taken_at: datetime, windows: Windows) -> bool:
    """Whether a setpoint came through so long ago that nothing older is in force any more, though nothing shows it."""
    return newest is not None and newest.followed_at is not None and taken_at >= newest.followed_at + windows.lapse


def _had_grace(entry: LedgerEntry, at: datetime, windows: Windows) -> bool:
    """Whether one that fell back has had a grace since something came through again."""
    return entry.back_at is not None and not entry.away and at >= entry.back_at + windows.grace


def _brought_by(entry: LedgerEntry, cycle_seq: int) -> int | None:
    """Which of the standing setpoints this cycle brought: the newest that was sent by then."""
    for index in range(len(entry.setpoints) - 1, -1, -1):
        if entry.setpoints[index].first_cycle_seq <= cycle_seq:
            return index
    return None


def _fits(entry: LedgerEntry, index: int, power_w: Watts | None, windows: Windows) -> bool:
    limit_w = entry.setpoints[index].limit_w
    return power_w is not None and power_w <= entry.at_meter(limit_w) + windows.tolerance_of(limit_w)


def _shown(
    entry: LedgerEntry,
    shown_w: Watts,
    shown_at: datetime,
    windows: Windows,
    *,
    at_meter: bool = False,
    report: LimitReport | None = None,
) -> int | None:
    """The newest standing setpoint that had its grace after it came through and is not exceeded by what is shown.

    One that is not the newest only where that was shown after it was sent last: it may have been received again since.
    None that a `report` taken so late is there to judge by. `at_meter`: what is shown was drawn, not reported.
    """
    for index in range(len(entry.setpoints) - 1, -1, -1):
        sent = entry.setpoints[index]
        if sent.followed_at is None or shown_at < sent.followed_at + windows.grace:
            continue
        if report is not None and report.measured_at >= sent.followed_at + windows.grace:
            continue
        limit_w = entry.at_meter(sent.limit_w) if at_meter else sent.limit_w
        if shown_w > limit_w + windows.tolerance_of(sent.limit_w):
            continue
        if sent.last_sent is None or shown_at > sent.last_sent.at:
            return index
    return None


def _confirmed(
    entry: LedgerEntry, shown: int | None, report_w: Watts | None, at: datetime, *, fallback_w: Watts, windows: Windows
) -> None:
    """This standing setpoint is in force, or none of them; `report_w` is what was reported."""
    limit_w, confirmed_w = report_w, entry.confirmed_w or 0
    if report_w is not None and report_w < confirmed_w <= report_w + _coarseness_w(report_w, windows):
        # Read back in whole amperes or kilowatts: it is the same limit.
        limit_w = confirmed_w
    if shown is not None:
        limit_w = max(report_w or 0, entry.setpoints[shown].limit_w)
        # The newest setpoint stands even when it is confirmed: it is what the charger will go on being told.
        entry.setpoints = entry.setpoints[min(shown + 1, len(entry.setpoints) - 1) :]
    if limit_w is None:
        return
    entry.confirmed_w, entry.confirmed_at = limit_w, at
    # A report of less may be of a setpoint that came through unseen and lapses before the next is applied (R13).
    shows = shown is not None or entry.names or limit_w >= fallback_w or _had_grace(entry, at, windows)
    if entry.fell_back_at is not None and at >= entry.fell_back_at and shows:
        entry.fell_back_at = None


def _coarseness_w(report_w: Watts, windows: Windows) -> Watts:
    """By how much a limit that is read back may be below the one in force."""
    tolerance_w = windows.tolerance_of(report_w)
    return tolerance_w if report_w % KILOWATT_W else max(tolerance_w, KILOWATT_W - 1)
