"""What is announced of a breach, as it opens, becomes critical and clears (BREACH-7)."""

from dataclasses import fields
from datetime import datetime
from enum import StrEnum
from typing import Self

from domain.breaches.over_limit import Severity
from domain.knowledge.limits import LimitKind
from domain.site.power import WattHours, Watts
from domain.site.power_tree import NodeType
from domain.values import value


class Cause(StrEnum):
    """Why a load is over a limit; the first that fits, in this order."""

    LIMIT_LOWERED = "limit_lowered"
    """A configuration has just lowered the limit, and the load fits the former one."""
    SETPOINT_NOT_HONOURED = "setpoint_not_honoured"
    """Connectors below draw more than they were told, by at least the excess."""
    UNMANAGED_LOAD = "unmanaged_load"
    """Without the background the load would fit: a building, say."""
    STALE_TELEMETRY = "stale_telemetry"
    """A connector or meter below is silent."""
    UNKNOWN = "unknown"
    """None of the others fits."""


@value
class Contributor:
    """Who has a part in a breach.

    `observed_w` is the load seen there, of background its size. `limit_w` is the limit in force at a node and what a
    connector was told; `exposure_w` the most that may be drawn there. Both are null for background, which nobody
    tells anything. All at the meter.
    """

    node_id: str
    """The node, the connector as `<charge_point_id>/<connector_id>`, or, for background, the node where it is drawn."""
    observed_w: Watts
    """The load seen there, of background its size, in watts."""
    limit_w: Watts | None
    """The limit in force at a node, and what a connector was told, in watts at the meter; null: background, or a
    connector that was told nothing.
    """
    exposure_w: Watts | None
    """The most that may be drawn there by all that may be in force, in watts at the meter; null: background."""


@value
class Constraint:
    """A breach at one instant. `first_observed_at` and `observed_at` tell when its load was measured.

    `observed_at` is null where no fresh reading is behind this: all of them are stale, or the node or limit has gone.
    `excess_w` = observed − limit: not above 0 where the load came down. `duration_s` = from first to last observation,
    or to the decision where there is none.
    """

    microgrid_id: str
    """The microgrid, one depot's electrical system; the key of the message."""
    event_seq: int
    """The number of this event in the stream of the microgrid, without gaps."""
    breach_id: str
    """The breach: the same id when it opens, becomes critical and clears."""
    node_id: str
    """The node whose limit is exceeded; a connector as `<charge_point_id>/<connector_id>`."""
    node_type: NodeType
    """The level of the node in the tree."""
    node_path: tuple[str, ...]
    """The ids from the microgrid down to the node."""
    severity: Severity
    """How bad it is. It only rises: a `major` breach may become `critical`, which is announced once, under the same
    `breach_id`.
    """
    limit_w: Watts
    """The limit in force, in watts at the meter."""
    limit_kind: LimitKind
    """Which statement of the configuration the limit comes from."""
    observed_w: Watts
    """The load now, in watts: of the node's meter where it is relied on, else the sum of what is below."""
    excess_w: Watts
    """`observed_w` − `limit_w`, in watts; 0 or less: the load has come down."""
    peak_excess_w: Watts
    """The highest excess so far, in watts, each against the limit then in force."""
    energy_over_limit_wh: WattHours
    """The energy drawn over the limit so far, in watt-hours, against the limit then in force."""
    first_observed_at: datetime
    """When the load was first measured over the limit (UTC)."""
    observed_at: datetime | None
    """When the load was last measured (UTC); null: no fresh reading is behind this."""
    duration_s: int
    """From the first to the last observation, or to the decision where there is none, in seconds."""
    cause: Cause
    """Why the load is over the limit; the first that fits."""
    contributors: tuple[Contributor, ...]
    """What the load was made of when the breach opened or, later, became critical."""
    cycle_seq: int
    """The number of the published cycle in which this was decided."""
    decided_at: datetime
    """When this was decided (UTC)."""


@value
class ConstraintBreached(Constraint):
    """A load stayed over a limit; or, with a `breach_id` known already, became critical."""


@value
class ConstraintCleared(Constraint):
    """A breach is over: all of the load was seen to stay at or under what may flow, or there is no limit any more."""

    @classmethod
    def of(cls, breached: ConstraintBreached) -> Self:
        """The end of a breach with these figures."""
        return cls(*[getattr(breached, each.name) for each in fields(breached)])
