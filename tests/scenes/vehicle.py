"""A vehicle, and what flows into it where so much is in force: one way to differ can be put on another."""

from collections.abc import Callable
from dataclasses import dataclass, field
from math import inf
from random import Random
from typing import TypeAlias

from tests.scenes.firmware import AMPERE_W

WATT_SECONDS = 3600
"""Watt-seconds in a watt-hour."""


@dataclass
class Vehicle:
    """Takes what it is offered, from `least_w` to `most_w`, until it has `needs_wh`."""

    most_w: int
    least_w: int = 0
    needs_wh: float = inf
    charged_ws: int = 0

    @property
    def full(self) -> bool:
        return self.charged_ws >= self.needs_wh * WATT_SECONDS

    def accepts(self, offered_w: int) -> bool:
        """Whether it charges at all where so much is offered."""
        return not self.full and offered_w > 0 and offered_w >= self.least_w

    def takes_w(self, offered_w: int) -> int:
        return min(self.most_w, offered_w) if self.accepts(offered_w) else 0


Flow: TypeAlias = Callable[[Vehicle, int], int]
"""What flows into a vehicle where so much is in force."""


def as_told(vehicle: Vehicle, limit_w: int) -> int:
    """All that the vehicle takes of the limit."""
    return vehicle.takes_w(limit_w)


@dataclass(frozen=True)
class Phases:
    """A vehicle that has fewer phases than three: of what is told it can have so many thirds."""

    count: int

    def __call__(self, vehicle: Vehicle, limit_w: int) -> int:
        return min(limit_w * self.count // 3, vehicle.most_w) if vehicle.accepts(limit_w) else 0


@dataclass(frozen=True)
class Steps:
    """A vehicle that draws in steps."""

    step_w: int

    def __call__(self, vehicle: Vehicle, limit_w: int) -> int:
        return vehicle.takes_w(limit_w) // self.step_w * self.step_w


@dataclass(frozen=True)
class Amperes:
    """A charger that limits current, in steps of `step_ma`, on a grid of `volts`; a vehicle needs six amperes."""

    volts: int
    step_ma: int = 100

    def __call__(self, vehicle: Vehicle, limit_w: int) -> int:
        milliamperes = vehicle.takes_w(limit_w) * 1000 // AMPERE_W // self.step_ma * self.step_ma
        return milliamperes * 3 * self.volts // 1000 if milliamperes >= 6000 else 0


@dataclass(frozen=True)
class Inexact:
    """What flows, times `factor`, and `plus_w`, with noise of so many per cent (one standard deviation).

    Not above `at_most_w`, where that is given.
    """

    factor: float = 1.0
    plus_w: int = 0
    noise_percent: int = 0
    chance: Random = field(default_factory=lambda: Random(1))
    of: Flow = as_told
    at_most_w: int | None = None

    def __call__(self, vehicle: Vehicle, limit_w: int) -> int:
        power_w = self.of(vehicle, limit_w)
        if power_w == 0:
            return 0
        drawn = power_w * self.factor + self.plus_w
        if self.noise_percent:
            drawn *= 1 + self.chance.gauss(0, self.noise_percent / 100)
        drawn_w = max(0, int(drawn))
        return drawn_w if self.at_most_w is None else min(drawn_w, self.at_most_w)
