"""Events in, read models out: rows and position in one transaction, positions on the bus acknowledged after it."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from application.ports import MessageSource, PublishedEvent, ReadModelChanges, ReadModelTransactions

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
    """Feeds every projection, each event once."""

    def __init__(
        self, source: MessageSource, transactions: ReadModelTransactions, projections: Sequence[Projection]
    ) -> None:
        self._source = source
        self._transactions = transactions
        self._projections = projections

    async def turn(self) -> bool:
        """Project one batch; returns whether there was any."""
        batch = await self._source.receive(BATCH)
        if not batch:
            return False
        async with self._transactions.begin() as changes:
            for received in batch:
                if isinstance(received.body, PublishedEvent):
                    await self._project(received.body, changes)
            await changes.commit()
        await self._source.acknowledge([received.position for received in batch])
        return True

    async def _project(self, event: PublishedEvent, changes: ReadModelChanges) -> None:
        for projection in self._projections:
            if await changes.advance(projection.name, event.microgrid_id, event.event_seq):
                # A type from a newer release changes nothing here; it only moves the position on.
                await projection.effects.get(event.type, nothing)(event, changes)
