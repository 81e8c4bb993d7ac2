"""New Lynn, Auckland. Public: 86 buses at 44 charging stations, 23,400 kWh a day, mostly between 22:30 and 05:30
(3.3 MW in the mean); exceeding the network's limit can mean fines.

Everything else is assumed: dual stations of 150 kW, four feeders, 130 kW of depot load, and the network's limit of
4.0 MW, which is 2.5 MW between minutes 40 and 80.
"""

from adapters.simulation.arrivals import ArrivalPlan
from adapters.simulation.building import BuildingPlan
from adapters.simulation.scenario import CapacityStep, Scenario
from adapters.simulation.sites.parts import charge_point, circuit, site

NEW_LYNN = Scenario(
    name="new-lynn-night",
    summary="Eighty-six buses at dual stations through a night: the grid limit steps 4.0, 2.5, 4.0 MW.",
    configuration=site(
        "new-lynn-night",
        "New Lynn depot",
        [
            circuit("gc-1", None, "Grid connection", 4_000_000, safe_capacity_w=3_200_000),
            *(circuit(f"f-{number}", "gc-1", f"Feeder {number}", 1_200_000) for number in (1, 2, 3, 4)),
        ],
        [
            charge_point(f"cs-{number:02}", f"f-{(number + 10) // 11}", 150_000, connectors=2, connector_w=120_000)
            for number in range(1, 45)
        ],
    ),
    arrivals=ArrivalPlan(
        vehicles=86,
        at_start=60,
        returns_s=(60, 2400),
        stay_s=(14_400, 25_200),
        charge_percent_at_start=(20, 60),
        charge_percent_on_return=(20, 50),
    ),
    buildings=(BuildingPlan("gc-1", mean_w=130_000, swing_w=30_000, noise_w=2_000, machine_w=5_000),),
    capacity_steps=(CapacityStep(2400, "gc-1", 2_500_000), CapacityStep(4800, "gc-1", 4_000_000)),
)
