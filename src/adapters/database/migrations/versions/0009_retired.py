"""When a microgrid retired."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.add_column("microgrid_status", sa.Column("retired_at", sa.DateTime(timezone=True)))
    op.create_index(
        "ix_microgrid_status_retired",
        "microgrid_status",
        ["retired_at"],
        sqlite_where=sa.text("retired_at IS NOT NULL"),
        postgresql_where=sa.text("retired_at IS NOT NULL"),
    )
