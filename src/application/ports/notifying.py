"""Who is told what happened: the entries of the log that wait to be sent, and where they are sent."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from application.queries.log import LogEntry


@dataclass(frozen=True, slots=True)
class Notice:
    """An entry of the log that is to be sent, since when it is, and the stream of the event that it tells of."""

    entry: LogEntry
    stream: str
    waiting_since: datetime


class NotDelivered(Exception):
    """The receiver did not take a notice. The message says why, without any secret."""


class Receiver(Protocol):
    """Where notices are sent."""

    async def deliver(self, notice: Notice) -> None:
        """Return once it is taken. Raises NotDelivered."""
        ...


class WaitingNotices(Protocol):
    """Notices that are not known to be taken. Raises StorageUnavailable."""

    async def microgrids(self) -> Sequence[str]:
        """Those that have any."""
        ...

    async def of(self, microgrid_id: str, limit: int) -> Sequence[Notice]:
        """The oldest of a microgrid, by their number."""
        ...

    async def done(self, notice: Notice) -> None:
        """It is taken, or given up."""
        ...
