"""A gateway on a real bus, in time."""

import asyncio
from datetime import UTC, datetime, timedelta

from aiokafka import AIOKafkaProducer

from adapters.kafka.connection import Connection
from adapters.kafka.reader import reading
from adapters.memory.partitioning import partition_of
from adapters.messages import registry
from application.ports.bus import PublishedEvent
from entrypoints.demo.in_one_process import telemetry_message
from entrypoints.topics import Topics
from tests.gateways.good import Gateway

SECOND = timedelta(seconds=1)


async def live(gateway: Gateway, bootstrap_servers: str, prefix: str, partitions: int, listens: asyncio.Event) -> None:
    """Pass on what comes and goes, until cancelled. The topics have to be there. `listens` is set before the first."""
    topics, key = Topics.under(prefix), gateway.depot.configuration["microgrid_id"]
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap_servers)
    await producer.start()
    try:
        place = [partition_of(key, partitions)]
        async with reading(Connection(bootstrap_servers), topics.events, place, 0) as reader:
            listens.set()
            while True:
                for _, message in await reader.receive():
                    event = registry.read(topics.events, message)
                    assert isinstance(event, PublishedEvent)
                    gateway.hear(event.type, event.data)
                while gateway.depot.now + SECOND <= datetime.now(UTC):
                    for payload in gateway.tick(gateway.depot.now + SECOND):
                        sent = telemetry_message(payload)
                        await producer.send(
                            topics.telemetry,
                            key=key.encode(),
                            value=sent.value,
                            headers=[*sent.headers],
                            partition=gateway.partition_of(key, partitions),
                        )
                await asyncio.sleep(0.05)
    finally:
        await producer.stop()
