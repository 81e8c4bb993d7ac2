"""How is this microgrid, in one code and one sentence? The first that holds (specification, HTTP)."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class StateCode(StrEnum):
    """How a microgrid is; the first that holds, in this order."""

    RETIRED = "retired"
    """It was closed; nothing is decided for it any more."""
    NO_DATA = "no_data"
    """No message came for 2 × `connector_stale_after_s`, or never."""
    NOT_DECIDED = "not_decided"
    """The latest cycle is older than 2 × `refresh_interval_s`."""
    OVER_LIMIT = "over_limit"
    """A breach is open."""
    INFEASIBLE = "infeasible"
    """What cannot be lowered exceeds some limit."""
    STOPPED = "stopped"
    """A connector that wants power is told 0 for want of room for longer than `rotation_quantum_s`, or all of them
    below a circuit are.
    """
    NOT_HONOURED = "not_honoured"
    """A connector does not do as it is told."""
    CHARGERS_SILENT = "chargers_silent"
    """A charger is not heard."""
    METER_SILENT = "meter_silent"
    """A meter is not heard, and its node's safe limit holds."""
    METER_CONTRADICTED = "meter_contradicted"
    """A meter cannot be right by what its chargers draw, and its node's safe limit holds."""
    WITHIN_LIMITS = "within_limits"
    """Nothing of all that."""


@dataclass(frozen=True, slots=True)
class State:
    """How a microgrid is. `since`: the last message of `no_data`, the latest cycle of `not_decided`, else when it began
    to hold; null where there never was one.
    """

    code: StateCode
    sentence: str
    since: datetime | None
