"""Brookvale, Sydney. Public: 5 MVA, 13 pantographs on 450 kW units and 10 plug-in chargers.

Everything else is assumed: two pantograph circuits, plug-in chargers of 150 kW, 120 kW of depot load, and the
transformer that trips at minute 40 and halves the limit.
"""

from adapters.simulation.arrivals import ArrivalPlan
from adapters.simulation.building import BuildingPlan
from adapters.simulation.scenario import CapacityStep, Scenario
from adapters.simulation.sites.parts import charge_point, circuit, site

BROOKVALE = Scenario(
    name="brookvale-panto",
    summary="Thirteen 450 kW pantographs and ten plug-in chargers: a transformer trips, the limit halves at minute 40.",
    configuration=site(
        "brookvale-panto",
        "Brookvale depot",
        [
            circuit("gc-1", None, "Grid connection", 5_000_000, safe_capacity_w=4_000_000),
            circuit("p-1", "gc-1", "Pantographs 1 to 7", 2_500_000),
            circuit("p-2", "gc-1", "Pantographs 8 to 13", 2_200_000),
            circuit("s-1", "gc-1", "Plug-in chargers", 1_200_000),
        ],
        [
            *(
                charge_point(f"panto-{number:02}", "p-1" if number <= 7 else "p-2", 450_000, min_power_w=20_000)
                for number in range(1, 14)
            ),
            *(charge_point(f"plug-{number:02}", "s-1", 150_000) for number in range(1, 11)),
        ],
    ),
    arrivals=ArrivalPlan(
        vehicles=23,
        at_start=16,
        returns_s=(120, 1800),
        stay_s=(1200, 5400),
        away_s=(300, 1200),
        max_power_w=450_000,
        charge_percent_at_start=(20, 60),
        plugged_in_before_s=(60, 600),
    ),
    buildings=(BuildingPlan("gc-1", mean_w=120_000, swing_w=30_000, noise_w=2_000, machine_w=5_000),),
    capacity_steps=(CapacityStep(2400, "gc-1", 2_500_000),),
)
