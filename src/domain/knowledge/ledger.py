"""The setpoint ledger: what each connector was told, and what of it may be in force (contract section 6)."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Self

from domain.knowledge.demand import Standing
from domain.knowledge.readings import KeptReading, LimitReport
from domain.knowledge.sendings import Moment, Sending, SentSetpoint
from domain.site.power import Watts
from domain.site.site import Windows


@dataclass(slots=True)
class LedgerEntry:
    """One connector's line: the setpoints that still stand, oldest first, and the limit last confirmed.

    `reported_w`: the limit last reported, which the report of an old limit repeats.
    `received_at`: the latest sending that counts as received, at first the first one; `names`: its charger names
    cycles, so only those count. `fell_back_at`: when its setpoints lapsed, while nothing has shown it otherwise.
    `above_since`: since when its exposure is above its newest setpoint.

    A cycle works on a copy: nothing changes a line that is remembered.
    """

    setpoints: tuple[SentSetpoint, ...] = ()
    confirmed_w: Watts | None = None
    confirmed_at: datetime | None = None
    reported_w: Watts | None = None
    received_at: datetime | None = None
    names: bool = False
    fell_back_at: datetime | None = None
    above_since: datetime | None = None
    unresponsive: bool = False

    @property
    def newest(self) -> SentSetpoint | None:
        return self.setpoints[-1] if self.setpoints else None

    @property
    def last_limit_w(self) -> Watts | None:
        """The newest setpoint; where there is none, the limit the charger reported, if it ever did."""
        return self.setpoints[-1].limit_w if self.setpoints else self.confirmed_w

    def copy(self) -> Self:
        return type(self)(
            setpoints=self.setpoints,
            confirmed_w=self.confirmed_w,
            confirmed_at=self.confirmed_at,
            reported_w=self.reported_w,
            received_at=self.received_at,
            names=self.names,
            fell_back_at=self.fell_back_at,
            above_since=self.above_since,
            unresponsive=self.unresponsive,
        )

    # --- what may be in force -------------------------------------------------------------------------------

    @property
    def highest_w(self) -> Watts:
        """The highest limit that may be in force by what was told and confirmed, the fallback aside."""
        highest = self.confirmed_w or 0
        for sent in self.setpoints:
            highest = max(highest, sent.limit_w)
        return highest

    def told_w(self, fallback_w: Watts, power_w: Watts, moment: Moment, *, seen: bool) -> tuple[Watts, Watts | None]:
        """The most a connector may draw by what it was told; and, where its fallback is part of that, the most without
        the fallback: connectors of a charge point share that, and nothing else.
        """
        if not self.setpoints and self.confirmed_w is None:
            return fallback_w, 0
        at, windows = moment.at, moment.windows
        fell_back = self.fell_back_at is not None and at >= self.fell_back_at
        # It is not heard, and falls back within a grace: by then the others have to have made room.
        falls_back = (
            not seen and self.received_at is not None and at >= self.received_at + windows.validity - windows.grace
        )
        lapsed = (
            not seen and not self.setpoints and self.confirmed_at is not None and at - self.confirmed_at > windows.lapse
        )
        if lapsed or (self.fell_back_at is not None and at >= self.fell_back_at + windows.grace):
            # What was confirmed is in force no longer.
            told_w = max([0, *[sent.limit_w for sent in self.setpoints]])
        elif self.confirmed_w is None and not fell_back:
            told_w = max(self.highest_w, fallback_w)
        else:
            told_w = self.highest_w
        if fell_back or falls_back or lapsed:
            own_w = max(told_w, power_w)
            return max(own_w, fallback_w), own_w
        return told_w, None

    # --- what changes it ------------------------------------------------------------------------------------

    def sent(self, limit_w: Watts | None, sending: Sending, before: Sequence[Sending]) -> "LedgerEntry":
        """The line after a sending that lists this value (None: it says nothing), and came after those `before`."""
        newest = self.newest
        if limit_w is None or (newest is not None and newest.limit_w == limit_w):
            return self
        raised = self.last_limit_w is None or limit_w > self.last_limit_w
        overtaken = () if newest is None else (replace(newest, last_sent_at=before[-1].at),)
        after = self.copy()
        after.setpoints = (
            *self.setpoints[:-1],
            *overtaken,
            SentSetpoint(limit_w, sending.cycle_seq, sending.at, raised),
        )
        if after.received_at is None:
            after.received_at = sending.at
        return after

    def lapse(self, moment: Moment) -> None:
        """Time passes: what would have lapsed everywhere stands no longer; the last sending that was received may
        have run out, and from then the fallback may be in force.
        """
        at, windows = moment.at, moment.windows
        if len(self.setpoints) > 1:
            oldest = at - windows.lapse
            self.setpoints = tuple(
                [sent for sent in self.setpoints if sent.last_sent_at is None or sent.last_sent_at >= oldest]
            )
        if self.setpoints and self.received_at is not None:
            lapses_at = self.received_at + windows.validity
            if at >= lapses_at and not any(
                each is not None and each >= lapses_at for each in (self.fell_back_at, self.confirmed_at)
            ):
                self._fall_back(lapses_at)

    def receive(self, known: KeptReading | None, heard_at: datetime, moment: Moment) -> None:
        """Find the latest sending that counts as received: one that was named, or where names are not in use one
        that a message of the charge point followed. The former one may run out before the charger has applied the new
        one, where that is within a grace of the message.
        """
        named = known.report.cycle_seq if known is not None and known.report is not None else None
        if named is not None:
            self.names = True
            received = moment.named(named)
        elif not self.names:
            received = moment.before(heard_at)
        else:
            return
        if received is None or self.received_at is None or received.at <= self.received_at:
            return
        lapses_at = self.received_at + moment.windows.validity
        self.received_at = received.at
        if heard_at + moment.windows.grace > lapses_at and (self.fell_back_at is None or self.fell_back_at < lapses_at):
            self._fall_back(lapses_at)

    def report(self, report: LimitReport, fallback_w: Watts, windows: Windows) -> None:
        """The charger says which limit is in force: that confirms a setpoint, or else is the confirmed limit."""
        confirmed = self.confirmed_by(report, fallback_w, windows)
        limit_w = report.limit_w
        if confirmed is not None:
            # The newest setpoint stands even when it is confirmed: it is what the charger will go on being told.
            limit_w = max(limit_w, self.setpoints[confirmed].limit_w)
            self.setpoints = self.setpoints[min(confirmed + 1, len(self.setpoints) - 1) :]
        self.confirmed_w, self.confirmed_at, self.reported_w = limit_w, report.measured_at, report.limit_w
        if self.fell_back_at is not None and report.measured_at >= self.fell_back_at:
            self.fell_back_at = None

    def hear(self, known: KeptReading, standing: Standing, heard_at: datetime, windows: Windows) -> None:
        """A message may confirm the newest setpoint without reporting a limit, when there was time to apply it.

        A message after the sending shows that the link lives; a grace later the charger has obeyed, if the reading
        says so, or in any case where there is nothing to draw. Where cycles are named, only names confirm.
        """
        newest = self.setpoints[-1]
        if newest.followed_at is None:
            if not self._follows(newest, heard_at, windows):
                return
            newest = replace(newest, followed_at=heard_at)
            self.setpoints = (*self.setpoints[:-1], newest)
        settled = len(self.setpoints) == 1 and self.confirmed_w == newest.limit_w and self.fell_back_at is None
        if settled or self.names:
            return
        obeyed_from = (newest.followed_at or heard_at) + windows.grace
        reading = known.reading
        if standing is Standing.IDLE and heard_at >= obeyed_from:
            self._confirm(newest, heard_at)
        elif (
            known.measured_at >= obeyed_from
            and reading.applied_limit_w is None
            and reading.power_w <= newest.limit_w + windows.tolerance_of(newest.limit_w)
        ):
            self._confirm(newest, known.measured_at)

    def judge(self, known: KeptReading, standing: Standing, moment: Moment) -> None:
        """Whether a connector with demand does not do what it is told, by its readings or by what it may draw."""
        if standing is not Standing.WANTING:
            self.above_since, self.unresponsive = None, False
            return
        newest, power_w, windows = self.setpoints[-1], known.reading.power_w, moment.windows
        is_above = max(self.highest_w, power_w) > newest.limit_w
        self.above_since = (self.above_since or moment.at) if is_above else None
        overdue = self.above_since is not None and moment.at - self.above_since >= windows.lapse
        if power_w > newest.limit_w + windows.tolerance_of(newest.limit_w) and not overdue:
            self.unresponsive = self.unresponsive or known.measured_at >= newest.first_sent_at + windows.grace
        else:
            self.unresponsive = overdue

    def _follows(self, newest: SentSetpoint, heard_at: datetime, windows: Windows) -> bool:
        """Whether a message shows that the newest setpoint came through a link that lives."""
        if self.fell_back_at is not None and (self.received_at is None or self.received_at <= self.fell_back_at):
            return False
        if heard_at <= max(newest.first_sent_at, self.fell_back_at or newest.first_sent_at):
            return False
        # What it followed must not have run out: else the charger was not told this again yet.
        return self.received_at is None or heard_at < self.received_at + windows.validity

    def confirmed_by(self, report: LimitReport, fallback_w: Watts, windows: Windows) -> int | None:
        """The index of the newest standing setpoint that this report confirms."""
        if not self.setpoints:
            return None
        if report.cycle_seq is not None:
            named = [index for index, sent in enumerate(self.setpoints) if sent.first_cycle_seq <= report.cycle_seq]
            return named[-1] if named else None
        newest, tolerance = self.setpoints[-1], windows.tolerance_w
        if newest.first_sent_at + windows.grace <= report.measured_at and report.limit_w <= newest.limit_w + tolerance:
            return len(self.setpoints) - 1
        limit_w, taken_at, may_be_old = report.limit_w, report.measured_at, False
        for in_force_w in (fallback_w, self.confirmed_w, self.reported_w):
            may_be_old = may_be_old or (in_force_w is not None and abs(limit_w - in_force_w) <= tolerance)
        for index, sent in enumerate(self.setpoints):
            if abs(limit_w - sent.limit_w) <= tolerance:
                told_at = sent.first_sent_at
                if told_at + windows.grace <= taken_at if may_be_old else told_at < taken_at:
                    return index
        return None

    def _confirm(self, newest: SentSetpoint, at: datetime) -> None:
        self.setpoints, self.confirmed_w, self.confirmed_at = (newest,), newest.limit_w, at
        self.above_since = None
        if self.fell_back_at is not None and self.fell_back_at <= at:
            self.fell_back_at = None

    def _fall_back(self, lapses_at: datetime) -> None:
        """Its setpoints run out then, and nothing that followed the newest one shows otherwise."""
        newest = self.setpoints[-1]
        if newest.followed_at is not None:
            self.setpoints = (*self.setpoints[:-1], replace(newest, followed_at=None))
        self.fell_back_at = lapses_at


NEVER_SENT = LedgerEntry()


def heard(
    entry: LedgerEntry,
    known: KeptReading | None,
    heard_at: datetime | None,
    *,
    standing: Standing,
    fallback_w: Watts,
    moment: Moment,
) -> LedgerEntry:
    """A connector's line after its newest reading: what that confirms leaves what stands."""
    report = None if known is None else known.report
    if report is not None and entry.confirmed_at is not None and report.measured_at <= entry.confirmed_at:
        report = None
    if report is None and not entry.setpoints:
        return entry
    entry, windows = entry.copy(), moment.windows
    if entry.setpoints:
        # Before the newest message is looked at: that a link is back does not undo that it was gone.
        entry.lapse(moment)
        if heard_at is not None:
            entry.receive(known, heard_at, moment)
    if report is not None:
        entry.report(report, fallback_w, windows)
    if entry.setpoints and known is not None and heard_at is not None:
        entry.hear(known, standing, heard_at, windows)
        entry.judge(known, standing, moment)
    # What the message shows to have been received may have run out since.
    entry.lapse(moment)
    return entry
