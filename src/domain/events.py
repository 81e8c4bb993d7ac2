"""The facts a microgrid announces. `event_seq` is gap-free per microgrid."""

from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from domain.plan import (
    Cause,
    Contributor,
    LimitKind,
    NodeFigures,
    NodeType,
    Outcome,
    Setpoint,
    Severity,
    Totals,
    Trigger,
)
from domain.power import WattHours, Watts
from domain.site import Fault, GridConnection, SiteConfiguration, SiteWarning, Strategy


@dataclass(frozen=True, slots=True)
class TreeNode:
    """A node of the derived tree as `ConfigurationApplied` shows it, without any measurement."""

    node_id: str
    node_type: NodeType
    parent_id: str | None
    name: str


@dataclass(frozen=True, slots=True)
class MicrogridProvisioned:
    """The first valid configuration brought a microgrid into being."""

    microgrid_id: str
    event_seq: int
    name: str
    workspace_id: str | None
    grid_connections: tuple[GridConnection, ...]


@dataclass(frozen=True, slots=True)
class ConfigurationApplied:
    """A configuration is in force."""

    microgrid_id: str
    event_seq: int
    version: int
    configuration: SiteConfiguration
    nodes: tuple[TreeNode, ...]
    warnings: tuple[SiteWarning, ...]


@dataclass(frozen=True, slots=True)
class ConfigurationRejected:
    """A configuration was refused whole; the last good one stays in force."""

    microgrid_id: str
    event_seq: int
    version: int | None
    faults: tuple[Fault, ...]


@dataclass(frozen=True, slots=True)
class CycleCompleted:
    """A decision was made, and from now on counts as sent."""

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
    nodes: tuple[NodeFigures, ...]
    setpoints: tuple[Setpoint, ...]


@dataclass(frozen=True, slots=True)
class _Constraint:
    """A breach at one instant. `first_observed_at` and `observed_at` tell when its load was measured.

    `excess_w` = observed − limit: not above 0 where the load came down. `duration_s` = from first to last observation.
    """

    microgrid_id: str
    event_seq: int
    breach_id: str
    node_id: str
    node_type: NodeType
    node_path: tuple[str, ...]
    severity: Severity
    limit_w: Watts
    limit_kind: LimitKind
    observed_w: Watts
    excess_w: Watts
    peak_excess_w: Watts
    energy_over_limit_wh: WattHours
    first_observed_at: datetime
    observed_at: datetime
    duration_s: int
    cause: Cause
    contributors: tuple[Contributor, ...]
    cycle_seq: int


@dataclass(frozen=True, slots=True)
class ConstraintBreached(_Constraint):
    """A load stayed over a limit; or, with a `breach_id` known already, became critical."""


@dataclass(frozen=True, slots=True)
class ConstraintCleared(_Constraint):
    """A breach is over: the load stayed at or under the limit, or there is no limit any more."""


DomainEvent: TypeAlias = (
    MicrogridProvisioned
    | ConfigurationApplied
    | ConfigurationRejected
    | CycleCompleted
    | ConstraintBreached
    | ConstraintCleared
)
