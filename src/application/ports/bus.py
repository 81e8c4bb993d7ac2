"""What comes over the bus and goes out on it."""

import hashlib
import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, Protocol, Self, TypeAlias

from domain.knowledge.readings import Telemetry
from domain.site.configuration import Fault, SiteConfiguration
from domain.values import value


@value
class Message:
    """An encoded message: key, headers and value as they lie on the bus.

    Bytes of a key that are no UTF-8 stand as lone surrogates (`surrogateescape`), a header may be null.
    """

    key: str | None
    headers: tuple[tuple[str, bytes | None], ...]
    value: bytes | None


@value
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
    """Where a reader is in a partition: of the next message, and of the one that is to come there.

    `idle` counts how often the reader asked for more of the topic and had nothing left at hand: where it does not grow
    the reader is busy with what it has.
    """

    next: int
    end: int
    idle: int


@dataclass(frozen=True, slots=True)
class MalformedConfiguration:
    """A configuration whose shape is wrong but which names its microgrid, so that it can be answered."""

    microgrid_id: str
    version: int | None
    faults: tuple[Fault, ...]
    digest: str


@dataclass(frozen=True, slots=True)
class Retirement:
    """A microgrid is to be closed."""

    microgrid_id: str


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


@dataclass(frozen=True)
class PublishedEvent:
    """An event as subscribers see it: `content` is the JSON of its value as it came, `stream` what its source names."""

    microgrid_id: str
    event_seq: int
    type: str
    content: str
    stream: str

    @cached_property
    def data(self) -> dict[str, Any]:
        """The content, parsed once it is asked for: a cycle of a large depot takes its time."""
        parsed: dict[str, Any] = json.loads(self.content)
        return parsed


Offer: TypeAlias = SiteConfiguration | MalformedConfiguration | Retirement
"""What a microgrid answers with an event: what it is to be from now on."""

Inbound: TypeAlias = Offer | Telemetry | Tombstone | PublishedEvent | Unreadable


@value
class Received:
    """One message of a batch: as it came, read, with its place, its id, its trace and the time the bus has for it.

    That is in milliseconds since 1970; it may be any, as whoever sends a message says it.
    """

    position: Position
    message: Message
    body: Inbound
    id: str | None = None
    traceparent: str | None = None
    sent_ms: int | None = None


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

    async def receive(self, limit: int, without: Collection[str] = ()) -> Sequence[Received]:
        """The next messages, `limit` at most, none of the topics `without`; empty when there are none now, or none
        while a bus across a network was asked for an instant: a loop around it does not spin, unless topics are left
        out, as then there is work."""
        ...

    async def acknowledge(self, positions: Sequence[Position]) -> None:
        """What was received up to these positions is done and is not delivered again."""
        ...


class DeadLetters(Protocol):
    """Where messages nobody can read are put, with their coordinates."""

    async def put(self, letters: Sequence[tuple[Position, Unreadable]]) -> None:
        """Return once all of them are acknowledged. Raises PublicationRefused; some of them may be there."""
        ...


class PublicationRefused(Exception):
    """The bus does not take these messages, however often they are sent. Some of them may be on it."""


class EventPublisher(Protocol):
    """The bus, outbound."""

    async def publish(self, messages: Sequence[Message]) -> None:
        """Return once every message is acknowledged, however long the bus is away. Raises PublicationRefused."""
        ...
