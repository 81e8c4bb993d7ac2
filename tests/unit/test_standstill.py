"""When a consumer stands still, by what it says of itself now and then."""

import pytest

from application.ports.bus import Offsets, Partition
from entrypoints.service.standstill import STILL_S, Progress, Standstill

HERE, THERE = Partition("busbar.telemetry", 3), Partition("busbar.telemetry", 4)


class Watched:
    def __init__(self) -> None:
        self.time = 1000.0
        self.progress = Progress(lambda: self.time)

    def look(self, after_s: float, *here: int, there: tuple[int, int] = (7, 7)) -> None:
        self.time += after_s
        self.progress.look({HERE: Offsets(*here), THERE: Offsets(*there)})


def test_one_that_is_at_the_end_stands_still_for_ever() -> None:
    watched = Watched()
    for _ in range(100):
        watched.look(STILL_S, 41, 41)


def test_one_that_gets_on_however_slowly_does_not_stand_still() -> None:
    watched = Watched()
    for offset in range(100):
        watched.look(STILL_S - 1, offset, 100_000)


def test_one_that_stays_behind_the_end_for_half_a_minute_does_whatever_others_do() -> None:
    watched = Watched()
    watched.look(0, 41, 41)
    watched.look(STILL_S, 41, 42)
    watched.look(STILL_S - 1, 41, 50, there=(8, 8))
    with pytest.raises(Standstill, match=r"busbar.telemetry/3 stands still at 41, its end is 60"):
        watched.look(1, 41, 60, there=(9, 9))


def test_one_that_is_beyond_the_end_stands_still_too() -> None:
    watched = Watched()
    watched.look(0, 41, 3)
    with pytest.raises(Standstill):
        watched.look(STILL_S, 41, 4)


def test_one_whose_partition_went_and_came_back_is_followed_anew() -> None:
    watched = Watched()
    watched.look(0, 41, 42)
    watched.progress.look({})
    watched.look(STILL_S, 41, 42)


def test_a_topic_whose_end_goes_back_was_made_anew() -> None:
    watched = Watched()
    watched.look(0, 41, 41)
    with pytest.raises(Standstill, match=r"busbar.telemetry/3 was made anew"):
        watched.look(1, 41, 40)
