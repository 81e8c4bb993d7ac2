"""Depots to simulate, as data.

Public about the depots: Malaga has 110 dispensers and keeps 90 buses overnight; Joondalup runs 4 buses on 180 kW
chargers that serve two buses at once. No grid-connection size of a Perth depot is public. Every other figure here,
in `ArrivalPlan` and in `Timing` is an assumption; those that stand among public ones are marked.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from adapters.simulation.arrivals import ArrivalPlan
from adapters.simulation.charger import Timing
from adapters.simulation.layout import Configuration, Payload, read_layout


@dataclass(frozen=True, slots=True)
class Scenario:
    """A depot, its buses and its devices. `reaction_s`: how long Busbar may take to answer what it cannot foresee."""

    name: str
    summary: str
    configuration: Configuration
    arrivals: ArrivalPlan
    timing: Timing = field(default_factory=Timing)
    meter_interval_s: int = 5
    reaction_s: int = 30


def own_site(configuration: Configuration) -> Scenario:
    """A valid configuration of somebody's own; half of its connectors (rounded up) are taken at the start."""
    connectors = len(read_layout(configuration).outlets)
    return Scenario(
        name=configuration["microgrid_id"],
        summary="A site of your own.",
        configuration=configuration,
        arrivals=ArrivalPlan(vehicles=connectors, at_start=(connectors + 1) // 2),
    )


def _circuit(
    circuit_id: str, parent_id: str | None, name: str, capacity_w: int, safe_capacity_w: int | None = None
) -> Payload:
    """A circuit; one with a safe operating capacity has a meter."""
    return {
        "circuit_id": circuit_id,
        "parent_id": parent_id,
        "name": name,
        "default_capacity_w": capacity_w,
        "safe_operating_capacity_w": safe_capacity_w,
        "metered": safe_capacity_w is not None,
    }


def _dual_charger(charge_point_id: str, circuit_id: str, max_power_w: int, connector_w: int) -> Payload:
    """A charge point with two connectors, which falls back to what the minimums of both need."""
    return {
        "charge_point_id": charge_point_id,
        "circuit_id": circuit_id,
        "max_power_w": max_power_w,
        "fallback_power_w": 20_000,
        "connectors": [
            {"connector_id": number, "max_power_w": connector_w, "min_power_w": 10_000, "idle_power_w": 0}
            for number in (1, 2)
        ],
    }


def _site(microgrid_id: str, name: str, circuits: list[Payload], charge_points: list[Payload]) -> Payload:
    return {
        "microgrid_id": microgrid_id,
        "workspace_id": None,
        "name": name,
        "version": 1,
        "max_import_w": None,
        "strategy": {"unit": "connector", "order": "equal_share"},
        "circuits": circuits,
        "charge_points": charge_points,
    }


_MALAGA_CIRCUITS = [
    _circuit("gc-1", None, "Grid connection 1", 2_000_000, safe_capacity_w=1_600_000),
    _circuit("f-1", "gc-1", "Feeder 1", 1_200_000),
    _circuit("f-2", "gc-1", "Feeder 2", 1_200_000),
    _circuit("gc-2", None, "Grid connection 2", 2_000_000, safe_capacity_w=1_600_000),
    _circuit("f-3", "gc-2", "Feeder 3", 1_200_000),
    _circuit("f-4", "gc-2", "Feeder 4", 1_200_000),
    *(
        _circuit(f"f-{feeder}-{lane}", f"f-{feeder}", f"Feeder {feeder}, lane {lane}", 450_000)
        for feeder in (1, 2, 3, 4)
        for lane in (1, 2, 3)
    ),
]

_MALAGA_CHARGERS_PER_LANE = {1: (5, 5, 4), 2: (5, 5, 4), 3: (5, 5, 4), 4: (5, 4, 4)}
"""By feeder. 55 dual chargers (assumed) make the 110 dispensers (public)."""

_MALAGA_LANES = [
    f"f-{feeder}-{lane}"
    for feeder, lanes in _MALAGA_CHARGERS_PER_LANE.items()
    for lane, chargers in enumerate(lanes, start=1)
    for _ in range(chargers)
]

_MALAGA = Scenario(
    name="malaga",
    summary="Two grid connections, nested feeders, 110 connectors, a burst of evening returns: limits bind in turn.",
    configuration=_site(
        "malaga",
        "Malaga depot",
        _MALAGA_CIRCUITS,
        [
            _dual_charger(f"cp-{number:03}", lane, 150_000, connector_w=120_000)
            for number, lane in enumerate(_MALAGA_LANES, start=1)
        ],
    ),
    arrivals=ArrivalPlan(vehicles=90, at_start=30),  # 90 buses: public; how many are back at the start: assumed
)

_JOONDALUP = Scenario(
    name="joondalup-small",
    summary="Two dual 180 kW chargers, 4 buses, power to spare on the grid connection: the charger's rating binds.",
    configuration=_site(
        "joondalup-small",
        "Joondalup depot",
        [
            _circuit("gc-1", None, "Grid connection", 500_000, safe_capacity_w=300_000),
            _circuit("c-1", "gc-1", "Charger circuit", 400_000),
        ],
        # 180 kW and two buses at once: public; two chargers, 150 kW per connector: assumed
        [_dual_charger(f"cp-{number}", "c-1", 180_000, connector_w=150_000) for number in (1, 2)],
    ),
    arrivals=ArrivalPlan(vehicles=4, at_start=3, charge_percent_at_start=(20, 60)),  # 4 buses: public
)

SCENARIOS: Mapping[str, Scenario] = MappingProxyType({each.name: each for each in (_MALAGA, _JOONDALUP)})
