"""A message onto the configuration topic, and what the events then say of it."""

import asyncio
from collections.abc import Callable
from typing import Final, Protocol

from adapters.kafka import topics as kafka_topics
from adapters.kafka.connection import when_reachable
from adapters.kafka.reader import KafkaReader, reading
from adapters.kafka.rights import Use
from adapters.memory.partitioning import partition_of
from adapters.messages import registry
from application.ports.bus import Message, PublishedEvent
from entrypoints import settings as environment
from entrypoints.brokers import connection_to
from entrypoints.container import Deployment
from entrypoints.unusable import UnusableSetting

HISTORY: Final = 2000
"""How many earlier messages of the partition are looked at: what holds already has no answer, but every cycle tells
which configuration is in force.
"""

PATIENCE_S: Final = 30
"""How long the brokers may take where nothing is said."""

PUBLISHED: Final = 0


class Answers(Protocol):
    """What the events have said of an offer."""

    @property
    def microgrid_id(self) -> str: ...

    def hear(self, event: PublishedEvent, *, was_there: bool) -> None:
        """Take an event in; one that was there before the offer answers an earlier one."""
        ...

    def code(self) -> int | None:
        """The exit code, None while there is no answer."""
        ...

    def last_word(self) -> int:
        """The exit code once nothing more is waited for."""
        ...


async def offer(
    settings: environment.Settings, message: Message, answers: Answers, wait_s: int | None, tell: Callable[[], None]
) -> int:
    """Publish a message and, if told so, wait for the answer; returns the exit code.

    `tell` is called before, when the answers have heard what was there. Raises UnusableSetting where no broker takes
    the message and nothing is waited for.
    """
    deployment = Deployment(connection=connection_to(settings), prefix=settings.topic_prefix)
    connection, topics = deployment.connection(), deployment.topics()
    publisher = deployment.configuration_publisher()
    try:
        async with asyncio.timeout(wait_s or PATIENCE_S):
            use = Use([topics.events], [topics.configuration])
            count = await when_reachable(lambda: kafka_topics.require(connection, use))
            partitions = [partition_of(answers.microgrid_id, count)]
            async with reading(connection, topics.events, partitions, HISTORY) as reader:
                while not await reader.caught_up():
                    await _hear(reader, topics.events, answers)
                tell()
                await publisher.publish([message])
                while wait_s is not None:
                    await _hear(reader, topics.events, answers)
                    if (code := answers.code()) is not None:
                        return code
                return PUBLISHED
    except TimeoutError:
        if wait_s is None:
            raise UnusableSetting(
                f"The brokers of BUSBAR_KAFKA_BOOTSTRAP_SERVERS took nothing within {PATIENCE_S} s."
            ) from None
        return answers.last_word()
    finally:
        await publisher.close()


async def _hear(reader: KafkaReader, topic: str, answers: Answers) -> None:
    for position, heard in await reader.receive():
        event = registry.read(topic, heard)
        if isinstance(event, PublishedEvent) and event.microgrid_id == answers.microgrid_id:
            answers.hear(event, was_there=reader.was_there(position))
