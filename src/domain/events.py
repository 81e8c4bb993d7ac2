"""The facts a microgrid announces. `event_seq` is gap-free per microgrid."""

from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from domain.plan import NodeFigures, NodeType, Outcome, Setpoint, Totals, Trigger
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


DomainEvent: TypeAlias = MicrogridProvisioned | ConfigurationApplied | ConfigurationRejected | CycleCompleted
