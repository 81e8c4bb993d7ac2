"""The depot whose messages are the examples: small, and with a bit of everything that a reader has to understand."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from adapters.simulation.arrivals import ArrivalPlan
from adapters.simulation.building import BuildingPlan
from adapters.simulation.delivery import Delivery
from adapters.simulation.faults.script import Fault, Undisturbed, device_of
from adapters.simulation.layout import Payload
from adapters.simulation.plant import Plant
from adapters.simulation.scenario import Scenario
from adapters.simulation.sites.parts import charge_point, circuit, site

CALM_S: Final = 120
LOWERED_AFTER_S: Final = 90
TROUBLE_S: Final = 180

DEPOT = Scenario(
    name="depot",
    summary="Three buses beside a building. One feeder bears less than is asked for there; one charger is silent.",
    configuration={
        **site(
            "depot",
            "Example depot",
            [
                circuit("gc-1", None, "Grid connection 1", 250_000, safe_capacity_w=150_000),
                circuit("f-1", "gc-1", "Feeder 1", 100_000),
                circuit("f-2", "gc-1", "Feeder 2", 100_000, safe_capacity_w=60_000),
            ],
            [
                charge_point("cp-1", "f-1", 200_000, connectors=2, connector_w=150_000),
                charge_point("cp-2", "f-2", 80_000),
                charge_point("cp-3", "f-1", 50_000),
            ],
        ),
        "settings": {"breach_hold_s": 5, "setpoint_valid_for_s": 120},
    },
    arrivals=ArrivalPlan(vehicles=4, at_start=4, charge_percent_at_start=(20, 30)),
    buildings=(BuildingPlan("gc-1", mean_w=48_000, swing_w=4_000, noise_w=400, machine_w=6_000, machines=1),),
)


class _Troubles(Undisturbed):
    """Charger cp-1 draws more than it is told, by a twentieth; cp-3 was never heard. After the calm the meter of feeder
    2 falls silent and cp-2 draws its rating whatever it is told; a configuration lowers the feeder. Then all is well.
    """

    def __init__(self, plant: Plant) -> None:
        super().__init__()
        self._plant = plant
        for socket in plant.chargers["cp-1"].sockets:
            socket.factor = 1_050

    def act(self, now: datetime, second: int) -> None:
        for socket in self._plant.chargers["cp-2"].sockets:
            socket.stuck = self._in_trouble(second)
        lowered: Mapping[str, int] = {"f-2": 70_000}
        self.capacities_w = lowered if second >= CALM_S + LOWERED_AFTER_S else {}

    def up(self, payloads: list[Payload], second: int) -> list[Payload]:
        silent = {"cp-3", "f-2"} if self._in_trouble(second) else {"cp-3"}
        return [payload for payload in payloads if device_of(payload) not in silent]

    def down(self, deliveries: list[Delivery], second: int) -> list[Delivery]:
        return [each for each in deliveries if each.charge_point_id != "cp-3"]

    def _in_trouble(self, second: int) -> bool:
        return CALM_S <= second < CALM_S + TROUBLE_S


TROUBLES = Fault("examples", "What the examples of trouble are taken from.", lambda plant, draw: _Troubles(plant))

REFUSED: Final[Mapping[str, Any]] = {
    **DEPOT.configuration,
    "version": 2,
    "circuits": [
        circuit("gc-1", None, "Grid connection 1", 250_000, safe_capacity_w=150_000),
        circuit("f-1", "gc-9", "Feeder 1", 100_000),
        circuit("f-2", "gc-1", "Feeder 2", 100_000, safe_capacity_w=60_000),
    ],
}
"""It names a circuit that is not there."""

RETIRED: Final[Mapping[str, Any]] = {"microgrid_id": DEPOT.configuration["microgrid_id"]}
"""It closed."""
