"""Which schema a database has, and whether it is the newest; without the tools that change it, as many ask."""

from collections.abc import Callable
from importlib.resources import files
from pathlib import Path
from typing import Final, TypeVar

from sqlalchemy import Connection, column, inspect, select, table
from sqlalchemy.exc import ArgumentError, DBAPIError

from adapters.database.engine import UnusableDatabase, create_engine, parsed

T = TypeVar("T")

VERSION: Final = table("alembic_version", column("version_num"))


class UnreachableDatabase(UnusableDatabase):
    """Nobody answers at the database's address, or nobody yet: later somebody may."""


async def current_schema(url: str) -> str | None:
    """The revision the database is at, None for one that was never migrated. Raises UnusableDatabase.

    An SQLite file that is not there was never migrated either, and is not made by asking.
    """
    if _is_missing_file(url):
        return None
    return await run(url, revision_of)


async def is_newest(url: str) -> bool:
    """Whether the database is at the newest revision that this code knows.

    Raises UnusableDatabase, also where a newer release has been there.
    """
    current = await current_schema(url)
    require_known(current)
    return current == newest_schema()


def require_known(revision: str | None) -> None:
    """Raises UnusableDatabase where only a newer release knows it."""
    if revision is not None and revision > newest_schema():
        raise UnusableDatabase(
            f"a newer release brought it to schema {revision} and this one knows {newest_schema()} as the newest, "
            "so going back takes a database of before"
        )


def newest_schema() -> str:
    """The newest revision that this code knows. The names of their files begin with them, in order."""
    versions = files("adapters.database").joinpath("migrations", "versions")
    return max(each.name.partition("_")[0] for each in versions.iterdir() if each.name[:4].isdecimal())


async def run(url: str, work: Callable[[Connection], T], *, migrating: bool = False) -> T:
    """What the work returns, done in one transaction. Raises UnusableDatabase."""
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
    except (ArgumentError, ImportError, ValueError) as error:
        raise UnusableDatabase(str(error)) from error


def revision_of(connection: Connection) -> str | None:
    """The revision that a database says of itself."""
    if not inspect(connection).has_table(VERSION.name):
        return None
    return connection.execute(select(VERSION.c.version_num)).scalar()


def _is_missing_file(url: str) -> bool:
    database = parsed(url)
    is_file = database.get_backend_name() == "sqlite" and bool(database.database)
    return is_file and not Path(str(database.database)).exists()


def _is_away(error: DBAPIError) -> bool:
    """By PostgreSQL's classes of codes: lost connections, too many of them or a full disk, a server that stops or
    starts, and an answer that is kept back: a lock or a statement that took too long.
    """
    code = getattr(error.orig, "sqlstate", None) or ""
    return error.connection_invalidated or code.startswith(("08", "53", "57", "55P03"))
