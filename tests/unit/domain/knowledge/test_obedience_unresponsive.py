"""A connector that does not do what it is told: it keeps what it takes, and the others share the rest (R5, R36 to R41).

Two chargers want 50 kW each and were told so at eight; the second always obeys.
"""

import pytest

from domain.sharing.plan import Reason
from domain.site.configuration import Settings
from tests.unit.domain.depot import Depot, charger, grid

TOLD_W = 50_000


def a_depot(fallback_w: int = 0) -> Depot:
    depot = Depot(
        grid("gc-1", 300_000),
        charger("cp-1", "gc-1", 200_000, fallback_w=fallback_w),
        charger("cp-2", "gc-1", 200_000),
    )
    say(depot, TOLD_W, reported_w=TOLD_W)
    depot.cycle()
    return depot


def say(depot: Depot, power_w: int | None, *, reported_w: int | None = None, refused: int | None = None) -> None:
    depot.hears("cp-1/1", power_w, requested_w=TOLD_W, applied_limit_w=reported_w, refused_cycle_seq=refused)
    depot.hears("cp-2/1", TOLD_W, requested_w=TOLD_W, applied_limit_w=TOLD_W)


def says(depot: Depot, after_s: float, power_w: int | None, **more: int) -> bool:
    """After some time both speak and a cycle decides; whether the first one is unresponsive then."""
    depot.later(after_s)
    say(depot, power_w, **more)
    depot.cycle()
    return is_unresponsive(depot)


def is_unresponsive(depot: Depot) -> bool:
    return reason(depot) is Reason.UNRESPONSIVE


def reason(depot: Depot) -> Reason:
    return depot.setpoint("cp-1/1").reason


def overdrawn() -> Depot:
    """It draws 70 kW, 25 s after it was told 50 kW, with nothing to explain it: so far beyond it may be learned."""
    depot = a_depot()
    says(depot, 5, TOLD_W)
    assert says(depot, 20, 130_000)
    return depot


# what it has to obey (R36)


def test_R36_a_setpoint_that_was_replaced_less_than_a_grace_before_its_reading_may_be_obeyed_still() -> None:
    """The connection falls to 60 kW 40 s after eight: 50 kW may be drawn for less than 20 s more."""
    depot = a_depot()
    says(depot, 40, TOLD_W, reported_w=TOLD_W)
    lowered_to(depot, 60_000)
    assert depot.line("cp-1/1").entry.last_limit_w == 30_000
    assert not says(depot, 5, TOLD_W)
    assert not says(depot, 14.999, TOLD_W)
    assert says(depot, 0.001, TOLD_W)


def lowered_to(depot: Depot, capacity_w: int) -> None:
    depot.configures(grid("gc-1", capacity_w), *depot.configuration.charge_points)
    depot.cycle()


def test_R36_what_is_in_force_is_not_known_until_a_grace_after_the_first_sending() -> None:
    depot = a_depot()
    assert not says(depot, 5, 130_000)
    assert not says(depot, 14.999, 130_000)
    assert says(depot, 0.001, 130_000)


def test_R36_nor_until_a_grace_after_one_that_fell_back_is_back() -> None:
    """Not heard since eight, it fell back 120 s later; what was sent after 125 s came through after 150 s."""
    depot = a_depot()
    for renewed_after in (40, 40, 45):
        depot.later(renewed_after)
        assert depot.cycle() is not None
    for seconds in (25.0, 19.999):
        assert not says(depot, seconds, 130_000)
    assert says(depot, 0.001, 130_000)


# how much is bearable (R37)


@pytest.mark.parametrize(("power_w", "expected"), [(62_500, False), (62_501, True)])
def test_R37_while_its_factor_is_not_learned_a_quarter_more_is_bearable(power_w: int, expected: bool) -> None:
    assert says(a_depot(), 20, power_w) is expected


@pytest.mark.parametrize(("power_w", "expected"), [(62_500, False), (62_501, True)])
def test_R37_once_it_is_learned_it_is_the_tolerance(power_w: int, expected: bool) -> None:
    """It draws 1.2 of what it is told, and so is told 50 kW for 60: 60 kW and 2.5 are bearable."""
    depot = Depot(grid("gc-1", 60_000), charger("cp-1", "gc-1", 80_000))
    depot.hears("cp-1/1", 60_000, applied_limit_w=60_000)
    depot.cycle()
    for seconds, drawn_w in ((5, 60_000), (25, 72_000), (5, 60_000), (25, 60_000)):
        depot.later(seconds)
        depot.hears("cp-1/1", drawn_w)
        depot.cycle()
    assert depot.line("cp-1/1").entry.factor == 1200
    assert depot.line("cp-1/1").entry.last_limit_w == 50_000
    depot.later(30)
    depot.hears("cp-1/1", power_w)
    assert is_unresponsive(depot) is expected


@pytest.mark.parametrize(
    ("taught_w", "factor", "power_w", "expected"),
    [(55_000, 1100, 62_500, False), (55_000, 1100, 62_501, True), (55_001, 1101, 62_500, True)],
)
def test_R37_as_it_is_while_that_is_at_most_a_tenth(taught_w: int, factor: int, power_w: int, expected: bool) -> None:
    depot = a_depot()
    says(depot, 5, TOLD_W)
    says(depot, 20, taught_w)
    assert depot.line("cp-1/1").entry.factor == factor
    assert says(depot, 5, power_w) is expected


# who is over (R38), and for how long (R39)


@pytest.mark.parametrize(("reported_w", "expected"), [(52_500, False), (52_501, True)])
def test_R38_a_report_above_its_setpoint_and_the_tolerance_is_over(reported_w: int, expected: bool) -> None:
    assert says(a_depot(), 20, 10_000, reported_w=reported_w) is expected


def test_R38_a_report_within_a_grace_after_its_setpoint_is_not() -> None:
    depot = a_depot()
    assert not says(depot, 19.999, 10_000, reported_w=70_000)
    assert not says(depot, 15, 10_000), "it has said nothing since"
    assert says(depot, 0.001, 10_000, reported_w=70_000)


def test_R38_power_that_is_not_known_is_not_over() -> None:
    assert not says(a_depot(), 20, None)


def test_R38_nor_is_one_while_nobody_knows_what_is_in_force() -> None:
    """Renewed after 40 s and heard of that after 101 s it may fall back: that it reports its fallback is no fault."""
    depot = a_depot(fallback_w=80_000)
    depot.later(40)
    assert depot.cycle() is not None
    assert not says(depot, 61, 10_000, reported_w=80_000)


def test_R39_who_is_over_for_the_time_that_confirms_it_is_unresponsive_however_often_it_is_told_anew() -> None:
    """Told another value every 15 s, it never has its grace: 10 s of readings above all of them are enough."""
    depot = a_depot()
    says(depot, 18, TOLD_W, reported_w=TOLD_W)
    reasons = []
    for capacity_w in (90_000, 80_000, 70_000, 60_000):
        lowered_to(depot, capacity_w)
        reasons.append(says(depot, 5, 130_000))
    assert reasons == [False] * 2 + [True] * 2


def test_R39_coming_back_after_it_fell_back_restarts_that() -> None:
    depot = a_depot(fallback_w=80_000)
    says(depot, 5, TOLD_W)
    for renewed_after in (35, 40, 40, 40):
        depot.later(renewed_after)
        depot.hears("cp-2/1", TOLD_W, applied_limit_w=TOLD_W)
        depot.cycle()
    for seconds in (5.0, 5.0, 5.0, 4.999):
        assert not says(depot, seconds, 79_000, reported_w=80_000)


def test_R39_what_it_takes_is_reserved_and_the_others_share_the_rest() -> None:
    depot = Depot(grid("gc-1", 100_000), charger("cp-1", "gc-1", 80_000), charger("cp-2", "gc-1", 80_000))
    say(depot, TOLD_W, reported_w=TOLD_W)
    depot.cycle()
    depot.later(20)
    say(depot, 70_000)
    first, second = depot.plan().setpoints
    assert (first.reason, first.target_w, first.reserved_w) == (Reason.UNRESPONSIVE, None, 70_000)
    assert (second.target_w, second.limit_w) == (30_000, 30_000)
    assert depot.plan().degraded


def test_R39_a_first_cycle_knows_nobody_as_unresponsive() -> None:
    depot = Depot(grid("gc-1", 100_000), charger("cp-1", "gc-1", 80_000))
    depot.hears("cp-1/1", 80_000, applied_limit_w=10_000)
    assert reason(depot) is Reason.AWAITING_DECREASE


# it refused (R5)


def test_R5_who_refused_is_unresponsive() -> None:
    assert says(a_depot(), 5, TOLD_W, refused=1)


def test_R5_who_refused_without_demand_is_not() -> None:
    depot = a_depot()
    depot.later(5)
    depot.hears("cp-1/1", 0, status="Finishing", refused_cycle_seq=1)
    assert reason(depot) is Reason.IDLE


def test_R5_the_same_refusal_acts_once() -> None:
    """Told 50 kW again after 40 s it refuses; a grace later it takes part, though every reading says it anew."""
    depot = a_depot()
    depot.later(40)
    assert depot.cycle() is not None
    reasons = [says(depot, 5, 40_000, refused=2) for _ in range(6)]
    assert reasons[:4] == [True] * 4
    assert not reasons[5]


def refusing(*limits_w: int) -> Depot:
    """A charger with all the room it wants that had 30 kW, falls back to 5 kW and was told these, a second apart."""
    depot = Depot(grid("gc-1", 10**6), charger("cp-1", "gc-1", 100_000, fallback_w=5_000))
    depot.hears("cp-1/1", 30_000, requested_w=30_000, applied_limit_w=30_000)
    for limit_w in limits_w:
        depot.later(1)
        depot.hears("cp-1/1", 0, requested_w=limit_w)
        depot.cycle()
    return depot


def refuses(depot: Depot, cycle_seq: int) -> None:
    last_w = depot.line("cp-1/1").entry.last_limit_w
    depot.later(1)
    depot.hears("cp-1/1", 0, requested_w=last_w, refused_cycle_seq=cycle_seq)


def test_R5_a_value_that_only_the_refused_cycle_brought_stops_standing() -> None:
    depot = refusing(20_000, 60_000)
    refuses(depot, 2)
    assert depot.exposure("cp-1/1") == 30_000
    assert depot.line("cp-1/1").entry.last_limit_w == 20_000


def test_R5_so_does_an_older_one() -> None:
    depot = refusing(20_000, 60_000, 25_000)
    refuses(depot, 2)
    assert depot.exposure("cp-1/1") == 30_000


def test_R5_one_that_another_sending_brought_too_goes_on() -> None:
    depot = refusing(20_000, 60_000)
    depot.later(40)
    depot.hears("cp-1/1", 0, requested_w=60_000)
    assert depot.cycle() is not None
    refuses(depot, 3)
    assert depot.exposure("cp-1/1") == 60_000


def test_R5_who_refused_all_it_was_ever_told_is_told_nothing_while_it_is_unresponsive() -> None:
    depot = refusing(60_000)
    refuses(depot, 1)
    setpoint = depot.setpoint("cp-1/1")
    assert (setpoint.reason, setpoint.limit_w) == (Reason.UNRESPONSIVE, None)
    depot.cycle()
    refuses(depot, 7)
    assert depot.setpoint("cp-1/1").limit_w is None


@pytest.mark.parametrize(("refused", "exposure_w"), [(None, 20_000), (2, 60_000)])
def test_R5_a_refused_sending_renews_nothing(refused: int | None, exposure_w: int) -> None:
    """Sent again after 40 s and refused, 20 kW are valid for 120 s after eight: it makes room for its fallback."""
    depot = Depot(grid("gc-1", 10**6), charger("cp-1", "gc-1", 100_000, fallback_w=60_000))
    depot.hears("cp-1/1", 0, requested_w=20_000, applied_limit_w=20_000)
    depot.cycle()
    depot.later(40)
    assert depot.cycle() is not None
    for seconds in (1, 15):
        depot.later(seconds)
        depot.hears(
            "cp-1/1", 0, requested_w=20_000, applied_cycle_seq=2 if refused is None else 1, refused_cycle_seq=refused
        )
        depot.cycle()
    depot.later(44)
    assert depot.exposure("cp-1/1") == exposure_w


def test_R5_nor_does_one_that_had_counted_as_received() -> None:
    """It was heard after the sending of 40 s, and then says that it refused that."""
    depot = Depot(grid("gc-1", 10**6), charger("cp-1", "gc-1", 100_000, fallback_w=60_000))
    depot.hears("cp-1/1", 0, requested_w=20_000, applied_limit_w=20_000)
    depot.cycle()
    depot.later(40)
    assert depot.cycle() is not None
    depot.later(1)
    depot.hears_of_life("cp-1")
    depot.cycle()
    refuses(depot, 2)
    depot.cycle()
    depot.later(57)
    assert depot.exposure("cp-1/1") == 20_000
    depot.later(1)
    assert depot.exposure("cp-1/1") == 60_000


def test_R5_a_refused_sending_before_the_received_one_takes_nothing_back() -> None:
    """Sent again after 40 and 80 s, it names the last of these and says later that it had refused the one before."""
    depot = Depot(grid("gc-1", 10**6), charger("cp-1", "gc-1", 100_000, fallback_w=60_000))
    depot.hears("cp-1/1", 0, requested_w=20_000, applied_limit_w=20_000)
    depot.cycle()
    for _ in range(2):
        depot.later(40)
        assert depot.cycle() is not None
    for refused in (None, 2):
        depot.later(1)
        depot.hears("cp-1/1", 0, requested_w=20_000, applied_cycle_seq=3, refused_cycle_seq=refused)
        depot.cycle()
    depot.later(90)
    assert depot.exposure("cp-1/1") == 20_000


def told_at_0_40_and_80(*, valid_for_s: int) -> Depot:
    """Told 20 kW three times, 40 s apart; it falls back to 60 kW, and nothing is heard of it meanwhile."""
    settings = Settings(setpoint_valid_for_s=valid_for_s)
    depot = Depot(grid("gc-1", 10**6), charger("cp-1", "gc-1", 100_000, fallback_w=60_000), settings=settings)
    depot.hears("cp-1/1", 0, requested_w=20_000, applied_limit_w=20_000)
    depot.cycle()
    for _ in range(2):
        depot.later(40)
        assert depot.cycle() is not None
    return depot


def test_R5_who_says_that_it_refused_may_have_refused_what_was_sent_before_too() -> None:
    """Nobody heard what it said of the sending of 40 s: what it took last lapses after 120 s."""
    depot = told_at_0_40_and_80(valid_for_s=120)
    refuses(depot, 3)
    depot.cycle()
    depot.later(18)
    assert depot.exposure("cp-1/1") == 20_000
    depot.later(1)
    assert depot.exposure("cp-1/1") == 60_000


@pytest.mark.parametrize(("after_s", "exposure_w"), [(20, 60_000), (21, 20_000)])
def test_R5_what_came_a_grace_before_it_says_so_still_was_not_refused(after_s: int, exposure_w: int) -> None:
    """It refused the sending of 40 s; the one of 80 s renewed what it has, unless it had yet to be applied."""
    depot = told_at_0_40_and_80(valid_for_s=240)
    depot.later(after_s)
    depot.hears("cp-1/1", 0, requested_w=20_000, refused_cycle_seq=2)
    depot.cycle()
    depot.later(240 - 80 - 20)
    assert depot.exposure("cp-1/1") == exposure_w


def test_R5_that_a_message_followed_what_was_refused_shows_nothing() -> None:
    """It spoke a second after it was told 20 kW, before it refused that; told so again, it may have 25 kW still."""
    depot = refusing(25_000, 20_000)
    depot.later(1)
    depot.hears("cp-1/1", 0, requested_w=20_000)
    depot.cycle()
    depot.later(40)
    assert depot.cycle() is not None
    refuses(depot, 2)
    assert depot.exposure("cp-1/1") == 25_000


# how it takes part again (R40, R41)


def test_R40_who_explains_itself_by_a_factor_takes_part_as_soon_as_it_is_not_over() -> None:
    """It draws 1.4 of what it is told: told 35,714 W for 50 kW it is fine."""
    depot = a_depot()
    says(depot, 5, TOLD_W)
    assert says(depot, 20, 70_000)
    assert depot.setpoint("cp-1/1").limit_w == 35_714
    assert says(depot, 3, TOLD_W), "as long as it reports what it was told before"
    assert not says(depot, 2, TOLD_W, reported_w=35_714)


def test_R40_who_reports_more_than_it_draws_is_told_less_once_and_not_less_and_less() -> None:
    """It draws 1.08 of what it is told and says that 200 kW apply."""
    depot = a_depot()
    for seconds in (5, 20, 20):
        says(depot, seconds, 54_000)
    told_w = depot.line("cp-1/1").entry.last_limit_w
    assert told_w is not None
    for _ in range(12):
        last_w = depot.line("cp-1/1").entry.last_limit_w
        assert last_w is not None
        assert says(depot, 5, last_w * 108 // 100, reported_w=200_000)
    assert depot.line("cp-1/1").entry.last_limit_w == told_w * 1000 // 1080


def test_R40_what_is_reported_is_explained_by_what_is_drawn() -> None:
    """54 kW of 50 are bearable, 200 kW reported are not."""
    depot = a_depot()
    says(depot, 5, TOLD_W)
    assert says(depot, 20, 54_000, reported_w=200_000)
    assert depot.line("cp-1/1").entry.factor == 1080
    assert depot.setpoint("cp-1/1").limit_w == TOLD_W * 1000 // 1080


def test_R41_others_take_part_again_after_a_grace_without_being_over() -> None:
    depot = overdrawn()
    assert says(depot, 5, 40_000)
    assert says(depot, 19.999, 40_000)
    assert not says(depot, 0.001, 40_000)


def test_R41_being_over_again_begins_that_anew() -> None:
    depot = overdrawn()
    for seconds, power_w in ((5, 40_000), (15, 130_000), (5, 40_000), (19.999, 40_000)):
        assert says(depot, seconds, power_w)
    assert not says(depot, 0.001, 40_000)


def test_R41_one_connector_at_a_time_the_longest_waiting_first() -> None:
    depot = Depot(grid("gc-1", 100_000), charger("cp-1", "gc-1", 80_000), charger("cp-2", "gc-1", 80_000))

    def both(after_s: float, first_w: int, second_w: int) -> list[bool]:
        depot.later(after_s)
        depot.hears("cp-1/1", first_w)
        depot.hears("cp-2/1", second_w)
        depot.cycle()
        return [depot.setpoint(f"cp-{number}/1").reason is Reason.UNRESPONSIVE for number in (1, 2)]

    both(0, TOLD_W, TOLD_W)
    both(5, TOLD_W, TOLD_W)
    assert both(20, 130_000, 130_000) == [True, True]
    both(1, 130_000, 0)
    both(1, 0, 0)
    assert both(18.999, 0, 0) == [True, True]
    assert both(0.001, 0, 0) == [True, False]
    assert both(5, 0, 0) == [True, False]
    assert both(15, 0, 0) == [False, False]


def test_R41_at_once_when_its_demand_ends_or_it_is_silent() -> None:
    depot = overdrawn()
    depot.later(1)
    depot.hears("cp-1/1", 0, status="Finishing")
    depot.cycle()
    assert reason(depot) is Reason.IDLE
    depot.hears("cp-1/1", 0)
    assert not is_unresponsive(depot)
    depot = overdrawn()
    depot.later(91)
    depot.cycle()
    assert reason(depot) is Reason.RESERVED
    depot.later(1)
    say(depot, 40_000)
    assert not is_unresponsive(depot)
