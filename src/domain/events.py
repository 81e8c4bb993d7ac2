"""The facts a microgrid announces. `event_seq` is gap-free per microgrid."""

from datetime import datetime
from enum import StrEnum
from typing import Self, TypeAlias

from domain.breaches.constraint import ConstraintBreached, ConstraintCleared
from domain.knowledge.controlled import ControlledCharger
from domain.sharing.plan import NodeFigures, Outcome, Setpoint, Totals
from domain.site import validation
from domain.site.configuration import Fault, GridConnection, SiteConfiguration, SiteWarning, Strategy
from domain.site.power_tree import NodeType
from domain.site.site import Site
from domain.values import value


class Trigger(StrEnum):
    """What started a cycle."""

    TELEMETRY = "telemetry"
    """A reading of a charger or a meter."""
    CONFIGURATION = "configuration"
    """A configuration that was applied."""
    TIMER = "timer"
    """Time alone: the newest cycle was `refresh_interval_s` old, or something known was about to go stale or to lapse.
    """
    MANUAL = "manual"
    """A snapshot that was given to `busbar rebalance`."""


@value
class TreeNode:
    """A node of the derived tree as `ConfigurationApplied` shows it, without any measurement."""

    node_id: str
    """The id of the microgrid, circuit or charge point."""
    node_type: NodeType
    """The level of the node in the tree."""
    parent_id: str | None
    """The node above; null at the microgrid."""
    name: str
    """The name of the node for people; its id where the configuration gives it none."""


@value
class MicrogridProvisioned:
    """The first valid configuration brought a microgrid into being."""

    microgrid_id: str
    """The microgrid, one depot's electrical system; the key of the message."""
    event_seq: int
    """The number of this event in the stream of the microgrid, without gaps."""
    name: str
    """The name of the microgrid for people."""
    workspace_id: str | None
    """The tenant that the microgrid belongs to, for good; null: none."""
    grid_connections: tuple[GridConnection, ...]
    """The circuits without a parent, in the order of the configuration."""
    provisioned_at: datetime
    """When the first valid configuration was applied (UTC)."""

    @classmethod
    def of(cls, configuration: SiteConfiguration, event_seq: int, at: datetime) -> Self:
        """By the first configuration that is applied."""
        return cls(
            microgrid_id=configuration.microgrid_id,
            event_seq=event_seq,
            name=configuration.name,
            workspace_id=configuration.workspace_id,
            grid_connections=configuration.grid_connections,
            provisioned_at=at,
        )


@value
class ConfigurationApplied:
    """A configuration is in force. `request_id` is the id of the message that offered it, where it had one."""

    microgrid_id: str
    """The microgrid, one depot's electrical system; the key of the message."""
    event_seq: int
    """The number of this event in the stream of the microgrid, without gaps."""
    version: int
    """The version of the configuration that is in force from now on."""
    request_id: str | None
    """The `ce_id` of the message that offered the configuration; null: that message had none."""
    applied_at: datetime
    """When the configuration came into force (UTC)."""
    configuration: SiteConfiguration
    """The configuration whole, every value filled in that it leaves out."""
    nodes: tuple[TreeNode, ...]
    """The derived tree in preorder, the microgrid first; connectors stand in the configuration."""
    warnings: tuple[SiteWarning, ...]
    """What was accepted but ought to be looked at; empty: nothing."""

    @classmethod
    def of(cls, site: Site, event_seq: int, at: datetime, request_id: str | None) -> Self:
        """By the site that it brings into force."""
        tree = site.tree
        return cls(
            microgrid_id=site.configuration.microgrid_id,
            event_seq=event_seq,
            version=site.configuration.version,
            request_id=request_id,
            applied_at=at,
            configuration=site.configuration,
            nodes=tuple([TreeNode(node.node_id, node.node_type, node.parent_id, node.name) for node in tree.nodes]),
            warnings=validation.warnings(site.configuration, tree),
        )


@value
class ConfigurationRejected:
    """A configuration was refused whole, and the last good one stays in force; or a retirement was.

    `request_id` as where one is applied.
    """

    microgrid_id: str
    """The microgrid that the refused message names; the key of the message."""
    event_seq: int
    """The number of this event in the stream of the microgrid, without gaps."""
    version: int | None
    """The version of the refused configuration; null: it could not be read, or a retirement was refused."""
    request_id: str | None
    """The `ce_id` of the message that is refused; null: that message had none."""
    rejected_at: datetime
    """When it was refused (UTC)."""
    faults: tuple[Fault, ...]
    """Everything that is wrong with it; of a wrong shape the first fault of each list."""


@value
class MicrogridRetired:
    """A microgrid was closed: nothing is decided for it any more, and what its chargers were told lapses."""

    microgrid_id: str
    """The microgrid, one depot's electrical system; the key of the message."""
    event_seq: int
    """The number of this event in the stream of the microgrid, without gaps."""
    version: int
    """The version of the configuration that was in force. One of a higher version takes the microgrid into use again,
    in the same stream.
    """
    request_id: str | None
    """The `ce_id` of the message that asked for it; null: that message had none."""
    retired_at: datetime
    """When the microgrid was closed (UTC)."""


@value
class CycleCompleted:
    """A decision was made, and from now on counts as sent."""

    microgrid_id: str
    """The microgrid, one depot's electrical system; the key of the message."""
    event_seq: int
    """The number of this event in the stream of the microgrid, without gaps."""
    cycle_seq: int
    """The number of this published cycle, without gaps. A gateway obeys the highest that it has and drops a setpoint of
    a lower one.
    """
    trigger: Trigger
    """What started the cycle."""
    decided_at: datetime
    """When the decision was made (UTC). The `valid_for_s` of every setpoint counts from here."""
    configuration_version: int
    """The version of the configuration that was decided by."""
    strategy: Strategy
    """How capacity was shared."""
    outcome: Outcome
    """How far the demands could be met."""
    degraded: bool
    """True where the decision lacks knowledge: a meter is silent, or a connector is reserved for want of telemetry or
    unresponsive.
    """
    totals: Totals
    """Sums over the microgrid."""
    nodes: tuple[NodeFigures, ...]
    """Microgrid, grid connections, circuits and charge points in preorder, children in natural id order. Connectors
    stand in `setpoints`.
    """
    setpoints: tuple[Setpoint, ...]
    """Every connector of the microgrid, in natural id order of its charge point and by its number."""
    unheard_since: datetime | None = None
    """When the newest message of the depot was heard (UTC), where that is longer ago than `connector_stale_after_s`;
    absent or null: lately, or never.
    """
    controls: tuple[ControlledCharger, ...] = ()
    """What a gateway found chargers to do, of those of which one said it; absent: of none."""


DomainEvent: TypeAlias = (
    MicrogridProvisioned
    | ConfigurationApplied
    | ConfigurationRejected
    | MicrogridRetired
    | CycleCompleted
    | ConstraintBreached
    | ConstraintCleared
)
