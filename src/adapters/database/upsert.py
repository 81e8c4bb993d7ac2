"""INSERT ... ON CONFLICT, which both databases speak alike and SQLAlchemy spells once for each."""

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

from sqlalchemy import ColumnElement, Table
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.base import ReadOnlyColumnCollection

Excluded: TypeAlias = ReadOnlyColumnCollection[str, ColumnElement[Any]]
"""The row that was to be inserted, where there is one already."""


def insert(connection: AsyncConnection, table: Table) -> postgresql.Insert | sqlite.Insert:
    """An INSERT of this connection's dialect, for `on_conflict_do_nothing` and `on_conflict_do_update`."""
    match connection.dialect.name:
        case "postgresql":
            return postgresql.insert(table)
        case _:
            return sqlite.insert(table)


async def write_over(
    connection: AsyncConnection,
    table: Table,
    rows: Sequence[dict[str, Any]],
    keeping: Callable[[Excluded], dict[str, Any]] = lambda excluded: {},
) -> None:
    """Insert rows or write over those that are there, but for what `keeping` says."""
    if not rows:
        return
    statement = insert(connection, table)
    key = [each.name for each in table.primary_key]
    values = {each.name: statement.excluded[each.name] for each in table.c if not each.primary_key}
    values |= keeping(statement.excluded)
    await connection.execute(statement.on_conflict_do_update(index_elements=key, set_=values), rows)
