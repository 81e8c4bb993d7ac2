"""West Footscray, Melbourne. Public: 9 buses of 348 kWh on a site that is at least 75 % loaded by other uses.

Everything else is assumed: a grid connection of 1.2 MW of which other uses take 900 kW in the mean, nine chargers of
80 kW.
"""

from adapters.simulation.arrivals import ArrivalPlan
from adapters.simulation.building import BuildingPlan
from adapters.simulation.scenario import Scenario
from adapters.simulation.sites.parts import charge_point, circuit, site

WEST_FOOTSCRAY = Scenario(
    name="west-footscray-tight",
    summary="Nine buses on a connection that other uses load by three quarters: their swings dominate.",
    configuration=site(
        "west-footscray-tight",
        "West Footscray depot",
        [
            circuit("gc-1", None, "Grid connection", 1_200_000, safe_capacity_w=150_000),
            circuit("c-1", "gc-1", "Charger circuit", 500_000),
        ],
        [charge_point(f"cp-{number}", "c-1", 80_000) for number in range(1, 10)],
    ),
    arrivals=ArrivalPlan(
        vehicles=9, at_start=6, returns_s=(300, 2400), battery_wh=(348_000, 348_000), charge_percent_at_start=(20, 60)
    ),
    # Compressors and lifts step under a connection with no room to spare: a step just after a raise takes 40 to 55 s.
    reaction_s=60,
    buildings=(
        BuildingPlan("gc-1", mean_w=900_000, swing_w=110_000, noise_w=2_000, machine_w=6_000, drift_s=(700, 1300)),
    ),
)
