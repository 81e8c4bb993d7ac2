"""Who draws nothing of what it is told stands by, and is asked again after a while (R33)."""

import pytest

from tests.unit.domain.knowledge.one_connector import (
    MARGIN_W,
    MINIMUM_W,
    RATING_W,
    SETTINGS,
    WINDOW_S,
    Play,
    every,
    told,
)

RETRY_S = SETTINGS.standby_retry_s
GRACE_S = SETTINGS.apply_grace_s


def standing_by(minimum_w: int = MINIMUM_W, before: int = 0) -> Play:
    """It drew nothing of what it was told for a window; its demand is 0, and so it is told 0."""
    play = Play(minimum_w, before=before)
    assert play.read_all(every(5, WINDOW_S - 5, 500)) == RATING_W
    assert play.read(WINDOW_S, 500) == 0
    play.entry = told(0, second=WINDOW_S, raised=False)
    return play


def test_R33_who_draws_nothing_for_a_window_stands_by() -> None:
    assert standing_by().cycle(WINDOW_S + 1) == 0


def test_R33_not_who_draws_a_watt_more_than_the_tolerance() -> None:
    play = Play()
    assert play.read_all([*every(5, WINDOW_S - 5, 500), (WINDOW_S, 501)]) == MINIMUM_W


def test_R33_nor_who_is_told_0() -> None:
    """Also where its meter shows a few watts less than nothing."""
    for power_w in (0, -3):
        play = Play()
        play.entry = told(0)
        assert play.read_all(every(5, 2 * WINDOW_S, power_w)) == RATING_W


@pytest.mark.parametrize(("minimum_w", "demand_w"), [(MINIMUM_W, MINIMUM_W), (0, MARGIN_W)])
@pytest.mark.parametrize("before", [0, 4, 8])
def test_R33_after_a_while_it_is_asked_again_and_not_all_at_once(minimum_w: int, demand_w: int, before: int) -> None:
    play = standing_by(minimum_w, before)
    waits_s = RETRY_S * (16 + before % 8) // 16
    for second in range(WINDOW_S + 60, WINDOW_S + waits_s, 60):
        assert play.read(second, 0) == 0
    assert play.cycle(WINDOW_S + waits_s) == demand_w


def test_R33_so_is_one_whose_meter_shows_a_few_watts_less_than_nothing() -> None:
    play = standing_by()
    for second in range(WINDOW_S + 60, WINDOW_S + RETRY_S, 60):
        assert play.read(second, -3) == 0
    assert play.cycle(WINDOW_S + RETRY_S) == MINIMUM_W


def asked_again() -> tuple[Play, int]:
    """It stood by, was told its minimum again, and the second in which a grace has passed since."""
    play, second = standing_by(), WINDOW_S + RETRY_S
    assert play.read(second, 0) == MINIMUM_W
    play.entry = told(MINIMUM_W, second=second)
    return play, second + GRACE_S


def test_R33_drawing_nothing_of_that_for_two_graces_puts_it_back() -> None:
    play, second = asked_again()
    assert play.read_all(every(5, second + 2 * GRACE_S - 5, 0, since=second)) == MINIMUM_W
    assert play.read(second + 2 * GRACE_S, 0) == 0


def test_R33_drawing_something_ends_it() -> None:
    play, second = asked_again()
    assert play.read(second, 500) == MINIMUM_W
    assert play.read(second + 5, 501) == RATING_W


def test_R33_so_does_another_session() -> None:
    assert standing_by().read(WINDOW_S + 5, 0, session="s-2") == RATING_W


def test_R33_so_does_saying_what_it_wants() -> None:
    assert standing_by().read(WINDOW_S + 5, 0, requested_w=70_000) == 70_000


def test_R33_a_silence_does_not() -> None:
    play = standing_by()
    play.cycle(WINDOW_S + 200)
    assert play.read(WINDOW_S + 300, 0) == 0


def test_R33_nor_does_its_charger_holding_it_back() -> None:
    """Told 0, it says that it suspends its vehicle."""
    play = standing_by()
    assert play.read(WINDOW_S + 5, 0, status="SuspendedEVSE") == 0
