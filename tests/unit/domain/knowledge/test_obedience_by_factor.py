"""How much a connector draws of each watt told, in thousandths: its factor (R34), by which it is told (R35)."""

import pytest

from domain.knowledge.readings import Session
from tests.unit.domain.depot import Depot, charger, grid

CONNECTOR = "cp-1/1"
TOLD_W = 50_000


def told_50_kw(*, comes_through: bool = True, fallback_w: int = 0) -> Depot:
    """Told 50 kW at eight, as it had before; that came through 5 s later, if at all. Nothing was learned yet."""
    depot = Depot(grid("gc-1", 10**6), charger("cp-1", "gc-1", 200_000, fallback_w=fallback_w))
    depot.hears(CONNECTOR, 0, requested_w=TOLD_W, applied_limit_w=TOLD_W)
    depot.cycle()
    if comes_through:
        depot.later(5)
        depot.hears_of_life("cp-1")
        depot.cycle()
    return depot


def reads(depot: Depot, after_s: float, power_w: int | None, *, asks_w: int = TOLD_W, named: int | None = None) -> int:
    """Its factor after a reading."""
    depot.later(after_s)
    depot.hears(CONNECTOR, power_w, requested_w=asks_w, applied_cycle_seq=named)
    depot.cycle()
    return factor(depot)


def factor(depot: Depot) -> int:
    return depot.line(CONNECTOR).entry.factor


@pytest.mark.parametrize(
    ("power_w", "expected"),
    [
        (51_000, 1003),
        (51_001, 1021),
        (54_000, 1080),
        (125_000, 2500),
        (50_200, 1001),
        (50_000, 1000),
    ],
)
def test_R34_a_reading_above_teaches_at_once_one_little_above_by_an_eighth(power_w: int, expected: int) -> None:
    assert reads(told_50_kw(), 20, power_w) == expected


@pytest.mark.parametrize(
    ("power_w", "expected"), [(60_000, 1200), (54_000, 1185), (49_000, 1174), (45_000, 1174), (44_999, 1200)]
)
def test_R34_one_below_lowers_it_by_an_eighth_of_the_difference(power_w: int, expected: int) -> None:
    """By no more than to 990 for 1000, and not where less than nine tenths of the setpoint are drawn."""
    depot = told_50_kw()
    assert reads(depot, 20, 60_000) == 1200
    depot.later(5)
    entry = depot.line(CONNECTOR).entry
    assert entry.last_limit_w == TOLD_W
    assert reads(depot, 0, power_w) == expected


def test_R34_it_is_never_below_1000() -> None:
    depot = told_50_kw()
    for _ in range(5):
        assert reads(depot, 20, 46_000) == 1000


def test_R34_more_than_two_and_a_half_times_its_setpoint_teaches_nothing() -> None:
    assert reads(told_50_kw(), 20, 125_001) == 1000


def test_R34_once_it_is_learned_nothing_beyond_its_tolerance_teaches() -> None:
    """At 1200 it may draw 60 kW for 50 and the tolerance of 2.5 kW."""
    for power_w, expected in ((62_500, 1250), (62_501, 1200)):
        depot = told_50_kw()
        assert reads(depot, 20, 60_000) == 1200
        assert reads(depot, 5, power_w) == expected


@pytest.mark.parametrize(("after_s", "expected"), [(19.999, 1080), (20, 1080)])
def test_R34_a_grace_after_it_came_through_a_reading_teaches_down_too(after_s: float, expected: int) -> None:
    """Before it only upwards: 1200 by the first reading, then a little of it back, or not."""
    depot = told_50_kw(comes_through=False)
    assert reads(depot, 20, 54_000) == expected
    learned = reads(depot, after_s, 50_000)
    assert learned == (1080 if after_s < 20 else 1070)


def test_R34_a_reading_within_a_grace_of_its_setpoint_teaches_nothing() -> None:
    """Spikes right after a change would."""
    depot = told_50_kw(comes_through=False)
    assert reads(depot, 19.999, 54_000) == 1000
    assert reads(depot, 0.001, 54_000) == 1080


def test_R34_before_it_came_through_it_is_compared_with_the_highest_that_may_be_in_force() -> None:
    """Told 40 kW a second after 50, it is heard again only 25 s later: 54 kW may be 1.08 of the 50 that it was told."""
    depot = told_50_kw()
    depot.later(1)
    depot.hears(CONNECTOR, 0, requested_w=40_000)
    depot.cycle()
    assert reads(depot, 25, 54_000, asks_w=40_000) == 1080


def test_R34_or_with_the_confirmed_limit() -> None:
    depot = Depot(grid("gc-1", 10**6), charger("cp-1", "gc-1", 200_000))
    depot.hears(CONNECTOR, 0, requested_w=TOLD_W, applied_limit_w=60_000)
    depot.cycle()
    assert reads(depot, 25, 66_000) == 1100


def test_R34_or_with_the_fallback_where_nothing_is_confirmed() -> None:
    depot = Depot(grid("gc-1", 10**6), charger("cp-1", "gc-1", 200_000, fallback_w=60_000))
    depot.hears(CONNECTOR, 0, requested_w=TOLD_W)
    depot.cycle()
    assert reads(depot, 25, 66_000) == 1100


@pytest.mark.parametrize(("after_s", "expected"), [(99.999, 1080), (100, 1000)])
def test_R34_or_where_it_may_fall_back_within_a_grace(after_s: float, expected: int) -> None:
    """54 kW are less than its fallback of 60."""
    assert reads(told_50_kw(comes_through=False, fallback_w=60_000), after_s, 54_000) == expected


@pytest.mark.parametrize(("power_w", "expected"), [(51_000, 1000), (51_001, 1021)])
def test_R34_by_no_less_than_what_may_be_noise(power_w: int, expected: int) -> None:
    assert reads(told_50_kw(comes_through=False), 20, power_w) == expected


@pytest.mark.parametrize(("power_w", "expected"), [(125_000, 2500), (125_001, 1000)])
def test_R34_nor_does_more_than_two_and_a_half_times_that_teach(power_w: int, expected: int) -> None:
    assert reads(told_50_kw(comes_through=False), 20, power_w) == expected


def test_R34_what_was_only_learned_upwards_is_not_learned_for_good() -> None:
    """1.2 of the most that it was told, then twice as much: that teaches, though it is beyond its tolerance."""
    depot = told_50_kw(comes_through=False)
    assert reads(depot, 20, 60_000) == 1200
    assert reads(depot, 5, 100_000) == 2000


def test_R34_who_names_cycles_teaches_a_grace_after_its_setpoint_was_sent_once_it_named_it() -> None:
    depot = Depot(grid("gc-1", 10**6), charger("cp-1", "gc-1", 200_000))
    depot.hears(CONNECTOR, 0, requested_w=TOLD_W, applied_limit_w=TOLD_W)
    depot.cycle()
    assert reads(depot, 19.999, 54_000, named=1) == 1000
    assert reads(depot, 0.001, 54_000, named=1) == 1080
    assert reads(depot, 5, 50_000, named=1) == 1070


def test_R34_before_that_it_teaches_upwards_alone() -> None:
    depot = Depot(grid("gc-1", 10**6), charger("cp-1", "gc-1", 200_000))
    depot.hears(CONNECTOR, 0, requested_w=40_000, applied_limit_w=40_000)
    depot.cycle()
    reads(depot, 1, 0, named=1)
    assert depot.line(CONNECTOR).entry.last_limit_w == TOLD_W
    assert reads(depot, 20, 54_000, named=1) == 1080
    assert reads(depot, 5, 50_000, named=1) == 1080


@pytest.mark.parametrize("power_w", [None, 250_001])
def test_R34_power_that_is_not_known_or_not_plausible_teaches_nothing(power_w: int | None) -> None:
    depot = Depot(grid("gc-1", 10**6), charger("cp-1", "gc-1", 200_000))
    depot.hears(CONNECTOR, 0, requested_w=150_000, applied_limit_w=150_000)
    depot.cycle()
    depot.later(5)
    depot.hears_of_life("cp-1")
    depot.cycle()
    assert reads(depot, 20, power_w, asks_w=150_000) == 1000


def test_R34_a_connector_without_demand_teaches_nothing() -> None:
    depot = told_50_kw()
    depot.later(20)
    depot.hears(CONNECTOR, 54_000, status="Finishing")
    depot.cycle()
    assert factor(depot) == 1000


def test_R34_one_that_is_unresponsive_teaches_upwards_at_any_time() -> None:
    """Told 49 kW a moment ago it draws 90, of the 50 kW that may be in force still: after 10 s it is unresponsive."""
    depot = told_50_kw()
    depot.later(15)
    depot.configures(grid("gc-1", 49_000), *depot.configuration.charge_points)
    depot.cycle()
    assert reads(depot, 1, 90_000) == 1000
    assert reads(depot, 10, 90_000) == 1800


def test_R34_a_reading_teaches_once_however_many_cycles_see_it() -> None:
    depot = told_50_kw()
    reads(depot, 20, 60_000)
    reads(depot, 5, 50_000)
    learned = factor(depot)
    for _ in range(3):
        depot.later(5)
        depot.cycle()
    assert factor(depot) == learned


def test_R34_it_is_kept_over_sessions() -> None:
    depot = told_50_kw()
    reads(depot, 20, 60_000)
    depot.later(5)
    depot.hears(CONNECTOR, 0, status="Available")
    depot.cycle()
    depot.later(5)
    depot.hears(CONNECTOR, 0, session=Session("s-2"))
    assert factor(depot) == 1200


def test_R35_a_share_is_told_by_the_factor_and_counts_at_the_meter() -> None:
    """60 kW flow for 50 kW told; the exposure is what flows."""
    depot = Depot(grid("gc-1", 60_000), charger("cp-1", "gc-1", 200_000))
    depot.hears(CONNECTOR, 0, applied_limit_w=0)
    depot.cycle()
    for seconds, power_w in ((5, 60_000), (20, 72_000)):
        depot.later(seconds)
        depot.hears(CONNECTOR, power_w)
        depot.cycle()
    line = depot.line(CONNECTOR)
    assert (line.entry.factor, line.entry.last_limit_w) == (1200, 50_000)
    assert line.exposure_w == 72_000
