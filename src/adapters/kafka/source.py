"""A member of a consumer group: range assignor, explicit offsets, everything drained before it is handed over.

Nothing is buffered here: messages are taken from the client when they are asked for, and the client fetches a
partition again only once what it fetched is taken. It holds one fetch a partition at most, however slow we are.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import Self

from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, TopicPartition
from aiokafka.coordinator.assignors.range import RangePartitionAssignor
from aiokafka.errors import CommitFailedError, IllegalStateError, KafkaError

from adapters.kafka import raw_fetch, unpacking
from adapters.kafka.connection import Connection, started, stopped, when_reachable
from adapters.kafka.records import Read, all_received, stepped_over
from adapters.kafka.rights import Use
from adapters.kafka.topics import UnusableTopics, require
from application.ports.bus import Assignment, Offsets, Partition, Position, Received, Withheld

SESSION_TIMEOUT_MS = 6_000
"""The least that brokers grant by default. A group that is joined or left waits so long for a member that is dead, and
nobody decides meanwhile: it has to be well below the ten seconds after which a crash-looping process comes again.
"""

HEARTBEAT_MS = 500
"""Also how long a member may take to hear that another joins or leaves, while nobody decides for what moves."""

DRAINING_MS = 20_000
"""How long the group waits for a member to give up its partitions."""

REQUEST_TIMEOUT_MS = 25_000
"""Longer than DRAINING_MS: the answer to a request to join waits for the slowest member."""

METADATA_MS = 10_000
"""How long a topic that was made anew may stay without a reader: a group shares what its members know of."""

IDLE_MS = 50
COMMITTING_S = 5.0
ANSWERED_S = 3.0
STEPPING_S = 45.0
"""How long it may take to unpack what is gigabytes: less than a turn may."""

_logger = logging.getLogger(__name__)


class KafkaSource(ConsumerRebalanceListener):
    """MessageSource of one member of a group."""

    def __init__(self, connection: Connection, group: str, read: Read, assignment: Assignment) -> None:
        self._consumer = consumer_of(connection, group)
        self._read = read
        self._assignment = assignment
        self._handing_over = asyncio.Lock()
        self._taking: asyncio.Future[None] | None = None
        self._closed = False
        self._fault: Exception | None = None
        self._owned: frozenset[Partition] = frozenset()
        self._is_assigned = False
        self._wanted_back = _future()
        self._next: dict[TopicPartition, int] = {}
        """Of each partition that delivered something since it came: the offset after the last."""

        self._topics: Sequence[str] = ()
        self._idle: Counter[str] = Counter()
        self._withheld: Withheld | None = None
        self._first = 0
        self._done: dict[TopicPartition, int] = {}
        self._uncommitted: dict[TopicPartition, int] = {}

    @classmethod
    async def join(
        cls, connection: Connection, group: str, topics: Sequence[str], read: Read, assignment: Assignment
    ) -> Self:
        """A new member of the group, assigned its partitions. A new group begins with the oldest message there is.

        Waits for a broker as long as there is none. Raises UnusableTopics where topics are missing or their
        partition counts differ: a key's messages would lie with two members.
        """

        async def attempt() -> Self:
            await require(connection, Use(topics, group=group))
            source = cls(connection, group, read, assignment)
            source._topics = topics
            source._consumer.subscribe(topics, listener=source)
            await started(source._consumer)
            return source

        return await when_reachable(attempt)

    async def trouble(self) -> str | None:
        """None where the group has said what this member reads, be it nothing, all of that is read, and the brokers
        answer now.
        """
        if self._withheld is not None:
            return str(self._withheld)
        try:
            async with asyncio.timeout(ANSWERED_S):
                await self._consumer.topics()
        except (KafkaError, TimeoutError):
            return "The brokers do not answer."
        return None if self._is_assigned else "Its group has assigned nothing to it."

    async def offsets(self) -> Mapping[Partition, Offsets]:
        """Where it is in the partitions that it reads. Raises KafkaError and TimeoutError where nobody knows now, which
        they are among it, and UnusableTopics where a topic is gone.
        """
        if not self._is_assigned:
            raise IllegalStateError("The group has assigned nothing to this member.")
        owned = {TopicPartition(each.topic, each.number): each for each in self._owned}
        async with asyncio.timeout(ANSWERED_S):
            gone = set(self._topics) - await self._consumer.topics()
            if gone:
                raise UnusableTopics(f"topics are missing: {', '.join(sorted(gone))}")
            ends = await self._consumer.end_offsets(list(owned)) if owned else {}
            return {
                owned[each]: Offsets(await self._consumer.position(each), end, self._idle[each.topic])
                for each, end in ends.items()
            }

    async def receive(self, limit: int, without: Collection[str] = ()) -> Sequence[Received]:
        """The next messages, `limit` at most; a partition fetched again comes after those that were fetched before it.

        Waits an instant where there are none and no topic is left out; what is at hand of those stays there. Raises
        what the assignment raised when it was told of partitions, and KafkaError where the membership failed for good.
        """
        if self._fault is not None:
            raise self._fault
        if not self._owned:
            await asyncio.sleep(IDLE_MS / 1000)
            return []
        wanted = [TopicPartition(each.topic, each.number) for each in self._owned if each.topic not in without]
        if not wanted:
            return []
        timeout_ms = 0 if without else IDLE_MS
        asked = unpacking.bounded(self._consumer.getmany(*wanted, timeout_ms=timeout_ms, max_records=limit))
        try:
            # The client answers nobody while the group is rebalanced, and that waits for whoever waits here.
            await asyncio.wait((asked, self._wanted_back), return_when=asyncio.FIRST_COMPLETED)
            fetched = asked.result() if asked.done() else {}
            if asked.done() and sum(map(len, fetched.values())) < limit:
                self._idle.update(set(self._topics) - set(without))
        except (UnicodeDecodeError, unpacking.TooMuch):
            async with asyncio.timeout(STEPPING_S):
                return await self._step_over()
        finally:
            asked.cancel()
        self._next |= {partition: records[-1].offset + 1 for partition, records in fetched.items()}
        return await all_received([record for records in fetched.values() for record in records], self._read)

    async def acknowledge(self, positions: Sequence[Position]) -> None:
        """Commit these positions. One of a partition that is no longer this member's changes nothing.

        What cannot be committed now is committed with the next acknowledgement: what it stands for is stored.
        """
        if self._closed:
            return
        newest: dict[tuple[str, int], int] = {}
        for position in positions:
            partition = position.topic, position.partition
            newest[partition] = max(position.offset, newest.get(partition, 0))
        try:
            async with asyncio.timeout(COMMITTING_S):
                for partition, offset in newest.items():
                    await self._note(TopicPartition(*partition), offset + 1)
                await self._commit()
        except TimeoutError:
            _logger.warning("Positions were not committed within %.0f s", COMMITTING_S)
        except (CommitFailedError, IllegalStateError) as error:
            _logger.info("Positions were not committed, the partitions are no longer ours: %s", error)

    async def close(self) -> None:
        """Leave the group: give up the partitions in order, then the others take them."""
        try:
            async with self._handing_over:
                await self._give_up()
        finally:
            self._closed = True
            await stopped(self._consumer)

    async def on_partitions_revoked(self, revoked: Collection[TopicPartition]) -> None:
        """Called by the client before it joins the group anew; the group waits for it."""
        async with self._handing_over:
            try:
                await self._give_up()
            except Exception as error:
                self._fault = error

    async def on_partitions_assigned(self, assigned: Collection[TopicPartition]) -> None:
        """Called by the client after it joined; nothing is delivered before the application knows.

        Returns before that: the client sends its first heartbeat after this, and a take-over of many may take longer
        than a session. Whoever takes the partitions back waits for its end.
        """
        await self._handing_over.acquire()
        self._next.clear()
        self._done.clear()
        self._uncommitted.clear()
        owned = frozenset(Partition(each.topic, each.partition) for each in assigned)
        self._taking = asyncio.ensure_future(self._take(owned))

    async def _take(self, owned: frozenset[Partition]) -> None:
        """Ends the handing over that the client began."""
        try:
            if owned and not self._closed:
                owned -= await self._hand_on(owned)
                self._wanted_back = _future()
                self._owned = owned
            self._is_assigned = not self._closed
        except Exception as error:
            self._fault = error
        finally:
            self._handing_over.release()

    async def _hand_on(self, owned: frozenset[Partition]) -> frozenset[Partition]:
        """Which of them the application does not take: the client is to fetch nothing of theirs."""
        self._withheld = None
        try:
            await self._assignment.assigned(owned)
        except Withheld as withheld:
            _logger.error("%s", withheld)
            self._withheld = withheld
            self._consumer.pause(*[TopicPartition(each.topic, each.number) for each in withheld.partitions])
            return withheld.partitions
        return frozenset()

    async def _give_up(self) -> None:
        """Deliver no more, let the application drain and acknowledge. To be called while handing over."""
        self._is_assigned = False
        owned, self._owned = self._owned, frozenset()
        self._wanted_back.cancel()
        if owned:
            await self._assignment.revoked(owned)

    async def _step_over(self) -> Sequence[Received]:
        """What the client cannot read, and what lies beside it: of another partition first each time."""
        partitions = sorted(self._consumer.assignment())
        self._first = (self._first + 1) % max(1, len(partitions))
        in_turn = (*partitions[self._first :], *partitions[: self._first])
        undelivered = {partition: await self._undelivered(partition) for partition in in_turn}
        records, ahead = await raw_fetch.step_over(self._consumer, undelivered)
        self._next |= {partition: ahead[partition] for partition in ahead if ahead[partition] != undelivered[partition]}
        return [stepped_over(raw, self._read) for raw in records]

    async def _undelivered(self, partition: TopicPartition) -> int:
        """The first offset that was not delivered yet."""
        if partition in self._next:
            return self._next[partition]
        committed: int | None = await self._consumer.committed(partition)
        if committed is not None:
            return committed
        begins: dict[TopicPartition, int] = await self._consumer.beginning_offsets([partition])
        return begins[partition]

    async def _note(self, partition: TopicPartition, offset: int) -> None:
        if partition not in self._consumer.assignment():
            return
        if partition not in self._next:
            # It was in hand since before the partition went and came back.
            if offset <= await self._consumer.position(partition):
                return
            self._consumer.seek(partition, offset)
        if offset > self._done.get(partition, 0):
            self._done[partition] = self._uncommitted[partition] = offset

    async def _commit(self) -> None:
        offsets = dict(self._uncommitted)
        if offsets:
            await self._consumer.commit(offsets)
            self._uncommitted = {
                partition: offset for partition, offset in self._uncommitted.items() if offset != offsets.get(partition)
            }


def consumer_of(connection: Connection, group: str) -> AIOKafkaConsumer:
    """The client of a member, with every setting that matters."""
    return AIOKafkaConsumer(
        **connection.arguments(),
        group_id=group,
        partition_assignment_strategy=(RangePartitionAssignor,),
        # Also where a group's offsets were lost: what is read again is dropped as old, what is skipped is lost.
        auto_offset_reset="earliest",
        enable_auto_commit=False,
        session_timeout_ms=SESSION_TIMEOUT_MS,
        heartbeat_interval_ms=HEARTBEAT_MS,
        rebalance_timeout_ms=DRAINING_MS,
        request_timeout_ms=REQUEST_TIMEOUT_MS,
        metadata_max_age_ms=METADATA_MS,
    )


def _future() -> "asyncio.Future[None]":
    return asyncio.get_running_loop().create_future()
