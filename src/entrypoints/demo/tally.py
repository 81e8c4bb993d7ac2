"""What a played depot has heard of the service in one run."""

from collections import Counter
from typing import Any

from application import event_types
from application.ports.bus import PublishedEvent


class Tally:
    """Counts the events of one microgrid, each once. Those up to `known_event_seq` are of an earlier run.

    `stream` is the one in which they are; None where that is the one of the first event that is counted.
    """

    def __init__(self, known_event_seq: int = 0, stream: str | None = None) -> None:
        self._event_seq = known_event_seq
        self._stream = stream
        self._events: Counter[str] = Counter()
        self._breaches: set[str] = set()

    def count(self, event: PublishedEvent) -> bool:
        """Take an event in; returns whether it is news."""
        if self._stream in (None, event.stream) and event.event_seq <= self._event_seq:
            return False
        self._event_seq, self._stream = event.event_seq, event.stream
        self._events[event.type] += 1
        if event.type == event_types.CONSTRAINT_BREACHED:
            self._breaches.add(event.data["breach_id"])
        return True

    @property
    def cycles_published(self) -> int:
        return self._events[event_types.CYCLE_COMPLETED]

    def summary(self) -> dict[str, Any]:
        """The counted part of a summary (CLI-7)."""
        return {
            "cycles_published": self.cycles_published,
            "events": dict(sorted(self._events.items())),
            "breaches": len(self._breaches),
        }
