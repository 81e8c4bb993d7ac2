"""The outbox in SQL: filled inside a unit of work, drained by the relay."""

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any, Protocol

from sqlalchemy import ColumnElement, bindparam, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from adapters.database.among import among
from adapters.database.engine import READ_ONLY, answering, reading
from adapters.database.many import arrays, rows_of
from adapters.database.retention import prune
from adapters.database.tables import outbox
from application.ports.bus import Message
from application.ports.clock import Clock
from application.ports.persistence import PendingEvent
from domain.events import DomainEvent


class Encode(Protocol):
    """An event as the message to publish; the key is the microgrid's id."""

    def __call__(
        self, event: DomainEvent, *, stream: str, traceparent: str | None, workspace_id: str | None
    ) -> Message: ...


# Made once, as every turn runs them: putting a statement together costs more than sending it.
_GIVEN = rows_of(*outbox.c)
_APPENDED_TOGETHER = outbox.insert().from_select(outbox.c.keys(), select(*_GIVEN.c))
_NAMED = rows_of(outbox.c.microgrid_id, outbox.c.event_seq)
_PUBLISHED_TOGETHER = (
    outbox.update()
    .where(outbox.c.microgrid_id == _NAMED.c.microgrid_id, outbox.c.event_seq == _NAMED.c.event_seq)
    .values(published_at=bindparam("at"))
)
_PUBLISHED = (
    outbox.update()
    .where(outbox.c.microgrid_id == bindparam("of_microgrid"), outbox.c.event_seq == bindparam("of_event_seq"))
    .values(published_at=bindparam("at"))
)


class SqlOutbox:
    """Events of the running transaction, encoded as those of a stream, written all at once before it is committed."""

    def __init__(self, connection: AsyncConnection, stream: str, encode: Encode, clock: Clock) -> None:
        self._connection = connection
        self._stream = stream
        self._encode = encode
        self._clock = clock
        self._appended: list[PendingEvent] = []
        self._published: list[PendingEvent] = []

    def append(
        self, events: Sequence[DomainEvent], traceparent: str | None, workspace_id: str | None
    ) -> Sequence[PendingEvent]:
        now, about = self._clock.now(), {"traceparent": traceparent, "workspace_id": workspace_id}
        pending = [
            PendingEvent(event.microgrid_id, event.event_seq, self._encode(event, stream=self._stream, **about), now)
            for event in events
        ]
        self._appended += pending
        return pending

    def mark_published(self, events: Collection[PendingEvent]) -> None:
        self._published += events

    async def write(self) -> None:
        """To be called once, before the commit."""
        if self._appended:
            rows = [_row(event) for event in self._appended]
            if self._connection.dialect.name == "postgresql":
                await self._connection.execute(_APPENDED_TOGETHER, arrays(rows))
            else:
                await self._connection.execute(outbox.insert(), rows)
        await _mark_published(self._connection, self._published, self._clock.now())


def _row(event: PendingEvent) -> dict[str, Any]:
    headers = [[name, value.decode()] for name, value in event.message.headers if value is not None]
    return {
        "microgrid_id": event.microgrid_id,
        "event_seq": event.event_seq,
        "ce_type": dict(headers)["ce_type"],
        "created_at": event.created_at,
        "published_at": None,
        "headers": headers,
        "value": event.message.value,
    }


async def _mark_published(connection: AsyncConnection, events: Collection[PendingEvent], at: datetime) -> None:
    if not events:
        return
    if connection.dialect.name == "postgresql":
        named = arrays([{"microgrid_id": event.microgrid_id, "event_seq": event.event_seq} for event in events])
        await connection.execute(_PUBLISHED_TOGETHER, {**named, "at": at})
    else:
        each = [{"of_microgrid": event.microgrid_id, "of_event_seq": event.event_seq, "at": at} for event in events]
        await connection.execute(_PUBLISHED, each)


class SqlPendingEvents:
    """The outbox from the relay's side. Every call is a transaction of its own, and raises StorageUnavailable."""

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
        async with reading(self._reading) as connection:
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
                row.created_at,
            )
            for row in rows
        ]

    async def mark_published(self, events: Collection[PendingEvent], at: datetime) -> None:
        async with self._writing() as connection:
            await _mark_published(connection, events, at)

    async def republish_after(self, positions: Mapping[str, int]) -> int:
        beyond: list[ColumnElement[bool]] = [outbox.c.microgrid_id.not_in(positions)]
        beyond += [
            (outbox.c.microgrid_id == microgrid_id) & (outbox.c.event_seq > event_seq)
            for microgrid_id, event_seq in positions.items()
        ]
        statement = outbox.update().where(outbox.c.published_at.is_not(None), or_(*beyond))
        async with self._writing() as connection:
            return (await connection.execute(statement.values(published_at=None))).rowcount

    async def prune(self, published_before: datetime) -> int:
        pruned = 0
        while count := await self._prune_some(published_before):
            pruned += count
        return pruned

    async def _prune_some(self, published_before: datetime) -> int:
        async with self._writing() as connection:
            return await prune(connection, outbox, outbox.c.published_at, published_before)

    @asynccontextmanager
    async def _writing(self) -> AsyncIterator[AsyncConnection]:
        with answering():
            async with self._engine.begin() as connection:
                yield connection
