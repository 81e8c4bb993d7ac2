"""What each connector wants, and which connectors cannot be seen (R7, R20, R30)."""

import pytest

from domain.sharing.plan import Reason
from tests.unit.domain.depot import Depot, charger, grid

RATING_W = 50_000


@pytest.fixture
def depot() -> Depot:
    return a_depot()


def a_depot() -> Depot:
    """Room for everything; two connectors of 50 kW on one charge point."""
    return Depot(grid("gc-1", 10**6), charger("cp-1", "gc-1", RATING_W, RATING_W, idle_w=900))


@pytest.mark.parametrize("status", ["Preparing", "Charging", "SuspendedEV", "SuspendedEVSE", "Occupied", "EVConnected"])
def test_R30_a_vehicle_that_is_plugged_in_wants_power(depot: Depot, status: str) -> None:
    depot.hears("cp-1/1", status=status)
    setpoint = depot.setpoint("cp-1/1")
    assert (setpoint.target_w, setpoint.reason) == (RATING_W, Reason.GRANTED)


@pytest.mark.parametrize(
    "status", ["Available", "Finishing", "Reserved", "Unavailable", "Faulted", "Idle", "Melting", ""]
)
def test_R30_any_other_status_is_idle(depot: Depot, status: str) -> None:
    depot.hears("cp-1/1", status=status)
    setpoint = depot.setpoint("cp-1/1")
    assert (setpoint.target_w, setpoint.reason, setpoint.status) == (900, Reason.IDLE, status)


@pytest.mark.parametrize(("power_w", "reason"), [(1, Reason.GRANTED), (0, Reason.IDLE), (-1, Reason.IDLE)])
def test_R30_a_status_that_ocpp_does_not_have_wants_power_while_it_draws(
    depot: Depot, power_w: int, reason: Reason
) -> None:
    depot.hears("cp-1/1", power_w, status="Melting")
    assert depot.setpoint("cp-1/1").reason is reason


def test_R30_a_status_that_wants_nothing_wants_nothing_while_it_draws(depot: Depot) -> None:
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
def test_R30_demand_is_what_is_requested_within_the_rating(
    depot: Depot, requested_w: int | None, target_w: int, reason: Reason
) -> None:
    depot.hears("cp-1/1", requested_w=requested_w)
    setpoint = depot.setpoint("cp-1/1")
    assert (setpoint.requested_w, setpoint.target_w, setpoint.reason) == (requested_w, target_w, reason)


def test_R30_a_connector_rated_0_is_idle() -> None:
    """Holds LIM-7."""
    depot = Depot(grid("gc-1", 100), charger("cp-1", "gc-1", 0))
    depot.hears("cp-1/1")
    assert depot.setpoint("cp-1/1").reason is Reason.IDLE


@pytest.mark.parametrize(("age_s", "reason"), [(90, Reason.GRANTED), (90.001, Reason.RESERVED)])
def test_R7_demand_needs_a_reading_of_its_own(depot: Depot, age_s: float, reason: Reason) -> None:
    depot.hears("cp-1/1", age_s=age_s)
    depot.hears("cp-1/2")
    depot.hears_of_life("cp-1")
    assert depot.setpoint("cp-1/1").reason is reason


@pytest.mark.parametrize(("age_s", "reason"), [(90, Reason.IDLE), (90.001, Reason.RESERVED)])
def test_R7_an_empty_socket_is_known_as_long_as_its_charge_point_lives(
    depot: Depot, age_s: float, reason: Reason
) -> None:
    depot.hears("cp-1/1", status="Available", age_s=4000)
    depot.hears_of_life("cp-1", age_s=age_s)
    assert depot.setpoint("cp-1/1").reason is reason


def test_R20_a_connector_that_a_live_charge_point_never_mentions_is_reserved(depot: Depot) -> None:
    """Holds LIM-8."""
    depot.hears("cp-1/1")
    setpoint = depot.setpoint("cp-1/2")
    assert setpoint.reason is Reason.RESERVED
    assert (setpoint.measured_w, setpoint.requested_w, setpoint.status) == (None, None, None)


def test_only_what_is_fresh_counts_in_the_totals(depot: Depot) -> None:
    """Holds EVT-12."""
    depot.hears("cp-1/1", 30_000, requested_w=40_000)
    depot.hears("cp-1/2", 20_000, requested_w=25_000, age_s=100)
    plan = depot.plan()
    assert (plan.totals.requested_w, plan.totals.measured_w) == (40_000, 30_000)
    assert depot.setpoint("cp-1/2").measured_w == 20_000
    assert plan.degraded


def test_a_depot_that_is_seen_whole_is_not_degraded(depot: Depot) -> None:
    """Holds EVT-14."""
    depot.hears("cp-1/1")
    depot.hears("cp-1/2", status="Available")
    assert not depot.plan().degraded


def learned(factor: int, *, minimum_w: int = 0) -> Depot:
    """A charger of 50 kW that draws so much of what it is told, per mille, and was seen to."""
    depot = Depot(grid("gc-1", 10**6), charger("cp-1", "gc-1", RATING_W, minimum_w=minimum_w))
    depot.hears("cp-1/1", 0, requested_w=RATING_W, applied_limit_w=RATING_W)
    depot.cycle()
    for seconds in (5, 20):
        depot.later(seconds)
        depot.hears("cp-1/1", 50 * factor, requested_w=RATING_W)
        depot.cycle()
    assert depot.line("cp-1/1").entry.factor == factor
    return depot


@pytest.mark.parametrize(("factor", "rating_w"), [(1000, 50_000), (1030, 51_500), (1035, 51_750), (1200, 51_750)])
def test_R30_the_rating_at_the_meter_is_at_most_35_per_mille_more(factor: int, rating_w: int) -> None:
    depot = learned(factor)
    assert depot.line("cp-1/1").rating_w == rating_w


@pytest.mark.parametrize(
    ("requested_w", "full_w"), [(20_000, 24_000), (43_125, 51_750), (43_126, 51_750), (50_001, 51_750)]
)
def test_R30_full_demand_is_what_is_requested_at_the_meter_within_that(requested_w: int, full_w: int) -> None:
    depot = learned(1200)
    depot.hears("cp-1/1", 0, requested_w=requested_w)
    assert depot.line("cp-1/1").full_w == full_w


@pytest.mark.parametrize(("minimum_w", "expected_w"), [(6_000, 7_200), (50_000, 51_750)])
def test_R30_the_minimum_is_the_least_power_at_the_meter_within_that(minimum_w: int, expected_w: int) -> None:
    assert learned(1200, minimum_w=minimum_w).line("cp-1/1").minimum_w == expected_w


def test_R20_an_idle_connector_holds_its_idle_power_at_the_meter_or_what_it_draws() -> None:
    depot = Depot(grid("gc-1", 10**6), charger("cp-1", "gc-1", RATING_W, idle_w=1_000))
    depot.hears("cp-1/1", 0, requested_w=40_000, applied_limit_w=40_000)
    depot.cycle()
    for seconds in (5, 20):
        depot.later(seconds)
        depot.hears("cp-1/1", 48_000, requested_w=40_000)
        depot.cycle()
    for power_w, reserved_w in ((0, 1_200), (1_200, 1_200), (5_000, 5_000)):
        depot.later(1)
        depot.hears("cp-1/1", power_w, status="Available")
        assert depot.line("cp-1/1").reserved_w == reserved_w


def test_R20_silent_goes_before_unresponsive_and_that_before_making_room_for_a_fallback() -> None:
    depot = Depot(grid("gc-1", 10**6), charger("cp-1", "gc-1", RATING_W, fallback_w=30_000))
    depot.hears("cp-1/1", 0, requested_w=20_000, applied_limit_w=20_000)
    depot.cycle()
    depot.later(100)
    depot.hears("cp-1/1", 0, requested_w=20_000, applied_cycle_seq=1)
    assert depot.setpoint("cp-1/1").reason is Reason.RESERVED
    depot.hears("cp-1/1", 0, requested_w=20_000, applied_cycle_seq=1, refused_cycle_seq=99)
    assert depot.setpoint("cp-1/1").reason is Reason.UNRESPONSIVE
    depot.later(91)
    assert depot.setpoint("cp-1/1").reason is Reason.RESERVED
