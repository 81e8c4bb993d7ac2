"""What a connector leaves unused it does not demand (R31)."""

from dataclasses import replace
from datetime import timedelta
from random import Random

import pytest

from domain.knowledge.ledger import NEVER_SENT
from domain.knowledge.readings import Readings
from tests.unit.domain.knowledge.one_connector import (
    EIGHT,
    HALF_USED_W,
    MARGIN_W,
    RATING_W,
    SETPOINT_W,
    SETTINGS,
    WINDOW_S,
    Play,
    every,
    half_used,
    told,
)


def test_R31_after_a_window_below_its_setpoint_it_demands_a_tenth_and_a_margin_more_than_it_draws() -> None:
    play = Play()
    assert play.read_all(every(5, WINDOW_S - 5, 50_000)) == RATING_W
    assert play.read(WINDOW_S, 50_000) == HALF_USED_W


def test_R31_a_reading_a_minute_is_enough() -> None:
    play = Play()
    assert [play.read(second, 50_000) for second in (0, 60, 120)] == [RATING_W, RATING_W, HALF_USED_W]


def test_R31_time_without_a_reading_does_not_fill_the_window() -> None:
    play = Play()
    play.read(0, 50_000)
    play.read(60, 50_000)
    assert play.cycle(WINDOW_S + 5) == RATING_W


def test_R31_the_highest_power_of_the_window_counts() -> None:
    play = Play()
    play.read_all([*every(5, 60, 50_000), (65, 70_000), *every(5, WINDOW_S, 50_000, since=70)])
    assert play.read(WINDOW_S + 5, 50_000) == 77_000 + MARGIN_W


def test_R31_a_peak_is_forgotten_when_the_window_has_left_it_behind() -> None:
    play = Play()
    play.read(0, 80_000)
    assert play.read_all(every(5, 2 * WINDOW_S, 50_000, since=5)) == HALF_USED_W


@pytest.mark.parametrize("seed", range(30))
def test_R31_peaks_cover_the_window_and_at_most_half_as_much_again(seed: int) -> None:
    draw, second = Random(seed), 0
    window_s, interval = draw.choice([(120, 5), (120, 20), (120, 60), (30, 60)])
    play = Play(settings=replace(SETTINGS, usage_window_s=window_s))
    powers: dict[int, int] = {}
    for _ in range(200):
        powers[second] = draw.randrange(20_000, 80_000)
        demand_w = play.read(second, powers[second])
        if second >= window_s:
            least, most = (
                max(power for taken, power in powers.items() if taken >= second - span) * 11 // 10 + MARGIN_W
                for span in (window_s, window_s * 3 // 2)
            )
            assert least <= demand_w <= most
        second += draw.randint(interval // 2, interval)


def test_R31_a_reading_at_nine_tenths_breaks_the_window_before_it_is_full() -> None:
    play = Play()
    play.read_all(every(5, 60, 50_000))
    play.read(65, 90_000)
    assert play.read_all(every(5, WINDOW_S + 60, 50_000, since=70)) == RATING_W
    assert play.read(WINDOW_S + 70, 50_000) == HALF_USED_W


def test_R31_once_it_is_full_it_takes_95_percent() -> None:
    play = half_used()
    assert play.read(WINDOW_S + 5, 94_999) < RATING_W
    assert play.read(WINDOW_S + 10, 95_000) == RATING_W
    assert play.read(WINDOW_S + 15, 50_000) == RATING_W


def test_R31_the_window_of_another_session_is_not_its_own() -> None:
    play = half_used()
    play.read(WINDOW_S + 5, 92_000, session="s-2")
    assert play.memory == {}


def test_R31_readings_are_compared_with_the_setpoint_at_the_meter() -> None:
    """Told 50 kW at a factor of 1.2 it may draw 60: nine tenths of that are 54 kW."""
    for power_w, demand_w in ((53_999, 53_999 * 11 // 10 + MARGIN_W), (54_000, RATING_W * 1035 // 1000)):
        play = Play()
        play.entry = told(50_000, factor=1200)
        assert play.read_all(every(5, WINDOW_S, power_w)) == demand_w


def test_R31_power_that_is_not_known_moves_nothing() -> None:
    """R4."""
    play = Play()
    play.read_all(every(5, WINDOW_S - 5, 50_000))
    before = play.memory
    assert play.read(WINDOW_S, None) == RATING_W
    assert play.memory == before


def test_R31_a_new_session_restores_full_demand() -> None:
    assert half_used().read(WINDOW_S + 5, 50_000, session="s-2") == RATING_W


def test_R31_a_connector_that_says_what_it_wants_is_believed() -> None:
    play = half_used()
    assert play.read(WINDOW_S + 5, 50_000, requested_w=120_000) == 120_000
    assert play.memory == {}


def test_R31_never_less_than_its_minimum() -> None:
    play = Play(minimum_w=20_000)
    assert play.read_all(every(5, WINDOW_S, 1_000)) == 20_000


def test_R31_never_more_than_its_rating() -> None:
    play = Play()
    play.entry = told(RATING_W)
    assert play.read_all(every(5, WINDOW_S, 134_000)) == RATING_W


def test_R31_a_first_cycle_has_no_such_history() -> None:
    play = Play()
    play.entry = NEVER_SENT
    assert play.read_all(every(5, 2 * WINDOW_S, 50_000)) == RATING_W


def test_R31_who_is_told_nothing_may_flow_leaves_nothing_unused() -> None:
    play = Play()
    play.entry = told(0)
    assert play.read_all(every(5, 2 * WINDOW_S, 0)) == RATING_W
    assert play.memory == {}


def test_R31_readings_before_a_raise_can_have_been_obeyed_show_nothing_unused() -> None:
    play, grace = Play(), SETTINGS.apply_grace_s
    play.entry = told(SETPOINT_W, second=0)
    play.read_all(every(5, grace - 5, 50_000))
    assert play.memory == {}
    play.read(grace, 50_000)
    assert play.read(grace + WINDOW_S - 5, 50_000) == RATING_W
    assert play.read(grace + WINDOW_S, 50_000) == HALF_USED_W


def test_R31_a_vehicle_that_follows_its_raises_slowly_is_not_cut_back() -> None:
    play = Play()
    for second in range(0, 600, 5):
        step = second // 60
        play.entry = told(30_000 + 10_000 * step, second=60 * step)
        assert play.read(second, 20_000 + 10_000 * step + min(10_000, second % 60 * 300)) == RATING_W


def test_R31_a_raise_does_not_make_what_was_unused_wanted() -> None:
    play = half_used()
    play.entry = told(140_000, second=WINDOW_S)
    assert play.read(WINDOW_S + 5, 50_000) == HALF_USED_W


def test_R31_a_vehicle_at_a_lowered_setpoint_demands_in_full_again() -> None:
    play = half_used()
    play.entry = told(52_000, second=WINDOW_S + 1, raised=False)
    assert play.cycle(WINDOW_S + 2) == HALF_USED_W, "the last reading was taken before"
    assert play.read(WINDOW_S + 5, 50_000) == RATING_W


def test_R31_a_demand_cut_to_its_usage_stays_while_the_usage_does() -> None:
    play = half_used()
    for second in range(WINDOW_S + 5, 10 * WINDOW_S, 5):
        play.entry = told(HALF_USED_W, second=WINDOW_S, raised=False)
        assert play.read(second, 50_000) == HALF_USED_W


def test_R31_a_vehicle_that_its_charger_holds_back_demands_in_full() -> None:
    play = Play(minimum_w=0)
    readings = [play.read(second, 0, status="SuspendedEVSE") for second in range(0, 2 * WINDOW_S, 60)]
    assert readings == [RATING_W] * 4
    play = half_used()
    assert play.read(WINDOW_S + 5, 0, status="SuspendedEVSE") == RATING_W


def test_R31_a_reading_counts_once_however_many_cycles_see_it() -> None:
    play = Play()
    play.read(0, 50_000)
    memory = play.memory
    assert [play.cycle(second) for second in range(5, 90, 5)] == [RATING_W] * 17
    assert play.memory == memory


def test_R31_who_leaves_begins_anew() -> None:
    play = half_used()
    play.read(WINDOW_S + 5, 0, status="Finishing")
    assert play.memory == {}


def test_R31_who_is_lost_from_sight_is_remembered() -> None:
    play = half_used()
    play.cycle(WINDOW_S + SETTINGS.connector_stale_after_s + 1)
    assert play.read(WINDOW_S + 200, 50_000) == HALF_USED_W


def test_R31_who_is_not_heard_yet_after_a_take_over_keeps_what_is_known() -> None:
    play = half_used()
    play.readings = Readings(listening_since=EIGHT + timedelta(seconds=WINDOW_S))
    play.cycle(WINDOW_S + 5)
    assert play.read(WINDOW_S + 60, 50_000) == HALF_USED_W


def test_R31_the_window_is_a_setting() -> None:
    play = Play(settings=replace(SETTINGS, usage_window_s=30))
    assert play.read_all(every(10, 20, 50_000)) == RATING_W
    assert play.read(30, 50_000) == HALF_USED_W
