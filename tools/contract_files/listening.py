"""What a demo says on its bus: every message of the three topics, as it lies there."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from application.ports.bus import Message, MessageSource, Partition, Unreadable
from entrypoints.container import Container
from entrypoints.demo.in_one_process import Demo, open_demo
from entrypoints.topics import CONFIGURATION, EVENTS, TELEMETRY

BATCH = 500


@dataclass(frozen=True, slots=True)
class Heard:
    """A message and where it lay."""

    topic: str
    message: Message

    @property
    def type(self) -> str:
        """Its CloudEvents type."""
        return self.headers["ce_type"].decode()

    @property
    def headers(self) -> dict[str, bytes]:
        """Those that have a value."""
        return {name: value for name, value in self.message.headers if value is not None}


class Listener:
    """A consumer of its own group that reads everything and understands nothing."""

    def __init__(self, sources: list[MessageSource]) -> None:
        self._sources = sources

    async def heard(self) -> list[Heard]:
        """What was said since it was asked last, topic after topic."""
        messages: list[Heard] = []
        for source in self._sources:
            while batch := await source.receive(BATCH):
                messages += [
                    Heard(received.position.topic, received.body.message)
                    for received in batch
                    if isinstance(received.body, Unreadable)
                ]
                await source.acknowledge([received.position for received in batch])
        return messages


@asynccontextmanager
async def open_overheard_demo(container: Container) -> AsyncIterator[tuple[Demo, Listener]]:
    """A demo, and somebody who listened before its first word."""
    bus = container.bus()
    listener = Listener(
        [
            await bus.join(f"listener of {topic}", (topic,), _as_it_came, _Unconcerned())
            for topic in (CONFIGURATION, TELEMETRY, EVENTS)
        ]
    )
    async with open_demo(container) as demo:
        yield demo, listener


def _as_it_came(topic: str, message: Message) -> Unreadable:
    return Unreadable("", topic, message)


class _Unconcerned:
    """An Assignment that has nothing to hand over."""

    async def assigned(self, partitions: frozenset[Partition]) -> None: ...

    async def revoked(self, partitions: frozenset[Partition]) -> None: ...
