"""A topic read without a group, by somebody who only looks on: nobody's positions change."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition

from adapters.kafka import raw_fetch, unpacking
from adapters.kafka.connection import Connection, started, stopped
from adapters.messages.keys import decode_key
from application.ports.bus import Message, Position

IDLE_MS = 50


class KafkaReader:
    """Some partitions of one topic, from a start on. What was there when it was opened comes first."""

    def __init__(
        self, consumer: AIOKafkaConsumer, begins: dict[TopicPartition, int], ends: dict[TopicPartition, int]
    ) -> None:
        self._consumer = consumer
        self._next = begins
        self._ends = ends

    async def receive(self) -> Sequence[tuple[Position, Message]]:
        """The next messages, in order within each partition; empty where none came for an instant.

        One that has a header whose name is no UTF-8, or is too large, is left out: it is none of this service's.
        """
        return [
            (
                Position(record.topic, record.partition, record.offset),
                Message(None if record.key is None else decode_key(record.key), tuple(record.headers), record.value),
            )
            for record in await self._records()
        ]

    async def _records(self) -> "Sequence[ConsumerRecord[bytes, bytes]]":
        try:
            fetched = await unpacking.bounded(self._consumer.getmany(timeout_ms=IDLE_MS))
        except (UnicodeDecodeError, unpacking.TooMuch):
            records, ahead = await raw_fetch.step_over(self._consumer, self._next)
            self._next |= ahead
            return [each.record for each in records if each.decodes and each.dropped is None]
        self._next |= {partition: records[-1].offset + 1 for partition, records in fetched.items()}
        return [record for records in fetched.values() for record in records]

    def was_there(self, position: Position) -> bool:
        """Whether a message was on the topic already when the reader was opened."""
        return position.offset < self._ends[TopicPartition(position.topic, position.partition)]

    async def caught_up(self) -> bool:
        """Whether everything that was there when the reader was opened has been received."""
        return all([await self._consumer.position(each) >= end for each, end in self._ends.items()])

    async def caught_up_with_now(self) -> bool:
        """Whether everything that is there now has been received. It counts as there when the reader was opened."""
        self._ends = await self._consumer.end_offsets(list(self._ends))
        return await self.caught_up()


@asynccontextmanager
async def reading(
    connection: Connection, topic: str, partitions: Sequence[int], newest: int | None
) -> AsyncIterator[KafkaReader]:
    """A reader of these partitions, from the newest so many messages of each on, or all of them where that is None.

    Raises KafkaError where no broker can be reached.
    """
    consumer = await started(AIOKafkaConsumer(**connection.arguments(), enable_auto_commit=False))
    try:
        every = [TopicPartition(topic, number) for number in partitions]
        consumer.assign(every)
        begins, ends = await consumer.beginning_offsets(every), await consumer.end_offsets(every)
        for each in every:
            if newest is not None:
                begins[each] = max(begins[each], ends[each] - newest)
            consumer.seek(each, begins[each])
        yield KafkaReader(consumer, begins, ends)
    finally:
        await stopped(consumer)
