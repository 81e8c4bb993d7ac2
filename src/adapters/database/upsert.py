"""INSERT ... ON CONFLICT, which both databases speak alike and SQLAlchemy spells once for each."""

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, TypeAlias, TypeVar

from sqlalchemy import ColumnElement, Table, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.base import ReadOnlyColumnCollection

from adapters.database.many import arrays, rows_of

Excluded: TypeAlias = ReadOnlyColumnCollection[str, ColumnElement[Any]]
"""The row that was to be inserted, where there is one already."""

Keeping: TypeAlias = Callable[[Excluded], dict[str, Any]]
"""What stands in some columns where a row is written over one that is there."""


_Insert = TypeVar("_Insert", postgresql.Insert, sqlite.Insert)


def insert(connection: AsyncConnection, table: Table) -> postgresql.Insert | sqlite.Insert:
    """An INSERT of this connection's dialect, for `on_conflict_do_nothing` and `on_conflict_do_update`."""
    match connection.dialect.name:
        case "postgresql":
            return postgresql.insert(table)
        case _:
            return sqlite.insert(table)


def keeping_nothing(excluded: Excluded) -> dict[str, Any]:
    """Every column as it was to be inserted."""
    del excluded
    return {}


async def write_over(
    connection: AsyncConnection, table: Table, rows: Sequence[dict[str, Any]], keeping: Keeping = keeping_nothing
) -> None:
    """Insert rows or write over those that are there, but for what `keeping` says. No two of the rows have one key."""
    if not rows:
        return
    if connection.dialect.name == "postgresql":
        await connection.execute(_together(table, tuple(rows[0]), keeping), arrays(rows))
    else:
        await connection.execute(_written_over(sqlite.insert(table), table, keeping), rows)


@cache
def _together(table: Table, names: tuple[str, ...], keeping: Keeping) -> postgresql.Insert:
    """Made once: putting a statement together costs more than sending it."""
    given = rows_of(*[table.c[name] for name in names])
    return _written_over(postgresql.insert(table).from_select(names, select(*given.c)), table, keeping)


def _written_over(statement: _Insert, table: Table, keeping: Keeping) -> _Insert:
    key = [each.name for each in table.primary_key]
    values = {each.name: statement.excluded[each.name] for each in table.c if not each.primary_key}
    return statement.on_conflict_do_update(index_elements=key, set_=values | keeping(statement.excluded))
