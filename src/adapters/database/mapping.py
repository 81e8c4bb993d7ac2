"""Rows of the read model to columns of its tables, and back where the table does not say what stands in them."""

from typing import Any, Final

from pydantic import TypeAdapter
from sqlalchemy import RowMapping

from adapters.database.column_types import Written
from application.queries.rows import BreachRow, CycleRow, StatusRow
from application.queries.standing import Standing
from domain.breaches.constraint import ConstraintBreached, ConstraintCleared

_BREACHED: Final = TypeAdapter(ConstraintBreached)
_CLEARED: Final = TypeAdapter(ConstraintCleared)


def status(row: StatusRow) -> dict[str, Any]:
    """Every column but for how it stands."""
    return {
        "microgrid_id": row.microgrid_id,
        "workspace_id": row.workspace_id,
        "name": row.name,
        "configuration_version": row.configuration.version,
        "configuration": row.configuration,
        "nodes": row.nodes,
        "warnings": row.warnings,
        "latest_cycle": row.latest_cycle,
    }


NEWS: Final = ("microgrid_id", "latest_cycle", "glance", "standing", "retired_at")


def news(microgrid_id: str, latest: CycleRow | None, standing: Standing | None) -> dict[str, Any]:
    """The columns that every event may change; null where it does not."""
    values = (
        microgrid_id,
        None if latest is None else Written(latest.content),
        None if standing is None else standing.glance,
        standing,
        None if standing is None else standing.retired_at,
    )
    return dict(zip(NEWS, values, strict=True))


def cycle(row: CycleRow) -> dict[str, Any]:
    """Every column."""
    decided = row.cycle
    return {
        "microgrid_id": decided.microgrid_id,
        "cycle_seq": decided.cycle_seq,
        "event_seq": decided.event_seq,
        "decided_at": decided.decided_at,
        "data": Written(row.content),
    }


def breach(row: BreachRow) -> dict[str, Any]:
    """Every column."""
    return {
        "microgrid_id": row.microgrid_id,
        "breach_id": row.breach_id,
        "opened_seq": row.opened_seq,
        "opened_at": row.opened_at,
        "cleared_at": row.cleared_at,
        "data": row.latest,
    }


def breach_row(row: RowMapping) -> BreachRow:
    """Raises pydantic's ValidationError."""
    latest = (_BREACHED if row["cleared_at"] is None else _CLEARED).validate_python(row["data"])
    return BreachRow(row["opened_seq"], row["opened_at"], row["cleared_at"], latest)
