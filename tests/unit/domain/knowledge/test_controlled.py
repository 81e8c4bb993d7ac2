"""What a gateway found chargers to do, as cycles tell it (TEL-9)."""

from domain.events import CycleCompleted, Trigger
from domain.knowledge.controlled import ControlledCharger
from domain.knowledge.readings import ChargePointTelemetry, Control
from tests.unit.domain.depot import Depot, charger, grid

CONTROLLED = Control(None, "W", True, True)
IGNORES = Control("it ignores limits", "A", None, None)


def a_depot() -> Depot:
    return Depot(grid("gc", 100_000), charger("cp-2", "gc", 22_000), charger("cp-1", "gc", 22_000))


def says(depot: Depot, charge_point_id: str, control: Control | None, sequence: int) -> None:
    depot.receives(ChargePointTelemetry("depot", charge_point_id, sequence, depot.at, (), control))


def controls(depot: Depot) -> tuple[ControlledCharger, ...]:
    change = depot.microgrid.run_cycle(depot.readings, Trigger.MANUAL, depot.at)
    (cycle,) = [event for event in change.events if isinstance(event, CycleCompleted)]
    return cycle.controls


def test_nothing_is_told_where_nothing_was_said() -> None:
    depot = a_depot()
    says(depot, "cp-1", None, 1)
    assert controls(depot) == ()


def test_what_was_said_is_told_in_the_order_of_the_configuration_and_stays_until_more_is_said() -> None:
    depot = a_depot()
    says(depot, "cp-1", IGNORES, 1)
    depot.later(1)
    says(depot, "cp-2", CONTROLLED, 1)
    says(depot, "cp-1", None, 2)
    assert controls(depot) == (ControlledCharger("cp-2", CONTROLLED), ControlledCharger("cp-1", IGNORES))
    depot.later(1)
    says(depot, "cp-1", CONTROLLED, 3)
    assert [each.control for each in controls(depot)] == [CONTROLLED, CONTROLLED]


def test_what_was_said_earlier_is_not_told_any_more() -> None:
    depot = a_depot()
    early = depot.at
    depot.later(1)
    says(depot, "cp-1", IGNORES, 2)
    depot.receives(ChargePointTelemetry("depot", "cp-1", 1, early, (), CONTROLLED))
    assert controls(depot) == (ControlledCharger("cp-1", IGNORES),)
