"""A bus on a connector: its battery, how fast it can take energy, how much it needs before it leaves.

Energy is kept in whole watt-seconds, so that a tick of one second neither loses nor invents any.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from math import inf

WATT_SECONDS = 3600
"""Watt-seconds in a watt-hour."""

PREPARATION = timedelta(seconds=10)
"""From plugging in to the first watt: cable check, authorisation."""

TAPER_FROM_PERCENT = 80
"""State of charge from which a battery takes less and less, down to its minimum when full."""


@dataclass(frozen=True, slots=True)
class Visit:
    """One bus at one connector, from plugging in to leaving. `needed_wh` is what it has to take in meanwhile.

    One that is full early has `enough_wh`: after that it takes no more, though nobody knew. On one phase of three it
    takes a third of what it is offered.
    """

    session_id: str
    arrives_at: datetime
    departs_at: datetime
    battery_wh: int
    stored_wh: int
    needed_wh: int
    max_power_w: int
    min_power_w: int
    priority: int
    phases: int = 3
    enough_wh: int | None = None
    request_is_known: bool = True


class Vehicle:
    """The bus of a visit while it charges."""

    __slots__ = ("_capacity_ws", "_enough_ws", "_knee_ws", "_taper_w", "_taper_ws", "charged_ws", "stored_ws", "visit")

    def __init__(self, visit: Visit) -> None:
        self.visit = visit
        self.stored_ws = visit.stored_wh * WATT_SECONDS
        self.charged_ws = 0
        self._capacity_ws = visit.battery_wh * WATT_SECONDS
        self._enough_ws = inf if visit.enough_wh is None else visit.enough_wh * WATT_SECONDS
        self._knee_ws = self._capacity_ws * TAPER_FROM_PERCENT // 100
        self._taper_ws = self._capacity_ws - self._knee_ws
        self._taper_w = visit.max_power_w - visit.min_power_w

    @property
    def missing_ws(self) -> int:
        """What the battery has room for, in watt-seconds."""
        return self._capacity_ws - self.stored_ws

    def acceptance_w(self) -> int:
        """What the battery can take for the next second; 0 once it is full."""
        missing = self.missing_ws
        if missing < self.visit.min_power_w or self.charged_ws >= self._enough_ws:
            return 0
        if self.stored_ws <= self._knee_ws:
            return min(self.visit.max_power_w, missing)
        return min(self.visit.min_power_w + self._taper_w * missing // self._taper_ws, missing)

    def charge(self, power_w: int) -> None:
        """Take this power for one second."""
        self.stored_ws += power_w
        self.charged_ws += power_w

    @property
    def ready(self) -> bool:
        """Whether it has taken in the energy it needs, or all that it takes."""
        return self.charged_ws >= min(self.visit.needed_wh * WATT_SECONDS, self._enough_ws)

    @property
    def still_needed_wh(self) -> int:
        """What it still needs before it leaves, rounded up."""
        return max(0, -((self.charged_ws - self.visit.needed_wh * WATT_SECONDS) // WATT_SECONDS))
