"""Nothing stops silently: a consumer that stands still behind the end of its topic is found, and joins anew."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Final, Protocol, TypeAlias

from aiokafka.errors import KafkaError

from application.ports.bus import Offsets, Partition

STILL_S: Final = 30.0
LOOKED_EVERY_S: Final = 5.0


Look: TypeAlias = Callable[[], Awaitable[None]]


class Standstill(Exception):
    """What is there is not read."""


class Reader(Protocol):
    """A member that says how far it is."""

    async def offsets(self) -> Mapping[Partition, Offsets]: ...


class Progress:
    """Follows a reader by what it says now and then. `now` is a monotonic clock."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._seen: dict[Partition, tuple[Offsets, float]] = {}

    def look(self, offsets: Mapping[Partition, Offsets]) -> None:
        """Raises Standstill, also where a topic was made anew."""
        seen = {}
        for partition, now_at in offsets.items():
            before, since = self._seen.get(partition, (now_at, self._now()))
            place = f"{partition.topic}/{partition.number}"
            if now_at.end < before.end:
                raise Standstill(f"{place} was made anew")
            if now_at.next != before.next or now_at.next == now_at.end or before.next == before.end:
                since = self._now()
            elif self._now() - since >= STILL_S:
                raise Standstill(f"{place} stands still at {now_at.next}, its end is {now_at.end}")
            seen[partition] = (now_at, since)
        self._seen = seen


async def nothing_to_look_for() -> None:
    """Nothing but standing still makes this member join anew."""


async def watch(reader: Reader, look: Look) -> None:
    """For ever. Raises Standstill and UnusableTopics, and what `look` raises. What nobody can say is asked again."""
    progress = Progress(asyncio.get_running_loop().time)
    while True:
        await asyncio.sleep(LOOKED_EVERY_S)
        await look()
        try:
            offsets = await reader.offsets()
        except (KafkaError, TimeoutError):
            continue
        progress.look(offsets)
