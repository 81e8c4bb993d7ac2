"""A depot that lives: buses come and go, chargers obey, energy flows, messages are sent."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Any

from adapters.simulation.arrivals import visits
from adapters.simulation.charger import Charger
from adapters.simulation.fleet import Fleet
from adapters.simulation.ideal import Allocator, IdealDepot
from adapters.simulation.layout import Configuration, Payload, read_layout
from adapters.simulation.meter import Meter
from adapters.simulation.scenarios import Scenario
from adapters.simulation.vehicle import WATT_SECONDS
from adapters.simulation.violations import ViolationCounter

TICK = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Summary:
    """What a run came to, as far as the depot knows it; the fields of contract section 9.

    `vehicles_ready` are those that have taken in the energy they need so far, departed or still there;
    `vehicles_departed` those that left, ready or not. No script alters messages yet: `messages_affected` is 0.
    """

    limit_violations: int
    true_overload_ticks: int
    messages_affected: int
    energy_delivered_wh: int
    energy_possible_wh: int
    vehicles_ready: int
    vehicles_departed: int
    connectors: int
    simulated_s: int


class Depot:
    """A scenario in motion. Same scenario, seed, start and deliveries: the same messages.

    Its first second begins at `start`, so the first tick is one second later. `allocate` serves the twin that
    shows what would have been possible.
    """

    def __init__(self, scenario: Scenario, seed: int, start: datetime, allocate: Allocator) -> None:
        self._configuration = scenario.configuration
        self._now = start
        self._second = 0
        self._layout = read_layout(scenario.configuration)
        microgrid_id = self._layout.microgrid_id
        draw = Random(f"{seed}:{microgrid_id}:phases")
        self._chargers = {
            station.charge_point_id: Charger(
                microgrid_id, station, scenario.timing, draw.randrange(scenario.timing.heartbeat_interval_s)
            )
            for station in self._layout.stations
        }
        interval_s = scenario.meter_interval_s
        self._meters = [
            Meter(microgrid_id, node.node_id, index, interval_s, draw.randrange(interval_s))
            for index, node in enumerate(self._layout.nodes)
            if node.metered
        ]
        self._sockets = [socket for charger in self._chargers.values() for socket in charger.sockets]
        self._ideal = IdealDepot(allocate)
        self._fleet = Fleet(self._sockets, visits(scenario.arrivals, self._layout, seed, start), self._ideal)
        self._violations = ViolationCounter(self._layout, scenario.timing.lag_s, scenario.reaction_s)
        self._delivered_ws = 0

    @property
    def configuration(self) -> Configuration:
        """What belongs on the configuration topic before the first tick."""
        return self._configuration

    @property
    def now(self) -> datetime:
        """The instant of the last tick; before the first one, the start."""
        return self._now

    def tick(self, now: datetime) -> list[Payload]:
        """Let the second pass that ends `now`; returns the messages sent at its end, meters last.

        Raises ValueError where `now` is not one second after the last tick (or the start).
        """
        if now != self._now + TICK:
            raise ValueError(f"The depot stands at {self._now}; its next tick is one second later, not at {now}.")
        self._now = now
        self._second += 1
        self._fleet.tick(now)
        loads = [0] * len(self._layout.nodes)
        for charger in self._chargers.values():
            loads[charger.station.node] = charger.tick(now)
        self._layout.roll_up(loads)
        self._delivered_ws += loads[0]
        self._ideal.tick(now, self._second)
        self._violations.tick(now, {socket.outlet.key: socket.power_w for socket in self._sockets})
        reports = [
            *(charger.report(now, self._second) for charger in self._chargers.values()),
            *(meter.report(now, self._second, loads[meter.node]) for meter in self._meters),
        ]
        return [report for report in reports if report is not None]

    def deliver(self, cycle: Mapping[str, Any]) -> None:
        """Take the data of a `CycleCompleted` of this microgrid that arrives after the last tick.

        Repeated and overtaken cycles change nothing, setpoints of unknown connectors are passed over.
        """
        self._violations.delivered(cycle, self._now)
        decided_at = datetime.fromisoformat(cycle["decided_at"])
        setpoints: dict[str, list[Mapping[str, Any]]] = {}
        for each in cycle["setpoints"]:
            setpoints.setdefault(each["charge_point_id"], []).append(each)
        for charge_point_id, own in setpoints.items():
            charger = self._chargers.get(charge_point_id)
            if charger is not None:
                charger.deliver(cycle["cycle_seq"], decided_at, own, self._now)

    def summary(self) -> Summary:
        """The run so far."""
        return Summary(
            limit_violations=self._violations.limit_violations,
            true_overload_ticks=self._violations.true_overload_ticks,
            messages_affected=0,
            energy_delivered_wh=self._delivered_ws // WATT_SECONDS,
            energy_possible_wh=self._ideal.energy_ws // WATT_SECONDS,
            vehicles_ready=self._fleet.ready,
            vehicles_departed=self._fleet.departed,
            connectors=len(self._sockets),
            simulated_s=self._second,
        )
