"""The background from cycle to cycle: it rises to the least that the meter leaves, and falls to the most (R27, R28)."""

import pytest

from domain.knowledge.readings import Readings
from domain.site.configuration import Settings
from tests.unit.domain.depot import Depot, charger, feeder, grid

CAPACITY_W = 1_000_000
TOLD_W = 200_000


def depot_at_rest(background_w: int = 100_000, hold_s: int = 60, valid_for_s: int = 120) -> Depot:
    """Two chargers of 300 kW behind a meter, cp-1 told 200 kW and drawing it, cp-2 wanting nothing; and a building."""
    depot = Depot(
        grid("gc-1", CAPACITY_W, 0, metered=True),
        charger("cp-1", "gc-1", 300_000),
        charger("cp-2", "gc-1", 300_000),
        settings=Settings(background_hold_s=hold_s, setpoint_valid_for_s=valid_for_s),
    )
    for _ in range(20):
        second(depot, background_w)
    assert background(depot) == background_w
    return depot


def second(
    depot: Depot, background_w: int, draws_w: int = TOLD_W, asks_w: int = TOLD_W, seen_w: int | None = None
) -> None:
    """Five seconds pass; cp-1 asks for so much and says that it draws `seen_w`, the meter sees what it does draw."""
    depot.later(5)
    power_w = draws_w if seen_w is None else seen_w
    depot.hears("cp-1/1", power_w, requested_w=asks_w, applied_limit_w=asks_w if power_w == asks_w else None)
    depot.hears("cp-2/1", 0, status="Available")
    depot.meters("gc-1", draws_w + background_w)
    depot.cycle()


def background(depot: Depot) -> int:
    return depot.microgrid.state.memory.background["gc-1"].estimate_w


def doubt(depot: Depot) -> int:
    situation = depot.situation()
    return situation.nodes[situation.tree.node_index["gc-1"]].background.doubt_w


def test_R27_a_rise_counts_with_the_lowest_of_the_time_that_confirms_it() -> None:
    depot = depot_at_rest()
    seen = []
    for background_w in (140_000, 120_000, 130_000, 130_000):
        second(depot, background_w)
        seen.append(background(depot))
    assert seen == [100_000, 100_000, 120_000, 120_000]


def test_R27_a_rise_counts_at_once_while_the_meter_is_over_its_limit() -> None:
    depot = depot_at_rest()
    second(depot, CAPACITY_W - TOLD_W + 1)
    assert background(depot) == CAPACITY_W - TOLD_W + 1


def test_R27_a_fall_counts_when_nothing_higher_was_shown_for_as_long_as_it_is_held() -> None:
    depot = depot_at_rest()
    seen = []
    for _ in range(14):
        second(depot, 60_000)
        seen.append(background(depot))
    hold = Settings().background_hold_s // 5
    assert seen == [100_000] * hold + [60_000] * (14 - hold)


def test_R27_a_meter_that_sees_a_raise_before_the_charger_tells_of_it_raises_nothing() -> None:
    depot = depot_at_rest()
    second(depot, 100_000, asks_w=300_000)
    for _ in range(3):
        second(depot, 100_000, draws_w=300_000, seen_w=TOLD_W, asks_w=300_000)
        assert background(depot) == 100_000


def test_R27_a_charger_that_has_followed_its_raise_hides_no_rise() -> None:
    depot = depot_at_rest()
    second(depot, 100_000, asks_w=300_000)
    for _ in range(3):
        second(depot, 105_000, draws_w=290_000, asks_w=300_000)
    assert background(depot) == 105_000


def test_R27_a_raise_that_nobody_follows_yet_makes_nothing_fall() -> None:
    """The meter would leave nothing if the charger drew all that it may: that is the least, not the most."""
    depot = depot_at_rest(hold_s=6)
    for _ in range(4):
        second(depot, 100_000, asks_w=300_000)
        assert background(depot) == 100_000


def test_R27_a_charger_that_was_lowered_and_has_not_told_of_it_yet_makes_nothing_fall() -> None:
    depot = depot_at_rest(hold_s=6)
    second(depot, 100_000, asks_w=50_000)
    for _ in range(3):
        second(depot, 100_000, draws_w=50_000, seen_w=TOLD_W, asks_w=50_000)
        assert background(depot) == 100_000


def test_R27_a_charger_that_does_not_use_its_raise_hides_a_rise_no_longer_than_it_has_to_follow() -> None:
    depot = depot_at_rest()
    second(depot, 100_000, asks_w=300_000)
    seen = []
    for _ in range(8):
        second(depot, 150_000, asks_w=300_000)
        seen.append(background(depot))
    assert seen == [100_000] * 5 + [150_000] * 3


@pytest.mark.parametrize(("rise_w", "limit_w"), [(10_001, TOLD_W), (10_000, 290_000), (4_000, 296_000)])
def test_R28_an_unconfirmed_rise_stops_raises_or_is_left_room_for_by_them(rise_w: int, limit_w: int) -> None:
    """One percent of the limit are 10 kW."""
    depot = depot_at_rest(CAPACITY_W - 300_000)
    depot.later(5)
    depot.hears("cp-1/1", TOLD_W, requested_w=300_000, applied_limit_w=TOLD_W)
    depot.hears("cp-2/1", 0, status="Available")
    depot.meters("gc-1", CAPACITY_W - 300_000 + TOLD_W + rise_w)
    assert depot.limits()["cp-1/1"] == limit_w


@pytest.mark.parametrize(("readings", "limit_w"), [(3, 296_000), (4, 300_000)])
def test_R28_they_leave_room_for_what_was_shown_lately_too_while_a_connector_follows_a_raise(
    readings: int, limit_w: int
) -> None:
    """cp-1 was raised 15 or 20 s before the newest reading, and draws what it was told; the one before showed 4 kW more
    than that.
    """
    building_w = CAPACITY_W - 300_000
    depot = depot_at_rest(building_w)
    second(depot, building_w, asks_w=210_000)
    for _ in range(readings - 2):
        second(depot, building_w, draws_w=210_000, asks_w=210_000)
    second(depot, building_w + 4_000, draws_w=210_000, asks_w=210_000)
    second(depot, building_w, draws_w=210_000, asks_w=210_000)
    depot.hears("cp-1/1", 210_000, requested_w=300_000, applied_limit_w=210_000)
    assert depot.limits()["cp-1/1"] == limit_w


def test_R28_what_a_charger_on_its_way_down_left_in_doubt_is_free_once_it_is_down() -> None:
    """cp-1 is told 50 kW instead of 200: while its last reading says 200, the meter may show 150 of a building."""
    building_w = CAPACITY_W - 300_000
    depot = depot_at_rest(building_w)
    depot.hears("cp-1/1", TOLD_W, requested_w=50_000, applied_limit_w=TOLD_W)
    cycle = depot.cycle()
    assert cycle is not None
    depot.later(5)
    depot.hears("cp-2/1", 0, requested_w=300_000)
    depot.meters("gc-1", building_w + TOLD_W)
    depot.cycle()
    assert doubt(depot) == TOLD_W - 50_000
    depot.later(5)
    depot.hears("cp-1/1", 50_000, requested_w=50_000, applied_limit_w=50_000, applied_cycle_seq=cycle.cycle_seq)
    depot.meters("gc-1", building_w + 50_000)
    assert (doubt(depot), depot.limits()["cp-2/1"]) == (0, 250_000)


def test_R28_they_leave_all_of_it_that_the_newest_reading_shows() -> None:
    """cp-1 was raised to 300 kW, and says that it draws 200 still: the 15 kW more may be its own, or the building's."""
    depot = depot_at_rest(CAPACITY_W - 600_000)
    second(depot, CAPACITY_W - 600_000, asks_w=300_000, seen_w=TOLD_W)
    depot.later(5)
    depot.hears("cp-1/1", TOLD_W, requested_w=300_000)
    depot.hears("cp-2/1", 0, requested_w=300_000)
    depot.meters("gc-1", CAPACITY_W - 600_000 + TOLD_W + 15_000)
    assert (depot.exposure("cp-1/1"), depot.limits()["cp-2/1"]) == (300_000, 285_000)


@pytest.mark.parametrize(("rise_w", "limit_w"), [(10_001, TOLD_W), (4_000, 296_000)])
def test_R28_so_they_do_for_a_worker_that_has_not_heard_the_meter_yet(rise_w: int, limit_w: int) -> None:
    depot = depot_at_rest(CAPACITY_W - 300_000)
    second(depot, CAPACITY_W - 300_000 + rise_w)
    depot.readings = Readings(listening_since=depot.at)
    depot.later(5)
    depot.hears("cp-1/1", TOLD_W, requested_w=300_000, applied_limit_w=TOLD_W)
    depot.hears("cp-2/1", 0, status="Available")
    assert depot.limits()["cp-1/1"] == limit_w


def test_R27_what_a_meter_showed_is_not_looked_at_anew_when_its_chargers_have_come_down_since() -> None:
    depot = depot_at_rest()
    for _ in range(4):
        depot.later(5)
        depot.hears("cp-1/1", 50_000, requested_w=TOLD_W)
        depot.hears("cp-2/1", 0, status="Available")
        depot.cycle()
        assert background(depot) == 100_000


def test_R27_what_a_charger_was_told_by_whoever_decided_before_is_no_background() -> None:
    depot = depot_at_rest()
    depot.readings = Readings(listening_since=depot.at)
    for _ in range(4):
        depot.later(5)
        depot.meters("gc-1", TOLD_W + 100_000)
        depot.cycle()
        assert background(depot) == 100_000


def test_R27_it_falls_only_by_what_was_shown_since_the_chargers_were_read() -> None:
    """cp-1 ended when it was read last; until it is heard again its 200 kW may be what the meter no longer shows."""
    depot = depot_at_rest(hold_s=10)
    seen = []
    for _ in range(8):
        depot.later(5)
        depot.hears("cp-2/1", 0, status="Available")
        depot.meters("gc-1", TOLD_W + 60_000)
        depot.cycle()
        seen.append(background(depot))
    assert seen == [100_000] * 8
    for _ in range(3):
        second(depot, 60_000)
    assert background(depot) == 60_000


def test_R27_an_end_that_is_not_heard_makes_nothing_fall_when_its_charger_counts_as_silent() -> None:
    """cp-1 ended behind a dead link: until it is missed, the meter seems to leave 200 kW less to the building."""
    depot = depot_at_rest(300_000, hold_s=20, valid_for_s=300)
    for number in range(Settings().connector_stale_after_s // 5 + 10):
        depot.later(5)
        depot.hears("cp-2/1", 0, status="Available")
        if number % 2:
            depot.meters("gc-1", 300_000)
        depot.cycle()
        assert background(depot) == 300_000


@pytest.mark.parametrize(("rise_w", "limit_w"), [(10_001, TOLD_W), (10_000, 290_000)])
def test_R28_so_it_does_below_a_node_without_a_meter_by_the_sum_of_its_children(rise_w: int, limit_w: int) -> None:
    """A connection of 1 MW above two feeders: on one a building of 700 kW rises, the charger is on the other."""
    depot = Depot(
        grid("gc-1", CAPACITY_W),
        feeder("f-1", "gc-1", CAPACITY_W, 0, metered=True),
        feeder("f-2", "gc-1", CAPACITY_W),
        charger("cp-1", "f-2", 300_000),
    )
    for _ in range(5):
        depot.later(5)
        depot.hears("cp-1/1", TOLD_W, requested_w=TOLD_W, applied_limit_w=TOLD_W)
        depot.meters("f-1", 700_000)
        depot.cycle()
    depot.later(5)
    depot.hears("cp-1/1", TOLD_W, requested_w=300_000, applied_limit_w=TOLD_W)
    depot.meters("f-1", 700_000 + rise_w)
    assert depot.limits()["cp-1/1"] == limit_w


def test_R28_what_a_charger_out_of_reach_may_have_hidden_is_not_handed_out_when_it_is_back() -> None:
    """cp-1 falls back from 200 to 50 kW unseen, and the building takes 140 kW more: for the meter that is no change.

    Back, cp-1 has the 150 kW that it held free beside it; they are not there before the meter has shown that.
    """
    depot = Depot(
        grid("gc-1", 400_000, 0, metered=True),
        charger("cp-1", "gc-1", 300_000, fallback_w=50_000),
        charger("cp-2", "gc-1", 300_000),
    )
    for _ in range(20):
        second(depot, 100_000)
    for _ in range(40):
        depot.later(5)
        depot.hears("cp-2/1", 0, status="Available")
        depot.meters("gc-1", 50_000 + 240_000)
        depot.cycle()
    assert (depot.setpoint("cp-1/1").reason.value, background(depot)) == ("reserved", 100_000)

    depot.later(1)
    depot.hears("cp-1/1", 50_000, requested_w=300_000, applied_limit_w=50_000)
    limit_w = depot.setpoint("cp-1/1").limit_w
    assert limit_w is not None
    assert limit_w + 240_000 <= 400_000
    for _ in range(4):
        second(depot, 240_000, draws_w=50_000, asks_w=300_000)
    assert background(depot) == 240_000
