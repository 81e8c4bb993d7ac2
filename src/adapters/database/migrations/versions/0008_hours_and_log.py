"""History by the minute, an hour of a node in a row, and the log."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.create_table(
        "node_hours",
        sa.Column("microgrid_id", sa.String(64), nullable=False),
        sa.Column("node_id", sa.Text(), nullable=False),
        sa.Column("hour", sa.DateTime(timezone=True), nullable=False),
        sa.Column("minutes", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("microgrid_id", "node_id", "hour", name="pk_node_hours"),
    )
    op.create_index("ix_node_hours_hour", "node_hours", ["hour"])
    op.create_table(
        "log",
        sa.Column("microgrid_id", sa.String(64), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("code", sa.String(64), nullable=False),
        sa.Column("node_id", sa.Text(), nullable=False),
        sa.Column("sentence", sa.Text(), nullable=False),
        sa.Column("before_w", sa.BigInteger()),
        sa.Column("now_w", sa.BigInteger()),
        sa.Column("duration_s", sa.BigInteger()),
        sa.PrimaryKeyConstraint("microgrid_id", "at", "number", name="pk_log"),
    )
    op.create_index("ix_log_at", "log", ["at"])
