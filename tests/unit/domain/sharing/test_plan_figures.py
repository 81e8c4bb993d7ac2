"""Outcome, reasons and the figures of nodes: what a plan says of itself."""

import pytest

from domain.knowledge.limits import Mode
from domain.sharing.plan import NodeFigures, Outcome, Reason
from domain.site.configuration import ChargePoint, Circuit
from domain.site.power_tree import NodeType
from tests.unit.domain.depot import Depot, charger, feeder, grid


def test_a_demand_that_is_met_is_granted_and_balanced() -> None:
    """Holds EVT-13, EVT-15."""
    depot = Depot(grid("gc-1", 100), charger("cp-1", "gc-1", 100))
    depot.hears("cp-1/1")
    assert _said(depot) == (Outcome.BALANCED, Reason.GRANTED, 100, None)


def test_a_demand_that_a_limit_cuts_is_limited_and_curtails() -> None:
    """Holds EVT-13, EVT-15."""
    depot = Depot(grid("gc-1", 99), charger("cp-1", "gc-1", 100))
    depot.hears("cp-1/1")
    assert _said(depot) == (Outcome.CURTAILED, Reason.LIMITED, 99, "gc-1")


def test_asking_for_less_than_the_own_minimum_is_nobodys_limit() -> None:
    """Holds FILL-2, EVT-13."""
    depot = Depot(grid("gc-1", 100), charger("cp-1", "gc-1", 100, minimum_w=50))
    depot.hears("cp-1/1", requested_w=49)
    assert _said(depot) == (Outcome.BALANCED, Reason.BELOW_MINIMUM, 0, "cp-1/1")


def test_a_minimum_that_does_not_fit_curtails() -> None:
    """Holds FILL-4, EVT-13, EVT-15."""
    depot = Depot(grid("gc-1", 49), charger("cp-1", "gc-1", 100, minimum_w=50))
    depot.hears("cp-1/1")
    assert _said(depot) == (Outcome.CURTAILED, Reason.BELOW_MINIMUM, 0, "gc-1")


def test_a_minimum_that_just_fits_is_on() -> None:
    """Holds FILL-4."""
    depot = Depot(grid("gc-1", 50), charger("cp-1", "gc-1", 50, minimum_w=50))
    depot.hears("cp-1/1")
    assert _said(depot) == (Outcome.BALANCED, Reason.GRANTED, 50, None)


def test_a_demand_that_is_met_in_the_end_is_balanced_even_while_it_waits() -> None:
    depot = Depot(grid("gc-1", 100), charger("cp-1", "gc-1", 90), charger("cp-2", "gc-1", 50))
    depot.hears("cp-1/1", 50)
    depot.hears("cp-2/1", 0, requested_w=10, applied_limit_w=50)
    assert _said(depot) == (Outcome.BALANCED, Reason.AWAITING_DECREASE, 90, None)


@pytest.mark.parametrize("capacity_w", [69, 70])
def test_reserved_alone_above_a_limit_is_infeasible(capacity_w: int) -> None:
    """Holds EVT-13."""
    depot = Depot(grid("gc-1", capacity_w), charger("cp-1", "gc-1", 50), charger("cp-2", "gc-1", 70, fallback_w=70))
    depot.hears("cp-1/1")
    outcome = Outcome.INFEASIBLE if capacity_w < 70 else Outcome.CURTAILED
    assert _said(depot) == (outcome, Reason.LIMITED, 0, "gc-1")


def test_a_connector_that_holds_more_than_its_rating_is_infeasible() -> None:
    depot = Depot(grid("gc-1", 200), charger("cp-1", "gc-1", 50, 50))
    depot.hears("cp-1/1", 51, applied_limit_w=51, age_s=100)
    assert depot.plan().outcome is Outcome.INFEASIBLE
    assert depot.node("cp-1").headroom_w == 49


def test_a_limit_of_0_alone_is_not_infeasible() -> None:
    depot = Depot(grid("gc-1", 0), charger("cp-1", "gc-1", 100))
    depot.hears("cp-1/1")
    assert _said(depot) == (Outcome.CURTAILED, Reason.LIMITED, 0, "gc-1")


def test_a_depot_without_connectors_has_a_plan() -> None:
    """Holds EVT-14."""
    plan = Depot(grid("gc-1", 100)).plan()
    assert (plan.outcome, plan.degraded, plan.setpoints) == (Outcome.BALANCED, False, ())
    assert [node.node_id for node in plan.nodes] == ["depot", "gc-1"]


def test_a_silent_meter_degrades_a_plan() -> None:
    """Holds EVT-14."""
    depot = Depot(grid("gc-1", 100, 50, metered=True))
    assert depot.plan().degraded
    depot.meters("gc-1", 0)
    assert not depot.plan().degraded


def test_a_node_that_a_lower_one_leaves_nothing_to_cut_is_not_constrained() -> None:
    depot = _sharing(
        grid("gc-1", 60), feeder("f-1", "gc-1", 60), charger("cp-1", "f-1", 50), charger("cp-2", "f-1", 50)
    )
    assert _constrained(depot) == ["f-1"]


def test_of_two_nodes_that_stop_at_the_same_level_the_one_nearest_the_root_is_constrained() -> None:
    """f-1 gives its two 30 W each, gc-1 gives all three 30 W each (FILL-14)."""
    depot = _sharing(
        grid("gc-1", 90),
        feeder("f-1", "gc-1", 60),
        charger("cp-1", "f-1", 50),
        charger("cp-2", "f-1", 50),
        charger("cp-3", "gc-1", 50),
    )
    assert _constrained(depot) == ["gc-1"]


def test_a_node_shows_what_is_below_it() -> None:
    """Of 100 W at f-1 5 W are background, 20 W reserved for cp-2 and 60 W granted to cp-1: 15 W stay free (EVT-9)."""
    depot = Depot(
        grid("gc-1", 1000),
        feeder("f-1", "gc-1", 100, 0, metered=True),
        charger("cp-1", "f-1", 60),
        charger("cp-2", "f-1", 50, fallback_w=20),
    )
    depot.hears("cp-1/1", 40)
    depot.meters("f-1", 45)
    shown = depot.node("f-1")
    assert (shown.node_type, shown.mode) == (NodeType.CIRCUIT, Mode.NORMAL)
    assert (shown.measured_w, shown.background_w, shown.reserved_w, shown.allocated_w) == (45, 5, 20, 60)
    assert shown.headroom_w == 15
    assert _sums(depot.node("gc-1")) == (45, 5, 20, 60)
    assert depot.node("depot").headroom_w is None


def test_without_a_fresh_meter_a_node_measures_its_fresh_connectors() -> None:
    depot = Depot(grid("gc-1", 1000, 500, metered=True), charger("cp-1", "gc-1", 60), charger("cp-2", "gc-1", 60))
    depot.meters("gc-1", 99, age_s=31)
    depot.hears("cp-1/1", 40)
    depot.hears("cp-2/1", 30, age_s=100)
    assert depot.node("gc-1").measured_w == 40


def _said(depot: Depot) -> tuple[Outcome, Reason, int | None, str | None]:
    """The outcome, and of the first connector its reason, target and binding node."""
    setpoint = depot.setpoint("cp-1/1")
    return depot.plan().outcome, setpoint.reason, setpoint.target_w, setpoint.binding_node_id


def _sharing(*parts: Circuit | ChargePoint) -> Depot:
    """A depot in which everybody wants all it can get."""
    depot = Depot(*parts)
    for connector in depot.site.tree.connectors:
        depot.hears(connector.node_id, applied_limit_w=0)
    return depot


def _constrained(depot: Depot) -> list[str]:
    return [node.node_id for node in depot.plan().nodes if node.constrained]


def _sums(node: NodeFigures) -> tuple[int | None, int, int, int]:
    return node.measured_w, node.background_w, node.reserved_w, node.allocated_w
