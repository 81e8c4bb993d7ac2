"""Breaches and node history."""

import sqlalchemy as sa
from alembic import op

from adapters.database.column_types import Json, UtcDateTime

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_table(
        "breaches",
        sa.Column("microgrid_id", sa.String(64), nullable=False),
        sa.Column("breach_id", sa.String(64), nullable=False),
        sa.Column("opened_seq", sa.BigInteger(), nullable=False),
        sa.Column("opened_at", UtcDateTime(), nullable=False),
        sa.Column("cleared_at", UtcDateTime()),
        sa.Column("data", Json, nullable=False),
        sa.PrimaryKeyConstraint("microgrid_id", "breach_id", name=op.f("pk_breaches")),
    )
    op.create_index(
        op.f("ix_breaches_microgrid_id_opened_seq"), "breaches", ["microgrid_id", "opened_seq"], unique=True
    )
    op.create_index(
        op.f("ix_breaches_open"),
        "breaches",
        ["microgrid_id"],
        sqlite_where=sa.text("cleared_at IS NULL"),
        postgresql_where=sa.text("cleared_at IS NULL"),
    )
    op.create_table(
        "node_history",
        sa.Column("microgrid_id", sa.String(64), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("nodes", Json, nullable=False),
        sa.PrimaryKeyConstraint("microgrid_id", "at", name=op.f("pk_node_history")),
    )
    op.create_index(op.f("ix_node_history_at"), "node_history", ["at"])
