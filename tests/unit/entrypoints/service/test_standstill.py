"""When a consumer stands still or is behind, by what it says of itself now and then, and when a worker is.

Holds BUS-10, BUS-13.
"""

from datetime import timedelta

import pytest

from application.figures import Figures
from application.ports.bus import Offsets, Partition
from entrypoints.service.standstill import LAGS_S, STILL_S, Progress, Standstill, require_deciding, why_overdue

HERE, THERE = Partition("busbar.telemetry", 3), Partition("busbar.telemetry", 4)


class Watched:
    def __init__(self) -> None:
        self.time = 1000.0
        self.idle = 0
        self.progress = Progress(lambda: self.time)

    def look(self, after_s: float, *here: int, there: tuple[int, int] = (7, 7), is_busy: bool = False) -> None:
        self.time += after_s
        self.idle += not is_busy
        self.progress.look({HERE: Offsets(here[0], here[1], self.idle), THERE: Offsets(*there, self.idle)})


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


def test_one_that_is_busy_with_what_it_has_does_not_stand_still_but_one_that_is_idle_again_does() -> None:
    watched = Watched()
    for end in range(100, 1000, 100):
        watched.look(STILL_S, 41, end, is_busy=True)
    watched.look(STILL_S - 1, 41, 1000)
    with pytest.raises(Standstill):
        watched.look(1, 41, 1000)


def test_one_that_is_beyond_the_end_stands_still_too() -> None:
    watched = Watched()
    watched.look(0, 41, 3)
    with pytest.raises(Standstill):
        watched.look(STILL_S, 41, 4)


def test_time_in_which_nobody_could_say_anything_does_not_count() -> None:
    watched = Watched()
    watched.look(0, 41, 42)
    watched.time += 10 * STILL_S
    watched.progress.unknown()
    watched.look(STILL_S - 1, 41, 43)
    with pytest.raises(Standstill):
        watched.look(1, 41, 43)


def test_one_that_stood_still_is_said_to_until_it_gets_on_though_it_joined_anew() -> None:
    watched = Watched()
    watched.look(0, 41, 42)
    assert watched.progress.why_standing() is None
    with pytest.raises(Standstill):
        watched.look(STILL_S, 41, 42)
    watched.progress.begin_anew()
    assert watched.progress.why_standing() == "It stands still: busbar.telemetry/3 at 41."
    watched.look(5, 41, 44)
    assert watched.progress.why_standing() is not None
    watched.look(5, 42, 44)
    assert watched.progress.why_standing() is None


@pytest.mark.parametrize("given_up", [{}, {THERE: Offsets(7, 7, 0)}])
def test_a_partition_that_stood_still_and_is_anothers_now_is_no_complaint_of_ours(
    given_up: dict[Partition, Offsets],
) -> None:
    watched = Watched()
    watched.look(0, 41, 42)
    with pytest.raises(Standstill):
        watched.look(STILL_S, 41, 42)
    watched.progress.begin_anew()
    watched.progress.look(given_up)
    assert watched.progress.why_standing() is None


def test_who_has_not_read_what_was_there_half_a_minute_ago_is_behind_by_so_many_messages() -> None:
    watched = Watched()
    assert watched.progress.why_behind() == "It does not know yet how far behind it is."
    watched.look(0, 41, 41)
    assert watched.progress.why_behind() is None
    watched.look(5, 42, 1041)
    watched.look(LAGS_S - 6, 43, 2043)
    assert watched.progress.why_behind() is None
    watched.look(1, 44, 2043)
    assert watched.progress.why_behind() is None
    for following in range(45, 2043, 500):
        watched.look(LAGS_S / 2, following, 9000)
        if following > 45:
            assert watched.progress.why_behind() == (
                f"It is {9000 - following} messages behind the end of busbar.telemetry."
            )
    watched.look(1, 9000, 9001)
    assert watched.progress.why_behind() is None


def test_who_begins_far_from_the_end_is_behind_from_the_first_look_on() -> None:
    watched = Watched()
    watched.look(0, 0, 100_000)
    assert watched.progress.why_behind() is not None
    watched.look(5, 100_000, 120_000)
    assert watched.progress.why_behind() is None


def test_the_distance_to_the_end_is_that_of_all_partitions_of_a_topic_and_goes_with_them() -> None:
    watched = Watched()
    assert watched.progress.distances() == {}
    watched.look(0, 41, 50, there=(3, 4))
    assert watched.progress.distances() == {"busbar.telemetry": 10}
    watched.progress.look({THERE: Offsets(3, 4, 0)})
    assert watched.progress.distances() == {"busbar.telemetry": 1}
    watched.progress.begin_anew()
    assert watched.progress.distances() == {}


def figures(overdue: int, still_for_s: float) -> Figures:
    """Of a worker of ten depots."""
    return Figures(
        microgrids=10,
        retired=0,
        undecided=overdue,
        overdue=overdue,
        newest_cycle_age=timedelta(hours=1),
        oldest_due_age=timedelta(hours=1),
        still_for=timedelta(seconds=still_for_s),
        degraded=0,
        silent_chargers=0,
        open_breaches={},
    )


def test_a_worker_that_owes_cycles_and_decides_none_for_half_a_minute_stands_still() -> None:
    require_deciding(figures(overdue=0, still_for_s=3600))
    require_deciding(figures(overdue=3, still_for_s=STILL_S - 1))
    with pytest.raises(Standstill, match=r"no cycle was decided for 30 s: .* 3 of 10 depots"):
        require_deciding(figures(overdue=3, still_for_s=STILL_S))


def test_a_worker_is_behind_while_it_owes_a_cycle() -> None:
    assert why_overdue(figures(overdue=0, still_for_s=3600)) is None
    assert why_overdue(figures(overdue=3, still_for_s=0)) == (
        "The newest cycle is older than twice its interval in 3 of 10 depots."
    )


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
