"""A load that is not ours: what a building draws from a circuit, second by second."""

from dataclasses import dataclass
from random import Random

from adapters.simulation.arrivals import Range


@dataclass(frozen=True, slots=True)
class BuildingPlan:
    """A building on a circuit, in watts.

    About the mean its level drifts within `swing_w`, in straight lines of `drift_s` each. On top come `machines`
    that draw `machine_w` each while they run, switched hard, and a noise within `noise_w` that is new every second.
    """

    circuit_id: str
    mean_w: int
    swing_w: int
    noise_w: int
    machine_w: int
    machines: int = 3
    drift_s: Range = (600, 1200)
    runs_s: Range = (120, 600)
    rests_s: Range = (180, 900)

    @property
    def peak_w(self) -> int:
        """What the building never draws more than."""
        return self.mean_w + self.swing_w + self.noise_w + self.machines * self.machine_w


class Building:
    """The building of a plan. Same plan, same seed: the same load."""

    def __init__(self, plan: BuildingPlan, draw: Random) -> None:
        self.circuit_id = plan.circuit_id
        self._plan = plan
        self._draw = draw
        self._second = 0
        self._from = self._to = (0, self._level())
        # A machine begins at rest, as if it had stopped some time before the run.
        self._machines = [_Machine(False, draw.randint(0, plan.rests_s[1])) for _ in range(plan.machines)]

    def tick(self) -> int:
        """What it draws in the next second, in watts."""
        self._second += 1
        if self._second > self._to[0]:
            self._from, self._to = self._to, (self._to[0] + self._draw.randint(*self._plan.drift_s), self._level())
        (begun, level), (end, goal) = self._from, self._to
        drifted = level + (goal - level) * (self._second - begun) // (end - begun)
        noise = self._draw.randint(-self._plan.noise_w, self._plan.noise_w)
        return max(0, self._plan.mean_w + drifted + noise + self._machines_w())

    def _level(self) -> int:
        return self._draw.randint(-self._plan.swing_w, self._plan.swing_w)

    def _machines_w(self) -> int:
        for machine in self._machines:
            if self._second >= machine.until:
                machine.runs = not machine.runs
                machine.until += self._draw.randint(*(self._plan.runs_s if machine.runs else self._plan.rests_s))
        return sum(machine.runs for machine in self._machines) * self._plan.machine_w


@dataclass(slots=True)
class _Machine:
    """A compressor, a lift, a heater: it runs or rests until a second of the run."""

    runs: bool
    until: int
