"""What the contract suite asks of a bus, and the in-process bus that answers it."""

from collections.abc import Sequence
from typing import Protocol

from adapters.memory.bus import MemoryBus, MemorySource
from application.ports.bus import (
    Assignment,
    DeadLetters,
    EventPublisher,
    Inbound,
    Message,
    MessageSource,
    Position,
    Unreadable,
)

PARTITIONS = 5


class Member(MessageSource, Protocol):
    """A consumer that can leave in order, or be lost."""

    async def close(self) -> None: ...

    async def crash(self) -> None: ...

    async def exhausted(self) -> bool:
        """Whether there is nothing that this member would still be given now."""
        ...


class Bus(Protocol):
    """A bus with two topics of `PARTITIONS` partitions, and one of one for dead letters."""

    telemetry: str
    configuration: str
    dead_letter: str

    async def publish(self, topic: str, messages: Sequence[Message]) -> None: ...

    async def put_dead_letter(self, position: Position, unreadable: Unreadable) -> None: ...

    async def join(self, group: str, topics: Sequence[str], assignment: Assignment) -> Member: ...


class InMemory:
    """The in-process bus."""

    telemetry, configuration, dead_letter = "telemetry", "configuration", "dead-letter"

    def __init__(self) -> None:
        self.bus = MemoryBus({self.telemetry: PARTITIONS, self.configuration: PARTITIONS, self.dead_letter: 1})

    async def publish(self, topic: str, messages: Sequence[Message]) -> None:
        publisher: EventPublisher = self.bus.publisher(topic)
        await publisher.publish(messages)

    async def put_dead_letter(self, position: Position, unreadable: Unreadable) -> None:
        dead_letters: DeadLetters = self.bus.dead_letters(self.dead_letter)
        await dead_letters.put([(position, unreadable)])

    async def join(self, group: str, topics: Sequence[str], assignment: Assignment) -> "InMemoryMember":
        return InMemoryMember(await self.bus.join(group, topics, as_it_came, assignment))


class InMemoryMember:
    """Nothing is on its way: a batch that is empty is the end."""

    def __init__(self, source: MemorySource) -> None:
        self.receive = source.receive
        self.acknowledge = source.acknowledge
        self.close = source.close
        self.crash = source.crash

    async def exhausted(self) -> bool:
        return True


def as_it_came(topic: str, message: Message) -> Inbound:
    return Unreadable(topic, "", message)
