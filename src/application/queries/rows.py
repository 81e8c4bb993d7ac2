"""The rows that answer read-side questions. JSON values are as the events brought them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class StatusRow:
    """A microgrid at a glance. `latest_cycle` is the newest `CycleCompleted` data without its setpoints."""

    microgrid_id: str
    workspace_id: str | None
    name: str
    configuration_version: int
    configuration: dict[str, Any]
    nodes: list[dict[str, Any]]
    warnings: list[dict[str, Any]]
    latest_cycle: dict[str, Any] | None


@dataclass(frozen=True, slots=True)
class CycleRow:
    """One published cycle: the whole `CycleCompleted` data."""

    microgrid_id: str
    cycle_seq: int
    event_seq: int
    decided_at: datetime
    data: dict[str, Any]
