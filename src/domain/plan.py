"""The figures of one decision: what a cycle tells the world about every node and every connector."""

from dataclasses import dataclass
from enum import StrEnum

from domain.power import Watts


class NodeType(StrEnum):
    """The levels of the derived tree."""

    MICROGRID = "microgrid"
    GRID_CONNECTION = "grid_connection"
    CIRCUIT = "circuit"
    CHARGE_POINT = "charge_point"
    CONNECTOR = "connector"


class Mode(StrEnum):
    """Whether a node's true load is known (`normal`) or has to be assumed (`safe`)."""

    NORMAL = "normal"
    SAFE = "safe"


class LimitKind(StrEnum):
    """Which statement of the configuration the limit in force comes from."""

    MAX_IMPORT = "max_import"
    DEFAULT_CAPACITY = "default_capacity"
    SAFE_OPERATING_CAPACITY = "safe_operating_capacity"
    MAX_POWER = "max_power"


class Reason(StrEnum):
    """Why a connector got what it got (contract section 7)."""

    GRANTED = "granted"
    LIMITED = "limited"
    BELOW_MINIMUM = "below_minimum"
    AWAITING_DECREASE = "awaiting_decrease"
    IDLE = "idle"
    RESERVED = "reserved"
    UNRESPONSIVE = "unresponsive"


class Outcome(StrEnum):
    """How a cycle ended, judged on targets."""

    BALANCED = "balanced"
    CURTAILED = "curtailed"
    INFEASIBLE = "infeasible"


class Trigger(StrEnum):
    """What started a cycle."""

    TELEMETRY = "telemetry"
    CONFIGURATION = "configuration"
    TIMER = "timer"
    MANUAL = "manual"


class Severity(StrEnum):
    """How bad a load over a limit is."""

    MAJOR = "major"
    CRITICAL = "critical"


class Cause(StrEnum):
    """Why a load is over a limit; the first that fits, in this order."""

    LIMIT_LOWERED = "limit_lowered"
    SETPOINT_NOT_HONOURED = "setpoint_not_honoured"
    UNMANAGED_LOAD = "unmanaged_load"
    STALE_TELEMETRY = "stale_telemetry"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Totals:
    """Sums over the microgrid, in watts."""

    requested_w: Watts
    allocated_w: Watts
    measured_w: Watts
    reserved_w: Watts
    background_w: Watts


@dataclass(frozen=True, slots=True)
class NodeFigures:
    """One power node after a decision; the fields of contract section 7, in order."""

    node_id: str
    node_type: NodeType
    parent_id: str | None
    mode: Mode
    limit_w: Watts | None
    limit_kind: LimitKind | None
    measured_w: Watts
    background_w: Watts
    reserved_w: Watts
    allocated_w: Watts
    headroom_w: Watts | None
    constrained: bool


@dataclass(frozen=True, slots=True)
class Setpoint:
    """What one connector is told, and why; the fields of contract section 7, in order."""

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


@dataclass(frozen=True, slots=True)
class OverLimit:
    """A node whose observed load is over its limit in force at one instant."""

    node_id: str
    node_type: NodeType
    severity: Severity
    limit_w: Watts
    limit_kind: LimitKind
    observed_w: Watts
    excess_w: Watts


@dataclass(frozen=True, slots=True)
class Contributor:
    """Who has a part in a breach.

    `observed_w` is the load seen there, of background its size. `limit_w` is the limit in force at a node, what a
    connector was told, and null for background, which nobody tells anything.
    """

    node_id: str
    observed_w: Watts
    limit_w: Watts | None


@dataclass(frozen=True, slots=True)
class Plan:
    """A whole decision for one microgrid. `fault` names what the certificate found where the safe answer was taken."""

    outcome: Outcome
    degraded: bool
    totals: Totals
    nodes: tuple[NodeFigures, ...]
    setpoints: tuple[Setpoint, ...]
    fault: str | None = None
