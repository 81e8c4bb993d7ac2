"""The background follows its meter slowly down and not at once up, and outlasts it (R26 to R29)."""

import pytest

from tests.unit.domain.depot import Depot, charger, feeder, grid

LIMIT_W = 100_000


@pytest.fixture
def depot() -> Depot:
    """A metered connection with one charger that stands still; 30 kW are not ours."""
    depot = Depot(grid("gc-1", LIMIT_W, 60_000, metered=True), charger("cp-1", "gc-1", 80_000))
    _said(depot, 0, background_w=30_000)
    return depot


def _said(depot: Depot, after_s: float, background_w: int, power_w: int = 0) -> int:
    """So much later all is heard and a cycle decides; the background it goes by."""
    depot.later(after_s)
    depot.hears("cp-1/1", power_w, requested_w=0, applied_limit_w=0)
    depot.meters("gc-1", background_w + power_w)
    figure = depot.node("gc-1").background_w
    depot.cycle()
    return figure


def test_R27_it_falls_only_as_far_as_its_highest_value_of_the_hold_time(depot: Depot) -> None:
    assert _said(depot, 5, background_w=10_000) == 30_000
    assert [_said(depot, 10, background_w=10_000) for _ in range(5)] == [30_000] * 5
    assert _said(depot, 9, background_w=10_000) == 30_000
    assert _said(depot, 1.001, background_w=10_000) == 10_000


def test_R27_a_rise_counts_once_it_has_lasted_for_the_confirmation_time(depot: Depot) -> None:
    assert _said(depot, 5, background_w=50_000) == 30_000
    assert _said(depot, 5, background_w=50_000) == 30_000
    assert _said(depot, 5.001, background_w=50_000) == 50_000


def test_R27_what_cannot_be_does_not_hide_what_its_charger_was_told() -> None:
    """It says 20 MW of 20 kW and holds 100 for that: whether the 170 kW of the meter are ours or not, it may be sent
    its 20 kW again.
    """
    depot = Depot(grid("gc-1", 300_000, metered=True), charger("cp-1", "gc-1", 80_000))
    for power_w in (0, 20_000, *[20_000_000] * 8):
        depot.later(20)
        depot.hears("cp-1/1", power_w, requested_w=20_000)
        depot.meters("gc-1", 150_000 + min(power_w, 20_000))
        depot.cycle()
    assert (depot.node("gc-1").reserved_w, depot.setpoint("cp-1/1").limit_w) == (100_000, 20_000)
    assert depot.node("gc-1").background_w == 170_000 + 20_000 - 100_000


def test_R27_then_the_lowest_value_of_that_time_counts(depot: Depot) -> None:
    _said(depot, 5, background_w=70_000)
    _said(depot, 5, background_w=50_000)
    assert _said(depot, 5.001, background_w=70_000) == 50_000


def test_R27_a_rise_counts_at_once_when_the_meter_is_over_its_limit(depot: Depot) -> None:
    assert _said(depot, 5, background_w=LIMIT_W) == 30_000
    assert _said(depot, 5, background_w=LIMIT_W + 1) == LIMIT_W + 1


@pytest.mark.parametrize(("rise_w", "limit_w"), [(1_000, 69_000), (1_001, 20_000)])
def test_R28_until_then_it_stops_raises_below_if_it_exceeds_one_percent_of_the_limit(rise_w: int, limit_w: int) -> None:
    """A vehicle that was content with 20 kW wants all it can get; 30 kW are not ours, and raises leave room for 1 %."""
    depot = Depot(grid("gc-1", LIMIT_W, 60_000, metered=True), charger("cp-1", "gc-1", 70_000))
    depot.hears("cp-1/1", 20_000, requested_w=20_000, applied_limit_w=20_000)
    depot.meters("gc-1", 50_000)
    depot.cycle()
    depot.later(5)
    depot.hears("cp-1/1", 20_000, applied_limit_w=20_000)
    depot.meters("gc-1", 50_000 + rise_w)
    assert depot.setpoint("cp-1/1").limit_w == limit_w


@pytest.mark.parametrize(("after_s", "is_background"), [(0, False), (19, False), (20, True)])
def test_R26_a_connector_that_was_just_raised_enters_with_its_exposure(after_s: int, is_background: bool) -> None:
    """It was raised to 60 kW, reads 10 kW so long after that, and the meter shows 40 kW more than before the raise."""
    depot = Depot(grid("gc-1", LIMIT_W, 60_000, metered=True), charger("cp-1", "gc-1", 60_000))
    depot.hears("cp-1/1", 0, applied_limit_w=0)
    depot.meters("gc-1", 30_000)
    depot.cycle()
    depot.later(after_s)
    depot.hears("cp-1/1", 10_000, applied_limit_w=0)
    depot.later(1)
    depot.meters("gc-1", 70_000)
    situation = depot.situation()
    assert situation.nodes[situation.tree.node_index["gc-1"]].background.unconfirmed is is_background


def test_R29_a_silent_meter_without_a_safe_capacity_leaves_its_last_estimate_at_the_node() -> None:
    """The charger below may have its fallback of 7 kW, and the 30 kW that were there before are still counted."""
    depot = Depot(grid("gc-1", LIMIT_W, metered=True), charger("cp-1", "gc-1", 80_000, fallback_w=7_000))
    _said(depot, 0, background_w=30_000)
    depot.later(31)
    figures = depot.node("gc-1")
    assert (figures.limit_w, figures.background_w) == (7_000, 30_000)


def test_R29_a_silent_meter_withholds_its_last_estimate_above_where_that_is_more() -> None:
    """5 kW lie between the default and the safe capacity of f-1, but 30 kW were seen there."""
    depot = Depot(
        grid("gc-1", LIMIT_W), feeder("f-1", "gc-1", 50_000, 45_000, metered=True), charger("cp-1", "f-1", 80_000)
    )
    depot.hears("cp-1/1", 0, requested_w=0, applied_limit_w=0)
    depot.meters("f-1", 30_000)
    depot.cycle()
    depot.later(31)
    assert depot.node("gc-1").background_w == 30_000
    assert depot.node("f-1").background_w == 0


@pytest.mark.parametrize(("safe_w", "limit_w", "background_w"), [(99_000, 99_000, 0), (100_000, 100_000, 30_000)])
def test_R29_so_it_does_where_the_safe_capacity_is_not_below_the_default_one(
    safe_w: int, limit_w: int, background_w: int
) -> None:
    depot = Depot(grid("gc-1", LIMIT_W, safe_w, metered=True), charger("cp-1", "gc-1", 80_000))
    _said(depot, 0, background_w=30_000)
    depot.later(31)
    figures = depot.node("gc-1")
    assert (figures.limit_w, figures.background_w) == (limit_w, background_w)


def test_R29_the_limit_is_the_default_capacity_where_the_safe_one_is_above_it() -> None:
    depot = Depot(grid("gc-1", LIMIT_W, 2 * LIMIT_W, metered=True), charger("cp-1", "gc-1", 80_000))
    _said(depot, 0, background_w=30_000)
    depot.later(31)
    assert depot.node("gc-1").limit_w == LIMIT_W


def test_R27_on_its_way_back_a_meter_raises_the_estimate_to_every_upper_that_it_shows() -> None:
    """It shows 50 kW once, 20 later, and when it is relied on again 50 kW count until they have been held."""
    depot = Depot(grid("gc-1", LIMIT_W, metered=True), charger("cp-1", "gc-1", 80_000))
    _said(depot, 0, background_w=30_000)
    depot.later(31)
    depot.cycle()
    figures = [_said(depot, 10, background_w) for background_w in (50_000, 20_000, 20_000, 20_000)]
    assert figures == [50_000] * 4


def test_R27_it_begins_with_the_least_that_a_meter_leaves() -> None:
    """Nobody was told anything yet; cp-2 may draw its fallback of 10 kW, unseen, and that is not in it."""
    depot = Depot(
        grid("gc-1", LIMIT_W, metered=True),
        charger("cp-1", "gc-1", 80_000),
        charger("cp-2", "gc-1", 80_000, fallback_w=10_000),
    )
    depot.hears("cp-2/1", None, status="Available")
    assert _said(depot, 0, background_w=30_000) == 20_000
