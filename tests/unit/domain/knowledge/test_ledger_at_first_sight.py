"""The most a connector may draw in a first cycle, when nothing was ever sent (R15, R18, R20)."""

import pytest

from domain.sharing.plan import Outcome, Reason
from tests.unit.domain.depot import Depot, charger, grid


def _depot(*ratings_w: int, max_power_w: int | None = None, fallback_w: int | None = 0, idle_w: int = 0) -> Depot:
    """One charge point under a connection of 200 kW, beside cp-9, which wants all it can get."""
    depot = Depot(
        grid("gc-1", 200_000),
        charger("cp-1", "gc-1", *ratings_w, max_power_w=max_power_w, fallback_w=fallback_w, idle_w=idle_w),
        charger("cp-9", "gc-1", 200_000),
    )
    depot.hears("cp-9/1", applied_limit_w=0)
    return depot


@pytest.mark.parametrize(("fallback_w", "exposure_w"), [(None, 50_000), (0, 0), (7_000, 7_000), (60_000, 50_000)])
def test_R15_one_that_was_never_heard_may_draw_its_fallback_within_its_rating(
    fallback_w: int | None, exposure_w: int
) -> None:
    depot = _depot(50_000, max_power_w=80_000, fallback_w=fallback_w)
    setpoint = depot.setpoint("cp-1/1")
    assert depot.exposure("cp-1/1") == exposure_w
    assert (setpoint.reason, setpoint.reserved_w, setpoint.target_w) == (Reason.RESERVED, exposure_w, None)
    assert setpoint.limit_w is None
    assert depot.targets()["cp-9/1"] == 200_000 - exposure_w


@pytest.mark.parametrize(
    ("power_w", "applied_w", "exposure_w"),
    [(20_000, 30_000, 30_000), (35_000, 30_000, 35_000), (0, 0, 0), (20_000, None, 20_000), (5_000, None, 7_000)],
)
def test_R15_one_that_is_seen_may_draw_its_reported_limit_or_what_it_draws(
    power_w: int, applied_w: int | None, exposure_w: int
) -> None:
    """Where it reports no limit, its fallback (7 kW) is all that is known."""
    depot = _depot(50_000, fallback_w=7_000)
    depot.hears("cp-1/1", power_w, applied_limit_w=applied_w)
    assert depot.exposure("cp-1/1") == exposure_w


@pytest.mark.parametrize(
    ("age_s", "power_w", "exposure_w"),
    [(140, 50_000, 30_000), (141, 5_000, 7_000), (141, 40_000, 40_000), (4000, -3_000, 7_000)],
)
def test_R15_a_stale_limit_holds_until_it_has_lapsed_then_the_fallback_or_the_last_reading(
    age_s: float, power_w: int, exposure_w: int
) -> None:
    """Valid for 120 s and 20 s of grace; before that the limit binds even a reading above it."""
    depot = _depot(50_000, fallback_w=7_000)
    depot.hears("cp-1/1", power_w, applied_limit_w=30_000, age_s=age_s)
    assert depot.exposure("cp-1/1") == exposure_w
    assert depot.setpoint("cp-1/1").previous_limit_w == 30_000


def test_R15_a_stale_one_without_a_reported_limit_holds_its_fallback() -> None:
    depot = _depot(50_000, fallback_w=7_000)
    depot.hears("cp-1/1", 40_000, age_s=100)
    assert depot.exposure("cp-1/1") == 7_000
    assert depot.setpoint("cp-1/1").measured_w == 40_000


def test_R15_a_stale_charger_that_was_told_0_holds_0() -> None:
    depot = _depot(50_000, fallback_w=7_000)
    depot.hears("cp-1/1", 0, applied_limit_w=0, age_s=100)
    assert depot.exposure("cp-1/1") == 0


def test_R18_connectors_of_a_charge_point_on_their_fallback_hold_it_together() -> None:
    """Each of the three might draw the 30 kW, all together no more; each shows its own part."""
    depot = _depot(50_000, 50_000, 50_000, fallback_w=30_000)
    assert [depot.setpoint(f"cp-1/{number}").reserved_w for number in (1, 2, 3)] == [30_000] * 3
    assert depot.node("cp-1").reserved_w == 30_000
    assert depot.node("gc-1").reserved_w == 30_000


def test_R18_what_lapsed_connectors_were_last_seen_to_draw_counts_where_it_is_more_than_the_fallback() -> None:
    """They drew 25 and 20 kW when their limits were heard for the last time: 45 kW, though the fallback is 30 kW."""
    depot = _depot(50_000, 50_000, fallback_w=30_000)
    depot.hears("cp-1/1", 25_000, applied_limit_w=26_000, age_s=200)
    depot.hears("cp-1/2", 20_000, applied_limit_w=26_000, age_s=200)
    assert depot.node("cp-1").reserved_w == 45_000


def test_R18_a_limit_in_force_is_held_beside_the_shared_fallback() -> None:
    depot = _depot(50_000, 50_000, 50_000, fallback_w=30_000)
    depot.hears("cp-1/3", 0, applied_limit_w=10_000, age_s=100)
    assert depot.node("cp-1").reserved_w == 40_000


def test_R18_connectors_hold_together_no_more_than_their_charge_point_can_give() -> None:
    depot = _depot(50_000, 50_000, max_power_w=70_000)
    for connector in ("cp-1/1", "cp-1/2"):
        depot.hears(connector, 0, applied_limit_w=50_000, age_s=100)
    assert [depot.setpoint(f"cp-1/{number}").reserved_w for number in (1, 2)] == [50_000, 50_000]
    assert depot.node("cp-1").reserved_w == 70_000
    assert depot.node("depot").reserved_w == 70_000


def test_R18_unless_they_measure_more() -> None:
    depot = _depot(50_000, 50_000, max_power_w=70_000)
    for connector in ("cp-1/1", "cp-1/2"):
        depot.hears(connector, 40_000, applied_limit_w=50_000, age_s=100)
    assert depot.node("cp-1").reserved_w == 80_000
    assert depot.plan().outcome is Outcome.INFEASIBLE


@pytest.mark.parametrize(("power_w", "reserved_w"), [(0, 900), (-2_000, 900), (5_000, 5_000)])
def test_R20_an_idle_connector_counts_with_its_idle_power_or_what_it_draws(power_w: int, reserved_w: int) -> None:
    """Holds LIM-7."""
    depot = _depot(50_000, idle_w=900)
    depot.hears("cp-1/1", power_w, status="Finishing", applied_limit_w=30_000)
    assert depot.setpoint("cp-1/1").reserved_w == reserved_w
    assert depot.targets()["cp-9/1"] == 200_000 - reserved_w
    assert not depot.plan().degraded


def test_R20_what_an_idle_connector_was_told_beyond_that_only_holds_back_raises() -> None:
    """It may still draw 30 kW: cp-9 is to have 199,100 W, and is sent the 170,000 W that are free now (LIM-7)."""
    depot = _depot(50_000, idle_w=900)
    depot.hears("cp-1/1", 0, status="Finishing", applied_limit_w=30_000)
    assert depot.exposure("cp-1/1") == 30_000
    assert (depot.limits()["cp-1/1"], depot.limits()["cp-9/1"]) == (900, 170_000)
    assert depot.setpoint("cp-9/1").reason is Reason.AWAITING_DECREASE


def test_R18_a_charge_point_bears_its_rating_by_the_highest_factor_of_its_connectors() -> None:
    """Rated 70 kW it gives 84 where one of two connectors draws 1.2 of what it is told, and says that 40 kW apply."""
    depot = Depot(grid("gc-1", 200_000), charger("cp-1", "gc-1", 50_000, 50_000, max_power_w=70_000))
    depot.hears("cp-1/1", 0, applied_limit_w=40_000)
    depot.hears("cp-1/2", 0, applied_limit_w=50_000, age_s=91)
    depot.cycle()
    assert depot.line("cp-1/1").entry.last_limit_w == 20_000
    depot.later(20)
    depot.hears("cp-1/1", 24_000, applied_limit_w=40_000, applied_cycle_seq=1)
    assert [depot.exposure(f"cp-1/{number}") for number in (1, 2)] == [48_000, 50_000]
    situation = depot.situation()
    assert situation.nodes[situation.tree.node_index["gc-1"]].held.exposed_w == 84_000
