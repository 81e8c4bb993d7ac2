"""INSERT ... ON CONFLICT, which both databases speak alike and SQLAlchemy spells once for each."""

from sqlalchemy import Table
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection


def insert(connection: AsyncConnection, table: Table) -> postgresql.Insert | sqlite.Insert:
    """An INSERT of this connection's dialect, for `on_conflict_do_nothing` and `on_conflict_do_update`."""
    match connection.dialect.name:
        case "postgresql":
            return postgresql.insert(table)
        case _:
            return sqlite.insert(table)
