"""A charger that may not have had a setpoint for too long may be on its fallback (R13, R15, R17, R18)."""

from datetime import timedelta

import pytest

from domain.sharing.plan import Reason
from domain.site.configuration import Settings
from tests.unit.domain.depot import Depot, charger, grid

CONNECTOR = "cp-1/1"
FALLBACK_W = 60_000


def told_20_kw(fallback_w: int = FALLBACK_W) -> Depot:
    """It falls back to 60 kW, had 20 kW and was told them again at eight; nothing more is sent or heard until 30 s."""
    depot = Depot(grid("gc-1", 10**6), charger("cp-1", "gc-1", 100_000, fallback_w=fallback_w))
    reports(depot, 20_000)
    depot.cycle()
    return depot


def reports(depot: Depot, limit_w: int | None, cycle_seq: int | None = None, power_w: int | None = 0) -> None:
    depot.hears(CONNECTOR, power_w, requested_w=20_000, applied_limit_w=limit_w, applied_cycle_seq=cycle_seq)


def reason(depot: Depot, connector: str = CONNECTOR) -> Reason:
    return depot.setpoint(connector).reason


def renewed(depot: Depot, after_s: float) -> None:
    depot.later(after_s)
    assert depot.cycle() is not None


# when it falls back (R13)


def test_R13_it_has_fallen_back_when_the_received_sending_is_valid_no_longer() -> None:
    """120 s after eight; a grace later, and not before, what was confirmed until then counts no more."""
    depot = Depot(grid("gc-1", 10**6), charger("cp-1", "gc-1", 100_000, fallback_w=FALLBACK_W))
    depot.hears(CONNECTOR, 0, requested_w=20_000, applied_limit_w=80_000)
    depot.cycle()
    depot.later(139.999)
    assert depot.exposure(CONNECTOR) == 80_000
    depot.later(0.001)
    assert depot.exposure(CONNECTOR) == FALLBACK_W


def test_R13_not_where_a_limit_was_confirmed_at_that_instant_or_later() -> None:
    """The report of 121 s shows that 80 kW are in force: they do not leave a grace after 120 s."""
    depot = told_20_kw()
    depot.later(121)
    reports(depot, 80_000)
    depot.later(30)
    assert depot.exposure(CONNECTOR) == 80_000


def test_R13_a_report_ends_it_a_grace_after_something_came_through() -> None:
    """Renewed after 130 s and heard after 135: a report before 155 s may be of a setpoint that came through unseen, and
    lapses before the new one is applied.
    """
    depot = told_20_kw()
    renewed(depot, 130)
    depot.later(5)
    reports(depot, 30_000)
    depot.cycle()
    for seconds, exposure_w in ((19.999, FALLBACK_W), (0.001, 30_000)):
        depot.later(seconds)
        reports(depot, 30_000)
        depot.cycle()
        assert depot.exposure(CONNECTOR) == exposure_w


def test_R13_so_does_the_confirmation_of_a_setpoint() -> None:
    """Without a report: a message after the new sending, and 20 s later a reading that obeys it."""
    depot = told_20_kw()
    depot.later(121)
    reports(depot, None, power_w=10_000)
    assert depot.cycle() is not None
    for seconds, exposure_w in ((1, FALLBACK_W), (19.999, FALLBACK_W), (0.001, 20_000)):
        depot.later(seconds)
        reports(depot, None, power_w=10_000)
        depot.cycle()
        assert depot.exposure(CONNECTOR) == exposure_w, depot.at


def test_R13_who_says_neither_its_limit_nor_its_power_ends_it_by_a_message_a_grace_after_something_came_through() -> (
    None
):
    """Renewed after 130 s, heard after 135: nothing that it says could show more."""
    depot = told_20_kw()
    renewed(depot, 130)
    depot.later(5)
    reports(depot, None, power_w=None)
    depot.cycle()
    for seconds, exposure_w in ((19.999, FALLBACK_W), (0.001, 20_000)):
        depot.later(seconds)
        reports(depot, None, power_w=None)
        depot.cycle()
        assert depot.exposure(CONNECTOR) == exposure_w


@pytest.mark.parametrize(("heard_after_s", "exposure_w"), [(100, 20_000), (100.001, FALLBACK_W)])
def test_R13_it_falls_back_also_where_a_newer_sending_comes_within_a_grace_of_the_end(
    heard_after_s: float, exposure_w: int
) -> None:
    """The renewal of 40 s is heard of after 100 s: the charger may apply it after 120 s only, and fall back before."""
    depot = told_20_kw()
    renewed(depot, 40)
    depot.later(heard_after_s - 40)
    depot.hears_of_life("cp-1")
    depot.cycle()
    depot.later(20)
    assert depot.exposure(CONNECTOR) == exposure_w


def test_R13_that_is_judged_before_the_newest_message_is_looked_at() -> None:
    """Renewed after 40 s and heard of again after 121 s: by then the first sending had run out."""
    depot = told_20_kw()
    renewed(depot, 40)
    depot.later(81)
    depot.hears_of_life("cp-1")
    depot.cycle()
    assert depot.exposure(CONNECTOR) == FALLBACK_W


def test_R13_and_again_after_it() -> None:
    """Renewed after 40 s. What it reports of 130 s is seen when that has run out too, and a grace has passed since."""
    depot = told_20_kw(fallback_w=10_000)
    renewed(depot, 40)
    depot.later(141)
    depot.hears(CONNECTOR, 0, requested_w=20_000, applied_limit_w=80_000, age_s=51)
    assert depot.exposure(CONNECTOR) == 20_000


def test_R13_it_falls_back_anew_where_the_newest_received_sending_lapses_too() -> None:
    """Renewed after 130 s, it came through but nothing showed it applied: its room is its fallback from 250 s on."""
    depot = told_20_kw()
    renewed(depot, 130)
    depot.later(5)
    depot.hears_of_life("cp-1")
    depot.cycle()
    assert depot.microgrid.wakes_at(depot.at) is not None
    depot.later(116)
    depot.cycle()
    depot.hears(CONNECTOR, 0, requested_w=20_000, applied_limit_w=20_000, age_s=5)
    depot.cycle()
    assert depot.exposure(CONNECTOR) == FALLBACK_W, "a report of before 250 s does not end it"


def test_R16b_falling_back_makes_all_come_through_anew() -> None:
    """20 kW had come through 2 s after eight. Lapsed, sent again after 130 s, they take a grace from their arrival."""
    depot = Depot(grid("gc-1", 10**6), charger("cp-1", "gc-1", 100_000, fallback_w=FALLBACK_W))
    depot.hears(CONNECTOR, 0, requested_w=20_000)
    depot.cycle()
    depot.later(2)
    depot.hears_of_life("cp-1")
    depot.cycle()
    renewed(depot, 128)
    for seconds, exposure_w in ((5, FALLBACK_W), (19.999, FALLBACK_W), (0.001, 20_000)):
        depot.later(seconds)
        reports(depot, None)
        depot.cycle()
        assert depot.exposure(CONNECTOR) == exposure_w, depot.at


def test_R16b_a_message_heard_when_the_received_sending_had_run_out_shows_nothing() -> None:
    """Told 0 at eight and again after 141 s, it had fallen back in between, as it says. It may take until 161 s."""
    depot = Depot(grid("gc-1", 10**6), charger("cp-1", "gc-1", 100_000, fallback_w=FALLBACK_W))
    depot.hears(CONNECTOR, 0, status="Available")
    depot.cycle()
    depot.later(121)
    depot.hears(CONNECTOR, 0, status="Available", applied_limit_w=FALLBACK_W)
    depot.later(20)
    depot.cycle()
    depot.later(5)
    depot.hears(CONNECTOR, 0, status="Available", applied_limit_w=FALLBACK_W)
    assert depot.exposure(CONNECTOR) == FALLBACK_W


def test_R16b_nor_does_any_while_nothing_sent_since_it_fell_back_is_received() -> None:
    """Renewed after 40 s and heard of that after 101 s: what came so late may be applied after 120 s only."""
    depot = told_20_kw()
    renewed(depot, 40)
    for seconds in (61, 10, 10, 10):
        depot.later(seconds)
        reports(depot, None)
        depot.cycle()
    assert depot.exposure(CONNECTOR) == FALLBACK_W


# what it may draw then (R15)


def test_R15_the_fallback_joins_a_grace_before_it_may_be_in_force() -> None:
    """It may fall back 120 s after eight, and who has to make room for that takes up to 20 s: heard or not."""
    for heard in (False, True):
        depot = told_20_kw()
        depot.later(99.999)
        if heard:
            depot.hears_of_life("cp-1")
        assert depot.exposure(CONNECTOR) == 20_000
        depot.later(0.001)
        assert depot.exposure(CONNECTOR) == FALLBACK_W


def test_R15_a_message_after_a_sending_puts_that_off() -> None:
    """Renewed 40 s after eight and heard a second later: that one is valid until 160 s, room is made from 140 s on."""
    depot = told_20_kw()
    renewed(depot, 40)
    depot.later(1)
    depot.hears_of_life("cp-1")
    depot.cycle()
    depot.later(98.999)
    assert depot.exposure(CONNECTOR) == 20_000
    depot.later(0.001)
    assert depot.exposure(CONNECTOR) == FALLBACK_W


def test_R15_the_last_power_of_a_reserved_one_joins_with_the_fallback() -> None:
    depot = told_20_kw()
    reports(depot, 20_000, power_w=80_000)
    depot.later(91)
    assert (reason(depot), depot.exposure(CONNECTOR)) == (Reason.RESERVED, 20_000)
    depot.later(9)
    assert depot.exposure(CONNECTOR) == 80_000


def test_R15_what_is_drawn_now_counts_whatever_is_confirmed() -> None:
    depot = told_20_kw()
    depot.later(5)
    reports(depot, 20_000, power_w=45_000)
    assert depot.exposure(CONNECTOR) == 45_000


def test_R9_setpoints_that_may_still_be_in_force_are_held_beside_it() -> None:
    """Renewed until 120 s and heard only before: if the link died just then, both may go on with 50 kW until 240 s."""
    depot = Depot(grid("gc-1", 10**6), charger("cp-1", "gc-1", 50_000, 50_000, fallback_w=0))
    for connector in ("cp-1/1", "cp-1/2"):
        depot.hears(connector, 0, applied_limit_w=50_000)
    for _ in range(4):
        assert depot.cycle() is not None
        depot.later(40)
    depot.cycle()
    assert depot.limits() == {"cp-1/1": 0, "cp-1/2": 0}
    depot.later(1)
    assert depot.node("gc-1").reserved_w == 100_000


# who makes room for it (R17), and how much (R18)


def test_R17_from_a_grace_before_it_is_reserved_though_it_is_heard() -> None:
    depot = told_20_kw()
    for seconds in (99.999, 0.001):
        assert reason(depot) is not Reason.RESERVED
        depot.later(seconds)
        reports(depot, 20_000, cycle_seq=1)
    assert reason(depot) is Reason.RESERVED
    assert depot.setpoint(CONNECTOR).reserved_w == FALLBACK_W


def test_R17_so_is_one_that_wants_nothing() -> None:
    depot = told_20_kw()
    depot.later(100)
    depot.hears(CONNECTOR, 0, status="Available", applied_cycle_seq=1)
    assert reason(depot) is Reason.RESERVED


@pytest.mark.parametrize(("fallback_w", "expected"), [(20_000, Reason.GRANTED), (20_001, Reason.RESERVED)])
def test_R17_only_one_whose_newest_setpoint_is_below_its_fallback(fallback_w: int, expected: Reason) -> None:
    depot = told_20_kw(fallback_w)
    depot.later(100)
    reports(depot, 20_000, cycle_seq=1)
    assert reason(depot) is expected


def test_R17_the_newest_setpoint_is_compared_and_not_the_exposure() -> None:
    """It was told 70 kW once, above its fallback, and may still draw that."""
    depot = Depot(grid("gc-1", 10**6), charger("cp-1", "gc-1", 100_000, fallback_w=FALLBACK_W))
    depot.hears(CONNECTOR, 0, requested_w=70_000, applied_cycle_seq=1)
    depot.cycle()
    depot.later(1)
    depot.hears(CONNECTOR, 0, requested_w=20_000, applied_cycle_seq=1)
    depot.cycle()
    depot.later(99)
    depot.hears(CONNECTOR, 0, requested_w=20_000, applied_cycle_seq=1)
    assert depot.exposure(CONNECTOR) == 70_000
    assert reason(depot) is Reason.RESERVED


def test_R17_room_is_made_by_the_others_in_time() -> None:
    """cp-2 shares 100 kW with one that falls back to 60 kW: it is lowered 100 s after the last that cp-1 received."""
    depot = Depot(
        grid("gc-1", 100_000),
        charger("cp-1", "gc-1", 100_000, fallback_w=FALLBACK_W),
        charger("cp-2", "gc-1", 100_000),
    )
    depot.hears(CONNECTOR, 0, requested_w=20_000, applied_limit_w=20_000)
    depot.hears("cp-2/1", 0, applied_limit_w=80_000)
    depot.cycle()
    for seconds, limit_w in ((99.999, 80_000), (0.001, 40_000)):
        depot.later(seconds)
        depot.hears("cp-2/1", 0, applied_limit_w=80_000)
        assert depot.limits()["cp-2/1"] == limit_w


def test_R18_reserved_connectors_on_the_fallback_of_their_charge_point_hold_it_together() -> None:
    """Told 10 kW each they hold 20 kW; from a grace before these lapse the fallback of 60 kW, not each for itself."""
    depot = two_sockets(rating_w=100_000, told_w=10_000)
    depot.later(99)
    assert depot.node("gc-1").reserved_w == 20_000
    for seconds in (1, 40):
        depot.later(seconds)
        assert depot.node("gc-1").reserved_w == FALLBACK_W


def with_its_validity_shortened() -> Depot:
    """Told 20 kW at eight, for 240 s; told so again 40 s later, for 90 s, which nothing shows to have come through."""
    depot = Depot(
        grid("gc-1", 10**6),
        charger("cp-1", "gc-1", 100_000, fallback_w=FALLBACK_W),
        settings=Settings(setpoint_valid_for_s=240, connector_stale_after_s=300),
    )
    reports(depot, 20_000)
    depot.cycle()
    depot.configures(settings=Settings(setpoint_valid_for_s=90, connector_stale_after_s=300))
    renewed(depot, 40)
    return depot


def test_R17_a_later_sending_that_lapses_earlier_may_have_been_received() -> None:
    """At 130 s it may be on its fallback, which is held from 110 s on: a cycle is due then (R19)."""
    depot = with_its_validity_shortened()
    assert depot.microgrid.wakes_at(depot.at) == depot.at + timedelta(seconds=70)
    depot.later(69.999)
    assert depot.exposure(CONNECTOR) == 20_000
    depot.later(0.001)
    assert (reason(depot), depot.exposure(CONNECTOR)) == (Reason.RESERVED, FALLBACK_W)


def test_R13_and_may_have_lapsed_before_the_next_is_applied() -> None:
    """Sent again at 111 s and heard at 116: until that is applied it may be on its fallback."""
    depot = with_its_validity_shortened()
    renewed(depot, 71)
    depot.later(5)
    reports(depot, 20_000)
    depot.cycle()
    assert depot.exposure(CONNECTOR) == FALLBACK_W
    for _ in range(20):
        depot.later(5)
        reports(depot, 20_000)
        depot.cycle()
    assert depot.exposure(CONNECTOR) == 20_000


def test_R18_or_what_they_hold_without_it_where_that_is_more() -> None:
    """35 kW each were confirmed: 70 kW."""
    depot = two_sockets(rating_w=100_000, told_w=35_000)
    depot.later(101)
    assert depot.node("gc-1").reserved_w == 70_000


def test_R42_a_reserved_one_that_fell_back_is_sent_an_equal_part_of_its_charge_points_fallback() -> None:
    """Two connectors were told 50 kW each; 140 s after that they may be on the fallback of 60 kW together."""
    depot = two_sockets(rating_w=50_000, told_w=50_000)
    depot.later(139.999)
    assert (reason(depot), depot.setpoint(CONNECTOR).limit_w) == (Reason.RESERVED, 50_000)
    depot.later(0.001)
    assert depot.limits() == {"cp-1/1": 30_000, "cp-1/2": 30_000}


def two_sockets(rating_w: int, told_w: int) -> Depot:
    """Of a charge point that falls back to 60 kW, both told so much at eight."""
    depot = Depot(grid("gc-1", 10**6), charger("cp-1", "gc-1", rating_w, rating_w, fallback_w=FALLBACK_W))
    for connector in ("cp-1/1", "cp-1/2"):
        depot.hears(connector, 0, requested_w=told_w, applied_limit_w=told_w)
    depot.cycle()
    return depot
