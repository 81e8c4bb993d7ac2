"""What the application asks of the outside world, as Protocols named by role."""

import hashlib
from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final, Protocol, Self, TypeAlias

from application.queries.rows import BreachRow, BreachState, CycleRow, HistoryRow, NodeBucket, StatusRow
from domain.events import DomainEvent
from domain.knowledge.readings import Receipt, Telemetry
from domain.microgrid import Microgrid
from domain.sharing.plan import Outcome
from domain.site.configuration import Fault, SiteConfiguration


class Time(Protocol):
    """Time as the service sees it, by two clocks, real or simulated."""

    def now(self) -> datetime:
        """UTC, zone-aware, by the clock on the wall: it can be set, forward and back."""
        ...

    def steady(self) -> timedelta:
        """Since some instant, by a clock that nobody sets: it only runs on."""
        ...


class Clock(Time, Protocol):
    """Time that can be waited for."""

    async def sleep_until(self, instant: datetime) -> None:
        """Returns at an instant on the wall, at once where it is past, but never without letting others run."""
        ...


# --- what travels on the bus -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Message:
    """An encoded message: key, headers and value as they lie on the bus.

    Bytes of a key that are no UTF-8 stand as lone surrogates (`surrogateescape`), a header may be null.
    """

    key: str | None
    headers: tuple[tuple[str, bytes | None], ...]
    value: bytes | None


@dataclass(frozen=True, slots=True)
class Position:
    """Where a message lies on the bus."""

    topic: str
    partition: int
    offset: int


@dataclass(frozen=True, slots=True)
class Partition:
    """One partition of one topic."""

    topic: str
    number: int


@dataclass(frozen=True, slots=True)
class Offsets:
    """Where a reader is in a partition: of the next message, and of the one that is to come there."""

    next: int
    end: int


@dataclass(frozen=True, slots=True)
class MalformedConfiguration:
    """A configuration whose shape is wrong but which names its microgrid, so that it can be answered."""

    microgrid_id: str
    version: int | None
    faults: tuple[Fault, ...]
    digest: str


@dataclass(frozen=True, slots=True)
class Tombstone:
    """A null value on the configuration topic: counted, changes nothing."""

    key: str | None


MESSAGE_BYTES: Final = 16 * 1024 * 1024
"""The largest value that is read, unpacked."""


@dataclass(frozen=True, slots=True)
class Digest:
    """Stands for bytes that are not kept."""

    length: int
    sha256: str

    @classmethod
    def of(cls, value: bytes) -> Self:
        return cls(len(value), hashlib.sha256(value).hexdigest())


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A message nobody can read, as it came, with the code for the dead-letter topic.

    `dropped` stands for a value that is too large to be kept; the message then has none.
    """

    code: str
    detail: str
    message: Message
    dropped: Digest | None = None


@dataclass(frozen=True, slots=True)
class PublishedEvent:
    """An event as subscribers see it: `data` is the parsed JSON of its value, `stream` what its source names."""

    microgrid_id: str
    event_seq: int
    type: str
    data: dict[str, Any]
    stream: str


Inbound: TypeAlias = SiteConfiguration | MalformedConfiguration | Telemetry | Tombstone | PublishedEvent | Unreadable


@dataclass(frozen=True, slots=True)
class Received:
    """One message of a batch: as it came, read, with its place, its id, its trace and the time the bus has for it."""

    position: Position
    message: Message
    body: Inbound
    id: str | None = None
    traceparent: str | None = None
    sent_at: datetime | None = None


class Withheld(Exception):
    """These partitions are not taken: nothing of theirs is to be delivered. All others that were named are."""

    def __init__(self, partitions: frozenset[Partition], why: str) -> None:
        super().__init__(why)
        self.partitions = partitions


class Assignment(Protocol):
    """Told which partitions a consumer gains and loses, in time to drain."""

    async def assigned(self, partitions: frozenset[Partition]) -> None:
        """Raises Withheld."""
        ...

    async def revoked(self, partitions: frozenset[Partition]) -> None: ...


class MessageSource(Protocol):
    """A consumer of a group: batches in order per key, at least once."""

    async def receive(self, limit: int) -> Sequence[Received]:
        """The next messages, `limit` at most; empty when there are none now, or none while a bus across a network
        was asked for an instant: a loop around it does not spin."""
        ...

    async def acknowledge(self, positions: Sequence[Position]) -> None:
        """What was received up to these positions is done and is not delivered again."""
        ...


class DeadLetters(Protocol):
    """Where messages nobody can read are put, with their coordinates."""

    async def put(self, position: Position, unreadable: Unreadable) -> None: ...


class PublicationRefused(Exception):
    """The bus does not take these messages, however often they are sent. Some of them may be on it."""


class EventPublisher(Protocol):
    """The bus, outbound."""

    async def publish(self, messages: Sequence[Message]) -> None:
        """Return once every message is acknowledged, however long the bus is away. Raises PublicationRefused."""
        ...


# --- what is seen ------------------------------------------------------------------------------------------


class Stage(StrEnum):
    """Where a microgrid's stream can come to a halt."""

    TAKE_OVER = "take_over"
    CYCLE = "cycle"
    PUBLICATION = "publication"
    PROJECTION = "projection"


class CycleNotes(Protocol):
    """Takes down what became of a cycle; it counts once it is committed."""

    def decided(
        self,
        outcome: Outcome,
        input_age: timedelta | None,
        events: Sequence[DomainEvent],
        open_breaches: Collection[str],
    ) -> None:
        """`input_age`: how old the newest reading was, None where there is none. `open_breaches`: ids, before it."""
        ...

    def committed(self) -> None: ...


class Counters(Protocol):
    """What is counted instead of being answered. Names and attributes are the adapter's affair."""

    def readings(self, microgrid_id: str, receipts: Mapping[Receipt, int]) -> None: ...

    def outdated_configuration(self, microgrid_id: str) -> None: ...

    def tombstone(self) -> None: ...

    def dead_letter(self, code: str) -> None: ...

    def refused_letter(self, position: Position, error: Exception) -> None:
        """A dead letter that the bus does not take: the message is lost, but for where it lies."""
        ...

    def refused_configuration(self, microgrid_id: str, faults: Sequence[Fault]) -> None: ...

    def cycle(self, microgrid_id: str) -> AbstractContextManager[CycleNotes]:
        """One cycle, timed while it is decided, from entering to leaving."""
        ...

    def refused_plan(self, microgrid_id: str, fault: str) -> None: ...

    def parked(self, stage: Stage, microgrid_id: str, error: Exception, times: int) -> None:
        """A microgrid failed at this stage, so many times in a row; the others go on without it."""
        ...

    def not_taken(self, microgrid_id: str, position: Position, error: Exception) -> None:
        """A message that can be read could not be taken in."""
        ...

    def degraded(self, microgrids: int) -> None:
        """How many of the microgrids decided here are degraded now."""
        ...

    def waiting(self, since: datetime | None) -> None:
        """When the oldest event was written that is not known to be published, None where all are."""
        ...

    def projected(self, news: int, duplicates: int) -> None:
        """Events that reached the read models, and events that had reached them before."""
        ...


class Tracing(Protocol):
    """Spans, without knowing who collects them."""

    def cycle_span(
        self, microgrid_id: str, traceparent: str | None, conflated: Sequence[str] = ()
    ) -> AbstractContextManager[str | None]:
        """A span in the trace that `traceparent` names, linked to the others; yields the traceparent to hand on."""
        ...

    def configuration_span(self, microgrid_id: str, traceparent: str | None) -> AbstractContextManager[str | None]:
        """A span in the trace that `traceparent` names; yields the traceparent to hand on."""
        ...

    def projection_span(self, received: Received, event: PublishedEvent) -> AbstractContextManager[None]:
        """A span in the trace of an event that was received."""
        ...


# --- who decides -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Epoch:
    """An owner's time with a partition. It ends when the partition is claimed again, whoever claims it."""

    partition: int
    number: int


class Fenced(Exception):
    """The partition is not this owner's any more: nothing it decides there becomes true."""


class Ownership(Protocol):
    """Issues the epochs under which workers decide. Partitions of equal numbers belong together, whatever the topic."""

    async def claim(self, partitions: Collection[int]) -> Sequence[Epoch]:
        """A new epoch for each partition, higher than all before.

        Once this returns, no unit of work of an earlier epoch of theirs is open or commits.
        """
        ...


class Streams(Protocol):
    """The stream of events that the database leads, and how far it is in it. Raises StorageUnavailable."""

    async def current(self) -> str: ...

    async def reached(self, microgrid_ids: Collection[str]) -> Mapping[str, int]:
        """The newest `event_seq` of those of the microgrids that are stored."""
        ...


class EventTails(Protocol):
    """The newest events on the bus."""

    async def newest(self, partitions: Collection[int]) -> Mapping[int, Sequence[PublishedEvent]]:
        """Some of each partition; none where it is empty."""
        ...


# --- what is persisted -------------------------------------------------------------------------------------


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


# --- the read side -----------------------------------------------------------------------------------------


class EventGap(Exception):
    """An event arrived before the one that precedes it: the stream lost something."""


PositionKey: TypeAlias = tuple[str, str]
"""A projection and a microgrid."""


@dataclass(frozen=True, slots=True)
class Reached:
    """The last event of a microgrid that a projection has applied, and the stream that it is in."""

    stream: str
    event_seq: int


class ReadModelChanges(Protocol):
    """One transaction of a projector: rows and positions, together or not at all. Each `put` is one statement."""

    async def positions(self, microgrid_ids: Collection[str]) -> dict[PositionKey, Reached]:
        """How far each projection is with these microgrids; nobody else moves it until the transaction ends."""
        ...

    async def current_stream(self) -> str:
        """The stream that the database leads."""
        ...

    async def put_positions(self, reached: Mapping[PositionKey, Reached]) -> None:
        """Raises ConcurrentChange where `positions` did not know one that somebody else has put since."""
        ...

    async def put_statuses(self, statuses: Sequence[StatusRow]) -> None:
        """A status without a latest cycle leaves the one that is known."""
        ...

    async def put_latest_cycles(self, latest_cycles: Mapping[str, dict[str, Any]]) -> None:
        """By microgrid; of no effect while it has no status."""
        ...

    async def put_cycles(self, cycles: Sequence[CycleRow]) -> None: ...

    async def prune_cycles(self, decided_before: datetime) -> int:
        """Forget the oldest of these cycles, some thousand at most; returns how many."""
        ...

    async def put_breaches(self, breaches: Sequence[BreachRow]) -> None:
        """A breach that is known keeps when and with which event it opened."""
        ...

    async def put_history(self, history: Sequence[HistoryRow]) -> None: ...

    async def prune_history(self, before: datetime) -> int:
        """Forget the oldest of these buckets, some thousand at most; returns how many."""
        ...

    async def commit(self) -> None: ...


class StorageUnavailable(Exception):
    """The database does not answer; it may do so later."""


class ReadModelTransactions(Protocol):
    """Begins transactions of a projection. Leaving one without `commit` rolls back.

    They raise StorageUnavailable at any time.
    """

    def begin(self) -> AbstractAsyncContextManager[ReadModelChanges]: ...


class ReadModel(Protocol):
    """What queries read. Every method raises StorageUnavailable."""

    async def statuses(self) -> Sequence[StatusRow]:
        """Every microgrid, in natural id order."""
        ...

    async def status(self, microgrid_id: str) -> StatusRow | None: ...

    async def cycles(self, microgrid_id: str, before: int | None, limit: int) -> Sequence[CycleRow]:
        """Newest first, those below `cycle_seq` `before` where it is given."""
        ...

    async def cycle_heads(self, microgrid_id: str, before: int | None, limit: int) -> Sequence[CycleRow]:
        """The same, their data without `nodes` and `setpoints`."""
        ...

    async def cycle(self, microgrid_id: str, cycle_seq: int) -> CycleRow | None: ...

    async def breaches(
        self, microgrid_id: str, state: BreachState, before: int | None, limit: int
    ) -> Sequence[BreachRow]:
        """Those opened last first, those below `opened_seq` `before` where it is given."""
        ...

    async def open_breaches(self) -> Mapping[str, int]:
        """How many breaches are open, by microgrid; those without any are left out."""
        ...

    async def node_history(
        self, microgrid_id: str, node_id: str, since: datetime, until: datetime, limit: int
    ) -> Sequence[NodeBucket]:
        """Newest first, from `since` on and before `until`; only buckets in which the node was there."""
        ...


@dataclass(frozen=True, slots=True)
class StoredEvent:
    """A published event as it is kept: `data` is its JSON."""

    event_seq: int
    type: str
    data: bytes


class StoredEvents(Protocol):
    """The events that the read models have taken in, as long as they are kept. Raises StorageUnavailable."""

    async def newest(self, microgrid_id: str) -> int:
        """The `event_seq` that every read model has come to, 0 before the first."""
        ...

    async def after(self, microgrid_id: str, event_seq: int, limit: int) -> Sequence[StoredEvent]:
        """The events that follow, ascending and gap-free; the first is a later one where that is all that is kept."""
        ...
