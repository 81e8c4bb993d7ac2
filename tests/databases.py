"""Databases for tests, migrated as in production."""

import asyncio
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from adapters.database.engine import create_engine
from adapters.database.migrations import upgrade


def sqlite_url(file: Path) -> str:
    """The address of an SQLite file."""
    return f"sqlite+aiosqlite:///{file}"


def new_sqlite(folder: Path) -> str:
    """The address of a new SQLite database at the newest schema. Not to be called inside an event loop."""
    file = folder / "busbar.sqlite3"
    file.write_bytes(_migrated())
    return sqlite_url(file)


async def execute(url: str, *statements: str) -> None:
    """Run these statements in one transaction, on either database."""
    engine = create_engine(url)
    async with engine.begin() as connection:
        for statement in statements:
            await connection.exec_driver_sql(statement)
    await engine.dispose()


@cache
def _migrated() -> bytes:
    with TemporaryDirectory() as folder:
        file = Path(folder) / "migrated.sqlite3"
        asyncio.run(upgrade(sqlite_url(file)))
        return file.read_bytes()
