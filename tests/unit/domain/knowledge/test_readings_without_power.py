"""A reading that does not say what its connector draws (R4), and one that says more than it can (R6, TEL-4)."""

from domain.knowledge.held import Held
from domain.sharing.plan import Reason
from tests.unit.domain.depot import Depot, charger, grid

CONNECTOR = "cp-1/1"
RATING_W = 100_000


def told_20_kw() -> Depot:
    """Told 20 kW at eight, as it had before, behind a meter that shows 20 kW; its fallback is 0."""
    depot = Depot(grid("gc-1", 200_000, 0, metered=True), charger("cp-1", "gc-1", RATING_W))
    depot.hears(CONNECTOR, 20_000, requested_w=20_000, applied_limit_w=20_000)
    depot.meters("gc-1", 20_000)
    depot.cycle()
    depot.later(25)
    return depot


def test_R4_status_session_and_report_count_as_ever() -> None:
    depot = told_20_kw()
    depot.hears(CONNECTOR, None, status="Finishing", applied_limit_w=30_000)
    assert depot.setpoint(CONNECTOR).reason is Reason.IDLE
    assert depot.exposure(CONNECTOR) == 30_000


def test_R4_its_exposure_is_what_it_may_draw() -> None:
    depot = told_20_kw()
    depot.hears(CONNECTOR, None, requested_w=20_000)
    line = depot.line(CONNECTOR)
    assert (line.power_w, line.exposure_w) == (None, 20_000)


def test_R4_idle_it_holds_its_exposure() -> None:
    depot = told_20_kw()
    depot.hears(CONNECTOR, None, status="Available")
    assert depot.line(CONNECTOR).reserved_w == 20_000


def test_R4_it_draws_between_0_and_its_exposure() -> None:
    """Of the 50 kW at the meter 30 to 50 are not ours."""
    depot = told_20_kw()
    depot.hears(CONNECTOR, None, requested_w=20_000)
    depot.meters("gc-1", 50_000)
    held = held_at(depot, "gc-1")
    assert (held.least_drawn_w, held.most_drawn_w) == (0, 20_000)


def test_R4_before_its_first_setpoint_it_draws_its_exposure() -> None:
    depot = Depot(grid("gc-1", 200_000, 0, metered=True), charger("cp-1", "gc-1", RATING_W))
    depot.hears(CONNECTOR, None, applied_limit_w=30_000)
    held = held_at(depot, "gc-1")
    assert (held.least_drawn_w, held.most_drawn_w) == (30_000, 30_000)


def test_R4_under_the_rating_of_its_charge_point_it_measures_its_exposure() -> None:
    """Two connectors that may draw 50 kW each of 70 kW, one seen to draw 40: 90 kW is what they measure."""
    depot = Depot(grid("gc-1", 200_000), charger("cp-1", "gc-1", 50_000, 50_000, max_power_w=70_000))
    depot.hears(CONNECTOR, None, applied_limit_w=50_000)
    depot.hears("cp-1/2", 40_000, applied_limit_w=50_000)
    assert held_at(depot, "cp-1").exposed_w == 90_000


def test_R4_it_adds_nothing_to_what_is_measured() -> None:
    depot = Depot(grid("gc-1", 200_000), charger("cp-1", "gc-1", 50_000, 50_000))
    depot.hears(CONNECTOR, None, applied_limit_w=50_000)
    depot.hears("cp-1/2", 10_000, applied_limit_w=50_000)
    assert depot.node("gc-1").measured_w == 10_000


def test_R6_who_was_sent_a_setpoint_is_taken_to_draw_no_more_than_is_plausible() -> None:
    depot = told_20_kw()
    depot.hears(CONNECTOR, 125_001, requested_w=20_000)
    assert depot.line(CONNECTOR).power_w == 125_000
    assert depot.exposure(CONNECTOR) == 125_000


def test_R6_what_was_held_for_that_is_held_until_a_meter_has_shown_what_it_hid() -> None:
    """It says 20,000 kW, then 20 again: for 30 s more, a grace and the 10 in which a rise is confirmed."""
    depot = told_20_kw()
    depot.hears(CONNECTOR, 20_000_000, requested_w=20_000)
    depot.later(5)
    depot.hears(CONNECTOR, 20_000, requested_w=20_000)
    depot.cycle()
    depot.later(29.999)
    line = depot.line(CONNECTOR)
    assert (line.power_w, line.exposure_w) == (20_000, 125_000)
    assert held_at(depot, "cp-1").exposed_w == 125_000
    depot.later(0.001)
    depot.cycle()
    assert depot.microgrid.seen is not None
    assert depot.microgrid.seen.lines[0].exposure_w == depot.exposure(CONNECTOR) == 20_000


def test_R6_who_never_was_is_believed() -> None:
    depot = Depot(grid("gc-1", 200_000), charger("cp-1", "gc-1", RATING_W))
    depot.hears(CONNECTOR, 125_001, applied_limit_w=0)
    assert depot.exposure(CONNECTOR) == 125_001
    depot.hears(CONNECTOR, 20_000, applied_limit_w=0)
    assert depot.exposure(CONNECTOR) == 20_000


def held_at(depot: Depot, node_id: str) -> Held:
    situation = depot.situation()
    return situation.nodes[situation.tree.node_index[node_id]].held
