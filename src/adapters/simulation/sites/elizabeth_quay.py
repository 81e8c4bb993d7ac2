"""Elizabeth Quay, Perth. Public: 3 power units feeding 18 single-output satellites, 18 buses, rapid layover charging.

Everything else is assumed: power units of 360 kW with six satellites of 150 kW each, a circuit of 400 kW for each
unit, a grid connection of 800 kW, layovers of 10 to 30 minutes.
"""

from adapters.simulation.arrivals import ArrivalPlan
from adapters.simulation.scenario import Scenario
from adapters.simulation.sites.parts import charge_point, circuit, site

ELIZABETH_QUAY = Scenario(
    name="elizabeth-quay",
    summary="Three power units with six satellites each, layover charging: power units share, not connectors.",
    configuration=site(
        "elizabeth-quay",
        "Elizabeth Quay bus station",
        [
            circuit("gc-1", None, "Grid connection", 800_000, safe_capacity_w=600_000),
            *(circuit(f"c-{number}", "gc-1", f"Power unit {number}", 400_000) for number in (1, 2, 3)),
        ],
        [
            charge_point(f"pu-{number}", f"c-{number}", 360_000, connectors=6, connector_w=150_000)
            for number in (1, 2, 3)
        ],
        unit="charger",
    ),
    arrivals=ArrivalPlan(
        vehicles=18,
        at_start=10,
        returns_s=(60, 900),
        stay_s=(600, 1800),
        away_s=(300, 1200),
        charge_percent_at_start=(30, 70),
        charge_percent_on_return=(30, 70),
        needed_w=(60_000, 120_000),
        plugged_in_before_s=(60, 600),
        urgent_stay_s=900,
    ),
)
