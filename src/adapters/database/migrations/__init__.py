"""The schema's history, one for both databases, and the way to its end."""

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection, func, select, text
from sqlalchemy.exc import ArgumentError, DBAPIError

from adapters.database.engine import UnusableDatabase, create_engine, parsed

T = TypeVar("T")

MIGRATION_LOCK = 0x627573626172
"""Of PostgreSQL's advisory locks the one that a migration holds ("busbar"). On SQLite a writer is alone anyway."""


class UnreachableDatabase(UnusableDatabase):
    """Nobody answers at the database's address, or nobody yet: later somebody may."""


async def upgrade(url: str) -> None:
    """Bring the database to the newest schema, in one transaction; nothing happens where it is there already.

    Of several at once the first does it, the others wait for it. Raises UnusableDatabase.
    """
    await _run(url, _upgrade, migrating=True)


async def current_schema(url: str) -> str | None:
    """The revision the database is at, None for one that was never migrated. Raises UnusableDatabase.

    An SQLite file that is not there was never migrated either, and is not made by asking.
    """
    if _is_missing_file(url):
        return None
    return await _run(url, lambda connection: MigrationContext.configure(connection).get_current_revision())


async def is_newest(url: str) -> bool:
    """Whether the database is at the newest revision that this code knows. Raises UnusableDatabase."""
    return await current_schema(url) == ScriptDirectory.from_config(config()).get_current_head()


def config(connection: Connection | None = None) -> Config:
    """Alembic's configuration; a command that touches the database needs the connection.

    `command.revision(config(connection), message, autogenerate=True)` begins a new revision.
    """
    alembic = Config()
    alembic.set_main_option("script_location", "adapters.database:migrations")
    alembic.attributes["connection"] = connection
    return alembic


def _upgrade(connection: Connection) -> None:
    if connection.dialect.name == "postgresql":
        connection.execute(text("SET LOCAL lock_timeout = 0"))
        connection.execute(select(func.pg_advisory_xact_lock(MIGRATION_LOCK)))
        connection.execute(text("SET LOCAL lock_timeout TO DEFAULT"))
    command.upgrade(config(connection), "head")


def _is_missing_file(url: str) -> bool:
    database = parsed(url)
    is_file = database.get_backend_name() == "sqlite" and bool(database.database)
    return is_file and not Path(str(database.database)).exists()


async def _run(url: str, work: Callable[[Connection], T], *, migrating: bool = False) -> T:
    try:
        engine = create_engine(url, migrating=migrating)
        try:
            async with engine.begin() as connection:
                return await connection.run_sync(work)
        finally:
            await engine.dispose()
    except OSError as error:
        raise UnreachableDatabase(str(error)) from error
    except DBAPIError as error:
        kind = UnreachableDatabase if _is_away(error) else UnusableDatabase
        raise kind(str(error.orig)) from error
    except (ArgumentError, CommandError, ImportError, ValueError) as error:
        raise UnusableDatabase(str(error)) from error


def _is_away(error: DBAPIError) -> bool:
    """By PostgreSQL's classes of codes: lost connections, too many of them or a full disk, a server that stops or
    starts, and an answer that is kept back: a lock or a statement that took too long.
    """
    code = getattr(error.orig, "sqlstate", None) or ""
    return error.connection_invalidated or code.startswith(("08", "53", "57", "55P03"))
