"""A connector that does not do what it is told: it keeps what it takes, and the others share the rest."""

import pytest

from domain.sharing.plan import Reason
from tests.unit.domain.depot import Depot, charger, grid


@pytest.fixture
def depot() -> Depot:
    """Two chargers on 100 kW, each told 50 kW at eight, of which both are aware."""
    depot = Depot(grid("gc-1", 100_000), charger("cp-1", "gc-1", 80_000), charger("cp-2", "gc-1", 80_000))
    _say(depot, 50_000)
    depot.cycle()
    return depot


def _say(depot: Depot, power_w: int, applied_limit_w: int | None = 50_000) -> None:
    depot.hears("cp-1/1", power_w, applied_limit_w=applied_limit_w)
    depot.hears("cp-2/1", 50_000, applied_limit_w=50_000)


@pytest.mark.parametrize(
    ("after_s", "power_w", "reason"),
    [(20, 52_500, Reason.LIMITED), (20, 52_501, Reason.UNRESPONSIVE), (19, 70_000, Reason.LIMITED)],
)
def test_it_is_who_draws_more_than_it_was_told_a_grace_later(
    depot: Depot, after_s: int, power_w: int, reason: Reason
) -> None:
    depot.later(after_s)
    _say(depot, power_w)
    assert depot.setpoint("cp-1/1").reason is reason


def test_what_it_takes_is_reserved_and_the_others_share_the_rest(depot: Depot) -> None:
    depot.later(20)
    _say(depot, 70_000)
    first, second = depot.plan().setpoints
    assert (first.reason, first.target_w, first.reserved_w, first.limit_w) == (
        Reason.UNRESPONSIVE,
        None,
        70_000,
        50_000,
    )
    assert (second.target_w, second.limit_w) == (30_000, 30_000)
    assert depot.plan().degraded


def test_it_is_told_0_where_what_is_held_alone_exceeds_a_limit(depot: Depot) -> None:
    depot.later(20)
    _say(depot, 100_001)
    assert depot.setpoint("cp-1/1").limit_w == 0


def test_a_reading_within_tolerance_ends_it(depot: Depot) -> None:
    depot.later(20)
    _say(depot, 70_000)
    depot.cycle()
    depot.later(5)
    _say(depot, 52_000)
    assert depot.setpoint("cp-1/1").reason is not Reason.UNRESPONSIVE


def test_so_is_who_might_draw_more_than_its_setpoint_for_too_long(depot: Depot) -> None:
    """It reports 60 kW for 140 s, whatever it draws."""
    for second in range(0, 140, 20):
        depot.later(20 if second else 1)
        _say(depot, 10_000, applied_limit_w=60_000)
        depot.cycle()
    depot.later(19)
    _say(depot, 10_000, applied_limit_w=60_000)
    assert depot.setpoint("cp-1/1").reason is not Reason.UNRESPONSIVE
    depot.later(1)
    _say(depot, 10_000, applied_limit_w=60_000)
    assert depot.setpoint("cp-1/1").reason is Reason.UNRESPONSIVE


def test_a_first_cycle_knows_nobody_as_unresponsive() -> None:
    depot = Depot(grid("gc-1", 100_000), charger("cp-1", "gc-1", 80_000))
    depot.hears("cp-1/1", 80_000, applied_limit_w=10_000)
    assert depot.setpoint("cp-1/1").reason is Reason.AWAITING_DECREASE
