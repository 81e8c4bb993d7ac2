"""What happened in a microgrid, and when."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from domain.site.power import Watts


class HappeningCode(StrEnum):
    """What happened, in a word."""

    BREACH_OPENED = "breach_opened"
    """A load stayed over a limit."""
    BREACH_ESCALATED = "breach_escalated"
    """A breach became critical."""
    BREACH_CLEARED = "breach_cleared"
    """A breach is over."""
    CONFIGURATION_APPLIED = "configuration_applied"
    """A configuration came into force."""
    CONFIGURATION_REFUSED = "configuration_refused"
    """A configuration was refused, or a retirement."""
    RETIRED = "retired"
    """The microgrid was closed."""
    LIMIT_CHANGED = "limit_changed"
    """The limit in force of a node is another one."""
    SAFE_MODE_ENTERED = "safe_mode_entered"
    """The true load of a node is not known any more."""
    SAFE_MODE_LEFT = "safe_mode_left"
    """The true load of a node is known again."""
    CHARGER_SILENT = "charger_silent"
    """A charger is not heard any more."""
    CHARGER_BACK = "charger_back"
    """A charger is heard again."""
    NOT_HONOURING = "not_honouring"
    """A connector does not do as it is told."""
    HONOURING = "honouring"
    """A connector does as it is told again."""
    VEHICLE_STOPPED = "vehicle_stopped"
    """A connector that wants power is told 0 for want of room."""
    VEHICLE_ON_AGAIN = "vehicle_on_again"
    """A connector is not stopped any more."""


@dataclass(frozen=True, slots=True)
class LogEntry:
    """Something that happened at a node, with what it was before and is now where that is a power.

    `number` orders what happened at one instant. `duration_s`: how long that had lasted which is over.
    """

    microgrid_id: str
    at: datetime
    number: int
    code: HappeningCode
    node_id: str
    sentence: str
    before_w: Watts | None = None
    now_w: Watts | None = None
    duration_s: int | None = None


@dataclass(frozen=True, slots=True)
class LogQuery:
    """Which entries: from `since` on and before `until`, of one code or node where these are given.

    `after`: only those that follow this entry in the list, by its instant and number.
    """

    since: datetime
    until: datetime
    code: HappeningCode | None = None
    node_id: str | None = None
    after: tuple[datetime, int] | None = None
