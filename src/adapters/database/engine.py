"""Engines: everything that has to be said to SQLite and to PostgreSQL about connections, time-outs and locks."""

import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

from pydantic_core import from_json, to_json
from sqlalchemy import Connection, Dialect, event, select
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DataError, DBAPIError, IntegrityError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry, PoolProxiedConnection

from adapters.database import one_trip
from adapters.database.column_types import Written
from application.ports.persistence import StorageUnavailable

SQLITE_PRAGMAS = (
    "PRAGMA busy_timeout = 10000",  # first: the others may have to wait for a lock
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = NORMAL",
    "PRAGMA foreign_keys = ON",
)

SQLITE_ARGUMENTS: dict[str, Any] = {
    "connect_args": {
        "isolation_level": None,  # the driver begins nothing by itself: `_begin` below does
        "async_creator_fn": one_trip.connect,
    },
}

# Client side against a dead socket, which pool_pre_ping does not notice; server side against a client that stopped
# inside its transaction and would keep its locks. Each outlasts the one before: who waits for a lock sees a stopped
# holder thrown out, a statement sees its lock time out, and the server answers before the client gives up.
POSTGRESQL_ARGUMENTS: dict[str, Any] = {
    "connect_args": {
        "timeout": 5,
        "command_timeout": 15,
        "server_settings": {
            "application_name": "busbar",
            "idle_in_transaction_session_timeout": "5000",
            "lock_timeout": "8000",
            "statement_timeout": "10000",
        },
    },
}

# A migration may take its time, and waits for another one; for a lock on a table that is in use it does not wait long,
# as everybody else would have to queue behind it.
MIGRATING_ARGUMENTS: dict[str, Any] = {
    "connect_args": {"timeout": 5, "server_settings": {"application_name": "busbar migrate", "lock_timeout": "8000"}},
}

READ_ONLY = {"sqlite_begin": None, "postgresql_readonly": True}
"""Execution options of a statement that only reads: on SQLite it neither takes the write lock nor waits for it.

There it is a transaction by itself: each step of one is a way to the driver's thread and back.
"""


class UnusableDatabase(Exception):
    """The database cannot be opened, is none, or is of a newer release."""


def parsed(url: str | URL) -> URL:
    """The parts of a URL. Raises UnusableDatabase, without a part that may be a password."""
    try:
        return make_url(url)
    except (ArgumentError, ValueError):
        raise UnusableDatabase("it is no URL in SQLAlchemy's form") from None


def create_engine(url: str | URL, *, migrating: bool = False) -> AsyncEngine:
    """An engine for `sqlite+aiosqlite:///file` or `postgresql+asyncpg://...`; one that is `migrating` takes its time.

    Raises UnusableDatabase for another database, and for an SQLite one in memory: connections could not share it.
    """
    match parsed(url):
        case URL(drivername="sqlite+aiosqlite", database=str(file)) if file and ":memory:" not in file:
            arguments = SQLITE_ARGUMENTS
        case URL(drivername="postgresql+asyncpg"):
            arguments = MIGRATING_ARGUMENTS if migrating else POSTGRESQL_ARGUMENTS
        case unusable:
            raise UnusableDatabase(f"{unusable.drivername} with this database name cannot be used")
    engine = create_async_engine(url, json_serializer=_dump_json, json_deserializer=from_json, **arguments)
    if engine.dialect.name == "sqlite":
        event.listen(engine.sync_engine, "do_connect", _open_ahead)
        event.listen(engine.sync_engine, "connect", _configure)
        if migrating:
            event.listen(engine.sync_engine, "connect", _let_tables_be_rebuilt)
        event.listen(engine.sync_engine, "begin", _begin)
    return engine


@asynccontextmanager
async def reading(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    """A connection to read from. Raises StorageUnavailable where the database does not answer."""
    with answering():
        async with engine.connect() as connection:
            yield connection


@contextmanager
def answering() -> Iterator[None]:
    """Raises StorageUnavailable where the database does not answer, or not as it should.

    What it says of the values it was given is left as it is: that concerns whoever they belong to, and nobody else.
    """
    try:
        yield
    except (DBAPIError, PoolTimeout, OSError) as error:
        if isinstance(error, DBAPIError) and _is_about_values(error):
            raise
        raise StorageUnavailable(str(error)) from error


def _is_about_values(error: DBAPIError) -> bool:
    """By kind, by SQLSTATE class (22 data exception, 23 constraint), or as the driver found before it asked."""
    state = getattr(error.orig, "sqlstate", None) or ""
    cause = error.orig and error.orig.__cause__
    return isinstance(error, DataError | IntegrityError) or state[:2] in ("22", "23") or isinstance(cause, ValueError)


async def answers(engine: AsyncEngine) -> bool:
    """Whether the database answers now."""
    try:
        async with reading(engine) as connection:
            await connection.execute(select(1))
    except StorageUnavailable:
        return False
    return True


def _dump_json(value: object) -> str:
    return value.text if isinstance(value, Written) else to_json(value).decode()


def _open_ahead(_dialect: Dialect, _entry: ConnectionPoolEntry, arguments: list[Any], named: dict[str, Any]) -> None:
    """A file that cannot be opened is refused here: the driver would leave a thread behind that outlives the loop."""
    sqlite3.connect(*arguments, **{name: each for name, each in named.items() if name != "async_creator_fn"}).close()


def _configure(connection: PoolProxiedConnection, _entry: ConnectionPoolEntry) -> None:
    cursor = connection.cursor()
    for pragma in SQLITE_PRAGMAS:
        cursor.execute(pragma)
    cursor.close()


def _let_tables_be_rebuilt(connection: PoolProxiedConnection, _entry: ConnectionPoolEntry) -> None:
    """SQLite changes a constraint by building the table anew and dropping the old one, whose rows others name."""
    cursor = connection.cursor()
    cursor.execute("PRAGMA foreign_keys = OFF")
    cursor.close()


def _begin(connection: Connection) -> None:
    """A transaction that read first and then cannot write has to start over; so it takes the write lock first."""
    mode = connection.get_execution_options().get("sqlite_begin", "IMMEDIATE")
    if mode is not None:
        connection.exec_driver_sql(f"BEGIN {mode}")
