"""Leichhardt, Sydney. Public: 5 dual 120 kW DC and 31 80 kW AC chargers, 55 buses of 368 or 422 kWh, a 1.5 MVA grid
connection (about 2.1:1 oversubscribed).

Everything else is assumed: the circuits, 150 kW of depot load behind the grid connection's meter, buses that charge
from 6 A on AC, AC chargers that round to whole amperes. The battery and the photovoltaics (public) are not simulated.
"""

from adapters.simulation.arrivals import ArrivalPlan
from adapters.simulation.building import BuildingPlan
from adapters.simulation.habits import AMPERE_W
from adapters.simulation.scenario import Scenario
from adapters.simulation.sites.parts import charge_point, circuit, site

_SIX_AMPERES_W = 6 * AMPERE_W

_AC = [
    charge_point(f"cp-ac-{number:02}", "ac-1" if number <= 16 else "ac-2", 80_000, min_power_w=_SIX_AMPERES_W)
    for number in range(1, 32)
]

LEICHHARDT = Scenario(
    name="leichhardt-mixed",
    summary="AC and DC chargers behind a meter that sees the depot's own load too: default against safe capacity.",
    configuration=site(
        "leichhardt-mixed",
        "Leichhardt depot",
        [
            circuit("gc-1", None, "Grid connection", 1_500_000, safe_capacity_w=1_200_000),
            circuit("ac-1", "gc-1", "AC chargers 1 to 16", 900_000),
            circuit("ac-2", "gc-1", "AC chargers 17 to 31", 900_000),
            circuit("dc-1", "gc-1", "DC chargers", 500_000),
        ],
        [*_AC, *(charge_point(f"cp-dc-{number}", "dc-1", 120_000, connectors=2) for number in range(1, 6))],
    ),
    arrivals=ArrivalPlan(
        vehicles=41,
        at_start=28,
        returns_s=(300, 2400),
        battery_wh=(368_000, 422_000),
        min_power_w=_SIX_AMPERES_W,
        charge_percent_at_start=(20, 70),
    ),
    buildings=(BuildingPlan("gc-1", mean_w=150_000, swing_w=20_000, noise_w=1_000, machine_w=2_000),),
    whole_amperes=frozenset(each["charge_point_id"] for each in _AC),
)
