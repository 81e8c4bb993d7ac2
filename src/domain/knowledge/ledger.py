"""The setpoint ledger: what each connector was told, and what of it may be in force (R8 to R15)."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from operator import attrgetter
from typing import Self

from domain.knowledge.sendings import Moment, Sending, SentSetpoint
from domain.site.power import Watts

EXACT = 1000
"""The factor of a connector that draws what it is told: watts at the meter for 1,000 W told (R34)."""

LONG_AGO = datetime.min.replace(tzinfo=UTC)
"""Before anything was sent."""


@dataclass(slots=True)
class LedgerEntry:
    """One connector's line: the setpoints that stand, oldest first, and the limit last confirmed.

    `received`: the latest sending that counts as received, at first the first one (R12); `overtaken_by`: the first one
    after it that lapses earlier, as the validity was shortened; `refused`: cycles whose setpoint the charger refused
    (R5); `names`: it names cycles (R11). `fell_back_at`: when its setpoints lapsed, while nothing has shown otherwise
    (R13); `away`: nothing has come through since, `back_at`: when something did.

    Last known (R22): `heard_at` of its charge point; `read_at` and `sequence` of its newest reading, the `power_w` in
    it, and whether it was `idle`.

    How it obeys: `factor`, `taught` by more than readings that came too early (R34); `over_since`: since when its
    readings are above all that may be in force (R38); `explained_at`: when one was taken that is
    only so because of the factor (R40); `unresponsive`, and since when it has been within that again (R41).

    A cycle works on a copy: nothing changes a line that is remembered.
    """

    setpoints: tuple[SentSetpoint, ...] = ()
    confirmed_w: Watts | None = None
    confirmed_at: datetime | None = None
    received: Sending | None = None
    overtaken_by: Sending | None = None
    refused: tuple[int, ...] = ()
    names: bool = False
    fell_back_at: datetime | None = None
    away: bool = False
    back_at: datetime | None = None
    heard_at: datetime | None = None
    read_at: datetime | None = None
    sequence: int | None = None
    power_w: Watts | None = None
    idle: bool = False
    factor: int = EXACT
    taught: bool = False
    explained_at: datetime | None = None
    over_since: datetime | None = None
    unresponsive: bool = False
    within_since: datetime | None = None

    @property
    def newest(self) -> SentSetpoint | None:
        return self.setpoints[-1] if self.setpoints else None

    @property
    def last_limit_w(self) -> Watts | None:
        """The newest setpoint; where there is none, the limit the charger reported, if it ever did."""
        return self.setpoints[-1].limit_w if self.setpoints else self.confirmed_w

    @property
    def last_w(self) -> Watts | None:
        """The same at the meter."""
        last_limit_w = self.last_limit_w
        return None if last_limit_w is None else self.at_meter(last_limit_w)

    @property
    def is_explained(self) -> bool:
        """Whether its factor accounts for the readings that are too high (R40)."""
        return self.explained_at is not None

    def is_last_known(self, oldest: datetime) -> bool:
        """Whether it was heard later than that; where it had demand, its own reading taken (R22)."""
        known_at = self.heard_at if self.idle else self.read_at
        return known_at is not None and known_at > oldest

    def at_meter(self, limit_w: Watts) -> Watts:
        """What a limit that it is told lets it draw, in watts at the meter."""
        return limit_w if self.factor == EXACT else -(-limit_w * self.factor // EXACT)

    def to_tell(self, share_w: Watts) -> Watts:
        """The limit that lets it draw so much at the meter (R35)."""
        return share_w if self.factor == EXACT else share_w * EXACT // self.factor

    def copy(self) -> Self:
        return type(self)(*_FACTS(self))

    # --- what may be in force -------------------------------------------------------------------------------

    def falls_back_by(self, instant: datetime) -> bool:
        """Whether its setpoints can have lapsed by then: T is that instant or before it (R13)."""
        if self.received is None:
            return False
        if self.overtaken_by is not None and self.overtaken_by.lapses_at <= instant:
            return True
        return (self.received.lapses_at if self.fell_back_at is None else self.fell_back_at) <= instant

    def in_force(self, moment: Moment, *, silent: bool) -> tuple[Watts, bool]:
        """The highest limit that may be in force, told watts, but for the fallback; and whether the fallback may be,
        now or within a grace, in which the others have to make room for it (R9, R10, R15).
        """
        if self.received is None and self.confirmed_at is not None:
            falls = has_left = silent and moment.at > self.confirmed_at + moment.windows.lapse
        else:
            falls = self.confirmed_w is None or self.falls_back_by(moment.soon)
            fell_back, confirmed = self.fell_back_at, self.confirmed_at
            has_left = (
                fell_back is not None
                and moment.at >= fell_back + moment.windows.grace
                and (confirmed is None or confirmed < fell_back)
            )
        highest_w = 0 if has_left else self.confirmed_w or 0
        for sent in self.setpoints:
            if sent.limit_w > highest_w:
                highest_w = sent.limit_w
        return highest_w, falls

    def obeyed_w(self, taken_at: datetime, grace: timedelta) -> Watts | None:
        """The highest limit in force when a reading was taken, told watts; null where that is not known (R36)."""
        since = taken_at - grace
        setpoints = self.setpoints
        if not setpoints or self.away or (self.back_at is not None and self.back_at > since):
            return None
        if setpoints[0].first_sent_at > since:
            return None
        highest_w = setpoints[-1].limit_w
        if len(setpoints) > 1:
            for older, newer in pairwise(setpoints):
                if newer.first_sent_at > since:
                    highest_w = max(highest_w, older.limit_w)
        return highest_w

    # --- what changes it ------------------------------------------------------------------------------------

    def sent(self, limit_w: Watts | None, sending: Sending, before: Sequence[Sending]) -> "LedgerEntry":
        """The line after a sending that lists this value (None: it says nothing), and came after those `before`."""
        newest = self.setpoints[-1] if self.setpoints else None
        if self.received is not None and sending.lapses_at < self.received.lapses_at and self.overtaken_by is None:
            return self._overtaken(sending).sent(limit_w, sending, before)
        if limit_w is None or (newest is not None and newest.limit_w == limit_w):
            return self
        raised = self.last_limit_w is None or limit_w > self.last_limit_w
        overtaken = () if newest is None else (newest.overtaken(before[-1]),)
        after = self.copy()
        after.setpoints = (
            *self.setpoints[:-1],
            *overtaken,
            SentSetpoint(limit_w, sending.cycle_seq, sending.at, raised),
        )
        if after.received is None:
            after.received = sending
        return after

    def _overtaken(self, sending: Sending) -> "LedgerEntry":
        after = self.copy()
        after.overtaken_by = sending
        return after

    def runs_out(self, at: datetime) -> bool:
        """Whether time alone changes it: something stands no longer, or it has fallen back."""
        for sent in self.setpoints[:-1]:
            if sent.last_sent is not None and sent.last_sent.gone_at < at:
                return True
        return self._has_lapsed(at)

    def lapse(self, at: datetime) -> None:
        """Time passes: what would have lapsed everywhere stands no longer (R9); the last sending that was received may
        have run out, and from then the fallback may be in force (R13).
        """
        if len(self.setpoints) > 1:
            self.setpoints = tuple(
                [sent for sent in self.setpoints if sent.last_sent is None or sent.last_sent.gone_at >= at]
            )
        if self.received is not None and at >= self.received.lapses_at and self._has_lapsed(at):
            self.fall_back(self.received.lapses_at)

    def fall_back(self, lapsed_at: datetime) -> None:
        """Its setpoints ran out then, and nothing that came through before shows otherwise."""
        self.setpoints = tuple([sent.followed(None) for sent in self.setpoints])
        self.fell_back_at, self.away = lapsed_at, True

    def _has_lapsed(self, at: datetime) -> bool:
        if self.received is None or at < self.received.lapses_at:
            return False
        lapses_at = self.received.lapses_at
        fell_back, confirmed = self.fell_back_at, self.confirmed_at
        return (fell_back is None or fell_back < lapses_at) and (confirmed is None or confirmed < lapses_at)


_FACTS = attrgetter(*[fact.name for fact in fields(LedgerEntry)])

NEVER_SENT = LedgerEntry()
