"""Which schema a database has, and whether it is the newest; without the tools that change it, as many ask."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Final, TypeVar

from sqlalchemy import Connection, TableClause, column, inspect, select, table
from sqlalchemy.exc import ArgumentError, DBAPIError

from adapters.database.engine import UnusableDatabase, create_engine, parsed

T = TypeVar("T")

PREPARED: Final = table("prepared_version", column("version_num"))
"""The revision that the tables have."""

FINISHED: Final = table("alembic_version", column("version_num"))
"""The revision that a release has to know to go on here: behind that of the tables while an upgrade is not finished.

Alembic's own name for it, as the releases up to 0.2.0 look at no other table.
"""

FORMER: Final = "0008"
"""The newest revision that the release before knows. What came since leaves it able to go on."""


class UnreachableDatabase(UnusableDatabase):
    """Nobody answers at the database's address, or nobody yet: later somebody may."""


@dataclass(frozen=True, slots=True)
class Revisions:
    """Which revision the tables of a database have, and which a release has to know; None where there are no tables."""

    prepared: str | None = None
    finished: str | None = None


async def revisions(url: str) -> Revisions:
    """Those of a database. Raises UnusableDatabase.

    An SQLite file that is not there was never migrated, and is not made by asking.
    """
    return Revisions() if _is_missing_file(url) else await run(url, revisions_of)


async def is_newest(url: str) -> bool:
    """Whether the database has at least the newest revision that this code knows.

    Raises UnusableDatabase, also where the upgrade to a newer release is finished.
    """
    found = await revisions(url)
    require_known(found.finished)
    return found.prepared is not None and found.prepared >= newest_schema()


def require_known(finished: str | None) -> None:
    """Raises UnusableDatabase where only a newer release knows it."""
    if finished is not None and finished > newest_schema():
        raise UnusableDatabase(
            f"a newer release brought it to schema {finished} and this one knows {newest_schema()} as the newest, "
            "so going back takes a database of before"
        )


@cache
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


def revisions_of(connection: Connection) -> Revisions:
    """What a database says of itself. One of 0.2.0 says it once."""
    finished = _said(connection, FINISHED)
    return Revisions(_said(connection, PREPARED) or finished, finished)


def _said(connection: Connection, version: TableClause) -> str | None:
    if not inspect(connection).has_table(version.name):
        return None
    return connection.execute(select(version.c.version_num)).scalar()


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
