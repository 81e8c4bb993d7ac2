"""The meter of a circuit: tells every few seconds what truly flows through it."""

from datetime import datetime

from adapters.simulation.layout import Payload
from adapters.simulation.times import rfc3339


class Meter:
    """The meter at a node of the layout (`node` is its index). `phase` (seconds) shifts it against the others.

    In the seconds of the run that are `silent` it says nothing.
    """

    def __init__(
        self, microgrid_id: str, circuit_id: str, node: int, interval_s: int, phase: int, silent: range = range(0)
    ) -> None:
        self.node = node
        self._microgrid_id = microgrid_id
        self._circuit_id = circuit_id
        self._interval_s = interval_s
        self._phase = phase
        self._silent = silent
        self._sequence = 0

    def report(self, now: datetime, second: int, power_w: int) -> Payload | None:
        """The reading due in this second of the run, if any; the first one comes in the first second."""
        if second in self._silent or (second > 1 and (second + self._phase) % self._interval_s):
            return None
        self._sequence += 1
        return {
            "microgrid_id": self._microgrid_id,
            "circuit_id": self._circuit_id,
            "sequence": self._sequence,
            "measured_at": rfc3339(now),
            "power_w": power_w,
        }
