"""A bus on a real broker, for one test: topics of its own, publishers, members of groups that can be lost."""

import asyncio
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from uuid import uuid4

from adapters.kafka.connection import Connection, stopped, when_reachable
from adapters.kafka.publisher import KafkaPublisher
from adapters.kafka.source import KafkaSource
from adapters.kafka.topics import create_missing
from adapters.messages.dead_letters import DeadLetterTopic
from adapters.messages.envelope import Attributes
from application.ports.bus import Assignment, Inbound, Message, Partition, Position, Unreadable

SETTLING_S = 60.0


def as_it_came(topic: str, message: Message, headers: Attributes | None = None) -> Inbound:
    del headers
    return Unreadable(topic, "", message)


class LosableSource(KafkaSource):
    """A member that can be lost: the group is left without a word to the application, and nothing is drained."""

    @property
    def owned(self) -> frozenset[Partition]:
        return self._owned

    async def crash(self) -> None:
        self._owned = frozenset()
        self._closed = True
        await stopped(self._consumer)

    async def exhausted(self) -> bool:
        """Whether every message of this member's partitions was delivered to it."""
        if self._closed or not self._owned:
            return True
        ends = await self._consumer.end_offsets(self._consumer.assignment())
        return all([await self._consumer.position(each) == end for each, end in ends.items()])


class KafkaMember:
    """A member of a group whose coming and going is over when everybody knows of it."""

    def __init__(self, bus: "KafkaBus", group: str, source: LosableSource) -> None:
        self._bus = bus
        self._group = group
        self.source = source
        self.receive = source.receive
        self.acknowledge = source.acknowledge
        self.exhausted = source.exhausted

    async def close(self) -> None:
        await self.source.close()
        await self._bus.left(self._group, self.source)

    async def crash(self) -> None:
        await self.source.crash()
        await self._bus.left(self._group, self.source)


class KafkaBus:
    """Topics `telemetry`, `configuration`, `events` and `dead-letter` under a prefix that no other test has."""

    def __init__(self, bootstrap_servers: str, partitions: int) -> None:
        self.connection = Connection(bootstrap_servers)
        self.prefix = f"test-{uuid4().hex[:12]}"
        self.telemetry = f"{self.prefix}.telemetry"
        self.configuration = f"{self.prefix}.configuration"
        self.events = f"{self.prefix}.events"
        self.dead_letter = f"{self.prefix}.dead-letter"
        self._partitions = partitions
        self._publishers: dict[str, KafkaPublisher] = {}
        self._members: dict[str, list[LosableSource]] = {}
        self._topics: dict[str, Sequence[str]] = {}

    async def open(self) -> None:
        async with asyncio.timeout(SETTLING_S):
            await when_reachable(lambda: create_missing(self.connection, self.prefix, self._partitions, 1))

    async def close(self) -> None:
        async with AsyncExitStack() as stack:
            for publisher in self._publishers.values():
                stack.push_async_callback(publisher.close)
            for members in self._members.values():
                for member in members:
                    stack.push_async_callback(member.crash)

    def publisher(self, topic: str) -> KafkaPublisher:
        return self._publishers.setdefault(topic, KafkaPublisher(self.connection, topic))

    async def publish(self, topic: str, messages: Sequence[Message]) -> None:
        await self.publisher(topic).publish(messages)

    async def put_dead_letter(self, position: Position, unreadable: Unreadable) -> None:
        await DeadLetterTopic(self.publisher(self.dead_letter)).put([(position, unreadable)])

    async def join(self, group: str, topics: Sequence[str], assignment: Assignment) -> KafkaMember:
        group_id = f"{self.prefix}.{group}"
        source = await LosableSource.join(self.connection, group_id, topics, as_it_came, assignment)
        self._members.setdefault(group, []).append(source)
        self._topics[group] = topics
        await self._settled(group)
        return KafkaMember(self, group, source)

    async def left(self, group: str, source: LosableSource) -> None:
        self._members[group].remove(source)
        await self._settled(group)

    async def _settled(self, group: str) -> None:
        """Every partition of the group's topics lies with one of its members, where it has any."""
        until = time.monotonic() + SETTLING_S
        while self._members[group] and not self._shared(group):
            assert time.monotonic() < until, f"the group {group} did not settle"
            await asyncio.sleep(0.02)

    def _shared(self, group: str) -> bool:
        owned = [(each.topic, each.number) for member in self._members[group] for each in member.owned]
        counts = {topic: 1 if topic == self.dead_letter else self._partitions for topic in self._topics[group]}
        return sorted(owned) == sorted((topic, number) for topic in counts for number in range(counts[topic]))
