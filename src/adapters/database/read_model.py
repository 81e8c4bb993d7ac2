"""The read model in SQL: written by projections, each event once, and read by queries."""

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import fields
from datetime import datetime
from typing import Any, Final

from pydantic import TypeAdapter
from sqlalchemy import (
    ColumnElement,
    RowMapping,
    Select,
    String,
    Update,
    bindparam,
    case,
    column,
    func,
    select,
)
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from adapters.database import breach_rows, mapping, past
from adapters.database.column_types import Json
from adapters.database.engine import READ_ONLY, answering, reading
from adapters.database.many import arrays, rows_of
from adapters.database.past import SqlPastChanges
from adapters.database.retention import prune
from adapters.database.streams import CURRENT
from adapters.database.tables import breaches, cycles, microgrid_status, node_history, projection_positions
from adapters.database.upsert import Excluded, insert, write_over
from application.ports.persistence import ConcurrentChange
from application.ports.read_side import PositionKey, Reached
from application.queries.history import bucket_of
from application.queries.log import LogEntry, LogQuery
from application.queries.rows import (
    BreachRow,
    BreachState,
    CycleHead,
    CycleRow,
    GlanceRow,
    HourRow,
    NodeBucket,
    StatusRow,
)
from application.queries.standing import Standing
from domain.events import CycleCompleted
from domain.site.configuration import SiteConfiguration
from domain.site.identifiers import natural_key

RETIRED_AT_ONCE: Final = 100

_STATUSES: Final = select(*[microgrid_status.c[each.name] for each in fields(StatusRow)])
_STATUS: Final = _STATUSES.where(microgrid_status.c.microgrid_id == bindparam("microgrid_id"))
_GLANCES: Final = select(*[microgrid_status.c[each.name] for each in fields(GlanceRow)])
_HEAD: Final = TypeAdapter(CycleHead)


_NEWS_COLUMNS: Final = [microgrid_status.c[name] for name in mapping.NEWS]


def _news(new: Mapping[str, ColumnElement[Any]]) -> Update:
    """The columns of a microgrid that events change, each left as it is where there is nothing new."""
    row = microgrid_status.c
    values = {name: func.coalesce(new[name], row[name]) for name in ("latest_cycle", "glance", "standing")}
    retired_at = case((new["standing"].is_(None), row.retired_at), else_=new["retired_at"])
    return (
        microgrid_status.update().where(row.microgrid_id == new["microgrid_id"]).values(**values, retired_at=retired_at)
    )


# Made once, as every batch runs them: putting a statement together costs more than sending it.
_NEWS_TOGETHER: Final = _news(dict(rows_of(*_NEWS_COLUMNS).c.items()))
_NEWS: Final = _news({each.name: bindparam(f"new_{each.name}", type_=each.type) for each in _NEWS_COLUMNS})


class SqlReadModelChanges:
    """One transaction of a projector."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection
        self.past = SqlPastChanges(connection)
        self._locked: set[PositionKey] = set()

    async def positions(self, microgrid_ids: Collection[str]) -> dict[PositionKey, Reached]:
        """Locks them in one order, so that two projectors do not wait for each other."""
        position = projection_positions.c
        statement = (
            select(projection_positions)
            .where(position.microgrid_id.in_(sorted(microgrid_ids)))
            .order_by(position.projection, position.microgrid_id)
            .with_for_update()
        )
        rows = (await self._connection.execute(statement)).all()
        known = {(row.projection, row.microgrid_id): Reached(row.stream, row.event_seq) for row in rows}
        self._locked.update(known)
        return known

    async def current_stream(self) -> str:
        stream: str = (await self._connection.execute(CURRENT)).scalar_one()
        return stream

    async def put_positions(self, reached: Mapping[PositionKey, Reached]) -> None:
        rows = [
            {"projection": key[0], "microgrid_id": key[1], "event_seq": each.event_seq, "stream": each.stream}
            for key, each in sorted(reached.items())
        ]
        first = [row for row in rows if (row["projection"], row["microgrid_id"]) not in self._locked]
        if first:
            begun = insert(self._connection, projection_positions).on_conflict_do_nothing()
            begun_ids = await self._connection.execute(begun.returning(projection_positions.c.microgrid_id), first)
            if len(begun_ids.all()) < len(first):
                raise ConcurrentChange("another projector has begun with one of these microgrids")
        known = [row for row in rows if (row["projection"], row["microgrid_id"]) in self._locked]
        await write_over(self._connection, projection_positions, known)

    async def put_statuses(self, statuses: Sequence[StatusRow]) -> None:
        rows = list(map(mapping.status, statuses))
        await write_over(self._connection, microgrid_status, rows, _keeping_how_it_stands)

    async def standings(self, microgrid_ids: Collection[str]) -> Mapping[str, Standing]:
        row = microgrid_status.c
        statement = select(row.microgrid_id, row.standing).where(
            row.microgrid_id.in_(sorted(microgrid_ids)), row.standing.is_not(None)
        )
        return {each.microgrid_id: each.standing for each in await self._connection.execute(statement)}

    async def put_news(self, latest: Sequence[CycleRow], standings: Mapping[str, Standing]) -> None:
        cycles_of = {each.cycle.microgrid_id: each for each in latest}
        rows = [
            mapping.news(each, cycles_of.get(each), standings.get(each)) for each in sorted({*cycles_of, *standings})
        ]
        if rows and self._connection.dialect.name == "postgresql":
            await self._connection.execute(_NEWS_TOGETHER, arrays(rows))
        elif rows:
            await self._connection.execute(_NEWS, [{f"new_{name}": row[name] for name in row} for row in rows])

    async def put_cycles(self, decided: Sequence[CycleRow]) -> None:
        await write_over(self._connection, cycles, list(map(mapping.cycle, decided)))

    async def prune_cycles(self, decided_before: datetime) -> int:
        return await prune(self._connection, cycles, cycles.c.decided_at, decided_before)

    async def put_breaches(self, rows: Sequence[BreachRow]) -> None:
        await write_over(self._connection, breaches, list(map(mapping.breach, rows)), _keeping_when_it_opened)

    async def prune_retired(self, before: datetime) -> int:
        row = microgrid_status.c
        old = select(row.microgrid_id).where(row.retired_at < before).order_by(row.retired_at).limit(RETIRED_AT_ONCE)
        ids = (await self._connection.execute(old.with_for_update(skip_locked=True))).scalars().all()
        if ids:
            for table in (breaches, microgrid_status):
                await self._connection.execute(table.delete().where(table.c.microgrid_id.in_(ids)))
        return len(ids)

    async def configurations(self, microgrid_ids: Collection[str]) -> Mapping[str, SiteConfiguration]:
        row = microgrid_status.c
        statement = select(row.microgrid_id, row.configuration).where(row.microgrid_id.in_(sorted(microgrid_ids)))
        return {each.microgrid_id: each.configuration for each in await self._connection.execute(statement)}

    async def commit(self) -> None:
        await self._connection.commit()


def _keeping_how_it_stands(excluded: Excluded) -> dict[str, Any]:
    row = microgrid_status.c
    latest = func.coalesce(excluded.latest_cycle, row.latest_cycle)
    return {"latest_cycle": latest, "glance": row.glance, "standing": row.standing, "retired_at": row.retired_at}


def _keeping_when_it_opened(excluded: Excluded) -> dict[str, Any]:
    del excluded
    return {"opened_seq": breaches.c.opened_seq, "opened_at": breaches.c.opened_at}


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
        rows = await self._rows(_STATUSES)
        return sorted((StatusRow(**row) for row in rows), key=lambda status: natural_key(status.microgrid_id))

    async def status(self, microgrid_id: str) -> StatusRow | None:
        rows = await self._rows(_STATUS, {"microgrid_id": microgrid_id})
        return next((StatusRow(**row) for row in rows), None)

    async def glances(self) -> Sequence[GlanceRow]:
        rows = await self._rows(_GLANCES)
        return sorted((GlanceRow(**row) for row in rows), key=lambda each: natural_key(each.microgrid_id))

    async def cycles(self, microgrid_id: str, before: int | None, limit: int) -> Sequence[CycleCompleted]:
        statement = select(cycles.c.data).where(cycles.c.microgrid_id == microgrid_id)
        if before is not None:
            statement = statement.where(cycles.c.cycle_seq < before)
        rows = await self._rows(statement.order_by(cycles.c.cycle_seq.desc()).limit(limit))
        return [row["data"] for row in rows]

    async def cycle_heads(self, microgrid_id: str, before: int | None, limit: int) -> Sequence[CycleHead]:
        row = cycles.c
        head = self._without(row.data, "nodes", "setpoints").label("head")
        statement = select(head).where(row.microgrid_id == microgrid_id)
        if before is not None:
            statement = statement.where(row.cycle_seq < before)
        rows = await self._rows(statement.order_by(row.cycle_seq.desc()).limit(limit))
        return [_HEAD.validate_python(row["head"]) for row in rows]

    async def cycle(self, microgrid_id: str, cycle_seq: int) -> CycleCompleted | None:
        rows = await self._rows(
            select(cycles.c.data).where(cycles.c.microgrid_id == microgrid_id, cycles.c.cycle_seq == cycle_seq)
        )
        return next((row["data"] for row in rows), None)

    async def breaches(
        self, microgrid_id: str, state: BreachState, before: int | None, limit: int
    ) -> Sequence[BreachRow]:
        which = {"microgrid_id": microgrid_id, "most": limit} | ({} if before is None else {"before": before})
        rows = await self._rows(breach_rows.selected(state, paged=before is not None), which)
        return [mapping.breach_row(row) for row in rows]

    async def latest_breaches(self, microgrid_id: str, limit: int) -> Sequence[BreachRow]:
        rows = await self._rows(breach_rows.LATEST, {"microgrid_id": microgrid_id, "most": limit + 1})
        found = [mapping.breach_row(row) for row in rows]
        return found if found and found[0].cleared_at is not None else found[:limit]

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
        return [bucket_of(bucket["at"], bucket["figures"]) for bucket in await self._rows(statement)]

    async def node_hours(self, microgrid_id: str, node_id: str, before: datetime, limit: int) -> Sequence[HourRow]:
        return list(map(past.hour_row, await self._rows(past.hours_before(microgrid_id, node_id, before, limit))))

    async def log(self, microgrid_id: str, wanted: LogQuery, limit: int) -> Sequence[LogEntry]:
        return list(map(past.log_entry, await self._rows(past.entries_of(microgrid_id, wanted, limit))))

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

    async def _rows(
        self, statement: Select[*tuple[Any, ...]], which: Mapping[str, Any] | None = None
    ) -> Sequence[RowMapping]:
        async with reading(self._reading) as connection:
            return (await connection.execute(statement, which)).mappings().all()

    def _without(self, document: ColumnElement[Any], *keys: str) -> ColumnElement[Any]:
        """A JSON object without these keys, taken out by the database: they are most of it."""
        if self._reading.dialect.name == "sqlite":
            return func.json_remove(document, *(f"$.{key}" for key in keys), type_=Json)
        each = func.json_each(document).table_valued(column("key", String), column("value", Json))
        kept = select(func.json_object_agg(each.c.key, each.c.value, type_=Json)).where(each.c.key.not_in(keys))
        return kept.scalar_subquery()
