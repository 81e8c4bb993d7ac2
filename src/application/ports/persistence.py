"""What is stored, and becomes true together."""

from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from application.ports.bus import Message
from application.ports.ownership import Epoch
from domain.events import DomainEvent
from domain.microgrid import Microgrid


class ConcurrentChange(Exception):
    """Somebody else committed a newer version of this microgrid first."""


class MicrogridRepository(Protocol):
    """Microgrids by id. Saving compares and sets the versions the aggregates were read with."""

    async def newest_events(self) -> Mapping[str, int]:
        """Every microgrid that is stored, of all partitions, with the `event_seq` it has come to."""
        ...

    async def get(self, microgrid_id: str) -> Microgrid | None: ...

    async def get_all(self, microgrid_ids: Collection[str]) -> Sequence[Microgrid]:
        """Those of them that are stored, in no order, by a few queries however many there are."""
        ...

    async def save(self, *microgrids: Microgrid) -> None:
        """Raises ConcurrentChange where a stored version is not the one that was read."""
        ...

    async def save_states(self, *microgrids: Microgrid) -> None:
        """What a cycle changes: all but the sites, which have to be stored as they are. Raises ConcurrentChange."""
        ...


@dataclass(frozen=True, slots=True)
class PendingEvent:
    """An event, encoded, that is not known to be published yet."""

    microgrid_id: str
    event_seq: int
    message: Message
    created_at: datetime

    @property
    def key(self) -> tuple[str, int]:
        return self.microgrid_id, self.event_seq


class Outbox(Protocol):
    """Events of a transaction, to be published after it and only if it commits, in the database's stream.

    All is written with the commit.
    """

    def append(
        self, events: Sequence[DomainEvent], traceparent: str | None, workspace_id: str | None
    ) -> Sequence[PendingEvent]:
        """The same events, encoded, in the trace of what caused them; `workspace_id` is the microgrid's."""
        ...

    def mark_published(self, events: Collection[PendingEvent]) -> None:
        """Of earlier transactions."""
        ...


class UnitOfWork(Protocol):
    """One transaction. Leaving it without `commit` rolls back."""

    @property
    def microgrids(self) -> MicrogridRepository: ...

    @property
    def outbox(self) -> Outbox: ...

    async def commit(self) -> None: ...


class Transactions(Protocol):
    """Begins units of work, which raise StorageUnavailable at any time."""

    def begin(self, epochs: Epoch | Mapping[str, Epoch]) -> AbstractAsyncContextManager[UnitOfWork]:
        """Under one epoch, or under the epoch of each microgrid that is saved.

        Raises Fenced where one of them has ended; none can end while the unit of work is open.
        """
        ...


class PendingEvents(Protocol):
    """The outbox from the relay's side: drained by flag, in order per microgrid."""

    async def pending(self, microgrids: Collection[str], limit: int) -> Sequence[PendingEvent]:
        """The oldest unpublished events of these microgrids, ascending `event_seq` within each."""
        ...

    async def mark_published(self, events: Collection[PendingEvent], at: datetime) -> None: ...

    async def republish_after(self, positions: Mapping[str, int]) -> int:
        """Make the retained events beyond these positions pending again, all of a microgrid that is not named.

        For a bus that forgets with its process: what was published but not yet read by all. Returns how many.
        """
        ...

    async def prune(self, published_before: datetime) -> int:
        """Forget events published before this instant; returns how many."""
        ...


class StorageUnavailable(Exception):
    """The database does not answer; it may do so later."""
