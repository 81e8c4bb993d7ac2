"""The power of a connector whose station has only an energy register: how fast that rises."""

from collections import deque
from datetime import datetime, timedelta

from adapters.ocpp.measurands import Register

LEAST = timedelta(seconds=20)
LONGEST = timedelta(seconds=300)
"""The slope is taken over times between these: the longer, the finer, and the later."""

TOLERATED_W = 500
TOLERATED_SHARE = 0.05


class Slope:
    """Readings of one register."""

    def __init__(self) -> None:
        self._read: deque[tuple[datetime, Register]] = deque()

    def power_w(self, at: datetime, register: Register) -> float | None:
        """The mean power up to this reading over the shortest time in which the register's steps do not matter.

        None where that is not known yet, and where the register fell: it is another one, or was reset.
        """
        if self._read and (at <= self._read[-1][0] or register.energy_wh < self._read[-1][1].energy_wh):
            self._read.clear()
        self._read.append((at, register))
        while at - self._read[0][0] > LONGEST:
            self._read.popleft()
        for before, earlier in reversed(self._read):
            hours = (at - before) / timedelta(hours=1)
            if at - before >= LEAST:
                power_w = (register.energy_wh - earlier.energy_wh) / hours
                error_w = max(register.step_wh, earlier.step_wh) / hours
                if error_w <= max(TOLERATED_W, power_w * TOLERATED_SHARE):
                    return power_w
        return None
