"""The newest events of some partitions, looked at without a group."""

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence

from adapters.kafka.connection import Connection
from adapters.kafka.reader import reading
from application.ports.bus import Inbound, Message, PublishedEvent

PATIENCE_S = 10.0

NEWEST = 5
"""How many messages of a partition: the newest of one of its microgrids is among them, whatever is sent again."""


class KafkaEventTails:
    """EventTails of one topic."""

    def __init__(self, connection: Connection, topic: str, read: Callable[[str, Message], Inbound]) -> None:
        self._connection = connection
        self._topic = topic
        self._read = read

    async def newest(self, partitions: Collection[int]) -> Mapping[int, Sequence[PublishedEvent]]:
        """Raises TimeoutError where they cannot be had soon: whoever waits for this keeps a group waiting."""
        found: dict[int, list[PublishedEvent]] = {number: [] for number in partitions}
        async with (
            asyncio.timeout(PATIENCE_S),
            reading(self._connection, self._topic, sorted(partitions), NEWEST) as reader,
        ):
            while not await reader.caught_up():
                for position, message in await reader.receive():
                    event = self._read(self._topic, message)
                    if isinstance(event, PublishedEvent):
                        found[position.partition].append(event)
        return found
