"""What is bolted down in a depot: chargers, meters and buildings, and the power that flows at every node."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import datetime
from functools import partial
from random import Random

from adapters.simulation.building import Building
from adapters.simulation.charger import Charger
from adapters.simulation.habits import Chargers, Habits, as_people_have_them, grace_s
from adapters.simulation.layout import Layout, Payload
from adapters.simulation.meter import Meter, MeterHabits, meters_as_people_have_them
from adapters.simulation.scenario import Scenario
from adapters.simulation.sockets import Socket
from adapters.simulation.vehicle import Visit


class Plant:
    """The hardware of a scenario. Lists are by node of the layout, figures of a node include all below it.

    `charging_w`: what the chargers draw. `background_w`: what the buildings draw. `building_w`: the buildings again,
    by the circuit they are on.
    """

    def __init__(self, scenario: Scenario, layout: Layout, seed: int, chargers: Chargers = Chargers.IDEAL) -> None:
        self.layout = layout
        self.chargers = {
            charger.station.charge_point_id: charger for charger in _chargers(layout, scenario, seed, chargers)
        }
        self.meters = {meter.circuit_id: meter for meter in _meters(layout, scenario, seed, chargers)}
        self._buildings = [
            Building(plan, Random(f"{seed}:{layout.microgrid_id}:{plan.circuit_id}")) for plan in scenario.buildings
        ]
        self._index = {node.node_id: index for index, node in enumerate(layout.nodes)}
        self.charging_w = [0] * len(layout.nodes)
        self.background_w = [0] * len(layout.nodes)
        self.building_w: dict[str, int] = {}

    @property
    def sockets(self) -> Iterator[Socket]:
        return (socket for charger in self.chargers.values() for socket in charger.sockets)

    def as_they_turn_out(self, streams: Sequence[Iterator[Visit]]) -> list[Iterator[Visit]]:
        """Streams of visits, one per socket and in the same order, by vehicles such as come to these chargers."""
        sockets = [(charger.habits, socket) for charger in self.chargers.values() for socket in charger.sockets]
        return [
            map(partial(habits.as_it_turns_out, outlet=socket.outlet), stream)
            for (habits, socket), stream in zip(sockets, streams, strict=True)
        ]

    @property
    def habits(self) -> dict[str, Payload]:
        """The habits of every charge point and every meter, by its id."""
        chargers = {name: asdict(charger.habits) for name, charger in self.chargers.items()}
        return chargers | {name: asdict(meter.habits) for name, meter in self.meters.items()}

    def tick(self, now: datetime) -> None:
        """Let the second pass that ends now."""
        self.charging_w = [0] * len(self.layout.nodes)
        for charger in self.chargers.values():
            self.charging_w[charger.station.node] = charger.tick(now)
        self.layout.roll_up(self.charging_w)
        self.building_w = {building.circuit_id: building.tick() for building in self._buildings}
        self.background_w = [0] * len(self.layout.nodes)
        for circuit_id, power_w in self.building_w.items():
            self.background_w[self._index[circuit_id]] += power_w
        self.layout.roll_up(self.background_w)

    def reports(self, now: datetime, second: int) -> list[Payload]:
        """What arrives at the end of this second, meters last."""
        reports = [
            *(charger.report(now, second) for charger in self.chargers.values()),
            *(
                meter.report(now, second, self.charging_w[meter.node] + self.background_w[meter.node])
                for meter in self.meters.values()
            ),
        ]
        return [report for report in reports if report is not None]


def _chargers(layout: Layout, scenario: Scenario, seed: int, chargers: Chargers) -> Iterator[Charger]:
    draw, grace = Random(f"{seed}:{layout.microgrid_id}:chargers"), grace_s(scenario.configuration)
    for station in layout.stations:
        own = f"{seed}:{layout.microgrid_id}:{station.charge_point_id}"
        habits = Habits(
            lag_s=draw.randint(*scenario.lag_s),
            phase=draw.randrange(scenario.heartbeat_interval_s),
            report_interval_s=scenario.report_interval_s,
            heartbeat_interval_s=scenario.heartbeat_interval_s,
            whole_amperes=station.charge_point_id in scenario.whole_amperes,
            plain_ocpp=scenario.plain_ocpp,
        )
        if chargers is Chargers.REAL:
            habits = as_people_have_them(habits, station, grace, Random(f"{own}:habits"))
        yield Charger(layout.microgrid_id, station, habits, Random(f"{own}:noise"))


def _meters(layout: Layout, scenario: Scenario, seed: int, chargers: Chargers) -> Iterator[Meter]:
    draw, interval_s = Random(f"{seed}:{layout.microgrid_id}:meters"), scenario.meter_interval_s
    silences = {silence.circuit_id: silence.seconds for silence in scenario.silences}
    for index, node in enumerate(layout.nodes):
        if not node.metered:
            continue
        habits = MeterHabits(interval_s, draw.randrange(interval_s))
        if chargers is Chargers.REAL:
            habits = meters_as_people_have_them(Random(f"{seed}:{layout.microgrid_id}:{node.node_id}:meter"))
        yield Meter(layout.microgrid_id, node.node_id, index, habits, silences.get(node.node_id, range(0)))
