"""Who draws in proportion to what it is told demands in full (R32)."""

import pytest

from tests.unit.domain.knowledge.one_connector import RATING_W, SETTINGS, WINDOW_S, Play, every, told


def lowered(
    to_w: int, power_w: int, *, drew_w: int = 40_000, after_s: int = SETTINGS.apply_grace_s, session: str = "s-1"
) -> Play:
    """Of 100 kW it drew so much; told less, it draws `power_w` of that, `after_s` after it was told so."""
    play = Play()
    play.read(0, drew_w)
    play.entry = told(to_w, second=5, raised=False)
    play.read(5 + after_s, power_w, session=session)
    return play


def follows(play: Play) -> bool:
    """Whether it still has its full demand when the window is full."""
    return play.read_all(every(5, 2 * WINDOW_S, 30_000, since=30)) == RATING_W


@pytest.mark.parametrize(("power_w", "expected"), [(34_666, True), (34_667, False), (0, False)])
def test_R32_who_draws_less_of_a_lower_setpoint_a_third_of_the_way_to_in_proportion_follows_it(
    power_w: int, expected: bool
) -> None:
    """In proportion it would be 32 kW of 80; a third of the way there is 40 × (100 + 2 × 80) / 300."""
    assert follows(lowered(80_000, power_w)) is expected


def test_R32_only_a_setpoint_of_at_most_four_fifths_shows_that() -> None:
    assert follows(lowered(80_000, 30_000))
    assert not follows(lowered(80_001, 30_000))


def test_R32_a_reading_within_a_grace_of_its_setpoint_does_not() -> None:
    play = lowered(60_000, 20_000, after_s=SETTINGS.apply_grace_s - 1)
    assert play.read_all(every(5, 2 * WINDOW_S, 40_000, since=30)) < RATING_W


def test_R32_it_lasts_for_the_session() -> None:
    play = lowered(60_000, 20_000)
    assert follows(play)
    play.read(2 * WINDOW_S + 5, 60_000)
    assert play.read_all(every(5, 4 * WINDOW_S, 30_000, since=2 * WINDOW_S + 10)) == RATING_W
    assert play.read_all((second, 30_000) for second in range(500, 700, 5)) == RATING_W
    assert [play.read(second, 30_000, session="s-2") for second in range(700, 825, 5)][-1] < RATING_W
