"""Messages that are larger than they look: what is packed into some kilobytes stops no worker and fills no memory."""

import asyncio
import hashlib
import json
import sys
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRecord

from adapters.messages import registry
from application.ports.bus import MESSAGE_BYTES
from tests.services.kafka import Broker
from tests.services.kafka_bus import KafkaBus

MIB = 1024 * 1024
BOUND_MIB = 512
PATIENCE_S = 240.0
READING = registry.encode(
    "circuit.telemetry.v1",
    {
        "microgrid_id": "malaga",
        "circuit_id": "gc-1",
        "measured_at": "2026-11-22T08:00:00Z",
        "sequence": 1,
        "power_w": 7,
    },
)
TAKING_IN = Path(__file__).with_name("taking_in.py")


@pytest.fixture
async def bus(kafka_broker: Broker) -> AsyncIterator[KafkaBus]:
    bus = KafkaBus(kafka_broker.bootstrap_servers, 1)
    await bus.open()
    yield bus
    await bus.close()


async def put(bus: KafkaBus, codec: str | None, values: Sequence[bytes | None]) -> None:
    """Each in a batch of its own; None is a reading."""
    producer = AIOKafkaProducer(
        bootstrap_servers=bus.connection.bootstrap_servers,
        compression_type=codec,
        max_request_size=1024 * MIB,
        request_timeout_ms=120_000,
    )
    await producer.start()
    for value in values:
        headers = [] if value is not None else [(name, text) for name, text in READING.headers if text is not None]
        await producer.send_and_wait(bus.telemetry, value or READING.value, b"malaga", headers=headers)
    await producer.stop()


async def taken_in(bus: KafkaBus, count: int) -> dict[str, Any]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        str(TAKING_IN),
        bus.connection.bootstrap_servers,
        bus.prefix,
        str(count),
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(PATIENCE_S):
            out, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert process.returncode == 0
    said: dict[str, Any] = json.loads(out)
    return said


async def letters(bus: KafkaBus, count: int) -> "Sequence[ConsumerRecord[bytes, bytes]]":
    consumer = AIOKafkaConsumer(
        bus.dead_letter, bootstrap_servers=bus.connection.bootstrap_servers, auto_offset_reset="earliest"
    )
    await consumer.start()
    found: list[ConsumerRecord[bytes, bytes]] = []
    async with asyncio.timeout(PATIENCE_S):
        while len(found) < count:
            for records in (await consumer.getmany(timeout_ms=100)).values():
                found += records
    await consumer.stop()
    return found


@pytest.mark.parametrize("codec", ["zstd", "gzip", "lz4", "snappy"])
async def test_a_hundred_mebibytes_of_blanks_are_a_letter_without_them(bus: KafkaBus, codec: str) -> None:
    blanks = b" " * (100 * MIB)
    await put(bus, codec, [None, blanks, None])
    said = await taken_in(bus, 3)
    assert said["kinds"] == [[0, "read"], [1, "too_large"], [2, "read"]]
    assert said["more_mib"] < BOUND_MIB

    (letter,) = await letters(bus, 1)
    headers = dict(letter.headers)
    assert (letter.key, letter.value, headers["dlq_code"]) == (b"malaga", None, b"too_large")
    assert headers["dlq_length"] == str(100 * MIB).encode()
    assert headers["dlq_sha256"] == hashlib.sha256(blanks).hexdigest().encode()


async def test_many_that_are_just_not_too_large_do_not_fill_the_memory(bus: KafkaBus) -> None:
    blanks = b" " * MESSAGE_BYTES
    await put(bus, "zstd", [*[blanks] * 60, None])
    said = await taken_in(bus, 61)
    assert said["kinds"] == [*([offset, "missing_type"] for offset in range(60)), [60, "read"]]
    assert said["more_mib"] < BOUND_MIB


async def test_one_byte_more_is_too_large_packed_or_not(bus: KafkaBus) -> None:
    """Holds BUS-4."""
    await put(bus, "zstd", [b" " * MESSAGE_BYTES, b" " * (MESSAGE_BYTES + 1)])
    assert [code for _, code in (await taken_in(bus, 2))["kinds"]] == ["missing_type", "too_large"]
