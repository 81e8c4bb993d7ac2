"""A depot nobody described: an unmetered grid connection over a building with a meter of its own and a charger feeder.

Every figure is assumed. The building's meter says nothing from minute 20 to 60.
"""

from adapters.simulation.arrivals import ArrivalPlan
from adapters.simulation.building import BuildingPlan
from adapters.simulation.scenario import Scenario, Silence
from adapters.simulation.sites.parts import charge_point, circuit, site

SUBMETER = Scenario(
    name="submeter-silent",
    summary="A building beside the chargers, seen by its own meter alone, which falls silent from minute 20 to 60.",
    configuration=site(
        "submeter-silent",
        "Depot with a sub-meter",
        [
            circuit("gc-1", None, "Grid connection", 800_000),
            circuit("b-1", "gc-1", "Building", 400_000, safe_capacity_w=100_000),
            circuit("c-1", "gc-1", "Charger feeder", 700_000),
        ],
        [charge_point(f"cp-{number}", "c-1", 180_000, connectors=2, connector_w=120_000) for number in range(1, 7)],
    ),
    arrivals=ArrivalPlan(vehicles=12, at_start=8, returns_s=(300, 1800), charge_percent_at_start=(20, 60)),
    buildings=(BuildingPlan("b-1", mean_w=250_000, swing_w=30_000, noise_w=2_000, machine_w=4_000),),
    silences=(Silence("b-1", range(1200, 3600)),),
)
