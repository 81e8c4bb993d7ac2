"""A meter that shows less than the connectors below it draw, or stands still, is not believed (R25)."""

import pytest

from domain.knowledge.limits import Mode
from domain.sharing.plan import Quality
from domain.site.configuration import Settings
from tests.unit.domain.depot import Depot, charger, grid

STALE_AFTER_S = Settings().meter_stale_after_s
DRAWN_W = 50_000
TOO_LOW_W = DRAWN_W - DRAWN_W // 10 - 1


def a_depot(*, generation: bool = False) -> Depot:
    """A metered connection of 100 kW with a charger that was told 50 kW at eight, as it had been before."""
    depot = Depot(grid("gc-1", 100_000, 60_000, metered=True, generation=generation), charger("cp-1", "gc-1", 80_000))
    reads(depot, DRAWN_W)
    return depot


def reads(depot: Depot, meter_w: int, power_w: int = DRAWN_W) -> Mode:
    """What its meter and its charger say now, the mode that makes of it."""
    depot.hears("cp-1/1", power_w, requested_w=DRAWN_W, applied_limit_w=DRAWN_W)
    depot.meters("gc-1", meter_w)
    depot.cycle()
    return depot.node("gc-1").mode


def reads_on(depot: Depot, meter_w: int, seconds: int, power_w: int = DRAWN_W) -> Mode:
    """The same every five seconds, from five seconds on."""
    for _ in range(seconds // 5):
        depot.later(5)
        mode = reads(depot, meter_w, power_w)
    return mode


def test_R25_a_meter_whose_readings_are_too_low_for_as_long_as_one_is_fresh_counts_as_silent() -> None:
    depot = a_depot()
    assert reads_on(depot, TOO_LOW_W, 5 + STALE_AFTER_S - 5) is Mode.NORMAL
    assert reads_on(depot, TOO_LOW_W, 5) is Mode.SAFE
    assert depot.node("gc-1").quality is Quality.BAD


def test_R25_a_tenth_less_is_no_contradiction() -> None:
    assert reads_on(a_depot(), TOO_LOW_W + 1, 120) is Mode.NORMAL


@pytest.mark.parametrize(("meter_w", "mode"), [(3_500, Mode.NORMAL), (3_499, Mode.SAFE)])
def test_R25_nor_is_the_tolerance(meter_w: int, mode: Mode) -> None:
    """Half a kilowatt is more than a tenth of 4 kW."""
    assert reads_on(a_depot(), meter_w, 60, power_w=4_000) is mode


def test_R25_one_reading_that_is_high_enough_begins_it_anew() -> None:
    depot = a_depot()
    reads_on(depot, TOO_LOW_W, STALE_AFTER_S)
    reads_on(depot, DRAWN_W, 5)
    assert reads_on(depot, TOO_LOW_W, STALE_AFTER_S) is Mode.NORMAL


def test_R25_no_connector_counts_with_more_than_it_was_told() -> None:
    """It says that it draws 80 kW of its 50; the meter shows 50."""
    assert reads_on(a_depot(), DRAWN_W, 120, power_w=80_000) is Mode.NORMAL


def test_R25_who_was_read_too_long_ago_does_not_count() -> None:
    depot = a_depot()
    for _ in range(18):
        depot.later(5)
        depot.meters("gc-1", 0)
        depot.cycle()
    assert depot.node("gc-1").mode is Mode.NORMAL


def test_R25_it_does_not_start_its_way_back_while_its_readings_are_too_low() -> None:
    depot = a_depot()
    assert reads_on(depot, TOO_LOW_W, 2 * STALE_AFTER_S) is Mode.SAFE
    assert reads_on(depot, DRAWN_W, STALE_AFTER_S) is Mode.SAFE
    assert depot.node("gc-1").quality is Quality.BAD
    assert reads_on(depot, DRAWN_W, 5) is Mode.NORMAL
    assert depot.node("gc-1").quality is Quality.OK


def test_R25_not_where_power_may_flow_back() -> None:
    assert reads_on(a_depot(generation=True), 0, 120) is Mode.NORMAL


def test_R25_a_first_cycle_does_not_ask() -> None:
    depot = Depot(grid("gc-1", 100_000, 60_000, metered=True), charger("cp-1", "gc-1", 80_000))
    depot.later(-STALE_AFTER_S)
    for _ in range(2):
        depot.hears("cp-1/1", DRAWN_W, applied_limit_w=DRAWN_W)
        depot.meters("gc-1", 0)
        depot.later(STALE_AFTER_S)
    assert depot.node("gc-1").mode is Mode.NORMAL


# --- one that stands still ------------------------------------------------------------------------------------------

STANDS_AT_W = 60_001


def stands_still(meter_w: int, moved_w: int, *, generation: bool = False) -> Depot:
    """A meter shows the same all the time; after a minute the charger draws so much less."""
    depot = a_depot(generation=generation)
    reads_on(depot, meter_w, 60)
    reads_on(depot, meter_w, STALE_AFTER_S, DRAWN_W - moved_w)
    return depot


def test_R25_a_meter_that_stands_still_while_its_chargers_move_counts_as_silent_after_as_long() -> None:
    """Five seconds later, as its newest reading was taken when they were first seen to have moved."""
    depot = stands_still(STANDS_AT_W, 501)
    assert depot.node("gc-1").mode is Mode.NORMAL
    assert reads_on(depot, STANDS_AT_W, 5, DRAWN_W - 501) is Mode.SAFE
    assert depot.node("gc-1").quality is Quality.BAD


@pytest.mark.parametrize(
    ("meter_w", "moved_w", "generation"),
    [(STANDS_AT_W, 500, False), (60_000, 20_000, False), (STANDS_AT_W, 20_000, True)],
    ids=["within the tolerance", "whole kilowatts", "generation"],
)
def test_R25_it_may_stand_still(meter_w: int, moved_w: int, *, generation: bool) -> None:
    depot = stands_still(meter_w, moved_w, generation=generation)
    assert reads_on(depot, meter_w, 60, DRAWN_W - moved_w) is Mode.NORMAL


def test_R25_what_moves_only_for_a_while_shows_nothing() -> None:
    """A charger's reading that is some seconds older than the meter's, say."""
    depot = stands_still(STANDS_AT_W, 20_000)
    reads_on(depot, STANDS_AT_W, 5)
    assert reads_on(depot, STANDS_AT_W, STALE_AFTER_S, DRAWN_W - 20_000) is Mode.NORMAL


def test_R25_another_watt_and_it_does_not_stand_still() -> None:
    depot = stands_still(STANDS_AT_W, 20_000)
    reads_on(depot, STANDS_AT_W + 1, 5, DRAWN_W - 20_000)
    assert reads_on(depot, STANDS_AT_W, 60, DRAWN_W - 20_000) is Mode.NORMAL


def test_R25_it_is_compared_with_what_all_chargers_were_read_to_draw_since_it_shows_that() -> None:
    """One that speaks once a minute drew less already when the meter came to stand where it does."""
    depot = a_depot()
    for second in range(0, 180, 5):
        depot.later(5)
        depot.meters("gc-1", STANDS_AT_W)
        if second % 60 == 30:
            depot.hears("cp-1/1", DRAWN_W - 20_000, requested_w=DRAWN_W)
        depot.cycle()
    assert depot.node("gc-1").quality is not Quality.BAD


# --- one that never stood still before ------------------------------------------------------------------------------

LIVELY_READINGS = 20


def comes_to_stand(
    stands_at_w: int = STANDS_AT_W, *, figures: int = LIVELY_READINGS, generation: bool = False
) -> Depot:
    """A meter shows so many figures once each, and then comes to stand; its charger draws the same all the time."""
    depot = a_depot(generation=generation)
    for figure in range(figures):
        reads_on(depot, STANDS_AT_W + 1 + figure, 5)
    reads_on(depot, stands_at_w, 5)
    return depot


def test_R25_a_meter_that_repeated_nothing_before_counts_as_silent_where_it_stands_still() -> None:
    """Nothing else can tell that a building rises behind it."""
    depot = comes_to_stand()
    assert reads_on(depot, STANDS_AT_W, STALE_AFTER_S) is Mode.NORMAL
    assert reads_on(depot, STANDS_AT_W, 5) is Mode.SAFE
    assert depot.node("gc-1").quality is Quality.BAD
    assert reads_on(depot, STANDS_AT_W, 120) is Mode.SAFE


@pytest.mark.parametrize(
    ("stands_at_w", "figures", "generation"),
    [
        (STANDS_AT_W, LIVELY_READINGS - 1, False),
        (60_000, LIVELY_READINGS, False),
        (DRAWN_W + 500, LIVELY_READINGS, False),
        (STANDS_AT_W, LIVELY_READINGS, True),
    ],
    ids=["too few before", "whole kilowatts", "nothing but its chargers", "generation"],
)
def test_R25_a_lively_meter_may_stand_still(stands_at_w: int, figures: int, *, generation: bool) -> None:
    depot = comes_to_stand(stands_at_w, figures=figures, generation=generation)
    assert reads_on(depot, stands_at_w, 120) is Mode.NORMAL


def test_R25_what_a_meter_repeats_once_it_may_repeat_for_long() -> None:
    """It is a coarse one, or what it measures stands still at times."""
    depot = comes_to_stand()
    reads_on(depot, STANDS_AT_W, 5)
    reads_on(depot, STANDS_AT_W + 1, 5)
    assert reads_on(depot, STANDS_AT_W, 120) is Mode.NORMAL


def test_R25_a_meter_that_was_right_shows_that_its_chargers_come_down_and_is_believed_from_then_on() -> None:
    depot = comes_to_stand()
    reads_on(depot, STANDS_AT_W, 5 + STALE_AFTER_S)
    assert reads_on(depot, STANDS_AT_W - 20_000, STALE_AFTER_S, DRAWN_W - 20_000) is Mode.SAFE
    assert reads_on(depot, STANDS_AT_W - 20_000, 120, DRAWN_W - 20_000) is Mode.NORMAL
    assert depot.node("gc-1").quality is Quality.OK
