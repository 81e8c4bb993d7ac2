"""A plan: what one decision tells the world about every node and every connector."""

from datetime import datetime
from enum import StrEnum

from domain.knowledge.limits import LimitKind, Mode
from domain.sharing.rotation import Rotation
from domain.site.power import WattHours, Watts
from domain.site.power_tree import NodeType
from domain.values import value


class Reason(StrEnum):
    """Why a connector got what it got (EVT-15)."""

    GRANTED = "granted"
    LIMITED = "limited"
    BELOW_MINIMUM = "below_minimum"
    AWAITING_DECREASE = "awaiting_decrease"
    STANDBY = "standby"
    IDLE = "idle"
    RESERVED = "reserved"
    UNRESPONSIVE = "unresponsive"


class Outcome(StrEnum):
    """How a cycle ended, judged on targets."""

    BALANCED = "balanced"
    CURTAILED = "curtailed"
    INFEASIBLE = "infeasible"


class Quality(StrEnum):
    """How good what a node measures is; the first that fits (EVT-10)."""

    MISSING = "missing"
    BAD = "bad"
    ESTIMATED = "estimated"
    OK = "ok"


@value
class Totals:
    """Sums over the microgrid, in watts; what nobody measures is null."""

    requested_w: Watts
    allocated_w: Watts
    measured_w: Watts | None
    reserved_w: Watts
    background_w: Watts


@value
class NodeFigures:
    """One power node after a decision; its fields in the order of EVT-8."""

    node_id: str
    node_type: NodeType
    parent_id: str | None
    mode: Mode
    limit_w: Watts | None
    limit_kind: LimitKind | None
    measured_w: Watts | None
    background_w: Watts
    reserved_w: Watts
    allocated_w: Watts
    headroom_w: Watts | None
    constrained: bool
    quality: Quality


@value
class ServedSession:
    """The session of a connector's latest reading, and what it took by its readings; fields in order."""

    session_id: str
    started_at: datetime | None
    departs_at: datetime | None
    energy_needed_wh: WattHours | None
    priority: int
    served_wh: WattHours


@value
class Setpoint:
    """What one connector is told, and why; its fields in the order of EVT-8."""

    charge_point_id: str
    connector_id: int
    limit_w: Watts | None
    target_w: Watts | None
    previous_limit_w: Watts | None
    requested_w: Watts | None
    measured_w: Watts | None
    reserved_w: Watts
    status: str | None
    reason: Reason
    binding_node_id: str | None
    valid_for_s: int
    factor: int
    session: ServedSession | None


@value
class Plan:
    """A whole decision for one microgrid. `rotation` is what ranks depend on after it.

    `fault` names what the certificate found where the safe answer was taken.
    """

    outcome: Outcome
    degraded: bool
    totals: Totals
    nodes: tuple[NodeFigures, ...]
    setpoints: tuple[Setpoint, ...]
    rotation: Rotation
    fault: str | None = None
