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
    SETPOINT_NOT_HONOURED = "setpoint_not_honoured"
    UNMANAGED_LOAD = "unmanaged_load"
    STALE_TELEMETRY = "stale_telemetry"
    UNKNOWN = "unknown"


@value
class Contributor:
    """Who has a part in a breach.

    `observed_w` is the load seen there, of background its size. `limit_w` is the limit in force at a node and what a
    connector was told; `exposure_w` the most that may be drawn there. Both are null for background, which nobody
    tells anything. All at the meter.
    """

    node_id: str
    observed_w: Watts
    limit_w: Watts | None
    exposure_w: Watts | None


@value
class Constraint:
    """A breach at one instant. `first_observed_at` and `observed_at` tell when its load was measured.

    `observed_at` is null where no fresh reading is behind this: all of them are stale, or the node or limit has gone.
    `excess_w` = observed − limit: not above 0 where the load came down. `duration_s` = from first to last observation,
    or to the decision where there is none.
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
    observed_at: datetime | None
    duration_s: int
    cause: Cause
    contributors: tuple[Contributor, ...]
    cycle_seq: int
    decided_at: datetime


@value
class ConstraintBreached(Constraint):
    """A load stayed over a limit; or, with a `breach_id` known already, became critical."""


@value
class ConstraintCleared(Constraint):
    """A breach is over: all of the load was seen to stay at or under the limit, or there is no limit any more."""

    @classmethod
    def of(cls, breached: ConstraintBreached) -> Self:
        """The end of a breach with these figures."""
        return cls(*[getattr(breached, each.name) for each in fields(breached)])
