"""The schema's history, one for both databases, and the way to its end."""

from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy import Connection, func, select, text

from adapters.database.engine import UnusableDatabase
from adapters.database.schema import require_known, revision_of, run

MIGRATION_LOCK = 0x627573626172
"""Of PostgreSQL's advisory locks the one that a migration holds ("busbar"). On SQLite a writer is alone anyway."""


async def upgrade(url: str) -> None:
    """Bring the database to the newest schema, in one transaction; nothing happens where it is there already.

    Of several at once the first does it, the others wait for it. Raises UnusableDatabase.
    """
    try:
        await run(url, _upgrade, migrating=True)
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


def _upgrade(connection: Connection) -> None:
    if connection.dialect.name == "postgresql":
        connection.execute(text("SET LOCAL lock_timeout = 0"))
        connection.execute(select(func.pg_advisory_xact_lock(MIGRATION_LOCK)))
        connection.execute(text("SET LOCAL lock_timeout TO DEFAULT"))
    require_known(revision_of(connection))
    command.upgrade(config(connection), "head")
    if connection.dialect.name == "sqlite" and (
        dangling := connection.exec_driver_sql("PRAGMA foreign_key_check").all()
    ):
        raise UnusableDatabase(f"rows of {dangling[0][0]} name rows that are not there")
