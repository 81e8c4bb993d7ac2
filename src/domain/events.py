"""The facts a microgrid announces. `event_seq` is gap-free per microgrid."""

from datetime import datetime
from enum import StrEnum
from typing import TypeAlias

from domain.breaches.constraint import ConstraintBreached, ConstraintCleared
from domain.sharing.plan import NodeFigures, Outcome, Setpoint, Totals
from domain.site.configuration import Fault, GridConnection, SiteConfiguration, SiteWarning, Strategy
from domain.site.power_tree import NodeType
from domain.values import value


class Trigger(StrEnum):
    """What started a cycle."""

    TELEMETRY = "telemetry"
    CONFIGURATION = "configuration"
    TIMER = "timer"
    MANUAL = "manual"


@value
class TreeNode:
    """A node of the derived tree as `ConfigurationApplied` shows it, without any measurement."""

    node_id: str
    node_type: NodeType
    parent_id: str | None
    name: str


@value
class MicrogridProvisioned:
    """The first valid configuration brought a microgrid into being."""

    microgrid_id: str
    event_seq: int
    name: str
    workspace_id: str | None
    grid_connections: tuple[GridConnection, ...]
    provisioned_at: datetime


@value
class ConfigurationApplied:
    """A configuration is in force. `request_id` is the id of the message that offered it, where it had one."""

    microgrid_id: str
    event_seq: int
    version: int
    request_id: str | None
    applied_at: datetime
    configuration: SiteConfiguration
    nodes: tuple[TreeNode, ...]
    warnings: tuple[SiteWarning, ...]


@value
class ConfigurationRejected:
    """A configuration was refused whole; the last good one stays in force. `request_id` as where one is applied."""

    microgrid_id: str
    event_seq: int
    version: int | None
    request_id: str | None
    rejected_at: datetime
    faults: tuple[Fault, ...]


@value
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


DomainEvent: TypeAlias = (
    MicrogridProvisioned
    | ConfigurationApplied
    | ConfigurationRejected
    | CycleCompleted
    | ConstraintBreached
    | ConstraintCleared
)
