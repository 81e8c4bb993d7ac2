"""Forgetting old rows, the oldest first, a bounded number at once."""

from datetime import datetime

from sqlalchemy import Column, Table, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

AT_ONCE = 1000
"""Rows of one statement: what gathered while nobody pruned must not outlast the statement time-out."""


async def prune(connection: AsyncConnection, table: Table, instant: Column[datetime], before: datetime) -> int:
    """Delete the oldest of the rows whose instant lies before; returns how many, `AT_ONCE` at most.

    `instant` is indexed. Rows that somebody else deletes just now are left to him: nobody waits, in no order.
    """
    key = list(table.primary_key)
    oldest = (
        select(*key)
        .where(instant < before)
        .order_by(instant)
        .limit(AT_ONCE)
        .with_for_update(skip_locked=True)
        .cte("oldest")
    )
    deleted = table.delete().where(tuple_(*key).in_(select(oldest))).returning(instant)
    return len((await connection.execute(deleted)).all())
