"""What the application counts and traces, remembered in memory."""

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from application.ports import Position, Stage
from domain.telemetry import Receipt


class RememberedCounts:
    """Counters that can be asked."""

    def __init__(self) -> None:
        self.receipts: Counter[Receipt] = Counter()
        self.dead_letters: Counter[str] = Counter()
        self.cycles: Counter[str] = Counter()
        self.refused_plans: list[str] = []
        self.outdated_configurations = 0
        self.tombstones = 0
        self.failures: list[tuple[Stage, str, str]] = []
        self.untaken: list[tuple[str, Position, str]] = []

    def readings(self, microgrid_id: str, receipts: Mapping[Receipt, int]) -> None:
        self.receipts.update(receipts)

    def outdated_configuration(self, microgrid_id: str) -> None:
        self.outdated_configurations += 1

    def tombstone(self) -> None:
        self.tombstones += 1

    def dead_letter(self, code: str) -> None:
        self.dead_letters[code] += 1

    def cycle(self, microgrid_id: str, published: bool) -> None:
        self.cycles["published" if published else "unpublished"] += 1

    def refused_plan(self, microgrid_id: str, fault: str) -> None:
        self.refused_plans.append(fault)

    def parked(self, stage: Stage, microgrid_id: str, error: Exception, times: int) -> None:
        self.failures.append((stage, microgrid_id, f"{type(error).__name__} {times}"))

    def not_taken(self, microgrid_id: str, position: Position, error: Exception) -> None:
        self.untaken.append((microgrid_id, position, type(error).__name__))


class HandedOnTraces:
    """No spans: what a cycle publishes stands in the trace of its cause."""

    @contextmanager
    def cycle_span(self, microgrid_id: str, traceparent: str | None) -> Iterator[str | None]:
        yield traceparent
