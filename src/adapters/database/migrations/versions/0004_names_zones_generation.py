"""Names of charge points, time zones, generation behind a circuit's meter."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.add_column("microgrids", sa.Column("time_zone", sa.Text(), server_default="UTC", nullable=False))
    for table in ("grid_connections", "circuits"):
        op.add_column(table, sa.Column("generation", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.add_column("charge_points", sa.Column("name", sa.Text()))
    # As a configuration that names no charge point is read from now on.
    op.execute("UPDATE charge_points SET name = charge_point_id")
