"""Nothing stops silently: what is not read, or not decided, is found, said, and begun anew."""

import asyncio
import math
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Final, Protocol, Self, TypeAlias

from aiokafka.errors import KafkaError

from application.figures import Figures
from application.ports.bus import Offsets, Partition

STILL_S: Final = 30.0
LOOKED_EVERY_S: Final = 5.0
SOON_S: Final = 0.5
"""How long it is until the first look, and the next where nobody could say anything yet."""

LAGS_S: Final = 30.0
"""Who has not read yet what was there so long ago lags."""

Look: TypeAlias = Callable[[], Awaitable[None]]


class Standstill(Exception):
    """What is there is not read, or what is due is not decided."""


class Reader(Protocol):
    """A member that says how far it is."""

    async def offsets(self) -> Mapping[Partition, Offsets]: ...


@dataclass(slots=True)
class _Followed:
    """A partition. `since`: it has not moved behind the end since then, though more was asked for. `ends`: when its end
    was where, from the newest look on that lies `LAGS_S` back.
    """

    offsets: Offsets
    since: float
    ends: deque[tuple[float, int]]

    @classmethod
    def of(cls, offsets: Offsets, now: float) -> Self:
        """Seen for the first time: what is there may have been there for ever."""
        return cls(offsets, now, deque([(-math.inf, offsets.end)]))

    @property
    def distance(self) -> int:
        return max(0, self.offsets.end - self.offsets.next)

    def move(self, offsets: Offsets, now: float) -> None:
        self.offsets = offsets
        self.ends.append((now, offsets.end))
        while len(self.ends) > 1 and self.ends[1][0] <= now - LAGS_S:
            self.ends.popleft()

    def lags(self, now: float) -> bool:
        """Whether it has not read what was there `LAGS_S` ago."""
        seen_at, end = self.ends[0]
        return now - seen_at >= LAGS_S and self.offsets.next < end

    def wait(self, seconds: float) -> None:
        """Time that does not count."""
        self.since += seconds
        self.ends = deque((seen_at + seconds, end) for seen_at, end in self.ends)


class Progress:
    """Follows what a process reads, over all its memberships, by what it says now and then.

    `now` is a monotonic clock.
    """

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._seen: dict[Partition, _Followed] = {}
        self._stood: dict[Partition, int] = {}
        """Where a partition stood still, until it gets on."""

        self._looked_at = now()
        self.is_known = False
        """Whether it said anything in this membership."""

    def begin_anew(self) -> None:
        """A membership begins, or ends: nothing is known of any partition but where it stood still."""
        self._seen, self._looked_at, self.is_known = {}, self._now(), False

    def look(self, offsets: Mapping[Partition, Offsets]) -> None:
        """Raises Standstill, also where a topic was made anew."""
        now, seen = self._now(), {}
        for partition, now_at in offsets.items():
            followed = self._seen.get(partition) or _Followed.of(now_at, now)
            before, place = followed.offsets, f"{partition.topic}/{partition.number}"
            if now_at.end < before.end:
                raise Standstill(f"{place} was made anew")
            is_busy = now_at.idle == before.idle
            if is_busy or now_at.next != before.next or now_at.next == now_at.end or before.next == before.end:
                followed.since = now
            elif now - followed.since >= STILL_S:
                self._stood[partition] = now_at.next
                raise Standstill(f"{place} stands still at {now_at.next}, its end is {now_at.end}")
            followed.move(now_at, now)
            seen[partition] = followed
        self._stood = {
            each: at
            for each, at in self._stood.items()
            if each in offsets and at == offsets[each].next < offsets[each].end
        }
        self._seen, self._looked_at, self.is_known = seen, now, True

    def unknown(self) -> None:
        """Nobody can say now how far it is: that time counts for nothing."""
        passed = self._now() - self._looked_at
        for followed in self._seen.values():
            followed.wait(passed)
        self._looked_at = self._now()

    def distances(self) -> Mapping[str, int]:
        """How many messages lie between it and the end of each topic. May be asked from another thread."""
        distances: dict[str, int] = {}
        for partition, followed in self._seen.copy().items():
            distances[partition.topic] = distances.get(partition.topic, 0) + followed.distance
        return distances

    def why_standing(self) -> str | None:
        """None where it gets on, or nothing is known yet of what it reads."""
        places = ", ".join(f"{each.topic}/{each.number} at {at}" for each, at in self._stood.items())
        return f"It stands still: {places}." if places else None

    def why_behind(self) -> str | None:
        """None where it has read what was there half a minute ago."""
        if not self.is_known:
            return "It does not know yet how far behind it is."
        now = self._now()
        lagging = {partition.topic for partition, followed in self._seen.items() if followed.lags(now)}
        distances = self.distances()
        behind = ", ".join(f"{distances[topic]} messages behind the end of {topic}" for topic in sorted(lagging))
        return f"It is {behind}." if behind else None


def why_overdue(figures: Figures) -> str | None:
    """None where every depot that can be decided was decided lately."""
    if not figures.overdue:
        return None
    return f"The newest cycle is older than twice its interval in {figures.overdue} of {figures.microgrids} depots."


def require_deciding(figures: Figures) -> None:
    """Raises Standstill where cycles are overdue, and none at all was decided for half a minute."""
    if figures.overdue and figures.still_for.total_seconds() >= STILL_S:
        raise Standstill(f"no cycle was decided for {figures.still_for.total_seconds():.0f} s: {why_overdue(figures)}")


async def nothing_to_look_for() -> None:
    """Nothing but standing still makes this member join anew."""


async def watch(reader: Reader, look: Look, progress: Progress) -> None:
    """For ever. Raises Standstill and UnusableTopics, and what `look` raises. What nobody can say is asked again."""
    while True:
        await asyncio.sleep(LOOKED_EVERY_S if progress.is_known else SOON_S)
        await look()
        try:
            offsets = await reader.offsets()
        except (KafkaError, TimeoutError):
            progress.unknown()
            continue
        progress.look(offsets)
