"""The outbox in SQL: filled inside a unit of work, drained by the relay."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

from sqlalchemy import ColumnElement, bindparam, func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from adapters.database.among import among
from adapters.database.engine import READ_ONLY
from adapters.database.retention import prune
from adapters.database.tables import outbox
from application.ports import Clock, Message, PendingEvent
from domain.events import DomainEvent


class Encode(Protocol):
    """An event as the message to publish; the key is the microgrid's id."""

    def __call__(
        self, event: DomainEvent, *, stream: str, traceparent: str | None, workspace_id: str | None
    ) -> Message: ...


_PUBLISHED = (
    outbox.update()
    .where(outbox.c.microgrid_id == bindparam("of_microgrid"), outbox.c.event_seq == bindparam("of_event_seq"))
    .values(published_at=bindparam("at"))
)


class SqlOutbox:
    """Appends events to the running transaction, encoded as those of a stream."""

    def __init__(self, connection: AsyncConnection, stream: str, encode: Encode, clock: Clock) -> None:
        self._connection = connection
        self._stream = stream
        self._encode = encode
        self._clock = clock

    async def append(self, events: Sequence[DomainEvent], traceparent: str | None, workspace_id: str | None) -> None:
        if events:
            rows = [self._row(event, traceparent, workspace_id) for event in events]
            await self._connection.execute(outbox.insert(), rows)

    def _row(self, event: DomainEvent, traceparent: str | None, workspace_id: str | None) -> dict[str, Any]:
        message = self._encode(event, stream=self._stream, traceparent=traceparent, workspace_id=workspace_id)
        headers = [[name, value.decode()] for name, value in message.headers if value is not None]
        return {
            "microgrid_id": event.microgrid_id,
            "event_seq": event.event_seq,
            "ce_type": dict(headers)["ce_type"],
            "created_at": self._clock.now(),
            "published_at": None,
            "headers": headers,
            "value": message.value,
        }


class SqlPendingEvents:
    """The outbox from the relay's side. Every call is a transaction of its own."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._reading = engine.execution_options(**READ_ONLY)

    async def pending(self, microgrids: Collection[str], limit: int) -> Sequence[PendingEvent]:
        statement = (
            select(outbox)
            .where(outbox.c.published_at.is_(None), among(self._engine, outbox.c.microgrid_id, microgrids))
            .order_by(outbox.c.microgrid_id, outbox.c.event_seq)
            .limit(limit)
        )
        async with self._reading.connect() as connection:
            rows = (await connection.execute(statement)).all()
        return [
            PendingEvent(
                row.microgrid_id,
                row.event_seq,
                Message(
                    row.microgrid_id,
                    tuple((name, value.encode()) for name, value in row.headers),
                    row.value,
                ),
            )
            for row in rows
        ]

    async def oldest(self, microgrids: Collection[str]) -> datetime | None:
        """When the oldest unpublished event of these microgrids was written, None where there is none."""
        statement = select(func.min(outbox.c.created_at)).where(
            outbox.c.published_at.is_(None), among(self._engine, outbox.c.microgrid_id, microgrids)
        )
        async with self._reading.connect() as connection:
            oldest: datetime | None = (await connection.execute(statement)).scalar_one()
        return oldest

    async def mark_published(self, events: Sequence[PendingEvent], at: datetime) -> None:
        if not events:
            return
        published = [
            {"of_microgrid": event.microgrid_id, "of_event_seq": event.event_seq, "at": at} for event in events
        ]
        async with self._engine.begin() as connection:
            await connection.execute(_PUBLISHED, published)

    async def republish_after(self, positions: Mapping[str, int]) -> int:
        beyond: list[ColumnElement[bool]] = [outbox.c.microgrid_id.not_in(positions)]
        beyond += [
            (outbox.c.microgrid_id == microgrid_id) & (outbox.c.event_seq > event_seq)
            for microgrid_id, event_seq in positions.items()
        ]
        statement = outbox.update().where(outbox.c.published_at.is_not(None), or_(*beyond))
        async with self._engine.begin() as connection:
            return (await connection.execute(statement.values(published_at=None))).rowcount

    async def prune(self, published_before: datetime) -> int:
        pruned = 0
        while count := await self._prune_some(published_before):
            pruned += count
        return pruned

    async def _prune_some(self, published_before: datetime) -> int:
        async with self._engine.begin() as connection:
            return await prune(connection, outbox, outbox.c.published_at, published_before)
