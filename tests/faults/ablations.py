"""The worker without one of its safeguards. The checker has to notice each of them."""

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Final

from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.database.outbox import Encode, SqlOutbox, SqlPendingEvents
from adapters.database.repositories import SqlMicrogridRepository
from adapters.database.streams import CURRENT
from adapters.database.unit_of_work import SqlUnitOfWork
from application.ports.bus import EventPublisher
from application.ports.clock import Clock
from application.ports.ownership import Epoch
from application.ports.persistence import MicrogridRepository, Outbox, PendingEvent, Transactions, UnitOfWork
from domain.events import DomainEvent
from domain.knowledge.situation import Situation
from domain.microgrid import Microgrid
from domain.sharing import allocation, rebalance
from domain.sharing.claims import Claims, Fill
from domain.sharing.plan import Plan
from domain.sharing.rotation import Rotation
from domain.site.power import NO_LIMIT, Watts

NO_FENCE: Final = "no-fence"
PUBLISH_BEFORE_COMMIT: Final = "publish-before-commit"
MEMORY_ALONE: Final = "memory-alone"
NO_LIMITS: Final = "no-limits"
ABLATIONS: Final = (NO_FENCE, PUBLISH_BEFORE_COMMIT, MEMORY_ALONE, NO_LIMITS)


def limitless_fill(parents: Sequence[int], capacities_w: Sequence[Watts], claims: Claims) -> Fill:
    """The fill with its limit check broken."""
    return allocation.fill(parents, [NO_LIMIT] * len(capacities_w), claims)


def limitless(situation: Situation, memory: Rotation, _: Plan | None) -> Plan:
    """A decision that is filled without limits: the certificate has to refuse it."""
    return rebalance.decide(situation, memory, None, filler=limitless_fill)


class CarelessRepository(SqlMicrogridRepository):
    """Microgrids that are saved over whatever is stored: what a worker keeps in memory may be long overtaken."""

    async def save_states(self, *microgrids: Microgrid) -> None:
        stored = {each.microgrid_id: each.version for each in await self.get_all([m.microgrid_id for m in microgrids])}
        await super().save_states(*(replace(each, version=stored.get(each.microgrid_id, 0)) for each in microgrids))


class UnfencedTransactions:
    """Transactions that look neither at their epoch nor whether somebody else wrote meanwhile."""

    def __init__(self, engine: AsyncEngine, encode: Encode, clock: Clock) -> None:
        self._engine = engine
        self._encode = encode
        self._clock = clock

    @asynccontextmanager
    async def begin(self, epochs: Epoch | Mapping[str, Epoch]) -> AsyncIterator[SqlUnitOfWork]:
        async with self._engine.connect() as connection:
            await connection.begin()
            stream = (await connection.execute(CURRENT)).scalar_one()
            yield SqlUnitOfWork(
                connection,
                CarelessRepository(connection, epochs),
                SqlOutbox(connection, stream, self._encode, self._clock),
            )


class EagerTransactions:
    """Transactions that publish their events before they commit."""

    def __init__(self, real: Transactions, publisher: EventPublisher) -> None:
        self._real = real
        self._publisher = publisher

    @asynccontextmanager
    async def begin(self, epochs: Epoch | Mapping[str, Epoch]) -> AsyncIterator[UnitOfWork]:
        async with self._real.begin(epochs) as transaction:
            yield _EagerUnitOfWork(transaction, self._publisher)


class _EagerUnitOfWork:
    def __init__(self, real: UnitOfWork, publisher: EventPublisher) -> None:
        self._real = real
        self._publisher = publisher
        self._appended: list[PendingEvent] = []

    @property
    def microgrids(self) -> MicrogridRepository:
        return self._real.microgrids

    @property
    def outbox(self) -> Outbox:
        return self

    def append(
        self, events: Sequence[DomainEvent], traceparent: str | None, workspace_id: str | None
    ) -> Sequence[PendingEvent]:
        self._appended += self._real.outbox.append(events, traceparent, workspace_id)
        return self._appended[len(self._appended) - len(events) :]

    def mark_published(self, events: Collection[PendingEvent]) -> None:
        self._real.outbox.mark_published(events)

    async def commit(self) -> None:
        await self._publisher.publish([event.message for event in self._appended])
        await self._real.commit()


class NothingPending(SqlPendingEvents):
    """PendingEvents of a worker that publishes from memory alone, and never looks for what another one left."""

    async def pending(self, microgrids: Collection[str], limit: int) -> Sequence[PendingEvent]:
        return []
