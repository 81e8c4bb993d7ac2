"""What is past, in SQL: history in buckets of ten seconds and by the minute, and the log."""

from collections.abc import Mapping, Sequence
from dataclasses import fields
from datetime import datetime, timedelta
from typing import Any, Final

from pydantic import TypeAdapter
from pydantic_core import to_json
from sqlalchemy import RowMapping, Select, func, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from adapters.database.retention import prune
from adapters.database.tables import log, node_history, node_hours, notices
from adapters.database.upsert import insert, write_over
from application.ports.notifying import Notice
from application.queries.history import bucket_of, figures_of
from application.queries.log import HappeningCode, LogEntry, LogQuery
from application.queries.rows import HistoryRow, HourRow, NodeBucket

_MINUTES: Final[TypeAdapter[list[list[int | None]]]] = TypeAdapter(list[list[int | None]])


class SqlPastChanges:
    """The part of a projector's transaction that writes what is past."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def history(
        self, microgrid_id: str, since: datetime | None, until: datetime, limit: int
    ) -> Sequence[HistoryRow]:
        row = node_history.c
        statement = select(row.microgrid_id, row.at, row.nodes)
        statement = statement.where(row.microgrid_id == microgrid_id, row.at < until)
        if since is not None:
            statement = statement.where(row.at >= since)
        found = await self._connection.execute(statement.order_by(row.at).limit(limit))
        return [HistoryRow(*each) for each in found]

    async def buckets(self, begun: Mapping[str, datetime]) -> Sequence[HistoryRow]:
        if not begun:
            return []
        row = node_history.c
        statement = select(row.microgrid_id, row.at, row.nodes)
        found = await self._connection.execute(statement.where(tuple_(row.microgrid_id, row.at).in_(begun.items())))
        return [HistoryRow(*each) for each in found]

    async def put_history(self, history: Sequence[HistoryRow]) -> None:
        rows = [{"microgrid_id": row.microgrid_id, "at": row.at, "nodes": row.nodes} for row in history]
        await write_over(self._connection, node_history, rows)

    async def prune_history(self, before: datetime) -> int:
        return await prune(self._connection, node_history, node_history.c.at, before)

    async def newest_hour(self, microgrid_id: str) -> datetime | None:
        statement = select(func.max(node_hours.c.hour)).where(node_hours.c.microgrid_id == microgrid_id)
        newest: datetime | None = (await self._connection.execute(statement)).scalar_one()
        return newest

    async def put_hours(self, hours: Sequence[HourRow]) -> None:
        rows = [
            {
                "microgrid_id": each.microgrid_id,
                "node_id": each.node_id,
                "hour": each.hour,
                "minutes": hour_columns(each),
            }
            for each in hours
        ]
        await write_over(self._connection, node_hours, rows)

    async def prune_hours(self, before: datetime) -> int:
        return await prune(self._connection, node_hours, node_hours.c.hour, before)

    async def put_log(self, entries: Sequence[LogEntry]) -> None:
        rows = [{each.name: getattr(entry, each.name) for each in fields(entry)} for entry in entries]
        await write_over(self._connection, log, rows)

    async def put_notices(self, waiting: Sequence[Notice]) -> None:
        if waiting:
            rows = [
                {
                    "microgrid_id": each.entry.microgrid_id,
                    "number": each.entry.number,
                    "waiting_since": each.waiting_since,
                    "stream": each.stream,
                    "entry": each.entry,
                }
                for each in waiting
            ]
            await self._connection.execute(insert(self._connection, notices).on_conflict_do_nothing(), rows)

    async def prune_log(self, before: datetime) -> int:
        return await prune(self._connection, log, log.c.at, before)


def hours_before(microgrid_id: str, node_id: str, before: datetime, limit: int) -> Select[*tuple[Any, ...]]:
    """The newest hours of a node that began before an instant."""
    row = node_hours.c
    statement = select(row.microgrid_id, row.node_id, row.hour, row.minutes)
    statement = statement.where(row.microgrid_id == microgrid_id, row.node_id == node_id, row.hour < before)
    return statement.order_by(row.hour.desc()).limit(limit)


def entries_of(microgrid_id: str, wanted: LogQuery, limit: int) -> Select[*tuple[Any, ...]]:
    """The newest entries that are wanted."""
    row = log.c
    statement = select(log).where(row.microgrid_id == microgrid_id, row.at >= wanted.since, row.at < wanted.until)
    if wanted.code is not None:
        statement = statement.where(row.code == wanted.code)
    if wanted.node_id is not None:
        statement = statement.where(row.node_id == wanted.node_id)
    if wanted.after is not None:
        after = tuple_(*wanted.after, types=[row.at.type, row.number.type])
        statement = statement.where(tuple_(row.at, row.number) < after)
    return statement.order_by(row.at.desc(), row.number.desc()).limit(limit)


def hour_row(row: RowMapping) -> HourRow:
    """Raises pydantic's ValidationError, and NotPacked."""
    hour: datetime = row["hour"]
    minutes, *columns = _MINUTES.validate_json(row["minutes"])
    buckets = [_bucket(hour, minute, list(figures)) for minute, *figures in zip(minutes, *columns, strict=True)]
    return HourRow(row["microgrid_id"], row["node_id"], hour, tuple(buckets))


def log_entry(row: RowMapping) -> LogEntry:
    """Raises ValueError for a code of another release."""
    return LogEntry(**{**row, "code": HappeningCode(row["code"])})


def hour_columns(hour: HourRow) -> bytes:
    """What is stored of an hour: column by column, which packs best, first the minutes, then figure by figure."""
    minutes = [int((each.at - hour.hour).total_seconds()) // 60 for each in hour.minutes]
    return to_json([minutes, *zip(*map(figures_of, hour.minutes), strict=True)])


def _bucket(hour: datetime, minute: int | None, figures: list[int | None]) -> NodeBucket:
    return bucket_of(hour + timedelta(minutes=minute or 0), figures)
