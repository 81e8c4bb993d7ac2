"""What was sent: the published cycles, and the setpoints that each connector was told by them (R8)."""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from datetime import datetime
from typing import Self

from domain.site.power import Watts
from domain.site.site import Windows
from domain.values import value


@value
class Sending:
    """A published cycle: it brought every connector that was ever told anything the setpoint it lists.

    By the validity and the grace that it was made under (R8) that lapses at `lapses_at`, and is in force nowhere after
    `gone_at`.
    """

    cycle_seq: int
    at: datetime
    lapses_at: datetime
    gone_at: datetime

    @classmethod
    def of(cls, cycle_seq: int, at: datetime, windows: Windows) -> "Sending":
        return cls(cycle_seq, at, at + windows.validity, at + windows.lapse)


@value
class Moment:
    """What is the same for every line in one cycle. `soon` is a grace from now; `sendings`: the published cycles that
    can still matter, oldest first, whose numbers and instants are `numbers` and `instants`.
    """

    at: datetime
    soon: datetime
    windows: Windows
    sendings: Sequence[Sending]
    numbers: list[int]
    instants: list[datetime]

    @classmethod
    def of(cls, at: datetime, windows: Windows, sendings: Sequence[Sending]) -> Self:
        return cls(
            at=at,
            soon=at + windows.grace,
            windows=windows,
            sendings=sendings,
            numbers=[each.cycle_seq for each in sendings],
            instants=[each.at for each in sendings],
        )

    def named(self, cycle_seq: int) -> Sending | None:
        """The newest sending whose number is at most this one."""
        return self._before(bisect_right(self.numbers, cycle_seq))

    def before(self, instant: datetime) -> Sending | None:
        """The newest sending strictly before an instant."""
        return self._before(bisect_left(self.instants, instant))

    def _before(self, count: int) -> Sending | None:
        return self.sendings[count - 1] if count else None


@value
class SentSetpoint:
    """A value that was sent, by which published cycle and when first (R8).

    `raised`: it was above what the connector was told before. `followed_at`: when a message of its charge point was
    taken that shows that it came through (R16). `last_sent`: null for the newest, which every sending since brought
    again.
    """

    limit_w: Watts
    first_cycle_seq: int
    first_sent_at: datetime
    raised: bool
    followed_at: datetime | None = None
    last_sent: Sending | None = None

    def followed(self, at: datetime | None) -> Self:
        first = (self.limit_w, self.first_cycle_seq, self.first_sent_at, self.raised)
        return type(self)(*first, followed_at=at, last_sent=self.last_sent)

    def overtaken(self, last_sent: Sending) -> Self:
        """It is no longer the newest: this sending was the last to bring it."""
        first = (self.limit_w, self.first_cycle_seq, self.first_sent_at, self.raised)
        return type(self)(*first, followed_at=self.followed_at, last_sent=last_sent)


def recent(sendings: Sequence[Sending], at: datetime) -> tuple[Sending, ...]:
    """The sendings that can still matter at this instant."""
    return tuple([sending for sending in sendings if sending.gone_at >= at])
