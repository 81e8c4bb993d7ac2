"""The read model in SQL: written by projections, each event once, and read by queries."""

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import fields
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, RowMapping, Select, String, column, func, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from adapters.database.column_types import Json
from adapters.database.engine import READ_ONLY, answering, reading
from adapters.database.retention import prune
from adapters.database.streams import CURRENT
from adapters.database.tables import breaches, cycles, microgrid_status, node_history, projection_positions
from adapters.database.upsert import insert
from application.ports import EventGap, PublishedEvent
from application.queries.rows import BreachRow, BreachState, CycleRow, HistoryRow, NodeBucket, StatusRow
from domain.site.identifiers import natural_key


class SqlReadModelChanges:
    """One transaction of a projection."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def advance(self, projection: str, event: PublishedEvent) -> bool:
        """Claim this event for the projection; False where it was applied before. Raises EventGap."""
        position = projection_positions.c
        mine = (position.projection == projection) & (position.microgrid_id == event.microgrid_id)
        before = (position.event_seq == event.event_seq - 1) & (position.stream == event.stream)
        following = projection_positions.update().where(mine, before).values(event_seq=event.event_seq)
        if (await self._connection.execute(following)).rowcount == 1:
            return True
        first = insert(self._connection, projection_positions).values(_position(projection, event, event.event_seq))
        if (await self._connection.execute(first.on_conflict_do_nothing())).rowcount == 1:
            return True
        reached = (await self._connection.execute(select(position.event_seq, position.stream).where(mine))).one()
        if reached.stream != event.stream:
            return await self._follow(projection, event)
        if event.event_seq > reached.event_seq + 1:
            raise EventGap(f"{projection} of {event.microgrid_id} is at {reached.event_seq}, {event.event_seq} came")
        return False

    async def rewind(self, projection: str, event: PublishedEvent) -> None:
        await self._put_position(_position(projection, event, event.event_seq - 1))

    async def _follow(self, projection: str, event: PublishedEvent) -> bool:
        """Go over to another stream, if it is the current one and not one that has ended."""
        if event.stream != (await self._connection.execute(CURRENT)).scalar_one():
            return False
        await self._put_position(_position(projection, event, event.event_seq))
        return True

    async def _put_position(self, position: dict[str, Any]) -> None:
        statement = insert(self._connection, projection_positions).values(position)
        key = ["projection", "microgrid_id"]
        await self._connection.execute(statement.on_conflict_do_update(index_elements=key, set_=position))

    async def put_status(self, status: StatusRow) -> None:
        """A status without a latest cycle leaves the one that is known."""
        row = _values(status)
        statement = insert(self._connection, microgrid_status).values(row)
        known = microgrid_status.c.latest_cycle
        row["latest_cycle"] = func.coalesce(statement.excluded.latest_cycle, known)
        await self._connection.execute(statement.on_conflict_do_update(index_elements=["microgrid_id"], set_=row))

    async def put_latest_cycle(self, microgrid_id: str, latest_cycle: dict[str, Any]) -> None:
        """Of no effect while the microgrid has no status."""
        statement = microgrid_status.update().where(microgrid_status.c.microgrid_id == microgrid_id)
        await self._connection.execute(statement.values(latest_cycle=latest_cycle))

    async def put_cycle(self, cycle: CycleRow) -> None:
        row = _values(cycle)
        statement = insert(self._connection, cycles).values(row)
        key = ["microgrid_id", "cycle_seq"]
        await self._connection.execute(statement.on_conflict_do_update(index_elements=key, set_=row))

    async def prune_cycles(self, decided_before: datetime) -> int:
        return await prune(self._connection, cycles, cycles.c.decided_at, decided_before)

    async def put_breach(self, breach: BreachRow) -> None:
        """A breach that is known keeps when and with which event it opened."""
        statement = insert(self._connection, breaches).values(_values(breach))
        latest = {"cleared_at": statement.excluded.cleared_at, "data": statement.excluded.data}
        key = ["microgrid_id", "breach_id"]
        await self._connection.execute(statement.on_conflict_do_update(index_elements=key, set_=latest))

    async def put_history(self, history: HistoryRow) -> None:
        statement = insert(self._connection, node_history).values(_values(history))
        latest = {"nodes": statement.excluded.nodes}
        key = ["microgrid_id", "at"]
        await self._connection.execute(statement.on_conflict_do_update(index_elements=key, set_=latest))

    async def prune_history(self, before: datetime) -> int:
        return await prune(self._connection, node_history, node_history.c.at, before)

    async def commit(self) -> None:
        await self._connection.commit()


class SqlReadModelTransactions:
    """Begins transactions of a projection."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[SqlReadModelChanges]:
        with answering():
            async with self._engine.connect() as connection:
                await connection.begin()
                yield SqlReadModelChanges(connection)


class SqlReadModel:
    """What queries read. Every call is a transaction of its own."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._reading = engine.execution_options(**READ_ONLY)

    async def statuses(self) -> Sequence[StatusRow]:
        rows = await self._rows(select(microgrid_status))
        return sorted((StatusRow(**row) for row in rows), key=lambda status: natural_key(status.microgrid_id))

    async def status(self, microgrid_id: str) -> StatusRow | None:
        rows = await self._rows(select(microgrid_status).where(microgrid_status.c.microgrid_id == microgrid_id))
        return next((StatusRow(**row) for row in rows), None)

    async def cycles(self, microgrid_id: str, before: int | None, limit: int) -> Sequence[CycleRow]:
        statement = select(cycles).where(cycles.c.microgrid_id == microgrid_id)
        if before is not None:
            statement = statement.where(cycles.c.cycle_seq < before)
        rows = await self._rows(statement.order_by(cycles.c.cycle_seq.desc()).limit(limit))
        return [CycleRow(**row) for row in rows]

    async def cycle_heads(self, microgrid_id: str, before: int | None, limit: int) -> Sequence[CycleRow]:
        row = cycles.c
        head = self._without(row.data, "nodes", "setpoints").label("data")
        statement = select(row.microgrid_id, row.cycle_seq, row.event_seq, row.decided_at, head)
        statement = statement.where(row.microgrid_id == microgrid_id)
        if before is not None:
            statement = statement.where(row.cycle_seq < before)
        rows = await self._rows(statement.order_by(row.cycle_seq.desc()).limit(limit))
        return [CycleRow(**row) for row in rows]

    async def cycle(self, microgrid_id: str, cycle_seq: int) -> CycleRow | None:
        rows = await self._rows(
            select(cycles).where(cycles.c.microgrid_id == microgrid_id, cycles.c.cycle_seq == cycle_seq)
        )
        return next((CycleRow(**row) for row in rows), None)

    async def breaches(
        self, microgrid_id: str, state: BreachState, before: int | None, limit: int
    ) -> Sequence[BreachRow]:
        statement = select(breaches).where(breaches.c.microgrid_id == microgrid_id)
        match state:
            case BreachState.OPEN:
                statement = statement.where(breaches.c.cleared_at.is_(None))
            case BreachState.CLOSED:
                statement = statement.where(breaches.c.cleared_at.is_not(None))
        if before is not None:
            statement = statement.where(breaches.c.opened_seq < before)
        rows = await self._rows(statement.order_by(breaches.c.opened_seq.desc()).limit(limit))
        return [BreachRow(**row) for row in rows]

    async def open_breaches(self) -> Mapping[str, int]:
        statement = (
            select(breaches.c.microgrid_id, func.count().label("open"))
            .where(breaches.c.cleared_at.is_(None))
            .group_by(breaches.c.microgrid_id)
        )
        return {row["microgrid_id"]: row["open"] for row in await self._rows(statement)}

    async def node_history(
        self, microgrid_id: str, node_id: str, since: datetime, until: datetime, limit: int
    ) -> Sequence[NodeBucket]:
        row, figures = node_history.c, node_history.c.nodes[node_id]
        statement = (
            select(row.at, figures.label("figures"))
            .where(row.microgrid_id == microgrid_id, row.at >= since, row.at < until)
            .where(figures.as_string().is_not(None))
            .order_by(row.at.desc())
            .limit(limit)
        )
        return [NodeBucket(bucket["at"], *bucket["figures"]) for bucket in await self._rows(statement)]

    async def projected(self, projections: Collection[str]) -> dict[str, int]:
        """By microgrid, the last event that all of these projections have applied; absent where one has none."""
        position = projection_positions.c
        names = set(projections)
        rows = await self._rows(
            select(position.microgrid_id, func.min(position.event_seq).label("event_seq"))
            .where(position.projection.in_(names))
            .group_by(position.microgrid_id)
            .having(func.count() == len(names))
        )
        return {row["microgrid_id"]: row["event_seq"] for row in rows}

    async def _rows(self, statement: Select[*tuple[Any, ...]]) -> Sequence[RowMapping]:
        async with reading(self._reading) as connection:
            return (await connection.execute(statement)).mappings().all()

    def _without(self, document: ColumnElement[Any], *keys: str) -> ColumnElement[Any]:
        """A JSON object without these keys, taken out by the database: they are most of it."""
        if self._reading.dialect.name == "sqlite":
            return func.json_remove(document, *(f"$.{key}" for key in keys), type_=Json)
        each = func.json_each(document).table_valued(column("key", String), column("value", Json))
        kept = select(func.json_object_agg(each.c.key, each.c.value, type_=Json)).where(each.c.key.not_in(keys))
        return kept.scalar_subquery()


def _position(projection: str, event: PublishedEvent, event_seq: int) -> dict[str, Any]:
    return {
        "projection": projection,
        "microgrid_id": event.microgrid_id,
        "event_seq": event_seq,
        "stream": event.stream,
    }


def _values(row: StatusRow | CycleRow | BreachRow | HistoryRow) -> dict[str, Any]:
    return {field.name: getattr(row, field.name) for field in fields(row)}
