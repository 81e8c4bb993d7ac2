"""Connections to SQLite on which a statement with its rows is one way to the driver's thread and back, instead of four.

Each way wakes a thread twice, which waits for the interpreter or a processor each time that either is busy.
"""

import sqlite3
from collections.abc import Callable, Sequence
from typing import Any, Self

import aiosqlite


def connect(database: str, **named: Any) -> aiosqlite.Connection:
    """As the driver's own `connect`."""
    connection = _Connection(lambda: sqlite3.connect(database, **named), iter_chunk_size=64)
    connection._thread.daemon = True  # as SQLAlchemy does with those that it makes
    return connection


class _Connection(aiosqlite.Connection):
    def cursor(self) -> Any:
        return _Cursor(self)

    async def rollback(self) -> None:
        """Every connection that goes back to the pool is asked for it; one that has only read has nothing to do.

        One that waits for a statement does not go back: SQLAlchemy closes it where whoever waited was cancelled.
        """
        if self.in_transaction:
            await super().rollback()

    async def in_its_thread(self, what: Callable[[sqlite3.Connection], "_Executed"]) -> "_Executed":
        executed: _Executed = await self._execute(what, self._conn)  # type: ignore[no-untyped-call]
        return executed


_Executed = tuple[Any, int, int | None, Sequence[Any]]
"""Description, row count, last row id, rows."""


class _Cursor:
    """What SQLAlchemy asks of a cursor. All rows are fetched with the statement."""

    arraysize = 1

    def __init__(self, connection: _Connection) -> None:
        self._connection = connection
        self._executed: _Executed = (None, -1, None, ())

    async def __aenter__(self) -> Self:
        return self

    @property
    def description(self) -> Any:
        return self._executed[0]

    @property
    def rowcount(self) -> int:
        return self._executed[1]

    @property
    def lastrowid(self) -> int | None:
        return self._executed[2]

    async def execute(self, sql: str, parameters: Any = ()) -> None:
        self._executed = await self._connection.in_its_thread(lambda opened: _executed(opened.execute(sql, parameters)))

    async def executemany(self, sql: str, parameters: Any) -> None:
        self._executed = await self._connection.in_its_thread(
            lambda opened: _executed(opened.executemany(sql, parameters))
        )

    async def fetchall(self) -> Sequence[Any]:
        return self._executed[3]

    async def close(self) -> None:
        """It was, with its last row."""


def _executed(cursor: sqlite3.Cursor) -> _Executed:
    rows = cursor.fetchall() if cursor.description else ()
    executed = (cursor.description, cursor.rowcount, cursor.lastrowid, rows)
    cursor.close()
    return executed
