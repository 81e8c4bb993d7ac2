"""What would have been possible: a twin of the fleet, served by an allocator that knows everything at once."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from adapters.simulation.layout import ConnectorKey, Outlet
from adapters.simulation.vehicle import PREPARATION, Vehicle, Visit

ALLOCATED_ANEW_EVERY = 5
"""Seconds. In between the batteries only take a little less, so nothing that is given out can become too much."""


@dataclass(frozen=True, slots=True)
class Want:
    """A connector with a vehicle that could take this much, within the connector's own rating, right now."""

    charge_point_id: str
    connector_id: int
    requested_w: int


Allocator: TypeAlias = Callable[[Sequence[Want]], Mapping[ConnectorKey, int]]
"""Shares the default capacities of a depot, in watts, by its strategy. A connector that is left out gets nothing."""


class IdealDepot:
    """The same buses at the same connectors and times, but no lag, no message, no guess."""

    def __init__(self, allocate: Allocator) -> None:
        self.energy_ws = 0
        self._allocate = allocate
        self._plugged: dict[ConnectorKey, tuple[Outlet, Vehicle]] = {}
        self._served: frozenset[ConnectorKey] = frozenset()
        self._given: Mapping[ConnectorKey, int] = {}

    def plug_in(self, outlet: Outlet, visit: Visit) -> None:
        """Connect the twin of the bus of this visit."""
        self._plugged[outlet.key] = (outlet, Vehicle(visit))

    def unplug(self, outlet: Outlet) -> None:
        """Let the twin at this outlet leave."""
        del self._plugged[outlet.key]

    def tick(self, now: datetime, second: int) -> None:
        """Let one second pass."""
        wanted: dict[ConnectorKey, int] = {}
        for key, (outlet, vehicle) in self._plugged.items():
            if now >= vehicle.visit.arrives_at + PREPARATION:
                want_w = min(vehicle.acceptance_w(), outlet.max_power_w)
                if want_w:
                    wanted[key] = want_w
        if second % ALLOCATED_ANEW_EVERY == 0 or wanted.keys() != self._served:
            self._served = frozenset(wanted)
            self._given = self._allocate([Want(*key, want_w) for key, want_w in wanted.items()])
        for key, want_w in wanted.items():
            vehicle = self._plugged[key][1]
            power_w = min(want_w, self._given.get(key, 0))
            if power_w >= vehicle.visit.min_power_w:
                vehicle.charge(power_w)
                self.energy_ws += power_w
