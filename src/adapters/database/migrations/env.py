"""Run by Alembic: applies revisions on the connection that it is handed, or compares its schema with the tables."""

from typing import Literal

from alembic import context
from alembic.autogenerate.api import AutogenContext
from sqlalchemy import JSON

from adapters.database.column_types import UtcDateTime
from adapters.database.packing import Packed
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


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
    render_item=render_item,
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
