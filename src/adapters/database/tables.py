"""The tables: what is persisted of a site, each microgrid's state, the outbox, and the read model."""

from enum import StrEnum

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    false,
)

from adapters.database.column_types import Json, Typed, UtcDateTime
from adapters.database.packing import Packed
from application.queries.log import LogEntry
from application.queries.rows import Glance
from application.queries.standing import Standing
from domain.events import CycleCompleted, TreeNode
from domain.site.configuration import Order, SiteConfiguration, SiteWarning, Unit

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

Id = String(64)


def _one_of(column: str, known: type[StrEnum]) -> CheckConstraint:
    return CheckConstraint(f"{column} IN ({', '.join(repr(each.value) for each in known)})", name=column)


# --- the site, written when a configuration is applied and at no other time --------------------------------
# `position` is the place in the configuration document. A `parent_id` or `circuit_id` names a grid connection or
# a circuit, so it cannot be a foreign key; the domain has checked it before anything is written.

microgrids = Table(
    "microgrids",
    metadata,
    Column("microgrid_id", Id, primary_key=True),
    Column("workspace_id", Text),
    Column("name", Text, nullable=False),
    Column("version", BigInteger, nullable=False),
    Column("max_import_w", BigInteger),
    Column("strategy_unit", String(32), nullable=False),
    Column("strategy_order", String(32), nullable=False),
    Column("settings", Json, nullable=False),
    Column("time_zone", Text, nullable=False, server_default="UTC"),
    _one_of("strategy_unit", Unit),
    _one_of("strategy_order", Order),
)

grid_connections = Table(
    "grid_connections",
    metadata,
    Column("microgrid_id", Id, ForeignKey(microgrids.c.microgrid_id), primary_key=True),
    Column("circuit_id", Id, primary_key=True),
    Column("position", Integer, nullable=False),
    Column("name", Text, nullable=False),
    Column("default_capacity_w", BigInteger, nullable=False),
    Column("safe_operating_capacity_w", BigInteger),
    Column("metered", Boolean, nullable=False),
    Column("generation", Boolean, nullable=False, server_default=false()),
)

circuits = Table(
    "circuits",
    metadata,
    Column("microgrid_id", Id, ForeignKey(microgrids.c.microgrid_id), primary_key=True),
    Column("circuit_id", Id, primary_key=True),
    Column("position", Integer, nullable=False),
    Column("parent_id", Id, nullable=False),
    Column("name", Text, nullable=False),
    Column("default_capacity_w", BigInteger),
    Column("safe_operating_capacity_w", BigInteger),
    Column("metered", Boolean, nullable=False),
    Column("generation", Boolean, nullable=False, server_default=false()),
)

charge_points = Table(
    "charge_points",
    metadata,
    Column("microgrid_id", Id, ForeignKey(microgrids.c.microgrid_id), primary_key=True),
    Column("charge_point_id", Id, primary_key=True),
    Column("position", Integer, nullable=False),
    Column("circuit_id", Id, nullable=False),
    Column("max_power_w", BigInteger, nullable=False),
    Column("fallback_power_w", BigInteger),
    Column("name", Text),
)

connectors = Table(
    "connectors",
    metadata,
    Column("microgrid_id", Id, primary_key=True),
    Column("charge_point_id", Id, primary_key=True),
    Column("connector_id", BigInteger, primary_key=True),
    Column("position", Integer, nullable=False),
    Column("max_power_w", BigInteger, nullable=False),
    Column("min_power_w", BigInteger, nullable=False),
    Column("idle_power_w", BigInteger, nullable=False),
    ForeignKeyConstraint(
        ["microgrid_id", "charge_point_id"],
        [charge_points.c.microgrid_id, charge_points.c.charge_point_id],
    ),
)

# --- who decides, what a worker remembers, and what it has decided but not yet said ------------------------
# The bus says which microgrid lies in which partition, so that is stored nowhere. `microgrid_state.epoch` is the epoch
# under which the row was written last.

partition_epochs = Table(
    "partition_epochs",
    metadata,
    Column("partition", Integer, primary_key=True, autoincrement=False),
    Column("epoch", BigInteger, nullable=False),
)

streams = Table(
    "streams",
    metadata,
    Column("stream_id", String(64), primary_key=True),
)
"""One row: what the sources of this database's events name."""

microgrid_state = Table(
    "microgrid_state",
    metadata,
    Column("microgrid_id", Id, primary_key=True),
    Column("version", BigInteger, nullable=False),
    Column("epoch", BigInteger, nullable=False, server_default="0"),
    Column("cycle_seq", BigInteger, nullable=False),
    Column("event_seq", BigInteger, nullable=False),
    Column("schema_number", Integer, nullable=False),
    Column("data", LargeBinary, nullable=False),
)

outbox = Table(
    "outbox",
    metadata,
    Column("microgrid_id", Id, primary_key=True),
    Column("event_seq", BigInteger, primary_key=True),
    Column("ce_type", Text, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("published_at", UtcDateTime),
    Column("headers", Json, nullable=False),
    Column("value", Packed, nullable=False),
)

Index(
    "ix_outbox_unpublished",
    outbox.c.microgrid_id,
    outbox.c.event_seq,
    sqlite_where=outbox.c.published_at.is_(None),
    postgresql_where=outbox.c.published_at.is_(None),
)
Index(None, outbox.c.published_at)

# --- the read model ----------------------------------------------------------------------------------------

projection_positions = Table(
    "projection_positions",
    metadata,
    Column("projection", String(64), primary_key=True),
    Column("microgrid_id", Id, primary_key=True),
    Column("event_seq", BigInteger, nullable=False),
    Column("stream", Text, nullable=False, server_default="busbar"),
)

microgrid_status = Table(
    "microgrid_status",
    metadata,
    Column("microgrid_id", Id, primary_key=True),
    Column("workspace_id", Text),
    Column("name", Text, nullable=False),
    Column("configuration_version", BigInteger, nullable=False),
    Column("configuration", Typed(SiteConfiguration, remembered=32), nullable=False),
    Column("nodes", Typed(tuple[TreeNode, ...], remembered=32), nullable=False),
    Column("warnings", Typed(tuple[SiteWarning, ...]), nullable=False),
    Column("latest_cycle", Typed(CycleCompleted)),
    Column("glance", Typed(Glance)),
    Column("standing", Typed(Standing)),
    Column("retired_at", UtcDateTime),
)

Index(
    "ix_microgrid_status_retired",
    microgrid_status.c.retired_at,
    sqlite_where=microgrid_status.c.retired_at.is_not(None),
    postgresql_where=microgrid_status.c.retired_at.is_not(None),
)

cycles = Table(
    "cycles",
    metadata,
    Column("microgrid_id", Id, primary_key=True),
    Column("cycle_seq", BigInteger, primary_key=True),
    Column("event_seq", BigInteger, nullable=False),
    Column("decided_at", UtcDateTime, nullable=False, index=True),
    Column("data", Typed(CycleCompleted), nullable=False),
)

breaches = Table(
    "breaches",
    metadata,
    Column("microgrid_id", Id, primary_key=True),
    Column("breach_id", Id, primary_key=True),
    Column("opened_seq", BigInteger, nullable=False),
    Column("opened_at", UtcDateTime, nullable=False),
    Column("cleared_at", UtcDateTime),
    Column("data", Json, nullable=False),
)

Index(None, breaches.c.microgrid_id, breaches.c.opened_seq, unique=True)
Index(
    "ix_breaches_open",
    breaches.c.microgrid_id,
    sqlite_where=breaches.c.cleared_at.is_(None),
    postgresql_where=breaches.c.cleared_at.is_(None),
)

node_history = Table(
    "node_history",
    metadata,
    Column("microgrid_id", Id, primary_key=True),
    Column("at", UtcDateTime, primary_key=True, index=True),
    Column("nodes", Json, nullable=False),
)
"""What all nodes drew and were allowed in ten seconds."""

node_hours = Table(
    "node_hours",
    metadata,
    Column("microgrid_id", Id, primary_key=True),
    Column("node_id", Text, primary_key=True),
    Column("hour", UtcDateTime, primary_key=True, index=True),
    Column("minutes", Packed, nullable=False),
)
"""The minutes of one node in an hour."""

notices = Table(
    "notices",
    metadata,
    Column("microgrid_id", Id, primary_key=True),
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("waiting_since", UtcDateTime, nullable=False),
    Column("stream", Text, nullable=False),
    Column("entry", Typed(LogEntry), nullable=False),
)
"""Entries of the log that a webhook has not taken yet."""

log = Table(
    "log",
    metadata,
    Column("microgrid_id", Id, primary_key=True),
    Column("at", UtcDateTime, primary_key=True, index=True),
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("code", String(64), nullable=False),
    Column("node_id", Text, nullable=False),
    Column("sentence", Text, nullable=False),
    Column("before_w", BigInteger),
    Column("now_w", BigInteger),
    Column("duration_s", BigInteger),
)
