"""Malaga, Perth. Public: 110 dispensers, 90 buses overnight. Everything else is assumed.

55 dual chargers make the dispensers. The depot's photovoltaics and battery (public) are not simulated.
"""

from adapters.simulation.arrivals import ArrivalPlan
from adapters.simulation.scenario import Scenario
from adapters.simulation.sites.parts import charge_point, circuit, site

_CIRCUITS = [
    circuit("gc-1", None, "Grid connection 1", 2_000_000, safe_capacity_w=1_600_000),
    circuit("f-1", "gc-1", "Feeder 1", 1_200_000),
    circuit("f-2", "gc-1", "Feeder 2", 1_200_000),
    circuit("gc-2", None, "Grid connection 2", 2_000_000, safe_capacity_w=1_600_000),
    circuit("f-3", "gc-2", "Feeder 3", 1_200_000),
    circuit("f-4", "gc-2", "Feeder 4", 1_200_000),
    *(
        circuit(f"f-{feeder}-{lane}", f"f-{feeder}", f"Feeder {feeder}, lane {lane}", 450_000)
        for feeder in (1, 2, 3, 4)
        for lane in (1, 2, 3)
    ),
]

_CHARGERS_PER_LANE = {1: (5, 5, 4), 2: (5, 5, 4), 3: (5, 5, 4), 4: (5, 4, 4)}
"""By feeder."""

_LEAST_W = 4_000
"""Assumed: 5 A at 800 V. A bus that is full but plugged in may have it, and 45 of them less than 5 % of the site."""

_LANES = [
    f"f-{feeder}-{lane}"
    for feeder, lanes in _CHARGERS_PER_LANE.items()
    for lane, chargers in enumerate(lanes, start=1)
    for _ in range(chargers)
]

MALAGA = Scenario(
    name="malaga",
    summary="Two grid connections, nested feeders, 110 connectors, a burst of evening returns: limits bind in turn.",
    configuration=site(
        "malaga",
        "Malaga depot",
        _CIRCUITS,
        [
            charge_point(f"cp-{number:03}", lane, 150_000, connectors=2, connector_w=120_000, min_power_w=_LEAST_W)
            for number, lane in enumerate(_LANES, start=1)
        ],
    ),
    arrivals=ArrivalPlan(vehicles=90, at_start=38, min_power_w=_LEAST_W),
)
