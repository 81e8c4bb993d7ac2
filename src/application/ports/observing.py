"""What is told of the service while it runs: counted, logged, traced."""

from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol

from application.ports.bus import Position, PublishedEvent, Received, Unreadable
from domain.events import DomainEvent
from domain.knowledge.readings import Receipt
from domain.sharing.plan import Outcome
from domain.site.configuration import Fault


class Stage(StrEnum):
    """Where a microgrid's stream can come to a halt."""

    TAKE_OVER = "take_over"
    CYCLE = "cycle"
    PUBLICATION = "publication"
    PROJECTION = "projection"


class TimedCycle(Protocol):
    """A cycle while it is timed. `outcome`: what it came to, None where there was nothing to decide."""

    outcome: Outcome | None


class Counters(Protocol):
    """What is counted instead of being answered. Names and attributes are the adapter's affair."""

    def readings(self, receipts: Mapping[Receipt, int]) -> None: ...

    def outdated_configuration(self, microgrid_id: str) -> None: ...

    def tombstone(self) -> None: ...

    def dead_letter(self, position: Position, letter: Unreadable) -> None: ...

    def refused_letter(self, position: Position, error: Exception) -> None:
        """A dead letter that the bus does not take: the message is lost, but for where it lies."""
        ...

    def notified(self) -> None:
        """A notice was taken by the receiver of the webhook."""
        ...

    def not_notified(self, microgrid_id: str, error: Exception, times: int, *, is_given_up: bool) -> None:
        """A notice was not taken, so many times in a row."""
        ...

    def refused_configuration(self, microgrid_id: str, faults: Sequence[Fault]) -> None: ...

    def cycle(self) -> AbstractContextManager[TimedCycle]:
        """One cycle, timed while it is decided, from entering to leaving."""
        ...

    def decided(
        self,
        microgrid_id: str,
        outcome: Outcome,
        input_age: timedelta | None,
        events: Sequence[DomainEvent],
        *,
        open_breaches: Collection[str],
    ) -> None:
        """What a cycle came to, once it is committed. `input_age`: how old the newest reading was, None where there is
        none. `open_breaches`: ids, before it.
        """
        ...

    def refused_plan(self, microgrid_id: str, fault: str) -> None: ...

    def parked(self, stage: Stage, microgrid_id: str, error: Exception, times: int) -> None:
        """A microgrid failed at this stage, so many times in a row; the others go on without it."""
        ...

    def not_taken(self, microgrid_id: str, position: Position, error: Exception) -> None:
        """A message that can be read could not be taken in."""
        ...

    def waiting(self, since: datetime | None) -> None:
        """When the oldest event was written that is not known to be published, None where all are."""
        ...

    def projected(self, news: int, duplicates: int) -> None:
        """Events that reached the read models, and events that had reached them before."""
        ...


class Tracing(Protocol):
    """Spans, without knowing who collects them."""

    def cycle_span(
        self, microgrid_id: str, traceparent: str | None, conflated: Sequence[str] = ()
    ) -> AbstractContextManager[str | None]:
        """A span in the trace that `traceparent` names, linked to the others; yields the traceparent to hand on."""
        ...

    def configuration_span(self, microgrid_id: str, traceparent: str | None) -> AbstractContextManager[str | None]:
        """A span in the trace that `traceparent` names; yields the traceparent to hand on."""
        ...

    def projection_span(self, received: Received, event: PublishedEvent) -> AbstractContextManager[None]:
        """A span in the trace of an event that was received."""
        ...
