"""A topic as lines on standard output, for pipes: what is there, and what comes."""

import asyncio
import sys
from collections.abc import Callable, Sequence
from typing import TypeAlias

from adapters.kafka import topics as kafka_topics
from adapters.kafka.reader import reading
from adapters.kafka.rights import Use
from adapters.observability.escapes import escaped_json
from application.ports.bus import Message
from entrypoints import settings as environment
from entrypoints.brokers import connection_to
from entrypoints.service.refusals import quiet, refusing
from entrypoints.service.stopping import stop_by_signal, unless

LineOf: TypeAlias = Callable[[Message], bytes | None]
"""The line of a message without its end; None for one that is left out."""


def print_topic(
    settings: environment.Settings,
    topic: str,
    partitions_of: Callable[[int], Sequence[int]],
    line_of: LineOf,
    *,
    newest: int | None,
    follow: bool,
) -> None:
    """Print the newest so many messages of each partition, or all of them where that is None, and go on if told to.

    `partitions_of` chooses among as many partitions as the topic has. Raises UnusableSetting.
    """
    quiet(settings)

    async def until_stopped() -> None:
        await unless(stop_by_signal(), _print(settings, topic, partitions_of, line_of, newest=newest, follow=follow))

    with refusing():
        asyncio.run(until_stopped())


async def _print(
    settings: environment.Settings,
    topic: str,
    partitions_of: Callable[[int], Sequence[int]],
    line_of: LineOf,
    *,
    newest: int | None,
    follow: bool,
) -> None:
    connection = connection_to(settings)
    partitions = partitions_of(await kafka_topics.require(connection, Use([topic])))
    async with reading(connection, topic, partitions, newest) as reader:
        while follow or not await reader.caught_up():
            for position, message in await reader.receive():
                line = line_of(message)
                if line is not None and (follow or reader.was_there(position)):
                    sys.stdout.buffer.write(escaped_json(line) + b"\n")
            sys.stdout.buffer.flush()
