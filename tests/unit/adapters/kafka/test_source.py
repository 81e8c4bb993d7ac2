"""A member of a group hands its partitions over: told by the client, without any broker."""

import asyncio
import time
from collections.abc import AsyncIterator

import pytest
from aiokafka import ConsumerRecord, TopicPartition

from adapters.kafka.connection import Connection
from adapters.kafka.records import GIVES_WAY_S, all_received, received
from adapters.kafka.source import KafkaSource
from adapters.messages import registry
from adapters.messages.envelope import Attributes
from application.ports.bus import Message, Partition, Tombstone

OURS = {TopicPartition("busbar.telemetry", 0), TopicPartition("busbar.telemetry", 1)}
PARTITIONS = frozenset(Partition(each.topic, each.partition) for each in OURS)


class Draining:
    """An Assignment that takes its time to give up what it has."""

    def __init__(self) -> None:
        self.partitions: frozenset[Partition] = frozenset()
        self.asked = asyncio.Event()
        self.drained = asyncio.Event()

    async def assigned(self, partitions: frozenset[Partition]) -> None:
        self.partitions |= partitions

    async def revoked(self, partitions: frozenset[Partition]) -> None:
        self.asked.set()
        await self.drained.wait()
        self.partitions -= partitions


@pytest.fixture
async def draining() -> Draining:
    return Draining()


@pytest.fixture
async def source(draining: Draining) -> AsyncIterator[KafkaSource]:
    source = KafkaSource(Connection("127.0.0.1:9"), "group", registry.read, draining)
    yield source
    draining.drained.set()
    await source.close()


async def test_the_group_waits_until_what_is_in_hand_is_done(source: KafkaSource, draining: Draining) -> None:
    await source.on_partitions_assigned(OURS)
    giving_up = asyncio.ensure_future(source.on_partitions_revoked(OURS))
    await asyncio.wait_for(draining.asked.wait(), 1)
    assert draining.partitions == PARTITIONS
    assert await source.receive(10) == []
    assert not giving_up.done()

    draining.drained.set()
    await asyncio.wait_for(giving_up, 1)
    assert draining.partitions == frozenset()


async def test_heartbeats_need_not_wait_for_a_long_take_over_and_nothing_is_delivered_before_its_end() -> None:
    class Loading(Draining):
        loaded = asyncio.Event()

        async def assigned(self, partitions: frozenset[Partition]) -> None:
            await self.loaded.wait()
            await super().assigned(partitions)

    loading = Loading()
    loading.drained.set()
    source = KafkaSource(Connection("127.0.0.1:9"), "group", registry.read, loading)
    await asyncio.wait_for(source.on_partitions_assigned(OURS), 1)
    assert await source.receive(10) == []

    giving_up = asyncio.ensure_future(source.on_partitions_revoked(OURS))
    await asyncio.sleep(0.01)
    assert not loading.asked.is_set()
    loading.loaded.set()
    await asyncio.wait_for(giving_up, 1)
    assert loading.asked.is_set()
    await source.close()


async def test_what_the_application_could_not_give_up_is_told_to_whoever_receives(source: KafkaSource) -> None:
    class Failing(Draining):
        async def revoked(self, partitions: frozenset[Partition]) -> None:
            raise ZeroDivisionError

    source = KafkaSource(Connection("127.0.0.1:9"), "group", registry.read, Failing())
    await source.on_partitions_assigned(OURS)
    await source.on_partitions_revoked(OURS)
    with pytest.raises(ZeroDivisionError):
        await source.receive(10)
    await source.close()


async def test_large_messages_are_read_while_others_have_turns() -> None:
    turns = 0

    async def others() -> None:
        nonlocal turns
        while True:
            await asyncio.sleep(0)
            turns += 1

    def read(_: str, message: Message, headers: Attributes) -> Tombstone:
        del headers
        time.sleep(GIVES_WAY_S / 2)
        return Tombstone(message.key)

    records: list[ConsumerRecord[bytes, bytes]] = [
        ConsumerRecord("busbar.configuration", 0, each, 0, 0, b"depot", None, None, -1, -1, ()) for each in range(20)
    ]
    having_turns = asyncio.ensure_future(others())
    read_all = await all_received(records, read)
    having_turns.cancel()
    assert [each.position.offset for each in read_all] == list(range(20))
    assert turns >= 8


@pytest.mark.parametrize(
    ("timestamp", "sent_ms"), [(0, 0), (1_764_576_000_123, 1_764_576_000_123), (2**63 - 1, 2**63 - 1), (-1, None)]
)
def test_a_record_of_any_time_is_read(timestamp: int, sent_ms: int | None) -> None:
    record: ConsumerRecord[bytes, bytes] = ConsumerRecord(
        "busbar.configuration", 0, 1, timestamp, 0, b"depot", None, None, -1, -1, ()
    )
    read = received(record, registry.read)
    assert (read.body, read.sent_ms) == (Tombstone("depot"), sent_ms)
