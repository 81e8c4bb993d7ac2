"""Events in, read models out: rows and position in one transaction, positions on the bus acknowledged after it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeAlias

from application.event_types import CONFIGURATION_APPLIED
from application.ports.bus import MessageSource, PublishedEvent, Received
from application.ports.observing import Counters, Stage, Tracing
from application.ports.persistence import StorageUnavailable
from application.ports.read_side import ReadModelChanges, ReadModelTransactions
from application.projections.gathered import Gathered
from application.projections.keeping import AS_A_RULE, Keeping
from domain.events import DomainEvent

BATCH = 200

Effect: TypeAlias = Callable[[Any, Gathered], None]
"""What an event of one type changes."""

FactOf: TypeAlias = Callable[[PublishedEvent], DomainEvent | None]
"""An event as the domain announced it; None where it is of a newer release's type. Raises what a malformed one is."""

Arrived: TypeAlias = tuple[Received, PublishedEvent]
"""An event, and how it came."""


@dataclass(frozen=True, slots=True)
class Projection:
    """One read model: what each type of event changes in it. `name` is its name among the stored positions."""

    name: str
    effects: Mapping[type[DomainEvent], Effect]


def nothing(event: DomainEvent, gathered: Gathered) -> None:
    """The effect of an event that a projection has no use for."""


class Projector:
    """Feeds every projection, each event once.

    A microgrid one of whose events is missing or cannot be projected is parked: its read models stay as they are until
    that event comes again. All its later events are tried too, each by itself, and fail until then.
    """

    def __init__(
        self,
        source: MessageSource,
        transactions: ReadModelTransactions,
        projections: Sequence[Projection],
        tracing: Tracing,
        counters: Counters,
        fact_of: FactOf,
        keeping: Keeping = AS_A_RULE,
        notify_at: Callable[[], datetime] | None = None,
    ) -> None:
        """`notify_at`: what time it is, where each entry of the log is to be sent on."""
        self._source = source
        self._transactions = transactions
        self._projections = projections
        self._tracing = tracing
        self._counters = counters
        self._fact_of = fact_of
        self._keeping = keeping
        self._notify_at = notify_at
        self._parked: dict[str, int] = {}
        """How many of its events failed in a row, by microgrid."""

    async def turn(self) -> int:
        """Project one batch; returns how many came: BATCH where there may be more at hand."""
        batch = await self._source.receive(BATCH)
        if not batch:
            return 0
        arrived = [(each, each.body) for each in batch if isinstance(each.body, PublishedEvent)]
        alone = [each for each in arrived if each[1].microgrid_id in self._parked]
        await self._project_together([each for each in arrived if each[1].microgrid_id not in self._parked])
        for received, event in alone:
            await self._project_alone(received, event)
        await self._source.acknowledge([received.position for received in batch])
        return len(batch)

    async def _project_together(self, arrived: Sequence[Arrived]) -> None:
        """In one transaction; where that fails in one each, to find out whose fault it is."""
        try:
            await self._project(arrived)
        except Exception:
            for received, event in arrived:
                await self._project_alone(received, event)

    async def _project_alone(self, received: Received, event: PublishedEvent) -> None:
        try:
            await self._project([(received, event)])
        except StorageUnavailable:
            raise
        except Exception as error:
            times = self._parked.get(event.microgrid_id, 0) + 1
            self._parked[event.microgrid_id] = times
            self._counters.parked(Stage.PROJECTION, event.microgrid_id, error, times)
        else:
            self._parked.pop(event.microgrid_id, None)

    async def _project(self, arrived: Sequence[Arrived]) -> None:
        if not arrived:
            return
        news = 0
        async with self._transactions.begin() as changes:
            gathered = await gathering([event for _, event in arrived], changes)
            for received, event in arrived:
                with self._tracing.projection_span(received, event):
                    news += apply(event, self._fact_of, self._projections, gathered)
            await gathered.write(changes, self._keeping)
            if self._notify_at is not None:
                await changes.past.put_notices(gathered.notices(self._notify_at()))
            await changes.commit()
        self._counters.projected(news=news, duplicates=len(arrived) - news)


async def gathering(events: Sequence[PublishedEvent], changes: ReadModelChanges) -> Gathered:
    """Where what these events change is gathered."""
    microgrid_ids = {event.microgrid_id for event in events}
    known = await changes.positions(microgrid_ids)
    streams = {each.stream for each in known.values()} | {event.stream for event in events}
    current = await changes.current_stream() if len(streams) > 1 else None
    configured = {event.microgrid_id for event in events if event.type == CONFIGURATION_APPLIED}
    in_force = await changes.configurations(configured) if configured else {}
    return Gathered(known, current, await changes.standings(microgrid_ids), in_force)


def apply(event: PublishedEvent, fact_of: FactOf, projections: Sequence[Projection], gathered: Gathered) -> bool:
    """Change what the event changes; returns whether it was news. Raises EventGap, and where it is malformed."""
    concerned = [each for each in projections if gathered.advance(each.name, event)]
    if not concerned:
        return False
    fact = fact_of(event)
    if fact is not None:
        gathered.begin(event)
        for projection in concerned:
            projection.effects[type(fact)](fact, gathered)
    return True
