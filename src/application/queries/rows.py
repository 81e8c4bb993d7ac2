"""The rows that answer read-side questions, as the domain announced what stands in them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Self, TypeAlias

from application.queries.state import State
from domain.breaches.constraint import ConstraintBreached, ConstraintCleared
from domain.events import CycleCompleted, TreeNode, Trigger
from domain.sharing.plan import Outcome, Quality, Totals
from domain.site.configuration import SiteConfiguration, SiteWarning, Strategy
from domain.site.power import Watts


@dataclass(frozen=True, slots=True)
class StatusRow:
    """A microgrid: the configuration in force, its derived tree without connectors, the newest cycle, how it is."""

    configuration: SiteConfiguration
    nodes: tuple[TreeNode, ...]
    warnings: tuple[SiteWarning, ...]
    latest_cycle: CycleCompleted | None = None
    glance: "Glance | None" = None

    @property
    def microgrid_id(self) -> str:
        return self.configuration.microgrid_id

    @property
    def workspace_id(self) -> str | None:
        return self.configuration.workspace_id

    @property
    def name(self) -> str:
        return self.configuration.name


@dataclass(frozen=True, slots=True)
class CycleRow:
    """A published cycle whole. `content` is the JSON that announced it, which is stored as it came."""

    cycle: CycleCompleted
    content: str


@dataclass(frozen=True, slots=True)
class CycleHead:
    """A published cycle without what is long: its nodes and setpoints."""

    microgrid_id: str
    event_seq: int
    cycle_seq: int
    trigger: Trigger
    decided_at: datetime
    configuration_version: int
    strategy: Strategy
    outcome: Outcome
    degraded: bool
    totals: Totals

    @classmethod
    def of(cls, cycle: CycleCompleted) -> Self:
        return cls(*[getattr(cycle, name) for name in CycleHead.__dataclass_fields__])


@dataclass(frozen=True, slots=True)
class Glance:
    """What is to be known of a microgrid in a line, as of its event `event_seq`. `state` was made with that event."""

    event_seq: int
    time_zone: str
    stale_after_s: int
    head: CycleHead | None
    open_breaches: int
    state: State


@dataclass(frozen=True, slots=True)
class GlanceRow:
    """A microgrid in a line."""

    microgrid_id: str
    workspace_id: str | None
    name: str
    glance: Glance | None


class BreachState(StrEnum):
    """Which breaches are asked for."""

    OPEN = "open"
    """Those that are not over."""
    CLOSED = "closed"
    """Those that are over."""
    ALL = "all"
    """Both."""


@dataclass(frozen=True, slots=True)
class BreachRow:
    """A breach: what was announced of it last. `opened_seq` is the `event_seq` of its first event."""

    opened_seq: int
    opened_at: datetime
    cleared_at: datetime | None
    latest: ConstraintBreached | ConstraintCleared

    @property
    def microgrid_id(self) -> str:
        return self.latest.microgrid_id

    @property
    def breach_id(self) -> str:
        return self.latest.breach_id


NodeFigures: TypeAlias = list[int | None]
"""Watts: measured, limit, allocated, background, reserved, most measured; and the quality, as `history` reads it."""


@dataclass(frozen=True, slots=True)
class HistoryRow:
    """What every node and connector of a microgrid drew and was allowed in the ten seconds from `at` on."""

    microgrid_id: str
    at: datetime
    nodes: Mapping[str, NodeFigures]


@dataclass(frozen=True, slots=True)
class NodeBucket:
    """What a node drew and was allowed in some time from `at` on, in watts.

    `measured_w` is null where nothing measured it, `measured_max_w` the highest, `limit_w` the lowest in that time.
    """

    at: datetime
    measured_w: Watts | None
    measured_max_w: Watts | None
    limit_w: Watts | None
    allocated_w: Watts | None
    background_w: Watts | None
    reserved_w: Watts | None
    quality: Quality | None = None


@dataclass(frozen=True, slots=True)
class HourRow:
    """The minutes of a node in the hour from `hour` on, the first of them first; one without any cycle is left out."""

    microgrid_id: str
    node_id: str
    hour: datetime
    minutes: tuple[NodeBucket, ...]
