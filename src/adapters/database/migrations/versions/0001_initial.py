"""Site rows, microgrid state, outbox, read model."""

import sqlalchemy as sa
from alembic import op

from adapters.database.column_types import Json, UtcDateTime

revision = "0001"
down_revision = None


def upgrade() -> None:
    _create_site_tables()
    _create_state_and_outbox()
    _create_read_model()


def _create_site_tables() -> None:
    op.create_table(
        "microgrids",
        sa.Column("microgrid_id", sa.String(64), nullable=False),
        sa.Column("workspace_id", sa.Text()),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("max_import_w", sa.BigInteger()),
        sa.Column("strategy_unit", sa.String(32), nullable=False),
        sa.Column("strategy_order", sa.String(32), nullable=False),
        sa.Column("settings", Json, nullable=False),
        sa.CheckConstraint(
            "strategy_unit IN ('connector', 'charger')",
            name=op.f("ck_microgrids_strategy_unit"),
        ),
        sa.CheckConstraint(
            "strategy_order IN ('equal_share', 'proportional', 'priority', 'first_come', "
            "'earliest_departure', 'least_laxity')",
            name=op.f("ck_microgrids_strategy_order"),
        ),
        sa.PrimaryKeyConstraint("microgrid_id", name=op.f("pk_microgrids")),
    )
    op.create_table(
        "grid_connections",
        sa.Column("microgrid_id", sa.String(64), nullable=False),
        sa.Column("circuit_id", sa.String(64), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("default_capacity_w", sa.BigInteger(), nullable=False),
        sa.Column("safe_operating_capacity_w", sa.BigInteger()),
        sa.Column("metered", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["microgrid_id"], ["microgrids.microgrid_id"], name=op.f("fk_grid_connections_microgrids")
        ),
        sa.PrimaryKeyConstraint("microgrid_id", "circuit_id", name=op.f("pk_grid_connections")),
    )
    op.create_table(
        "circuits",
        sa.Column("microgrid_id", sa.String(64), nullable=False),
        sa.Column("circuit_id", sa.String(64), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("parent_id", sa.String(64), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("default_capacity_w", sa.BigInteger()),
        sa.Column("safe_operating_capacity_w", sa.BigInteger()),
        sa.Column("metered", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["microgrid_id"], ["microgrids.microgrid_id"], name=op.f("fk_circuits_microgrids")),
        sa.PrimaryKeyConstraint("microgrid_id", "circuit_id", name=op.f("pk_circuits")),
    )
    op.create_table(
        "charge_points",
        sa.Column("microgrid_id", sa.String(64), nullable=False),
        sa.Column("charge_point_id", sa.String(64), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("circuit_id", sa.String(64), nullable=False),
        sa.Column("max_power_w", sa.BigInteger(), nullable=False),
        sa.Column("fallback_power_w", sa.BigInteger()),
        sa.ForeignKeyConstraint(
            ["microgrid_id"], ["microgrids.microgrid_id"], name=op.f("fk_charge_points_microgrids")
        ),
        sa.PrimaryKeyConstraint("microgrid_id", "charge_point_id", name=op.f("pk_charge_points")),
    )
    op.create_table(
        "connectors",
        sa.Column("microgrid_id", sa.String(64), nullable=False),
        sa.Column("charge_point_id", sa.String(64), nullable=False),
        sa.Column("connector_id", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("max_power_w", sa.BigInteger(), nullable=False),
        sa.Column("min_power_w", sa.BigInteger(), nullable=False),
        sa.Column("idle_power_w", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["microgrid_id", "charge_point_id"],
            ["charge_points.microgrid_id", "charge_points.charge_point_id"],
            name=op.f("fk_connectors_charge_points"),
        ),
        sa.PrimaryKeyConstraint("microgrid_id", "charge_point_id", "connector_id", name=op.f("pk_connectors")),
    )


def _create_state_and_outbox() -> None:
    op.create_table(
        "microgrid_state",
        sa.Column("microgrid_id", sa.String(64), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("epoch", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("cycle_seq", sa.BigInteger(), nullable=False),
        sa.Column("event_seq", sa.BigInteger(), nullable=False),
        sa.Column("schema_number", sa.Integer(), nullable=False),
        sa.Column("data", Json, nullable=False),
        sa.PrimaryKeyConstraint("microgrid_id", name=op.f("pk_microgrid_state")),
    )
    op.create_table(
        "outbox",
        sa.Column("microgrid_id", sa.String(64), nullable=False),
        sa.Column("event_seq", sa.BigInteger(), nullable=False),
        sa.Column("ce_type", sa.Text(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("published_at", UtcDateTime()),
        sa.Column("headers", Json, nullable=False),
        sa.Column("value", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("microgrid_id", "event_seq", name=op.f("pk_outbox")),
    )
    op.create_index(
        op.f("ix_outbox_unpublished"),
        "outbox",
        ["microgrid_id", "event_seq"],
        sqlite_where=sa.text("published_at IS NULL"),
        postgresql_where=sa.text("published_at IS NULL"),
    )
    op.create_index(op.f("ix_outbox_published_at"), "outbox", ["published_at"])


def _create_read_model() -> None:
    op.create_table(
        "projection_positions",
        sa.Column("projection", sa.String(64), nullable=False),
        sa.Column("microgrid_id", sa.String(64), nullable=False),
        sa.Column("event_seq", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("projection", "microgrid_id", name=op.f("pk_projection_positions")),
    )
    op.create_table(
        "microgrid_status",
        sa.Column("microgrid_id", sa.String(64), nullable=False),
        sa.Column("workspace_id", sa.Text()),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("configuration_version", sa.BigInteger(), nullable=False),
        sa.Column("configuration", Json, nullable=False),
        sa.Column("nodes", Json, nullable=False),
        sa.Column("warnings", Json, nullable=False),
        sa.Column("latest_cycle", Json),
        sa.PrimaryKeyConstraint("microgrid_id", name=op.f("pk_microgrid_status")),
    )
    op.create_table(
        "cycles",
        sa.Column("microgrid_id", sa.String(64), nullable=False),
        sa.Column("cycle_seq", sa.BigInteger(), nullable=False),
        sa.Column("event_seq", sa.BigInteger(), nullable=False),
        sa.Column("decided_at", UtcDateTime(), nullable=False),
        sa.Column("data", Json, nullable=False),
        sa.PrimaryKeyConstraint("microgrid_id", "cycle_seq", name=op.f("pk_cycles")),
    )
    op.create_index(op.f("ix_cycles_decided_at"), "cycles", ["decided_at"])
