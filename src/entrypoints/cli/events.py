"""`busbar events`: the events on the bus, one a line, for pipes."""

import asyncio
import sys

from adapters.kafka import topics as kafka_topics
from adapters.kafka.reader import reading
from adapters.memory.partitioning import partition_of
from adapters.messages import envelope, registry
from application.ports.bus import PublishedEvent
from entrypoints import settings as environment
from entrypoints.brokers import connection_to
from entrypoints.service.life_cycle import stop_by_signal, unless
from entrypoints.service.refusals import quiet, refusing
from entrypoints.topics import Topics

NEWEST = 10
"""How many messages of each partition are looked at where neither the beginning nor what is to come is asked for."""


def run(microgrid_id: str | None, *, follow: bool, from_beginning: bool) -> int:
    """Print events; returns the exit code."""
    settings = environment.kafka()
    quiet(settings)
    newest = None if from_beginning else 0 if follow else NEWEST
    with refusing():
        asyncio.run(_print_until_stopped(settings, microgrid_id, newest, follow=follow))
    return 0


async def _print_until_stopped(
    settings: environment.Settings, microgrid_id: str | None, newest: int | None, *, follow: bool
) -> None:
    await unless(stop_by_signal(), _print(settings, microgrid_id, newest, follow=follow))


async def _print(settings: environment.Settings, microgrid_id: str | None, newest: int | None, *, follow: bool) -> None:
    connection, topic = connection_to(settings), Topics.under(settings.topic_prefix).events
    count = await kafka_topics.require(connection, [topic])
    partitions = range(count) if microgrid_id is None else [partition_of(microgrid_id, count)]
    async with reading(connection, topic, partitions, newest) as reader:
        while follow or not await reader.caught_up():
            for position, message in await reader.receive():
                event = registry.read(topic, message)
                if not isinstance(event, PublishedEvent) or microgrid_id not in (None, event.microgrid_id):
                    continue
                if follow or reader.was_there(position):
                    sys.stdout.buffer.write(envelope.structured(message, event.data) + b"\n")
            sys.stdout.buffer.flush()
