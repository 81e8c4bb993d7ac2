"""A run as `busbar replay` reads it."""

from collections.abc import Collection, Sequence
from typing import BinaryIO

from adapters.messages.envelope import type_of
from adapters.messages.replay import write_message, write_take_over, write_time_mark
from application.ports.bus import MessageSource, Position, Received, Tombstone, Unreadable
from application.ports.clock import Clock


class RecordedSource:
    """MessageSource that writes down what another brings, in the order and at the instants it is taken in."""

    def __init__(self, source: MessageSource, clock: Clock, sink: BinaryIO) -> None:
        self._source = source
        self._clock = clock
        self._sink = sink

    async def receive(self, limit: int, without: Collection[str] = ()) -> Sequence[Received]:
        batch = await self._source.receive(limit, without)
        for received in batch:
            self._write(received)
        if len(batch) == limit:
            # What is due is decided between this batch and the rest of what arrives at the same instant.
            self.mark()
        return batch

    async def acknowledge(self, positions: Sequence[Position]) -> None:
        await self._source.acknowledge(positions)

    def mark(self) -> None:
        """Write that time has come so far, with all decided that is due."""
        self._sink.write(write_time_mark(self._clock.now()) + b"\n")

    def take_over(self) -> None:
        """Write that another worker goes on from what is stored."""
        self._sink.write(write_take_over(self._clock.now()) + b"\n")

    def _write(self, received: Received) -> None:
        if isinstance(received.body, Unreadable | Tombstone):
            return
        message_type, value = type_of(received.message), received.message.value
        if message_type is not None and value is not None:
            self._sink.write(write_message(self._clock.now(), received.id, message_type, value) + b"\n")
