"""What only a real broker can show: bytes on the wire, rebalances under load, a power cut, the topics' settings."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.record.util import calc_crc32c

from adapters.kafka.publisher import KafkaPublisher
from adapters.kafka.reader import reading
from adapters.kafka.source import KafkaSource
from adapters.kafka.topics import MESSAGE_BYTES, UnusableTopics, create_missing
from adapters.messages import registry
from adapters.messages.dead_letters import DeadLetterTopic
from application.ports.bus import Message, MessageSource, Partition, PublicationRefused, Received, Unreadable
from entrypoints.service.assignments import Unconcerned
from tests.fakes.assignments import Known
from tests.services.kafka import Broker
from tests.services.kafka_bus import KafkaBus

PARTITIONS = 4
PATIENCE_S = 60.0
CLOSED_S = 15.0
"""Half of what a process has to end in order."""

HANDED_OVER_S = 10.0
"""Half of what a group grants a member that does not answer."""


class Deciding(Unconcerned):
    """A worker's loop that drains: a turn that has begun is ended and acknowledged before partitions go."""

    def __init__(self, decided: list[str]) -> None:
        self._decided = decided
        self._turn = asyncio.Lock()
        self._transaction_s = 0.01
        self._in_transaction = False

    async def revoked(self, partitions: frozenset[Partition]) -> None:
        async with self._turn:
            self._transaction_s = 0.01

    async def run(self, source: MessageSource) -> None:
        while True:
            async with self._turn:
                batch = await source.receive(20)
                self._in_transaction = bool(batch)
                await asyncio.sleep(self._transaction_s)
                self._in_transaction = False
                self._decided += [text(each) for each in batch]
                await source.acknowledge([each.position for each in batch])

    async def begin_a_long_transaction(self) -> None:
        """One that is still under way when the group is rebalanced."""
        await until(lambda: not self._in_transaction)
        self._transaction_s = 1.0
        await until(lambda: self._in_transaction)


@pytest.fixture
async def bus(kafka_broker: Broker) -> AsyncIterator[KafkaBus]:
    bus = KafkaBus(kafka_broker.bootstrap_servers, PARTITIONS)
    await bus.open()
    yield bus
    await bus.close()


@asynccontextmanager
async def running(work: Any) -> AsyncIterator[None]:
    task = asyncio.ensure_future(work)
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def is_member(source: KafkaSource) -> bool:
    return await source.trouble() is None


async def until(what: Any) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not what():  # noqa: ASYNC110
            await asyncio.sleep(0.02)


async def until_async(what: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not await what():  # noqa: ASYNC110
            await asyncio.sleep(0.02)


async def raw(bus: KafkaBus, topic: str, count: int) -> list[Any]:
    """The first messages of a topic, read by the bare client."""
    consumer = AIOKafkaConsumer(topic, bootstrap_servers=bus.connection.bootstrap_servers, auto_offset_reset="earliest")
    await consumer.start()
    try:
        async with asyncio.timeout(PATIENCE_S):
            return [await consumer.getone() for _ in range(count)]
    finally:
        await consumer.stop()


async def taken(source: MessageSource, count: int) -> list[Received]:
    received: list[Received] = []
    async with asyncio.timeout(PATIENCE_S):
        while len(received) < count:
            received += await source.receive(100)
    return received


def text(received: Received) -> str:
    assert isinstance(received.body, Unreadable)
    return (received.body.message.value or b"").decode()


def numbered(key: str, first: int, last: int) -> list[Message]:
    return [Message(key, (), f"{key} {number}".encode()) for number in range(first, last + 1)]


async def test_what_nobody_can_read_is_a_dead_letter_byte_for_byte(bus: KafkaBus) -> None:
    """Holds BUS-3."""
    strange: list[tuple[bytes | None, bytes | None, list[tuple[str, bytes | None]]]] = [
        (b"malaga", None, [("ce_type", b"circuit.telemetry.v1")]),
        (None, b"{}", [("ce_type", b"circuit.telemetry.v1"), ("ce_type", b"\xff\x00\xfe"), ("null", None)]),
        (b"m\xe1laga", b"\x00 no json \xff", [("ce_type", b"circuit.telemetry.v1")]),
    ]
    producer = AIOKafkaProducer(bootstrap_servers=bus.connection.bootstrap_servers)
    await producer.start()
    for key, value, headers in strange:
        await producer.send_and_wait(bus.telemetry, value, key, partition=2, headers=headers)
    await producer.stop()
    await bus.publish(bus.telemetry, [Message(None, (), None)])

    source = await KafkaSource.join(bus.connection, bus.prefix, [bus.telemetry], registry.read, Unconcerned())
    dead_letters = DeadLetterTopic(bus.publisher(bus.dead_letter))
    for each in await taken(source, 4):
        assert isinstance(each.body, Unreadable)
        await dead_letters.put([(each.position, each.body)])
    await source.close()

    expected = {
        (key, value, (*headers, *coordinates(bus.telemetry, 2, offset, code)))
        for offset, ((key, value, headers), code) in enumerate(
            zip(strange, ("no_value", "unknown_type", "invalid_json"), strict=True)
        )
    }
    found = await raw(bus, bus.dead_letter, 4)
    assert {each.headers[-1][0] for each in found} == {"dlq_detail"}
    letters = {(each.key, each.value, tuple(each.headers[:-1])) for each in found}
    assert expected < letters
    (nothing,) = letters - expected
    assert nothing[:2] == (None, None)
    assert nothing[2][-1] == ("dlq_code", b"no_value")


def coordinates(topic: str, partition: int, offset: int, code: str) -> Sequence[tuple[str, bytes]]:
    values = {"dlq_topic": topic, "dlq_partition": partition, "dlq_offset": offset, "dlq_code": code}
    return [(name, str(value).encode()) for name, value in values.items()]


async def test_a_dead_letter_is_taken_whatever_its_sender_could_squeeze_in(bus: KafkaBus) -> None:
    incompressible = Random(1).randbytes(MESSAGE_BYTES - 120)
    compressible = b" " * 30_000_000
    producer = AIOKafkaProducer(bootstrap_servers=bus.connection.bootstrap_servers, max_request_size=MESSAGE_BYTES)
    await producer.start()
    await producer.send_and_wait(bus.telemetry, incompressible, b"malaga")
    await producer.stop()
    await bus.publish(bus.telemetry, [Message("malaga", (), compressible)])
    member = await bus.join("worker", [bus.telemetry], Unconcerned())
    received = await taken(member, 2)
    for each in received:
        assert isinstance(each.body, Unreadable)
        await bus.put_dead_letter(each.position, each.body)
    letters = await raw(bus, bus.dead_letter, 2)
    assert [each.value for each in letters] == [incompressible, compressible]


async def test_events_are_cloudevents_in_binary_mode(bus: KafkaBus) -> None:
    """Holds EVT-1."""
    payload = {"microgrid_id": "malaga", "circuit_id": "gc-1", "power_w": 912_000}
    message = registry.encode("circuit.telemetry.v1", payload)
    await bus.publish(bus.telemetry, [message])
    (record,) = await raw(bus, bus.telemetry, 1)
    assert record.key == b"malaga"
    assert record.value == message.value
    assert record.value.startswith(b'{"microgrid_id":"malaga",')
    headers = dict(record.headers)
    assert headers.pop("ce_id")
    assert headers == {
        "ce_specversion": b"1.0",
        "ce_source": b"urn:busbar:sender",
        "ce_type": b"circuit.telemetry.v1",
        "ce_subject": b"malaga",
        "ce_dataschema": b"urn:busbar:schema:circuit.telemetry.v1",
        "content-type": b"application/json",
    }


async def test_a_depots_two_topics_lie_with_one_of_three_workers(bus: KafkaBus) -> None:
    workers = [Known() for _ in range(3)]
    for worker in workers:
        await bus.join("worker", [bus.configuration, bus.telemetry], worker)
    of_topic = [
        [{each.number for each in worker.partitions if each.topic == topic} for worker in workers]
        for topic in (bus.configuration, bus.telemetry)
    ]
    assert of_topic[0] == of_topic[1]
    assert sorted(map(sorted, of_topic[0])) == [[0, 1], [2], [3]]


async def test_an_orderly_join_and_leave_repeat_no_decision(bus: KafkaBus) -> None:
    decided: list[str] = []
    sent = 0

    async def publish() -> None:
        nonlocal sent
        while True:
            sent += 1
            await bus.publish(bus.telemetry, [each for key in range(8) for each in numbered(str(key), sent, sent)])
            await asyncio.sleep(0.01)

    async def more() -> None:
        so_far = len(decided)
        await until(lambda: len(decided) > so_far + 100)

    first, second = Deciding(decided), Deciding(decided)
    leaver = await bus.join("worker", [bus.telemetry], first)
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(running(first.run(leaver)))
        async with running(publish()):
            await more()
            await first.begin_a_long_transaction()
            stayer = await bus.join("worker", [bus.telemetry], second)
            await stack.enter_async_context(running(second.run(stayer)))
            await more()
            await first.begin_a_long_transaction()
            await leaver.close()
            await more()
        await until(lambda: len(set(decided)) >= 8 * (sent - 1))
    assert len(decided) == len(set(decided))
    for key in range(8):
        numbers = [int(each.split()[1]) for each in decided if each.startswith(f"{key} ")]
        assert numbers == list(range(1, len(numbers) + 1))


async def test_a_member_that_waits_for_messages_gives_up_its_partitions_though_some_arrive(bus: KafkaBus) -> None:
    class Waiting(Deciding):
        async def revoked(self, partitions: frozenset[Partition]) -> None:
            await bus.publish(bus.telemetry, numbered("malaga", 1, 1))
            await super().revoked(partitions)

    decided: list[str] = []
    waiting, heir = Waiting(decided), Deciding(decided)
    member = await bus.join("worker", [bus.telemetry], waiting)
    async with running(waiting.run(member)):
        another = await asyncio.wait_for(bus.join("worker", [bus.telemetry], heir), HANDED_OVER_S)
        async with running(heir.run(another)):
            await until(lambda: decided)
    assert decided == ["malaga 1"]


async def test_nothing_that_was_acknowledged_is_lost_when_the_broker_is_killed(
    bus: KafkaBus, kafka_broker: Broker
) -> None:
    acknowledged: list[str] = []
    decided: list[str] = []

    async def publish() -> None:
        for number in range(1, 1_000_000):
            messages = [each for key in range(4) for each in numbered(str(key), number, number)]
            await bus.publish(bus.telemetry, messages)
            acknowledged.extend((each.value or b"").decode() for each in messages)
            await asyncio.sleep(0.01)

    worker = Deciding(decided)
    member = await bus.join("worker", [bus.telemetry], worker)
    async with running(worker.run(member)):
        async with running(publish()):
            await until(lambda: len(decided) > 40)
            await asyncio.to_thread(kafka_broker.kill)
            before = len(acknowledged)
            await asyncio.sleep(1)
            assert len(acknowledged) == before
            await asyncio.to_thread(kafka_broker.start)
            await until(lambda: len(acknowledged) > before + 40)
        await until(lambda: set(acknowledged) <= set(decided))
    for key in range(4):
        numbers = [int(each.split()[1]) for each in dict.fromkeys(decided) if each.startswith(f"{key} ")]
        assert numbers == list(range(1, len(numbers) + 1))


async def test_a_member_knows_whether_it_is_one(bus: KafkaBus, kafka_broker: Broker) -> None:
    first = await KafkaSource.join(bus.connection, bus.prefix, [bus.dead_letter], registry.read, Unconcerned())
    await until_async(lambda: is_member(first))
    second = await KafkaSource.join(bus.connection, bus.prefix, [bus.dead_letter], registry.read, Unconcerned())
    await until_async(lambda: is_member(second))
    await until_async(lambda: is_member(first))
    await first.close()
    assert not await is_member(first)
    await asyncio.to_thread(kafka_broker.kill)
    assert not await is_member(second)
    await asyncio.to_thread(kafka_broker.start)
    await until_async(lambda: is_member(second))
    await second.close()


async def test_a_message_comes_with_the_time_of_its_record(bus: KafkaBus) -> None:
    before = datetime.now(UTC) - timedelta(milliseconds=1)
    await bus.publish(bus.telemetry, numbered("malaga", 1, 1))
    source = await KafkaSource.join(bus.connection, bus.prefix, [bus.telemetry], registry.read, Unconcerned())
    async with asyncio.timeout(PATIENCE_S):
        while not (batch := await source.receive(1)):
            pass
    await source.close()
    assert batch[0].sent_ms is not None
    assert before.timestamp() <= batch[0].sent_ms / 1000 <= datetime.now(UTC).timestamp()


async def test_without_a_broker_what_is_open_closes_and_what_is_new_waits(bus: KafkaBus, kafka_broker: Broker) -> None:
    source = await KafkaSource.join(bus.connection, bus.prefix, [bus.telemetry], registry.read, Unconcerned())
    publisher = KafkaPublisher(bus.connection, bus.telemetry)
    await publisher.publish(numbered("malaga", 1, 1))
    waiting = asyncio.ensure_future(source.receive(10))
    await asyncio.to_thread(kafka_broker.kill)
    await waiting
    async with asyncio.timeout(CLOSED_S):
        await source.close()
        await publisher.close()

    joining = asyncio.ensure_future(bus.join("worker", [bus.telemetry], Unconcerned()))
    publishing = asyncio.ensure_future(publisher.publish(numbered("malaga", 2, 2)))
    await asyncio.sleep(1)
    assert not joining.done()
    assert not publishing.done()
    await asyncio.to_thread(kafka_broker.start)
    async with asyncio.timeout(PATIENCE_S):
        member = await joining
        await publishing
    assert [text(each) for each in await taken(member, 2)] == ["malaga 1", "malaga 2"]
    await publisher.close()


async def test_large_messages_arrive_whole_in_one_batch_as_in_many(bus: KafkaBus) -> None:
    random = Random(1)
    sent = [Message(str(number % 3), (), random.randbytes(900_000)) for number in range(12)]
    await bus.publish(bus.telemetry, sent)
    member = await bus.join("worker", [bus.telemetry], Unconcerned())
    received = [each.body.message for each in await taken(member, 12) if isinstance(each.body, Unreadable)]
    assert {key: [each for each in received if each.key == key] for key in "012"} == {
        key: [each for each in sent if each.key == key] for key in "012"
    }


async def test_a_message_that_is_refused_keeps_none_after_it_from_the_bus(bus: KafkaBus) -> None:
    await bus.publish(bus.telemetry, numbered("malaga", 1, 1))
    with pytest.raises(PublicationRefused, match=bus.telemetry):
        await bus.publish(bus.telemetry, [Message("malaga", (), Random(1).randbytes(MESSAGE_BYTES))])
    await bus.publish(bus.telemetry, numbered("malaga", 2, 2))
    assert [each.value for each in await raw(bus, bus.telemetry, 2)] == [b"malaga 1", b"malaga 2"]


async def test_topics_are_made_once_and_stay_as_they_are(bus: KafkaBus) -> None:
    assert await create_missing(bus.connection, bus.prefix, PARTITIONS, 1) == []
    with pytest.raises(UnusableTopics, match="4 partitions, not 5"):
        await create_missing(bus.connection, bus.prefix, PARTITIONS + 1, 1)
    with pytest.raises(UnusableTopics, match="cannot be made"):
        await create_missing(bus.connection, f"{bus.prefix}-replicated", PARTITIONS, 3)


async def test_topics_have_the_settings_they_need(bus: KafkaBus) -> None:
    """Holds BUS-1, EVT-4."""
    settings = {topic: await topic_settings(bus, topic) for topic in (bus.configuration, bus.telemetry, bus.events)}
    assert {topic: each["cleanup.policy"] for topic, each in settings.items()} == {
        bus.configuration: "compact",
        bus.telemetry: "delete",
        bus.events: "delete",
    }
    assert {each["max.message.bytes"] for each in settings.values()} == {str(MESSAGE_BYTES)}
    assert {each["compression.type"] for each in settings.values()} == {"producer"}


async def retained_d(bus: KafkaBus) -> dict[str, float]:
    topics = (bus.events, bus.telemetry, bus.dead_letter)
    return {
        topic.partition(".")[2]: int((await topic_settings(bus, topic))["retention.ms"]) / 86_400_000
        for topic in topics
    }


async def test_topics_keep_messages_for_as_long_as_is_said_and_nothing_else_of_theirs_changes(bus: KafkaBus) -> None:
    """Holds BUS-7."""
    assert await retained_d(bus) == {"events": 7, "telemetry": 1, "dead-letter": 14}
    before = await topic_settings(bus, bus.telemetry)

    retain_d = {"events": 30, "telemetry": 2, "dead-letter": 1}
    assert await create_missing(bus.connection, bus.prefix, PARTITIONS, 1, retain_d=retain_d) == []

    async with asyncio.timeout(PATIENCE_S):
        while await retained_d(bus) != retain_d:  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    after = await topic_settings(bus, bus.telemetry)
    assert after | {"retention.ms": before["retention.ms"]} == before
    assert (after["max.message.bytes"], after["compression.type"]) == (str(MESSAGE_BYTES), "producer")


async def topic_settings(bus: KafkaBus, topic: str) -> dict[str, str]:
    admin = AIOKafkaAdminClient(bootstrap_servers=bus.connection.bootstrap_servers)
    await admin.start()
    try:
        (response,) = await admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, topic)])
    finally:
        await admin.close()
    (resource,) = response.to_object()["resources"]
    return {entry["config_names"]: entry["config_value"] for entry in resource["config_entries"]}


@pytest.mark.parametrize("commits", [True, False], ids=["committed", "aborted"])
async def test_one_that_has_read_a_transaction_is_at_the_end(bus: KafkaBus, commits: bool) -> None:
    """The marker that ends it is an offset too, and delivers nothing."""
    producer = AIOKafkaProducer(
        bootstrap_servers=bus.connection.bootstrap_servers, transactional_id=f"{bus.prefix}-{commits}"
    )
    await producer.start()
    await producer.begin_transaction()
    await producer.send_and_wait(bus.telemetry, b"in a transaction", b"malaga", partition=1)
    await (producer.commit_transaction() if commits else producer.abort_transaction())
    await producer.stop()

    source = await KafkaSource.join(bus.connection, bus.prefix, [bus.telemetry], registry.read, Unconcerned())
    await taken(source, 1)
    async with asyncio.timeout(PATIENCE_S):
        while any(each.next != each.end for each in (await source.offsets()).values()):
            await source.receive(10)
    assert {each.end for each in (await source.offsets()).values()} == {0, 2}
    await source.close()


async def test_topics_that_are_missing_or_partitioned_unequally_are_not_joined(bus: KafkaBus) -> None:
    with pytest.raises(UnusableTopics, match=f"missing: {bus.prefix}.nothing"):
        await bus.join("worker", [bus.telemetry, f"{bus.prefix}.nothing"], Unconcerned())
    with pytest.raises(UnusableTopics, match="equal partition counts"):
        await bus.join("worker", [bus.telemetry, bus.dead_letter], Unconcerned())


async def test_what_an_assignment_cannot_do_is_not_swallowed(bus: KafkaBus) -> None:
    class Unable(Unconcerned):
        async def assigned(self, partitions: frozenset[Partition]) -> None:
            raise LookupError("no epoch")

    source = await KafkaSource.join(bus.connection, bus.prefix, [bus.telemetry], registry.read, Unable())
    with pytest.raises(LookupError, match="no epoch"):
        await taken(source, 1)
    await source.close()


async def test_nothing_is_delivered_before_the_application_knows_its_partitions(bus: KafkaBus) -> None:
    await bus.publish(bus.telemetry, numbered("malaga", 1, 1))
    allowed = asyncio.Event()

    class Slow(Unconcerned):
        async def assigned(self, partitions: frozenset[Partition]) -> None:
            await allowed.wait()

    source = await KafkaSource.join(bus.connection, bus.prefix, [bus.telemetry], registry.read, Slow())
    for _ in range(20):
        assert await source.receive(10) == []
    allowed.set()
    assert len(await taken(source, 1)) == 1
    await source.close()


async def put_as_it_is(bus: KafkaBus, partition: int, codec: str | None, texts: Sequence[str]) -> None:
    """One batch for each line of these values. Those with an x have a header whose name is no UTF-8."""
    good, bad = ("ce_type", b"circuit.telemetry.v1"), ("0000", b"1")
    producer = AIOKafkaProducer(bootstrap_servers=bus.connection.bootstrap_servers, compression_type=codec)
    await producer.start()
    for line in texts:
        batch = producer.create_batch()
        for text in line.split():
            headers = [good, bad] if "x" in text else [good]
            batch.append(timestamp=None, key=b"malaga", value=text.encode(), headers=headers)
        encoded = bytearray(batch._build())
        if codec is None:
            encoded = encoded.replace(b"0000", b"\xff\xfe00")
            encoded[17:21] = calc_crc32c(bytes(encoded[21:])).to_bytes(4, "big")
        batch._buffer = encoded
        await (await producer.send_batch(batch, bus.telemetry, partition=partition))
    await producer.stop()


async def test_a_reader_passes_over_a_header_whose_name_is_no_text(bus: KafkaBus) -> None:
    await put_as_it_is(bus, 0, None, ["a1 a2", "a3 a4x a5x a6", "a7x", "a8"])
    await put_as_it_is(bus, 1, "gzip", ["b1 b2", "b3"])
    read: list[str] = []
    async with reading(bus.connection, bus.telemetry, range(2), None) as reader:
        while not await reader.caught_up():
            read += [(message.value or b"").decode() for _, message in await reader.receive()]
    assert sorted(read) == ["a1", "a2", "a3", "a6", "a8", "b1", "b2", "b3"]
    async with reading(bus.connection, bus.telemetry, [0], 3) as reader:
        newest = []
        while not await reader.caught_up():
            newest += [position.offset for position, _ in await reader.receive()]
    assert newest == [5, 7]


async def test_a_header_whose_name_is_no_text_is_a_dead_letter_and_keeps_nothing_from_us(bus: KafkaBus) -> None:
    await put_as_it_is(bus, 0, None, ["a1 a2", "a3 a4x a5x a6", "a7x", "a8"])
    await put_as_it_is(bus, 1, "gzip", ["b1 b2", "b3"])
    await put_as_it_is(bus, 3, None, ["d1x d2", "d3"])
    member = await bus.join("worker", [bus.telemetry], Unconcerned())
    received = await taken(member, 14)

    values = {letter: [text(each) for each in received if text(each).startswith(letter)] for letter in "abd"}
    assert values == {
        "a": ["a1", "a2", "a3", "a4x", "a5x", "a6", "a7x", "a8"],
        "b": ["b1", "b2", "b3"],
        "d": ["d1x", "d2", "d3"],
    }
    strange = [each for each in received if "x" in text(each)]
    assert {(each.position.partition, each.position.offset) for each in strange} == {(0, 3), (0, 4), (0, 6), (3, 0)}
    for each in strange:
        assert isinstance(each.body, Unreadable)
        assert each.body.code == "invalid_header"
        assert each.body.message.headers == (("ce_type", b"circuit.telemetry.v1"), ("\\xff\\xfe00", b"1"))
        await bus.put_dead_letter(each.position, each.body)
    letters = await raw(bus, bus.dead_letter, 4)
    assert {(each.key, each.value) for each in letters} == {(b"malaga", text(each).encode()) for each in strange}
    assert all(("dlq_code", b"invalid_header") in each.headers for each in letters)

    await member.acknowledge([each.position for each in received])
    await member.close()
    successor = await bus.join("worker", [bus.telemetry], Unconcerned())
    await bus.publish(bus.telemetry, numbered("malaga", 1, 1))
    assert [text(each) for each in await taken(successor, 1)] == ["malaga 1"]
