"""Joondalup, Perth. Public: 4 buses on 180 kW chargers that serve two buses at once. Everything else is assumed.

Two chargers of 150 kW a connector on a grid connection of 500 kW. The depot's photovoltaics and battery (public) are
not simulated.
"""

from adapters.simulation.arrivals import ArrivalPlan
from adapters.simulation.scenario import Scenario
from adapters.simulation.sites.parts import charge_point, circuit, site

JOONDALUP = Scenario(
    name="joondalup-small",
    summary="Two dual 180 kW chargers, 4 buses, power to spare on the grid connection: the charger's rating binds.",
    configuration=site(
        "joondalup-small",
        "Joondalup depot",
        [
            circuit("gc-1", None, "Grid connection", 500_000, safe_capacity_w=300_000),
            circuit("c-1", "gc-1", "Charger circuit", 400_000),
        ],
        [charge_point(f"cp-{number}", "c-1", 180_000, connectors=2, connector_w=150_000) for number in (1, 2)],
    ),
    arrivals=ArrivalPlan(vehicles=4, at_start=3, charge_percent_at_start=(20, 60)),
)
