"""What the application counts and traces, remembered in memory."""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

from application.ports.bus import Position, PublishedEvent, Received, Unreadable
from application.ports.observing import Stage
from domain.events import CycleCompleted, DomainEvent
from domain.knowledge.readings import Receipt
from domain.sharing.plan import Outcome
from domain.site.configuration import Fault


class RememberedCounts:
    """Counters that can be asked."""

    def __init__(self) -> None:
        self.receipts: Counter[Receipt] = Counter()
        self.dead_letters: Counter[str] = Counter()
        self.cycles: Counter[str] = Counter()
        self.refused_plans: list[str] = []
        self.refused_configurations: Counter[str] = Counter()
        self.input_ages: list[timedelta | None] = []
        self.waiting_since: datetime | None = None
        self.projected_events: Counter[str] = Counter()
        self.outdated_configurations = 0
        self.notices: Counter[str] = Counter()
        self.tombstones = 0
        self.failures: list[tuple[Stage, str, str]] = []
        self.refused_letters: list[Position] = []
        self.untaken: list[tuple[str, Position, str]] = []

    def readings(self, receipts: Mapping[Receipt, int]) -> None:
        self.receipts.update(receipts)

    def outdated_configuration(self, microgrid_id: str) -> None:
        self.outdated_configurations += 1

    def notified(self) -> None:
        self.notices["delivered"] += 1

    def not_notified(self, microgrid_id: str, error: Exception, times: int, *, is_given_up: bool) -> None:
        self.notices["given_up" if is_given_up else "failed"] += 1

    def tombstone(self) -> None:
        self.tombstones += 1

    def dead_letter(self, position: Position, letter: Unreadable) -> None:
        self.dead_letters[letter.code] += 1

    def refused_letter(self, position: Position, error: Exception) -> None:
        self.refused_letters.append(position)

    def refused_configuration(self, microgrid_id: str, faults: Sequence[Fault]) -> None:
        self.refused_configurations[microgrid_id] += 1

    @contextmanager
    def cycle(self) -> Iterator["RememberedCycle"]:
        yield RememberedCycle()

    def decided(
        self,
        microgrid_id: str,
        outcome: Outcome,
        input_age: timedelta | None,
        events: Sequence[DomainEvent],
        *,
        open_breaches: Collection[str],
    ) -> None:
        published = any(isinstance(event, CycleCompleted) for event in events)
        self.cycles["published" if published else "unpublished"] += 1
        self.input_ages.append(input_age)

    def refused_plan(self, microgrid_id: str, fault: str) -> None:
        self.refused_plans.append(fault)

    def parked(self, stage: Stage, microgrid_id: str, error: Exception, times: int) -> None:
        self.failures.append((stage, microgrid_id, f"{type(error).__name__} {times}"))

    def not_taken(self, microgrid_id: str, position: Position, error: Exception) -> None:
        self.untaken.append((microgrid_id, position, type(error).__name__))

    def waiting(self, since: datetime | None) -> None:
        self.waiting_since = since

    def projected(self, news: int, duplicates: int) -> None:
        self.projected_events.update(news=news, duplicates=duplicates)


@dataclass(slots=True)
class RememberedCycle:
    """A cycle while it is timed."""

    outcome: Outcome | None = None


class HandedOnTraces:
    """No spans: what is published stands in the trace of its cause. `conflated`: of each cycle."""

    def __init__(self) -> None:
        self.conflated: list[Sequence[str]] = []
        self.projected: list[tuple[str, int, str | None]] = []

    @contextmanager
    def cycle_span(
        self, microgrid_id: str, traceparent: str | None, conflated: Sequence[str] = ()
    ) -> Iterator[str | None]:
        self.conflated.append(conflated)
        yield traceparent

    @contextmanager
    def configuration_span(self, microgrid_id: str, traceparent: str | None) -> Iterator[str | None]:
        yield traceparent

    @contextmanager
    def projection_span(self, received: Received, event: PublishedEvent) -> Iterator[None]:
        self.projected.append((event.microgrid_id, event.event_seq, received.traceparent))
        yield
