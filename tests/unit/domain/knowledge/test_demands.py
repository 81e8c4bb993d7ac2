"""What each connector wants, and which connectors cannot be seen."""

import pytest

from domain.sharing.plan import Reason
from tests.unit.domain.depot import Depot, charger, grid

RATING_W = 50_000


@pytest.fixture
def depot() -> Depot:
    """Room for everything; two connectors of 50 kW on one charge point."""
    return Depot(grid("gc-1", 10**6), charger("cp-1", "gc-1", RATING_W, RATING_W, idle_w=900))


@pytest.mark.parametrize("status", ["Preparing", "Charging", "SuspendedEV", "SuspendedEVSE", "Occupied", "EVConnected"])
def test_a_vehicle_that_is_plugged_in_wants_power(depot: Depot, status: str) -> None:
    depot.hears("cp-1/1", status=status)
    setpoint = depot.setpoint("cp-1/1")
    assert (setpoint.target_w, setpoint.reason) == (RATING_W, Reason.GRANTED)


@pytest.mark.parametrize(
    "status", ["Available", "Finishing", "Reserved", "Unavailable", "Faulted", "Idle", "Melting", ""]
)
def test_any_other_status_is_idle(depot: Depot, status: str) -> None:
    depot.hears("cp-1/1", status=status)
    setpoint = depot.setpoint("cp-1/1")
    assert (setpoint.target_w, setpoint.reason, setpoint.status) == (900, Reason.IDLE, status)


@pytest.mark.parametrize(("power_w", "reason"), [(1, Reason.GRANTED), (0, Reason.IDLE), (-1, Reason.IDLE)])
def test_a_status_that_ocpp_does_not_have_wants_power_while_it_draws(
    depot: Depot, power_w: int, reason: Reason
) -> None:
    depot.hears("cp-1/1", power_w, status="Melting")
    assert depot.setpoint("cp-1/1").reason is reason


def test_a_status_that_wants_nothing_wants_nothing_while_it_draws(depot: Depot) -> None:
    depot.hears("cp-1/1", 7_000, status="Finishing")
    assert depot.setpoint("cp-1/1").reason is Reason.IDLE


@pytest.mark.parametrize(
    ("requested_w", "target_w", "reason"),
    [
        (None, RATING_W, Reason.GRANTED),
        (0, 900, Reason.IDLE),
        (1, 1, Reason.GRANTED),
        (20_000, 20_000, Reason.GRANTED),
        (RATING_W + 1, RATING_W, Reason.GRANTED),
    ],
)
def test_demand_is_what_is_requested_within_the_rating(
    depot: Depot, requested_w: int | None, target_w: int, reason: Reason
) -> None:
    depot.hears("cp-1/1", requested_w=requested_w)
    setpoint = depot.setpoint("cp-1/1")
    assert (setpoint.requested_w, setpoint.target_w, setpoint.reason) == (requested_w, target_w, reason)


def test_a_connector_rated_0_is_idle() -> None:
    depot = Depot(grid("gc-1", 100), charger("cp-1", "gc-1", 0))
    depot.hears("cp-1/1")
    assert depot.setpoint("cp-1/1").reason is Reason.IDLE


@pytest.mark.parametrize(("age_s", "reason"), [(90, Reason.GRANTED), (90.001, Reason.RESERVED)])
def test_demand_needs_a_reading_of_its_own(depot: Depot, age_s: float, reason: Reason) -> None:
    depot.hears("cp-1/1", age_s=age_s)
    depot.hears("cp-1/2")
    depot.hears_of_life("cp-1")
    assert depot.setpoint("cp-1/1").reason is reason


@pytest.mark.parametrize(("age_s", "reason"), [(90, Reason.IDLE), (90.001, Reason.RESERVED)])
def test_an_empty_socket_is_known_as_long_as_its_charge_point_lives(depot: Depot, age_s: float, reason: Reason) -> None:
    depot.hears("cp-1/1", status="Available", age_s=4000)
    depot.hears_of_life("cp-1", age_s=age_s)
    assert depot.setpoint("cp-1/1").reason is reason


def test_a_connector_that_a_live_charge_point_never_mentions_is_reserved(depot: Depot) -> None:
    depot.hears("cp-1/1")
    setpoint = depot.setpoint("cp-1/2")
    assert setpoint.reason is Reason.RESERVED
    assert (setpoint.measured_w, setpoint.requested_w, setpoint.status) == (None, None, None)


def test_only_what_is_fresh_counts_in_the_totals(depot: Depot) -> None:
    depot.hears("cp-1/1", 30_000, requested_w=40_000)
    depot.hears("cp-1/2", 20_000, requested_w=25_000, age_s=100)
    plan = depot.plan()
    assert (plan.totals.requested_w, plan.totals.measured_w) == (40_000, 30_000)
    assert depot.setpoint("cp-1/2").measured_w == 20_000
    assert plan.degraded


def test_a_depot_that_is_seen_whole_is_not_degraded(depot: Depot) -> None:
    depot.hears("cp-1/1")
    depot.hears("cp-1/2", status="Available")
    assert not depot.plan().degraded
