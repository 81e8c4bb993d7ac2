"""Run by Alembic: applies revisions on the connection that it is handed, or compares its schema with the tables."""

from typing import Literal

from alembic import context
from alembic.autogenerate.api import AutogenContext
from sqlalchemy import JSON

from adapters.database.column_types import UtcDateTime
from adapters.database.packing import Packed
from adapters.database.schema import FINISHED, PREPARED
from adapters.database.tables import metadata


def render_item(_kind: str, item: object, _autogenerate: AutogenContext) -> str | Literal[False]:
    """Our column types as revisions spell them."""
    match item:
        case UtcDateTime():
            return "UtcDateTime()"
        case JSON():
            return "Json"
        case Packed():
            return "sa.LargeBinary()"
        case _:
            return False


def is_compared(name: str | None, kind: str, _parents: object) -> bool:
    """What Alembic does not know for a table of versions is none of ours either."""
    return (kind, name) != ("table", FINISHED.name)


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
    render_item=render_item,
    include_name=is_compared,
    version_table=PREPARED.name,
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
