"""How a microgrid stands, and what of that is shown in a line."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.add_column("microgrid_status", sa.Column("glance", sa.JSON()))
    op.add_column("microgrid_status", sa.Column("standing", sa.JSON()))
