"""The rows that answer read-side questions. JSON values are as the events brought them."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, TypeAlias


class AsPublished(dict[str, Any]):
    """Parsed JSON that is kept as the text it was published as."""

    def __init__(self, data: dict[str, Any], text: str) -> None:
        super().__init__(data)
        self.text = text


@dataclass(frozen=True, slots=True)
class StatusRow:
    """A microgrid at a glance. `latest_cycle` is the newest `CycleCompleted` data."""

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


class BreachState(StrEnum):
    """Which breaches are asked for."""

    OPEN = "open"
    CLOSED = "closed"
    ALL = "all"


@dataclass(frozen=True, slots=True)
class BreachRow:
    """A breach: the data of its latest event. `opened_seq` is the `event_seq` of its first one."""

    microgrid_id: str
    breach_id: str
    opened_seq: int
    opened_at: datetime
    cleared_at: datetime | None
    data: dict[str, Any]


NodeFigures: TypeAlias = list[int | None]
"""Watts: measured, limit, allocated, background, reserved."""


@dataclass(frozen=True, slots=True)
class HistoryRow:
    """What every node and connector of a microgrid drew and was allowed in the ten seconds from `at` on."""

    microgrid_id: str
    at: datetime
    nodes: dict[str, NodeFigures]


@dataclass(frozen=True, slots=True)
class NodeBucket:
    """The same of one node."""

    at: datetime
    measured_w: int | None
    limit_w: int | None
    allocated_w: int | None
    background_w: int | None
    reserved_w: int | None
