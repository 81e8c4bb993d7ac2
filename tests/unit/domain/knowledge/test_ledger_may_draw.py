"""Between what a connector may draw by now, as a meter above it may see it: the least and the most (R26)."""

from itertools import pairwise

import pytest

from tests.unit.domain.depot import Depot, charger, grid

CONNECTOR = "cp-1/1"


def told(*limits_w: int, power_w: int = 30_000, fallback_w: int = 0) -> Depot:
    """It had 30 kW and was told these, the first at eight, each other 30 s after the one before; it draws all of it."""
    depot = Depot(grid("gc-1", 10**6), charger("cp-1", "gc-1", 100_000, fallback_w=fallback_w))
    depot.hears(CONNECTOR, power_w, requested_w=limits_w[0], applied_limit_w=30_000)
    depot.cycle()
    for before_w, limit_w in pairwise(limits_w):
        depot.later(30)
        depot.hears(CONNECTOR, before_w, requested_w=limit_w)
        depot.cycle()
    return depot


def may_draw(depot: Depot) -> tuple[int, int]:
    situation = depot.situation()
    held = situation.nodes[situation.tree.node_index["gc-1"]].held
    return held.least_drawn_w, held.most_drawn_w


def reads(depot: Depot, after_s: float, power_w: int, requested_w: int) -> tuple[int, int]:
    depot.later(after_s)
    depot.hears(CONNECTOR, power_w, requested_w=requested_w)
    return may_draw(depot)


def test_R26_it_draws_what_it_reads() -> None:
    depot = told(30_000)
    assert reads(depot, 20, 28_000, 30_000) == (28_000, 28_000)


def test_R26_told_less_since_it_draws_no_less_than_the_lowest_of_that() -> None:
    """Told 50 kW and lowered to 20 and 25: 20 kW may flow, until a reading of a grace later tells."""
    depot = told(50_000, 20_000)
    depot.later(5)
    depot.hears(CONNECTOR, 50_000, requested_w=25_000)
    depot.cycle()
    assert may_draw(depot) == (20_000, 50_000)
    assert reads(depot, 14.999, 50_000, 25_000) == (20_000, 50_000)
    assert reads(depot, 0.001, 50_000, 25_000) == (25_000, 50_000)
    assert reads(depot, 4.999, 50_000, 25_000) == (25_000, 50_000)
    assert reads(depot, 0.001, 50_000, 25_000) == (50_000, 50_000)


@pytest.mark.parametrize(("after_s", "most_w"), [(19.999, 60_000), (20, 50_000)])
def test_R26_raised_since_it_may_draw_its_exposure_until_it_had_its_grace(after_s: float, most_w: int) -> None:
    assert reads(told(50_000, 60_000), after_s, 50_000, 60_000) == (50_000, most_w)


@pytest.mark.parametrize(("power_w", "most_w"), [(56_999, 60_000), (57_000, 57_000)])
def test_R26_not_where_its_reading_shows_that_it_followed(power_w: int, most_w: int) -> None:
    """Within 5 % of 60 kW."""
    assert reads(told(50_000, 60_000), 5, power_w, 60_000) == (power_w, most_w)


@pytest.mark.parametrize(("power_w", "most_w"), [(44_999, 44_999), (45_000, 60_000)])
def test_R26_nor_where_it_did_not_use_up_the_setpoint_before(power_w: int, most_w: int) -> None:
    """Nine tenths of 50 kW."""
    assert reads(told(50_000, 60_000), 5, power_w, 60_000) == (power_w, most_w)


def test_R26_nor_where_it_was_lowered() -> None:
    """54 kW are nine tenths of the 60 kW that it had, and less than the 58 that it was told since."""
    assert reads(told(60_000, 58_000), 5, 54_000, 58_000) == (54_000, 54_000)


@pytest.mark.parametrize(("power_w", "most_w"), [(26_999, 26_999), (27_000, 60_000)])
def test_R26_nor_where_that_is_none_the_confirmed_limit(power_w: int, most_w: int) -> None:
    """It reported 30 kW before it was told anything."""
    assert reads(told(60_000, power_w=0), 5, power_w, 60_000) == (power_w, most_w)


def test_R26_where_there_is_none_either_it_may() -> None:
    depot = Depot(grid("gc-1", 10**6), charger("cp-1", "gc-1", 100_000))
    depot.hears(CONNECTOR, 0, requested_w=60_000)
    depot.cycle()
    assert reads(depot, 5, 1_000, 60_000) == (1_000, 60_000)


def test_R26_a_grace_before_it_may_fall_back_it_may_draw_nothing() -> None:
    """Its fallback of 0 is not above what it was told, so it takes part as ever."""
    depot = told(30_000)
    depot.later(99.999)
    depot.hears(CONNECTOR, 30_000, requested_w=30_000, applied_cycle_seq=1)
    assert may_draw(depot) == (30_000, 30_000)
    depot.later(0.001)
    assert may_draw(depot) == (0, 30_000)


def test_R26_a_reserved_one_draws_between_0_and_its_exposure() -> None:
    depot = told(50_000)
    depot.later(91)
    assert may_draw(depot) == (0, 50_000)


@pytest.mark.parametrize(("power_w", "drawn_w"), [(20_000, 20_000), (40_000, 30_000)])
def test_R26_one_that_was_never_told_anything_draws_its_last_power_within_its_exposure(
    power_w: int, drawn_w: int
) -> None:
    depot = Depot(grid("gc-1", 10**6), charger("cp-1", "gc-1", 100_000))
    depot.hears(CONNECTOR, power_w, applied_limit_w=30_000, age_s=91)
    assert may_draw(depot) == (drawn_w, drawn_w)


def test_R26_that_is_watts_at_the_meter() -> None:
    """At a factor of 1.2 it draws 60 kW of 50 told; lowered to 20 kW it draws 24 of them."""
    depot = Depot(grid("gc-1", 10**6), charger("cp-1", "gc-1", 100_000))
    depot.hears(CONNECTOR, 0, requested_w=50_000, applied_limit_w=50_000)
    depot.cycle()
    for seconds in (5, 20):
        reads(depot, seconds, 60_000, 50_000)
        depot.cycle()
    reads(depot, 5, 60_000, 20_000)
    depot.cycle()
    assert depot.line(CONNECTOR).entry.last_limit_w == 20_000
    assert may_draw(depot) == (24_000, 60_000)


def test_R26_heard_but_not_reached_it_draws_what_it_reads_until_it_falls_back() -> None:
    """It names cycles, so nothing renews what it had: from a grace before its setpoint lapses it is reserved (R17)."""
    depot = told(30_000, fallback_w=80_000)
    depot.hears(CONNECTOR, 30_000, requested_w=30_000, applied_limit_w=30_000, applied_cycle_seq=1)
    seen = {}
    for second in range(5, 165, 5):
        depot.later(5)
        depot.hears(CONNECTOR, 30_000, requested_w=30_000, applied_limit_w=30_000, applied_cycle_seq=1)
        depot.cycle()
        seen[second] = may_draw(depot)
    assert (seen[95], seen[100], seen[115]) == ((30_000, 30_000), (0, 30_000), (0, 30_000))
    assert (seen[120], seen[135]) == ((0, 80_000), (0, 80_000))
    assert seen[140] == (0, 30_000)
