"""The schema's history, one for both databases, and the way to its end."""

from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy import Column, Connection, MetaData, String, Table, func, inspect, select, text

from adapters.database.engine import UnusableDatabase
from adapters.database.schema import FINISHED, FORMER, PREPARED, newest_schema, require_known, revisions_of, run

MIGRATION_LOCK = 0x627573626172
"""Of PostgreSQL's advisory locks the one that a migration holds ("busbar"). On SQLite a writer is alone anyway."""


async def upgrade(url: str, *, finish: bool = True) -> bool:
    """Bring the database to the newest schema, in one transaction; nothing happens where it is there already.

    Returns whether the upgrade is finished. Until it is, the release before goes on beside what is new. A database that
    was empty has no release before. Of several at once the first does it, the others wait for it. Raises
    UnusableDatabase.
    """
    try:
        return await run(url, lambda connection: _upgrade(connection, finish=finish), migrating=True)
    except CommandError as error:
        raise UnusableDatabase(str(error)) from error


def config(connection: Connection | None = None) -> Config:
    """Alembic's configuration; a command that touches the database needs the connection.

    `command.revision(config(connection), message, autogenerate=True)` begins a new revision.
    """
    alembic = Config()
    alembic.set_main_option("script_location", "adapters.database:migrations")
    alembic.attributes["connection"] = connection
    return alembic


def _upgrade(connection: Connection, *, finish: bool) -> bool:
    if connection.dialect.name == "postgresql":
        connection.execute(text("SET LOCAL lock_timeout = 0"))
        connection.execute(select(func.pg_advisory_xact_lock(MIGRATION_LOCK)))
        connection.execute(text("SET LOCAL lock_timeout TO DEFAULT"))
    found, newest = revisions_of(connection), newest_schema()
    require_known(found.finished)
    if found.prepared is None or found.prepared <= newest:
        if not inspect(connection).has_table(PREPARED.name) and found.finished is not None:
            command.stamp(config(connection), found.finished)
        command.upgrade(config(connection), "head")
    finished = newest if finish or found.finished is None else max(found.finished, FORMER)
    if finished != found.finished:
        _require_to_know(connection, finished)
    if connection.dialect.name == "sqlite" and (
        dangling := connection.exec_driver_sql("PRAGMA foreign_key_check").all()
    ):
        raise UnusableDatabase(f"rows of {dangling[0][0]} name rows that are not there")
    return finished == newest


def _require_to_know(connection: Connection, revision: str) -> None:
    """A release that does not know this revision is refused from now on."""
    version = Table(FINISHED.name, MetaData(), Column("version_num", String(32), primary_key=True))
    version.create(connection, checkfirst=True)
    connection.execute(version.delete())
    connection.execute(version.insert().values(version_num=revision))
