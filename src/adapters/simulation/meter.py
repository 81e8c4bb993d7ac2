"""The meter of a circuit: tells every few seconds what truly flows through it."""

from collections import deque
from dataclasses import dataclass
from datetime import datetime
from random import Random

from adapters.simulation.layout import Payload
from adapters.simulation.times import rfc3339


@dataclass(frozen=True, slots=True)
class MeterHabits:
    """How a meter speaks: every `interval_s`, each reading `late_s` after it was taken.

    `phase` (seconds) shifts it against the others; it says nothing of the seconds of the run before `from_s`. One that
    is `prompt` speaks in the first second of the run as well. `noise_w`: the most that a reading is off.
    """

    interval_s: int
    phase: int = 0
    late_s: int = 0
    from_s: int = 1
    prompt: bool = True
    noise_w: int = 0

    def is_due(self, second: int) -> bool:
        """Whether it takes a reading in this second of the run."""
        if self.prompt and second == self.from_s:
            return True
        return second >= self.from_s and (second + self.phase) % self.interval_s == 0


def meters_as_people_have_them(draw: Random) -> MeterHabits:
    """Habits of a meter in the field: it first speaks within its interval of the start, and shows nothing twice to the
    watt.
    """
    interval_s = draw.randint(5, 10)
    return MeterHabits(interval_s, draw.randrange(interval_s), draw.randint(1, 3), prompt=False, noise_w=100)


class Meter:
    """The meter at a node of the layout (`node` is its index). In the seconds that are `silent` it takes no reading."""

    def __init__(
        self, microgrid_id: str, circuit_id: str, node: int, habits: MeterHabits, silent: range = range(0)
    ) -> None:
        self.node = node
        self.circuit_id = circuit_id
        self.habits = habits
        self._microgrid_id = microgrid_id
        self._silent = silent
        self._sequence = 0
        self._draw = Random(f"{microgrid_id}:{circuit_id}")
        self._on_their_way: deque[tuple[int, Payload]] = deque()

    def report(self, now: datetime, second: int, power_w: int) -> Payload | None:
        """The message that arrives in this second of the run, if any."""
        if second not in self._silent and self.habits.is_due(second):
            self._on_their_way.append((second + self.habits.late_s, self._reading(now, power_w)))
        if self._on_their_way and self._on_their_way[0][0] <= second:
            return self._on_their_way.popleft()[1]
        return None

    def _reading(self, now: datetime, power_w: int) -> Payload:
        noise_w, self._sequence = self.habits.noise_w, self._sequence + 1
        return {
            "microgrid_id": self._microgrid_id,
            "circuit_id": self.circuit_id,
            "sequence": self._sequence,
            "measured_at": rfc3339(now),
            "power_w": power_w + (self._draw.randint(-noise_w, noise_w) if noise_w else 0),
        }
