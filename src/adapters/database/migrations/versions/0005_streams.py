"""The stream of events that a database leads, and in which stream projections are."""

from uuid import uuid4

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    # What was projected before is of the stream that all sources named.
    streams = op.create_table(
        "streams",
        sa.Column("stream_id", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("stream_id", name=op.f("pk_streams")),
    )
    op.bulk_insert(streams, [{"stream_id": str(uuid4())}])
    op.add_column("projection_positions", sa.Column("stream", sa.Text(), server_default="busbar", nullable=False))
