"""Configurations that came and are not answered yet, and how far the bus may be told that all is done."""

from collections import defaultdict, deque
from collections.abc import Collection, Sequence

from application.ports.bus import Position, Received


class Unanswered:
    """Keeps configurations, in order for each microgrid, until they are answered.

    None is acknowledged before, nor what lies behind it: a worker that takes over gets it again.
    """

    def __init__(self) -> None:
        self._waiting: defaultdict[str, deque[Received]] = defaultdict(deque)
        self._reached: dict[tuple[str, int], Position] = {}
        """Of each partition the newest position that was not acknowledged for their sake."""

    @property
    def microgrids(self) -> Collection[str]:
        """Those that have one, in the order in which it came."""
        return self._waiting.keys()

    @property
    def topics(self) -> Collection[str]:
        """Where they lay."""
        return {received.position.topic for each in self._waiting.values() for received in each}

    def add(self, microgrid_id: str, received: Received) -> None:
        self._waiting[microgrid_id].append(received)

    def first(self, microgrid_id: str) -> Received:
        """The one to be answered next."""
        return self._waiting[microgrid_id][0]

    def answered(self, microgrid_id: str) -> None:
        """The first one is."""
        self._waiting[microgrid_id].popleft()
        if not self._waiting[microgrid_id]:
            del self._waiting[microgrid_id]

    def done(self, positions: Sequence[Position]) -> Sequence[Position]:
        """Of what was taken in, and of what had to wait so far, what may be acknowledged."""
        if not self._waiting and not self._reached:
            return positions
        first: dict[tuple[str, int], int] = {}
        for position in (received.position for each in self._waiting.values() for received in each):
            place = position.topic, position.partition
            first[place] = min(position.offset, first.get(place, position.offset))
        reached = [*self._reached.values(), *positions]
        waiting = [each for each in reached if each.offset >= first.get((each.topic, each.partition), each.offset + 1)]
        self._reached = {
            (each.topic, each.partition): each for each in sorted(waiting, key=lambda position: position.offset)
        }
        return [each for each in reached if each not in waiting]
