"""The events of a deployment, read and checked as they come: for a run that is longer than anything is kept."""

import asyncio
import threading
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition

from tests.e2e.stacks import PARTITIONS, Stack
from tests.faults.checker import CYCLE_COMPLETED, exceeded
from tests.faults.history import Event


@dataclass(slots=True)
class Followed:
    """What was read so far. `faults`: what came twice, was left out or is over a limit."""

    reached: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    decided: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    faults: list[str] = field(default_factory=list)
    forgotten: int = 0
    """How many messages the topic had dropped by the end."""

    def take(self, event: Event) -> None:
        depot = event.data["microgrid_id"]
        if event.event_seq != self.reached[depot] + 1:
            self.faults.append(f"{depot}: event {event.event_seq} follows {self.reached[depot]}")
        self.reached[depot] = event.event_seq
        if event.type == CYCLE_COMPLETED:
            cycle_seq = event.data["cycle_seq"]
            if cycle_seq != self.decided[depot] + 1:
                self.faults.append(f"{depot}: cycle {cycle_seq} follows {self.decided[depot]}")
            self.decided[depot] = cycle_seq
            self.faults += [f"{event.id}: {each}" for each in exceeded(event.data)]


@contextmanager
def followed(stack: Stack) -> Iterator[Followed]:
    """From the first event on. At the end of the block it is read up to the newest."""
    found, ending, faults = Followed(), threading.Event(), list[Exception]()

    def follow() -> None:
        try:
            asyncio.run(_follow(stack, found, ending))
        except Exception as fault:
            faults.append(fault)

    thread = threading.Thread(target=follow, daemon=True)
    thread.start()
    try:
        yield found
    finally:
        ending.set()
        thread.join()
    if faults:
        raise faults[0]


async def _follow(stack: Stack, found: Followed, ending: threading.Event) -> None:
    consumer = AIOKafkaConsumer(bootstrap_servers=stack.bootstrap_servers, enable_auto_commit=False)
    await consumer.start()
    try:
        every = [TopicPartition(f"{stack.prefix}.events", number) for number in range(PARTITIONS)]
        consumer.assign(every)
        await consumer.seek_to_beginning(*every)
        while not (ending.is_set() and await _is_at_the_end(consumer, every)):
            for records in (await consumer.getmany(timeout_ms=500)).values():
                for record in records:
                    found.take(_event(record))
        found.forgotten = sum((await consumer.beginning_offsets(every)).values())
    finally:
        await consumer.stop()


async def _is_at_the_end(consumer: AIOKafkaConsumer, every: Sequence[TopicPartition]) -> bool:
    ends = await consumer.end_offsets(every)
    return all([await consumer.position(each) >= end for each, end in ends.items()])


def _event(record: "ConsumerRecord[bytes, bytes]") -> Event:
    return Event((record.key or b"").decode(), tuple(record.headers), record.value or b"")
