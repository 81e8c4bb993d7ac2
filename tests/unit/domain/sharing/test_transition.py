"""What is sent now: decreases at once, raises only into room that is really there."""

from dataclasses import replace

import pytest

from domain.knowledge.background import Background
from domain.sharing import rebalance
from domain.sharing.plan import Reason
from tests.unit.domain.depot import Depot, charger, feeder, grid


def _two(capacity_w: int = 100_000, *, minimum_w: int = 0, order: str = "equal_share") -> Depot:
    """Two chargers of 80 kW that share a connection."""
    return Depot(
        grid("gc-1", capacity_w),
        charger("cp-1", "gc-1", 80_000, minimum_w=minimum_w),
        charger("cp-2", "gc-1", 80_000, minimum_w=minimum_w),
        order=order,
    )


def test_a_decrease_goes_out_and_the_raise_waits_for_it() -> None:
    """Holds SEND-3."""
    depot = _two()
    depot.hears("cp-1/1", 80_000, applied_limit_w=80_000)
    depot.hears("cp-2/1", 20_000, applied_limit_w=20_000)
    assert depot.targets() == {"cp-1/1": 50_000, "cp-2/1": 50_000}
    assert depot.limits() == {"cp-1/1": 50_000, "cp-2/1": 20_000}
    assert depot.setpoint("cp-2/1").reason is Reason.AWAITING_DECREASE
    assert depot.setpoint("cp-2/1").binding_node_id == "gc-1"


def test_a_raise_takes_what_is_free_already() -> None:
    depot = _two()
    depot.hears("cp-1/1", 60_000, applied_limit_w=60_000)
    depot.hears("cp-2/1", 20_000, applied_limit_w=20_000)
    assert depot.limits() == {"cp-1/1": 50_000, "cp-2/1": 40_000}


def test_what_is_drawn_above_the_reported_limit_is_not_free() -> None:
    depot = _two()
    depot.hears("cp-1/1", 75_000, applied_limit_w=60_000)
    depot.hears("cp-2/1", 20_000, applied_limit_w=20_000)
    assert depot.limits() == {"cp-1/1": 50_000, "cp-2/1": 25_000}


def test_a_newcomer_stays_off_until_its_minimum_is_free() -> None:
    """Holds SEND-5."""
    depot = _two(minimum_w=30_000)
    depot.hears("cp-1/1", 75_000, applied_limit_w=75_000)
    depot.hears("cp-2/1", 0, applied_limit_w=0)
    assert depot.targets() == {"cp-1/1": 50_000, "cp-2/1": 50_000}
    assert depot.limits() == {"cp-1/1": 50_000, "cp-2/1": 0}


def test_one_that_hangs_between_0_and_its_minimum_is_switched_off() -> None:
    """Holds SEND-5."""
    depot = _two(minimum_w=30_000)
    depot.hears("cp-1/1", 85_000, applied_limit_w=85_000)
    depot.hears("cp-2/1", 10_000, applied_limit_w=10_000)
    assert depot.limits() == {"cp-1/1": 50_000, "cp-2/1": 0}


def test_where_nothing_is_left_nobody_below_is_sent_more_than_it_was_told_last() -> None:
    """Both draw more than they were told. 5 kW are missing at gc-1: not even their draw is granted now (SEND-4)."""
    depot = _two()
    depot.hears("cp-1/1", 65_000, applied_limit_w=10_000)
    depot.hears("cp-2/1", 40_000, applied_limit_w=20_000)
    assert depot.targets() == {"cp-1/1": 50_000, "cp-2/1": 50_000}
    assert depot.limits() == {"cp-1/1": 10_000, "cp-2/1": 20_000}


def test_where_nothing_is_left_and_nothing_was_ever_told_the_exposure_is_the_bound() -> None:
    """Holds SEND-4."""
    depot = _two()
    depot.hears("cp-1/1", 70_000, applied_limit_w=70_000)
    depot.hears("cp-2/1", 30_000)
    assert depot.limits() == {"cp-1/1": 50_000, "cp-2/1": 30_000}


def test_after_a_first_cycle_it_is_the_part_of_the_fallback_that_its_charge_point_shares_out() -> None:
    """R43: cp-2 has 30 kW of the 60, and the outlets of cp-1 have the others together, not each of them."""
    depot = Depot(
        grid("gc-1", 60_000),
        charger("cp-1", "gc-1", 80_000, 80_000, fallback_w=30_000),
        charger("cp-2", "gc-1", 80_000, fallback_w=30_000),
    )
    depot.hears("cp-2/1", 30_000)
    depot.cycle()
    depot.later(5)
    depot.hears("cp-1/1", 30_000)
    depot.hears("cp-1/2", 0)
    assert depot.targets() == {"cp-1/1": 20_000, "cp-1/2": 20_000, "cp-2/1": 20_000}
    assert depot.limits() == {"cp-1/1": 15_000, "cp-1/2": 15_000, "cp-2/1": 20_000}


def test_where_nothing_is_left_a_reported_limit_that_no_longer_counts_is_not_sent_again() -> None:
    """R43: cp-1 refused all it was sent, and fell back: the 90 kW it reported once cannot be in force since then."""
    depot = Depot(
        grid("gc-1", 100_000), charger("cp-1", "gc-1", 90_000, fallback_w=20_000), charger("cp-2", "gc-1", 90_000)
    )
    depot.hears("cp-1/1", 0, applied_limit_w=90_000)
    depot.hears("cp-2/1", 0, applied_limit_w=0)
    depot.cycle()
    depot.later(5)
    depot.hears("cp-1/1", 0, refused_cycle_seq=1)
    depot.cycle()
    depot.later(150)
    depot.hears("cp-1/1", 0)
    depot.hears("cp-2/1", 90_000, applied_limit_w=90_000)
    line = depot.line("cp-1/1")
    assert (line.entry.last_w, line.exposure_w) == (90_000, 20_000)
    assert depot.targets() == {"cp-1/1": 50_000, "cp-2/1": 50_000}
    assert depot.limits()["cp-1/1"] == 20_000


def test_a_full_feeder_stops_raises_below_it_and_no_others() -> None:
    """Holds SEND-4."""
    depot = Depot(
        grid("gc-1", 300_000),
        feeder("f-1", "gc-1", 100_000),
        charger("cp-1", "f-1", 100_000),
        charger("cp-2", "f-1", 80_000),
        charger("cp-3", "gc-1", 80_000),
    )
    depot.hears("cp-1/1", 0, applied_limit_w=100_000)
    depot.hears("cp-2/1", 0, applied_limit_w=0)
    depot.hears("cp-3/1", 0, applied_limit_w=0)
    assert depot.limits() == {"cp-1/1": 50_000, "cp-2/1": 0, "cp-3/1": 80_000}


@pytest.mark.parametrize(
    ("order", "targets_w", "limits_w"),
    [
        ("equal_share", [50_000, 50_000, 50_000], [45_000, 45_000, 50_000]),
        ("first_come", [80_000, 70_000, 0], [50_000, 40_000, 0]),
    ],
)
def test_raises_share_what_is_free_by_the_order_of_the_strategy(
    order: str, targets_w: list[int], limits_w: list[int]
) -> None:
    """30 kW are free: in equal shares they level two raises, one after the other the first takes all (SEND-5)."""
    depot = Depot(
        grid("gc-1", 150_000), *(charger(f"cp-{number}", "gc-1", 80_000) for number in (1, 2, 3)), order=order
    )
    for number, applied_w in ((1, 20_000), (2, 40_000), (3, 60_000)):
        depot.hears(f"cp-{number}/1", 0, applied_limit_w=applied_w)
    assert list(depot.targets().values()) == targets_w
    assert list(depot.limits().values()) == limits_w


def test_a_raise_to_the_idle_power_waits_like_any_other() -> None:
    """Holds LIM-7."""
    depot = Depot(grid("gc-1", 100_000), charger("cp-1", "gc-1", 80_000, idle_w=5_000), charger("cp-2", "gc-1", 99_000))
    depot.hears("cp-1/1", 0, status="Available", applied_limit_w=0)
    depot.hears("cp-2/1", 0, applied_limit_w=99_000)
    setpoint = depot.setpoint("cp-1/1")
    assert (setpoint.limit_w, setpoint.target_w, setpoint.reason) == (1_000, 5_000, Reason.IDLE)
    assert depot.limits()["cp-2/1"] == 95_000


@pytest.mark.parametrize(
    ("known", "limits_w"),
    [
        (Background(0, unconfirmed=False, doubt_w=0), [50_000, 40_000]),
        (Background(0, unconfirmed=False, doubt_w=5_000), [50_000, 35_000]),
        (Background(0, unconfirmed=False, doubt_w=20_000), [50_000, 20_000]),
        (Background(0, unconfirmed=True, doubt_w=0), [50_000, 20_000]),
    ],
)
def test_raises_leave_free_what_is_in_doubt(known: Background, limits_w: list[int]) -> None:
    """R28, R43: of the 20 kW that are free; a decrease takes none of it."""
    depot = _two()
    depot.hears("cp-1/1", 60_000, applied_limit_w=60_000)
    depot.hears("cp-2/1", 20_000, applied_limit_w=20_000)
    situation = depot.situation()
    nodes = [replace(view, background=known) if view.node.node_id == "gc-1" else view for view in situation.nodes]
    plan = rebalance.decide(replace(situation, nodes=nodes))
    assert plan.fault is None
    assert [each.limit_w for each in plan.setpoints] == limits_w


def test_no_raise_waits_while_every_node_above_has_room() -> None:
    """Holds SEND-5."""
    depot = _two(200_000)
    depot.hears("cp-1/1", 0, applied_limit_w=0)
    depot.hears("cp-2/1", 0, applied_limit_w=1)
    assert depot.limits() == depot.targets() == {"cp-1/1": 80_000, "cp-2/1": 80_000}
