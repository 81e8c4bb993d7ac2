"""What would have been possible: a twin of the fleet, served by an allocator that knows everything at once."""

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from adapters.simulation.layout import Configuration, ConnectorKey, Outlet
from adapters.simulation.vehicle import PREPARATION, Vehicle, Visit

ALLOCATED_ANEW_EVERY = 5
"""Seconds. In between the batteries only take a little less, and a building hardly moves."""


@dataclass(frozen=True, slots=True)
class Want:
    """A connector with a vehicle that could take this much, within the connector's own rating, right now.

    The rest is what an order of service may go by: the session, when it started and ends, what it still needs.
    """

    charge_point_id: str
    connector_id: int
    requested_w: int
    session_id: str
    started_at: datetime
    departs_at: datetime
    energy_needed_wh: int
    priority: int


class Allocator(Protocol):
    """Shares the default capacities of a configuration, less the load that is not ours, by its strategy."""

    def __call__(
        self, configuration: Configuration, background_w: Mapping[str, int], wants: Sequence[Want], now: datetime
    ) -> Mapping[ConnectorKey, int]:
        """Watts for each who wants some; whoever is left out gets nothing. `background_w` is by circuit id."""
        ...


class IdealDepot:
    """The same buses at the same connectors and times, but no lag, no message, no guess."""

    def __init__(self, allocate: Allocator) -> None:
        self.energy_ws = 0
        self._allocate = allocate
        self._plugged: dict[ConnectorKey, tuple[Outlet, Vehicle]] = {}
        self._premises: tuple[int, Set[ConnectorKey]] = (0, frozenset())
        self._given: Mapping[ConnectorKey, int] = {}

    def plug_in(self, outlet: Outlet, visit: Visit) -> None:
        """Connect the twin of the bus of this visit."""
        self._plugged[outlet.key] = (outlet, Vehicle(visit))

    def unplug(self, outlet: Outlet) -> None:
        """Let the twin at this outlet leave."""
        del self._plugged[outlet.key]

    def tick(self, now: datetime, second: int, configuration: Configuration, background_w: Mapping[str, int]) -> None:
        """Let one second pass, with this configuration in force and these loads that are not ours."""
        wanted: dict[ConnectorKey, int] = {}
        for key, (outlet, vehicle) in self._plugged.items():
            if now >= vehicle.visit.arrives_at + PREPARATION:
                want_w = min(vehicle.acceptance_w(), outlet.max_power_w)
                if want_w:
                    wanted[key] = want_w
        premises = (configuration["version"], wanted.keys())
        if second % ALLOCATED_ANEW_EVERY == 0 or premises != self._premises:
            self._premises = premises
            # A vehicle on one phase may want less than the minimum of its connector, which is that of three.
            wants = [
                _want(key, max(want_w, self._plugged[key][0].min_power_w), self._plugged[key][1])
                for key, want_w in wanted.items()
            ]
            self._given = self._allocate(configuration, background_w, wants, now)
        for key, want_w in wanted.items():
            vehicle = self._plugged[key][1]
            power_w = min(want_w, self._given.get(key, 0))
            if power_w >= vehicle.visit.min_power_w:
                vehicle.charge(power_w)
                self.energy_ws += power_w


def _want(key: ConnectorKey, requested_w: int, vehicle: Vehicle) -> Want:
    visit = vehicle.visit
    return Want(
        *key,
        requested_w,
        visit.session_id,
        visit.arrives_at,
        visit.departs_at,
        vehicle.still_needed_wh,
        visit.priority,
    )
