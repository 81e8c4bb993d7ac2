"""How chargers and the gateways before them behave, and when, as data."""

from dataclasses import dataclass
from typing import TypeAlias

AMPERE_W = 690
"""One ampere on three phases."""

NEVER = 1 << 60


Steps: TypeAlias = tuple[tuple[int, int], ...]
"""A figure from a second of the run on, in order."""


def at_step(steps: Steps, second: int) -> int:
    """The figure of that second; 0 before the first."""
    return next((figure for start, figure in reversed(steps) if start <= second), 0)


@dataclass(frozen=True, slots=True)
class Habits:
    """How a charger and the gateway before it behave. Durations in seconds.

    `lag_s`: from the arrival of a setpoint until it is applied. `every_s`: between readings. `heartbeats`: while all
    its sockets are empty, it says no more than that it is there. `step_w`: it rounds down to whole ones, and
    `reads_back_w`: so is the limit that is read back from it. `factor`: what it draws of what it is told; `ignores`:
    all that its vehicle wants, and it says so. `unknown_s`: for so long from the start of a session it does not know
    its power. `replays`: what it could not say while its link was dead it says later. `loses`: the chance that a
    sending is lost, until `loses_until_s`; only of who names cycles. `repeats`: the chance that one comes again later.
    `clock`: by how much it is ahead, from when on.
    """

    lag_s: int = 3
    every_s: int = 5
    phase_s: int = 0
    heartbeats: bool = False
    reports: bool = False
    names: bool = False
    requests: bool = False
    step_w: int = 1
    reads_back_w: int = 1
    factor: float = 1.0
    ignores: bool = False
    unknown_s: int = 0
    replays: bool = False
    loses: float = 0.0
    loses_until_s: int = NEVER
    repeats: float = 0.0
    clock: Steps = ()


@dataclass(frozen=True, slots=True)
class Span:
    """From `start` until before `end`, in seconds of the run."""

    start: int
    end: int

    def __contains__(self, second: int) -> bool:
        return self.start <= second < self.end


@dataclass(frozen=True, slots=True)
class Outage(Span):
    """A link that is dead: both ways, or `down_alone`: readings still arrive."""

    down_alone: bool = False
