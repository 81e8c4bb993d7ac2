"""The in-process bus: encoded bytes and headers, with Kafka's promises. Deterministic; nothing runs in its background.

Keyed and partitioned, ordered per key, at least once. Each group has its stored positions; its members share the
partitions, and who joins or leaves makes all of them give up theirs first. A record is forgotten once every group has
acknowledged it; a topic that no group reads keeps its newest `TAIL` records a partition.
"""

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import TypeAlias

from adapters.memory.partitioning import partition_of, shares
from adapters.messages import envelope
from adapters.messages.dead_letters import DeadLetterTopic
from application.ports.bus import Assignment, Inbound, Message, Partition, Position, Received

Read: TypeAlias = Callable[[str, Message], Inbound]
"""Makes sense of a message of the topic named first. Never raises: what it cannot read is `Unreadable`."""

TAIL = 1000


class MemoryBus:
    """Topics by name with their partition counts, and the groups that read them."""

    def __init__(self, partitions: Mapping[str, int]) -> None:
        self._logs = {topic: tuple(_Log() for _ in range(count)) for topic, count in partitions.items()}
        self._groups: dict[str, _Group] = {}

    def publisher(self, topic: str) -> "MemoryPublisher":
        return MemoryPublisher(self._logs[topic])

    def dead_letters(self, topic: str) -> DeadLetterTopic:
        return DeadLetterTopic(self.publisher(topic))

    async def join(self, group: str, topics: Sequence[str], read: Read, assignment: Assignment) -> "MemorySource":
        """A new member of the group, assigned its partitions. A new group begins with the oldest record there is.

        Raises ValueError where the topics' partition counts differ: a key's messages would lie with two members.
        """
        logs = {topic: self._logs[topic] for topic in topics}
        if len({len(partitions) for partitions in logs.values()}) != 1:
            raise ValueError(f"topics read together need equal partition counts: {', '.join(topics)}")
        for partitions in logs.values():
            for log in partitions:
                log.declare(group)
        members = self._groups.setdefault(group, _Group())
        source = MemorySource(group, members, logs, read, assignment)
        await members.admit(source)
        return source

    async def rebalance(self, group: str) -> None:
        """Let the members of a group give up their partitions and take them anew, as when one comes or goes."""
        await self._groups[group].rebalance()


class MemoryPublisher:
    """EventPublisher of one topic."""

    def __init__(self, logs: Sequence["_Log"]) -> None:
        self._logs = logs

    async def publish(self, messages: Sequence[Message]) -> None:
        for message in messages:
            # Kafka puts a message without a key anywhere; the first partition is anywhere, and repeatable.
            partition = 0 if message.key is None else partition_of(message.key, len(self._logs))
            self._logs[partition].append(message)


class MemorySource:
    """MessageSource of one member of a group."""

    def __init__(
        self,
        group: str,
        members: "_Group",
        logs: Mapping[str, Sequence["_Log"]],
        read: Read,
        assignment: Assignment,
    ) -> None:
        self._group = group
        self._members = members
        self._logs = logs
        self._read = read
        self._assignment = assignment
        self._assigned: frozenset[Partition] = frozenset()
        self._fetched: dict[Partition, int] = {}

    async def receive(self, limit: int, without: Collection[str] = ()) -> Sequence[Received]:
        """The next messages, `limit` at most, partition after partition: the one served last comes last next time."""
        batch: list[Received] = []
        for partition in [each for each in self._fetched if each.topic not in without]:
            if len(batch) == limit:
                break
            log = self._log(partition)
            # A new assignment fetches again what is not acknowledged, and what is in hand may still become so.
            start = max(self._fetched[partition], log.stored(self._group))
            messages = log.since(start, limit - len(batch))
            if messages:
                batch += [
                    self._received(partition, offset, message) for offset, message in enumerate(messages, start=start)
                ]
                del self._fetched[partition]
                self._fetched[partition] = start + len(messages)
        return batch

    async def acknowledge(self, positions: Sequence[Position]) -> None:
        """Store these positions. One of a partition that is no longer this member's changes nothing."""
        newest: dict[Partition, int] = {}
        for position in positions:
            partition = Partition(position.topic, position.partition)
            newest[partition] = max(position.offset, newest.get(partition, 0))
        for partition, offset in newest.items():
            if partition in self._assigned:
                self._log(partition).acknowledge(self._group, offset)

    async def close(self) -> None:
        """Leave the group: give up the partitions in order, then the others take them."""
        await self._members.dismiss(self)

    async def crash(self) -> None:
        """Leave the group as a killed process does: the others take the partitions, nobody asks this member."""
        self._fetched.clear()
        self._assigned = frozenset()
        await self._members.dismiss(self)

    @property
    def topics(self) -> Mapping[str, int]:
        """The topics this member reads, with their partition counts."""
        return {topic: len(partitions) for topic, partitions in self._logs.items()}

    async def give_up(self) -> None:
        """Fetch no more, let the application drain and acknowledge, then own nothing."""
        self._fetched.clear()
        if self._assigned:
            await self._assignment.revoked(self._assigned)
            self._assigned = frozenset()

    async def take(self, partitions: Sequence[Partition]) -> None:
        """Own these partitions and go on where the group's stored positions are."""
        self._assigned = frozenset(partitions)
        if partitions:
            await self._assignment.assigned(self._assigned)
        self._fetched = dict.fromkeys(partitions, 0)

    def _log(self, partition: Partition) -> "_Log":
        return self._logs[partition.topic][partition.number]

    def _received(self, partition: Partition, offset: int, message: Message) -> Received:
        position = Position(partition.topic, partition.number, offset)
        body = self._read(partition.topic, message)
        attributes = envelope.attributes(message)
        return Received(position, message, body, attributes.id, attributes.traceparent)


class _Group:
    """The members of one group, in the order they joined."""

    def __init__(self) -> None:
        self._members: list[MemorySource] = []
        self._rebalancing = asyncio.Lock()

    async def admit(self, member: MemorySource) -> None:
        async with self._rebalancing:
            await self._revoke()
            self._members.append(member)
            await self._assign()

    async def dismiss(self, member: MemorySource) -> None:
        async with self._rebalancing:
            if member in self._members:
                await self._revoke()
                self._members.remove(member)
                await self._assign()

    async def rebalance(self) -> None:
        async with self._rebalancing:
            await self._revoke()
            await self._assign()

    async def _revoke(self) -> None:
        for member in self._members:
            await member.give_up()

    async def _assign(self) -> None:
        assigned: dict[MemorySource, list[Partition]] = {member: [] for member in self._members}
        partitions = {topic: count for member in self._members for topic, count in member.topics.items()}
        for topic, count in sorted(partitions.items()):
            readers = [member for member in self._members if topic in member.topics]
            for member, numbers in shares(readers, count).items():
                assigned[member] += [Partition(topic, number) for number in numbers]
        for member, its_partitions in assigned.items():
            await member.take(its_partitions)


class _Log:
    """One partition: the records not yet forgotten, the first of them at offset `_start`."""

    def __init__(self) -> None:
        self._start = 0
        self._records: list[Message] = []
        self._stored: dict[str, int] = {}

    def declare(self, group: str) -> None:
        self._stored.setdefault(group, self._start)

    def stored(self, group: str) -> int:
        """The offset of the first record the group has not acknowledged."""
        return self._stored[group]

    def append(self, message: Message) -> None:
        self._records.append(message)
        if not self._stored:
            self._forget_before(self._start + len(self._records) - TAIL)

    def since(self, offset: int, limit: int) -> Sequence[Message]:
        start = offset - self._start
        return self._records[start : start + limit]

    def acknowledge(self, group: str, offset: int) -> None:
        self._stored[group] = max(self._stored[group], offset + 1)
        self._forget_before(min(self._stored.values()))

    def _forget_before(self, offset: int) -> None:
        if offset > self._start:
            del self._records[: offset - self._start]
            self._start = offset
