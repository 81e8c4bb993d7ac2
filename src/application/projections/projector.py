"""Events in, read models out: rows and position in one transaction, positions on the bus acknowledged after it."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from application.ports import (
    Counters,
    MessageSource,
    PublishedEvent,
    ReadModelChanges,
    ReadModelTransactions,
    Stage,
    StorageUnavailable,
)

BATCH = 200

Effect: TypeAlias = Callable[[PublishedEvent, ReadModelChanges], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Projection:
    """One read model: what each type of event changes in it. `name` is its name among the stored positions."""

    name: str
    effects: Mapping[str, Effect]


async def nothing(event: PublishedEvent, changes: ReadModelChanges) -> None:
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
        counters: Counters,
    ) -> None:
        self._source = source
        self._transactions = transactions
        self._projections = projections
        self._counters = counters
        self._parked: dict[str, int] = {}
        """How many of its events failed in a row, by microgrid."""

    async def turn(self) -> bool:
        """Project one batch; returns whether there was any."""
        batch = await self._source.receive(BATCH)
        if not batch:
            return False
        events = [received.body for received in batch if isinstance(received.body, PublishedEvent)]
        alone = [event for event in events if event.microgrid_id in self._parked]
        await self._project_together([event for event in events if event.microgrid_id not in self._parked])
        for event in alone:
            await self._project_alone(event)
        await self._source.acknowledge([received.position for received in batch])
        return True

    async def _project_together(self, events: Sequence[PublishedEvent]) -> None:
        """In one transaction; where that fails in one each, to find out whose fault it is."""
        try:
            await project(events, self._projections, self._transactions)
        except StorageUnavailable:
            raise
        except Exception:
            for event in events:
                await self._project_alone(event)

    async def _project_alone(self, event: PublishedEvent) -> None:
        try:
            await project([event], self._projections, self._transactions)
        except StorageUnavailable:
            raise
        except Exception as error:
            times = self._parked.get(event.microgrid_id, 0) + 1
            self._parked[event.microgrid_id] = times
            self._counters.parked(Stage.PROJECTION, event.microgrid_id, error, times)
        else:
            self._parked.pop(event.microgrid_id, None)


async def project(
    events: Sequence[PublishedEvent], projections: Sequence[Projection], transactions: ReadModelTransactions
) -> None:
    """All of these events in one transaction. Raises EventGap, StorageUnavailable and what an effect raises."""
    if not events:
        return
    async with transactions.begin() as changes:
        for event in events:
            for projection in projections:
                if await changes.advance(projection.name, event.microgrid_id, event.event_seq):
                    # A type from a newer release changes nothing here; it only moves the position on.
                    await projection.effects.get(event.type, nothing)(event, changes)
        await changes.commit()
