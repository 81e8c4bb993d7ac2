"""What a node measures, and how good that is (EVT-10)."""

import pytest

from domain.knowledge.readings import Readings, Session
from domain.sharing.plan import Quality, ServedSession
from domain.site.configuration import Circuit
from tests.unit.domain.depot import EIGHT, Depot, charger, feeder, grid

OK, ESTIMATED, MISSING = Quality.OK, Quality.ESTIMATED, Quality.MISSING


@pytest.fixture
def depot() -> Depot:
    """cp-1 with two connectors below f-1 below gc-1, cp-2 below gc-1."""
    return Depot(*circuits(), charger("cp-1", "f-1", 60, 60), charger("cp-2", "gc-1", 60))


def circuits(*, gc_1: bool = False, f_1: bool = False) -> tuple[Circuit, Circuit]:
    """Metered or not."""
    return grid("gc-1", 1000, 500, metered=gc_1), feeder("f-1", "gc-1", 500, 300, metered=f_1)


def shown(depot: Depot) -> dict[str, tuple[int | None, Quality]]:
    return {node.node_id: (node.measured_w, node.quality) for node in depot.plan().nodes}


def test_where_everything_is_heard_it_sums_up(depot: Depot) -> None:
    depot.hears("cp-1/1", 40)
    depot.hears("cp-1/2", 0, status="Available")
    depot.hears("cp-2/1", 30)
    assert shown(depot) == {
        "depot": (70, OK),
        "gc-1": (70, OK),
        "f-1": (40, OK),
        "cp-1": (40, OK),
        "cp-2": (30, OK),
    }
    assert depot.plan().totals.measured_w == 70


def test_where_nothing_is_heard_nothing_is_measured(depot: Depot) -> None:
    assert set(shown(depot).values()) == {(None, MISSING)}
    assert depot.plan().totals.measured_w is None


def test_what_a_silent_connector_may_draw_is_missing_in_every_sum_above_it(depot: Depot) -> None:
    depot.hears("cp-1/1", 40)
    depot.hears("cp-1/2", 20, age_s=91)
    assert shown(depot) == {
        "depot": (40, ESTIMATED),
        "gc-1": (40, ESTIMATED),
        "f-1": (40, ESTIMATED),
        "cp-1": (40, ESTIMATED),
        "cp-2": (None, MISSING),
    }
    assert depot.setpoint("cp-1/2").measured_w == 20


def test_a_power_that_is_not_known_is_none_and_no_gap(depot: Depot) -> None:
    """R4: the connector is heard."""
    depot.hears("cp-1/1", None)
    depot.hears("cp-1/2", 40)
    depot.hears("cp-2/1", None)
    assert (shown(depot)["cp-1"], shown(depot)["cp-2"]) == ((40, OK), (None, MISSING))
    assert depot.setpoint("cp-2/1").measured_w is None
    assert depot.plan().totals.measured_w == 40


def test_a_meter_that_is_relied_on_counts_before_what_is_below_it() -> None:
    """Its own load is in every sum above it, and who is silent below it is in its reading."""
    depot = Depot(*circuits(f_1=True), charger("cp-1", "f-1", 60), charger("cp-2", "gc-1", 60))
    depot.meters("f-1", 55)
    depot.hears("cp-2/1", 30)
    assert shown(depot) == {
        "depot": (85, OK),
        "gc-1": (85, OK),
        "f-1": (55, OK),
        "cp-1": (None, MISSING),
        "cp-2": (30, OK),
    }


def test_below_a_silent_meter_what_is_measured_is_an_estimate() -> None:
    depot = Depot(*circuits(gc_1=True, f_1=True), charger("cp-1", "f-1", 60))
    depot.meters("gc-1", 99)
    depot.meters("f-1", 50, age_s=31)
    depot.hears("cp-1/1", 40)
    assert shown(depot) == {"depot": (99, OK), "gc-1": (99, OK), "f-1": (40, ESTIMATED), "cp-1": (40, OK)}


def test_a_circuit_without_chargers_and_meter_is_not_measured() -> None:
    depot = Depot(*circuits(gc_1=True))
    depot.meters("gc-1", 10)
    assert shown(depot) == {"depot": (10, OK), "gc-1": (10, OK), "f-1": (None, MISSING)}


def test_a_setpoint_shows_the_session_of_the_latest_reading_and_what_it_took(depot: Depot) -> None:
    """Holds EVT-11."""
    session = Session("s-1", EIGHT, None, 210_000, 1)
    depot.hears("cp-1/1", 3_600, session=session)
    assert depot.setpoint("cp-1/1").session == ServedSession("s-1", EIGHT, None, 210_000, 1, 0)
    depot.cycle()
    depot.later(10)
    depot.hears("cp-1/1", 3_600, session=session)
    event = depot.cycle()
    assert event is not None
    assert event.setpoints[0].session == ServedSession("s-1", EIGHT, None, 210_000, 1, 10)
    assert event.setpoints[1].session is None


def test_what_a_session_took_is_known_to_who_takes_over() -> None:
    depot = Depot(grid("gc-1", 10_000), charger("cp-1", "gc-1", 10_000))
    for _ in range(2):
        depot.hears("cp-1/1", 3_600, session=Session("s-1"))
        depot.cycle()
        depot.later(40)
    depot.readings = Readings(listening_since=depot.at)
    depot.hears("cp-1/1", 0, session=Session("s-1"))
    event = depot.cycle()
    assert event is not None
    session = event.setpoints[0].session
    assert session is not None
    assert session.served_wh == 80
