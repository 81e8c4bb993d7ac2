"""A trial on a bus: its events are published, and what comes on the telemetry topic is told it."""

import asyncio
import sys
from collections.abc import Callable
from typing import Final

from adapters.kafka import topics as kafka_topics
from adapters.kafka.connection import when_reachable
from adapters.kafka.groups import count_members
from adapters.kafka.reader import KafkaReader, reading
from adapters.memory.partitioning import partition_of
from adapters.messages import registry
from application.ports.bus import EventPublisher, Unreadable
from application.ports.clock import Clock
from application.trial.record import Heard, Record
from application.trial.trial import Trial
from domain.site.configuration import SiteConfiguration
from entrypoints.brokers import connection_to
from entrypoints.container import Deployment
from entrypoints.settings import Settings
from entrypoints.topics import Topics
from entrypoints.unusable import UnusableSetting

LOOKS_EVERY_S: Final = 0.1


async def play(
    settings: Settings, topic_prefix: str, configuration: SiteConfiguration, tell: Callable[[str], None] | None
) -> Record:
    """Try the gateway that is on the topics of a prefix, which are made where they are missing.

    `tell`: how an engineer at a terminal is told how it goes and what to do; None where there is none. Raises
    UnusableSetting where a worker reads those topics, and what `refusing` knows.
    """
    deployment = Deployment(connection=connection_to(settings), prefix=topic_prefix)
    connection, topics = deployment.connection(), deployment.topics()
    count = settings.topic_partitions
    await kafka_topics.create_missing(connection, topic_prefix, count, settings.topic_replication)
    if await when_reachable(lambda: count_members(connection, f"{topic_prefix}.worker")):
        raise UnusableSetting(
            f"A worker decides on the topics of {topic_prefix!r}; try the gateway under another prefix."
        )
    trial = Trial(configuration, attended=tell is not None)
    publisher = deployment.event_publisher()
    try:
        async with reading(connection, topics.telemetry, range(count), 0) as reader:
            with_answers = Terminal(trial, deployment.clock(), tell)
            await asyncio.gather(
                _speak(trial, publisher, deployment.clock(), with_answers),
                _listen(trial, reader, topics, deployment.clock(), count=count),
            )
    finally:
        await publisher.close()
    return trial.record


class Terminal:
    """An engineer who sees how it goes, and does what takes a hand; none, where there is no way to tell one."""

    def __init__(self, trial: Trial, clock: Clock, tell: Callable[[str], None] | None) -> None:
        self._trial = trial
        self._clock = clock
        self._tell = tell
        self._told: list[str] = []

    def look(self) -> None:
        """Tell what is new."""
        if self._tell is None:
            return
        news = self._trial.question or f"Step {self._trial.step.name} ..."
        if news not in self._told:
            self._told.append(news)
            self._tell(news)
            if news == self._trial.question:
                asyncio.get_running_loop().add_reader(sys.stdin, self._answered)

    def _answered(self) -> None:
        sys.stdin.readline()
        asyncio.get_running_loop().remove_reader(sys.stdin)
        if self._trial.question is not None:
            self._trial.answer(self._clock.now())


async def _speak(trial: Trial, publisher: EventPublisher, clock: Clock, terminal: Terminal) -> None:
    stream = f"accept-{clock.now():%Y%m%dT%H%M%S}"
    while not trial.is_over:
        due = trial.turn(clock.now())
        if due:
            await publisher.publish([registry.write(event, stream=stream) for event in due])
        terminal.look()
        await asyncio.sleep(LOOKS_EVERY_S)


async def _listen(trial: Trial, reader: KafkaReader, topics: Topics, clock: Clock, *, count: int) -> None:
    while not trial.is_over:
        for position, message in await reader.receive():
            if reader.was_there(position):
                continue
            body = registry.read(topics.telemetry, message)
            key = message.key if isinstance(body, Unreadable) else trial.record.configuration.microgrid_id
            is_misplaced = key is not None and position.partition != partition_of(key, count)
            trial.hear(Heard(clock.now(), body, is_misplaced))
