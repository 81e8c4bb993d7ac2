"""The worker without one of its safeguards. The checker has to notice each of them."""

import asyncio
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Final

from sqlalchemy import bindparam, text
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.database.column_types import Json
from adapters.database.outbox import Encode, SqlOutbox, SqlPendingEvents
from adapters.database.repositories import SiteCache, SqlMicrogridRepository
from adapters.database.streams import CURRENT
from adapters.database.unit_of_work import SqlUnitOfWork
from application.ports import (
    Clock,
    Epoch,
    EventPublisher,
    Message,
    MicrogridRepository,
    Outbox,
    PendingEvent,
    Transactions,
    UnitOfWork,
)
from domain.events import DomainEvent

NO_FENCE: Final = "no-fence"
PUBLISH_BEFORE_COMMIT: Final = "publish-before-commit"
CURSOR: Final = "cursor"
ABLATIONS: Final = (NO_FENCE, PUBLISH_BEFORE_COMMIT, CURSOR)

HELD_S = 2.0
"""How long a commit is held back: less than the server lets a transaction idle."""


class UnfencedTransactions:
    """Transactions that do not look whether their epoch is the current one."""

    def __init__(self, engine: AsyncEngine, encode: Encode, clock: Clock) -> None:
        self._engine = engine
        self._encode = encode
        self._clock = clock
        self._sites = SiteCache()

    @asynccontextmanager
    async def begin(self, epoch: Epoch) -> AsyncIterator[SqlUnitOfWork]:
        async with self._engine.connect() as connection:
            await connection.begin()
            stream = (await connection.execute(CURRENT)).scalar_one()
            yield SqlUnitOfWork(
                connection,
                SqlMicrogridRepository(connection, epoch, self._sites),
                SqlOutbox(connection, stream, self._encode, self._clock),
            )


class EagerTransactions:
    """Transactions that publish their events before they commit."""

    def __init__(self, real: Transactions, publisher: EventPublisher, encode: Encode) -> None:
        self._real = real
        self._publisher = publisher
        self._encode = encode

    @asynccontextmanager
    async def begin(self, epoch: Epoch) -> AsyncIterator[UnitOfWork]:
        async with self._real.begin(epoch) as transaction:
            yield _EagerUnitOfWork(transaction, self._publisher, self._encode)


class _EagerUnitOfWork:
    def __init__(self, real: UnitOfWork, publisher: EventPublisher, encode: Encode) -> None:
        self._real = real
        self._publisher = publisher
        self._encode = encode

    @property
    def microgrids(self) -> MicrogridRepository:
        return self._real.microgrids

    @property
    def outbox(self) -> Outbox:
        return self

    async def append(self, events: Sequence[DomainEvent], traceparent: str | None, workspace_id: str | None) -> None:
        await self._real.outbox.append(events, traceparent, workspace_id)
        await self._publisher.publish(
            [
                self._encode(event, stream="too-early", traceparent=traceparent, workspace_id=workspace_id)
                for event in events
            ]
        )

    async def commit(self) -> None:
        await self._real.commit()


class HoldingTransactions:
    """Transactions of which the n-th is held open for a while after it wrote."""

    def __init__(self, real: Transactions, passing: int) -> None:
        self._real = real
        self._passing = passing

    @asynccontextmanager
    async def begin(self, epoch: Epoch) -> AsyncIterator[UnitOfWork]:
        async with self._real.begin(epoch) as transaction:
            yield _HoldingUnitOfWork(transaction, self)

    async def hold(self) -> None:
        self._passing -= 1
        if self._passing == 0:
            await asyncio.sleep(HELD_S)


class _HoldingUnitOfWork:
    def __init__(self, real: UnitOfWork, holding: HoldingTransactions) -> None:
        self._real = real
        self._holding = holding

    @property
    def microgrids(self) -> MicrogridRepository:
        return self._real.microgrids

    @property
    def outbox(self) -> Outbox:
        return self

    async def append(self, events: Sequence[DomainEvent], traceparent: str | None, workspace_id: str | None) -> None:
        await self._real.outbox.append(events, traceparent, workspace_id)
        if events:
            await self._holding.hold()

    async def commit(self) -> None:
        await self._real.commit()


class EventsBehindCursor:
    """PendingEvents that go by the number of the row published last: numbers are handed out before the commit."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._flagged = SqlPendingEvents(engine)
        self._cursor = self._reached = 0

    async def pending(self, microgrids: Collection[str], limit: int) -> Sequence[PendingEvent]:
        """Of all microgrids: a cursor is one for the whole table."""
        following = text("SELECT * FROM outbox WHERE number > :cursor ORDER BY number LIMIT :limit")
        statement = following.bindparams(bindparam("cursor", self._cursor), bindparam("limit", limit))
        async with self._engine.connect() as connection:
            rows = (await connection.execute(statement.columns(headers=Json))).all()
        self._reached = max((row.number for row in rows), default=self._cursor)
        return [
            PendingEvent(
                row.microgrid_id,
                row.event_seq,
                Message(row.microgrid_id, tuple((name, value.encode()) for name, value in row.headers), row.value),
            )
            for row in rows
        ]

    async def mark_published(self, events: Sequence[PendingEvent], at: datetime) -> None:
        self._cursor = self._reached
        await self._flagged.mark_published(events, at)

    async def republish_after(self, positions: Mapping[str, int]) -> int:
        return await self._flagged.republish_after(positions)

    async def prune(self, published_before: datetime) -> int:
        return await self._flagged.prune(published_before)
