"""What a depot to simulate consists of, as data."""

from dataclasses import dataclass

from adapters.simulation.arrivals import ArrivalPlan, Range
from adapters.simulation.building import BuildingPlan
from adapters.simulation.layout import Configuration, read_layout


@dataclass(frozen=True, slots=True)
class CapacityStep:
    """In this second of the run a configuration gives a circuit another default capacity."""

    second: int
    circuit_id: str
    capacity_w: int


@dataclass(frozen=True, slots=True)
class Silence:
    """A meter that says nothing from one second of the run to the other."""

    circuit_id: str
    seconds: range


@dataclass(frozen=True, slots=True)
class Scenario:
    """A depot, its buses and its devices.

    Every charger has a lag within `lag_s`, reports every `report_interval_s` while a vehicle may want power, and sends
    a heartbeat every `heartbeat_interval_s`. `whole_amperes`: the charge points that round limits down to amperes.
    `plain_ocpp`: chargers report what OCPP 1.6 has and no more. `reaction_s`: how long Busbar may take to answer
    what it cannot foresee.
    """

    name: str
    summary: str
    configuration: Configuration
    arrivals: ArrivalPlan
    buildings: tuple[BuildingPlan, ...] = ()
    capacity_steps: tuple[CapacityStep, ...] = ()
    silences: tuple[Silence, ...] = ()
    lag_s: Range = (1, 8)
    report_interval_s: int = 5
    heartbeat_interval_s: int = 30
    meter_interval_s: int = 5
    whole_amperes: frozenset[str] = frozenset()
    plain_ocpp: bool = False
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
