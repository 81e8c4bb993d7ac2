"""What is bolted down in a depot: chargers and buildings, and the power that flows at every node."""

from collections.abc import Iterator
from datetime import datetime
from random import Random

from adapters.simulation.building import Building
from adapters.simulation.charger import Charger, Habits, Socket
from adapters.simulation.layout import Layout
from adapters.simulation.scenario import Scenario


class Plant:
    """The hardware of a scenario. Lists are by node of the layout, figures of a node include all below it.

    `charging_w`: what the chargers draw. `background_w`: what the buildings draw. `building_w`: the buildings again,
    by the circuit they are on.
    """

    def __init__(self, scenario: Scenario, layout: Layout, seed: int) -> None:
        self.layout = layout
        draw = Random(f"{seed}:{layout.microgrid_id}:chargers")
        self.chargers = {
            station.charge_point_id: Charger(
                layout.microgrid_id,
                station,
                Habits(
                    lag_s=draw.randint(*scenario.lag_s),
                    phase=draw.randrange(scenario.heartbeat_interval_s),
                    report_interval_s=scenario.report_interval_s,
                    heartbeat_interval_s=scenario.heartbeat_interval_s,
                    whole_amperes=station.charge_point_id in scenario.whole_amperes,
                    plain_ocpp=scenario.plain_ocpp,
                ),
            )
            for station in layout.stations
        }
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
