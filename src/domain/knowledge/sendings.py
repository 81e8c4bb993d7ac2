"""What was sent: the published cycles, and the setpoints that each connector was told by them (contract section 6)."""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from datetime import datetime

from domain.site.power import Watts
from domain.site.site import Windows
from domain.values import value


@value
class Sending:
    """A published cycle: it brought every connector that was ever told anything the setpoint it lists."""

    cycle_seq: int
    at: datetime


@value
class Moment:
    """What is the same for every line in one cycle. `sendings`: the published cycles that can still matter, oldest
    first.
    """

    at: datetime
    windows: Windows
    sendings: Sequence[Sending]

    def named(self, cycle_seq: int) -> Sending | None:
        """The newest sending whose number is at most this one."""
        return self._before(bisect_right(self.sendings, cycle_seq, key=_cycle_seq))

    def before(self, instant: datetime) -> Sending | None:
        """The newest sending strictly before an instant."""
        return self._before(bisect_left(self.sendings, instant, key=_at))

    def _before(self, count: int) -> Sending | None:
        return self.sendings[count - 1] if count else None


@value
class SentSetpoint:
    """A value that was sent, by which published cycle and when first.

    `raised`: it was above what the connector was told before. `followed_at`: when a message of its charge point was
    taken after it was sent, which shows that the link lives. `last_sent_at`: null for the newest, which every sending
    since brought again.
    """

    limit_w: Watts
    first_cycle_seq: int
    first_sent_at: datetime
    raised: bool
    followed_at: datetime | None = None
    last_sent_at: datetime | None = None


@value
class DepartedConnector:
    """A connector that a configuration removed or moved: it may go on drawing where it was.

    `node_ids` are its former ancestors that it has no longer; until `holds_until` it holds `held_w` there.
    """

    node_ids: tuple[str, ...]
    held_w: Watts
    holds_until: datetime


def recent(sendings: Sequence[Sending], at: datetime, windows: Windows) -> tuple[Sending, ...]:
    """The sendings that can still matter at this instant."""
    oldest = at - windows.lapse
    return tuple([sending for sending in sendings if sending.at >= oldest])


def _cycle_seq(sending: Sending) -> int:
    return sending.cycle_seq


def _at(sending: Sending) -> datetime:
    return sending.at
