"""What a message shows of the setpoints that stand: names, reports, power, and what it means to be idle (R16)."""

import pytest

from tests.unit.domain.depot import Depot, charger, grid
from tests.unit.domain.knowledge.test_ledger import CONNECTOR, a_depot_told, is_told


def says(
    depot: Depot,
    after_s: float,
    power_w: int | None = 0,
    *,
    applied_w: int | None = None,
    named: int | None = None,
    status: str = "Charging",
) -> int:
    """After some time it speaks, wanting what it was told last; its exposure then."""
    last_w = depot.setpoint(CONNECTOR).previous_limit_w
    depot.later(after_s)
    depot.hears(
        CONNECTOR, power_w, status=status, requested_w=last_w, applied_limit_w=applied_w, applied_cycle_seq=named
    )
    depot.cycle()
    return depot.exposure(CONNECTOR)


def came_through(*limits_w: int) -> Depot:
    """These limits were told a second apart; a sign of life 5 s after the last shows that they came through."""
    depot = a_depot_told(*limits_w)
    depot.later(5)
    depot.hears_of_life("cp-1")
    depot.cycle()
    return depot


# (a) who names cycles


def test_R16a_a_named_cycle_confirms_what_it_brought_and_all_older() -> None:
    depot = a_depot_told(60_000, 50_000, 60_000, 40_000)
    assert says(depot, 1, applied_w=50_000, named=2) == 60_000
    assert says(depot, 1, applied_w=40_000, named=4) == 40_000


def test_R16a_a_repetition_of_a_setpoint_is_named_by_any_of_its_cycles() -> None:
    depot = a_depot_told(60_000, 20_000)
    depot.later(40)
    is_told(depot, 20_000)
    assert says(depot, 1, applied_w=20_000, named=3) == 20_000


def test_R16a_a_cycle_before_all_that_stands_confirms_none_of_it() -> None:
    depot = a_depot_told(60_000, 50_000)
    says(depot, 1, applied_w=50_000, named=2)
    depot.later(1)
    is_told(depot, 70_000)
    depot.later(1)
    is_told(depot, 20_000)
    assert says(depot, 1, applied_w=20_000, named=1) == 70_000


def test_R16a_nothing_else_confirms_for_who_names_cycles() -> None:
    """Neither its report, nor what it draws, nor that it wants nothing, long after the 20 kW came through."""
    depot = a_depot_told(60_000)
    says(depot, 1, named=1)
    depot.later(1)
    is_told(depot, 20_000)
    assert says(depot, 5) == 60_000
    assert says(depot, 25, applied_w=20_000) == 60_000
    assert says(depot, 25) == 60_000
    assert says(depot, 25, status="Finishing") == 60_000


@pytest.mark.parametrize(("power_w", "exposure_w"), [(21_000, 21_000), (21_001, 60_000), (None, 60_000)])
def test_R16a_a_name_without_a_limit_confirms_what_the_power_of_its_reading_obeys(
    power_w: int | None, exposure_w: int
) -> None:
    """20 kW and their tolerance of 5 %."""
    assert says(a_depot_told(60_000, 20_000), 1, power_w, named=2) == exposure_w


def test_R16a_so_does_a_name_without_a_limit_of_a_connector_without_demand() -> None:
    assert says(a_depot_told(60_000, 20_000), 1, None, named=2, status="Finishing") == 20_000


# (b) who does not


@pytest.mark.parametrize(("after_s", "exposure_w"), [(19.999, 60_000), (20, 20_500)])
def test_R16b_a_report_confirms_a_grace_after_the_setpoint_came_through(after_s: float, exposure_w: int) -> None:
    """Half a kilowatt above 20 kW is tolerated on an ampere of rounding; until then the 60 kW may be in force."""
    assert says(came_through(60_000, 20_000), after_s, applied_w=20_500) == exposure_w


def test_R16b_a_setpoint_came_through_at_the_first_message_strictly_after_it_was_sent() -> None:
    """A sign of life at the very instant of the sending shows nothing; the one 5 s later does."""
    depot = a_depot_told(60_000, 20_000)
    depot.hears_of_life("cp-1")
    depot.cycle()
    depot.later(5)
    depot.hears_of_life("cp-1")
    depot.cycle()
    assert says(depot, 19.999, applied_w=20_000) == 60_000
    assert says(depot, 0.001, applied_w=20_000) == 20_000


def test_R16b_without_an_earlier_message_a_report_confirms_nothing() -> None:
    """The first that is heard after the sending, a minute later: the setpoint may have been passed on only now."""
    assert says(a_depot_told(60_000, 20_000), 60, applied_w=20_000) == 60_000


@pytest.mark.parametrize(("applied_w", "exposure_w"), [(21_000, 21_000), (21_001, 60_000)])
def test_R16b_a_report_may_be_above_by_the_tolerance_and_then_is_the_confirmed_limit(
    applied_w: int, exposure_w: int
) -> None:
    assert says(came_through(60_000, 20_000), 20, applied_w=applied_w) == exposure_w


@pytest.mark.parametrize(
    ("power_w", "after_s", "exposure_w"),
    [(20_900, 20, 20_900), (50_001, 20, 60_000), (20_000, 19.999, 60_000), (None, 20, 60_000)],
)
def test_R16b_a_reading_without_a_report_confirms_what_its_power_obeys(
    power_w: int | None, after_s: float, exposure_w: int
) -> None:
    assert says(came_through(60_000, 20_000), after_s, power_w) == exposure_w


def test_R16b_power_confirms_nothing_beside_a_report_that_is_not_obeyed() -> None:
    """It says that 60 kW are applied, though it draws nothing."""
    assert says(came_through(60_000, 20_000), 20, 0, applied_w=60_000) == 60_000


def test_R16b_without_demand_any_message_confirms() -> None:
    depot = a_depot_told(60_000)
    depot.later(1)
    depot.hears(CONNECTOR, 0, status="Finishing")
    depot.cycle()
    for seconds, exposure_w in ((5, 60_000), (19.999, 60_000), (0.001, 0)):
        depot.later(seconds)
        depot.hears_of_life("cp-1")
        depot.cycle()
        assert depot.exposure(CONNECTOR) == exposure_w, depot.at


def test_R16b_but_a_report_so_late_is_judged_itself() -> None:
    """Told 0 and idle, it says 25 s after that came through that 60 kW are applied; then it only shows life."""
    depot = a_depot_told(60_000)
    depot.later(1)
    depot.hears(CONNECTOR, 0, status="Finishing")
    depot.cycle()
    says(depot, 5, status="Finishing")
    assert says(depot, 25, applied_w=60_000, status="Finishing") == 60_000
    depot.later(5)
    depot.hears_of_life("cp-1")
    depot.cycle()
    assert depot.exposure(CONNECTOR) == 60_000


def test_R16b_an_older_report_of_an_idle_connector_says_nothing_against_it() -> None:
    """At the end of its session it reported 60 kW; told 0, it is silent about limits and lives: the 60 kW are free."""
    depot = a_depot_told(60_000)
    says(depot, 1, applied_w=60_000, status="Finishing")
    for seconds in (5, 20):
        depot.later(seconds)
        depot.hears_of_life("cp-1")
        depot.cycle()
    assert depot.exposure(CONNECTOR) == 0


def test_R16b_of_several_the_newest_is_confirmed() -> None:
    assert says(came_through(60_000, 40_000, 50_000), 20, applied_w=30_000) == 50_000


@pytest.mark.parametrize(("age_s", "exposure_w"), [(2, 60_000), (1.999, 50_000)])
def test_R16b_one_that_is_not_the_newest_only_by_what_is_later_than_its_last_sending(
    age_s: float, exposure_w: int
) -> None:
    """50 kW came through, were sent again 40 s later, and a second after that 20 kW, as the connection has no more."""
    depot = came_through(60_000, 50_000)
    depot.later(35)
    assert depot.cycle() is not None
    depot.later(1)
    depot.configures(grid("gc-1", 20_000), charger("cp-1", "gc-1", 100_000, fallback_w=5_000))
    event = depot.cycle()
    assert event is not None
    assert event.setpoints[0].limit_w == 20_000
    depot.later(1)
    depot.hears(CONNECTOR, 0, requested_w=20_000, applied_limit_w=50_000, age_s=age_s)
    assert depot.exposure(CONNECTOR) == exposure_w


# (c) what is confirmed


def test_R16c_it_and_all_older_stop_standing() -> None:
    """50 kW are reported: of 60, 50 and 40 kW the first two are gone, and the confirmed 50 kW count."""
    assert says(came_through(60_000, 50_000, 40_000), 20, applied_w=50_000) == 50_000


def test_R16c_the_newest_stands_also_when_it_is_confirmed() -> None:
    depot = came_through(60_000, 20_000)
    says(depot, 20, applied_w=20_000)
    assert says(depot, 5, applied_w=5_000) == 20_000


def test_R16c_the_confirmed_limit_is_the_setpoint_where_less_is_reported() -> None:
    """Chargers round to amperes: 48.4 kW for 50 kW, which stand no longer."""
    assert says(came_through(60_000, 50_000, 40_000), 20, applied_w=48_400) == 50_000


def test_R16c_a_new_report_that_confirms_none_is_the_confirmed_limit_and_removes_none() -> None:
    depot = a_depot_told(40_000, 20_000)
    assert says(depot, 1, applied_w=70_000) == 70_000
    assert says(depot, 1, applied_w=10_000) == 40_000


@pytest.mark.parametrize(("again_w", "exposure_w"), [(47_620, 50_000), (47_619, 47_619)])
def test_R16c_one_that_confirms_none_is_the_confirmed_limit_too_where_it_is_within_the_tolerance_below(
    again_w: int, exposure_w: int
) -> None:
    """Read back in whole amperes once more: 50 kW are still in force until the 40 are applied."""
    depot = came_through(60_000, 50_000, 40_000)
    says(depot, 20, applied_w=49_000)
    assert says(depot, 1, applied_w=again_w) == exposure_w


@pytest.mark.parametrize(("again_w", "exposure_w"), [(7_000, 7_900), (7_001, 7_001)])
def test_R16c_or_less_than_a_kilowatt_below_in_whole_kilowatts(again_w: int, exposure_w: int) -> None:
    """A charger that knows no smaller unit says 7 kW of 7.9, though the tolerance is half of one."""
    depot = came_through(20_000, 7_900, 4_000)
    says(depot, 20, applied_w=7_500)
    assert says(depot, 1, applied_w=again_w) == exposure_w


def test_R16_a_report_that_is_not_newer_than_the_last_confirmation_confirms_nothing() -> None:
    """It is seen by cycle after cycle, long after the 20 kW came through."""
    depot = a_depot_told(60_000)
    says(depot, 1, applied_w=15_000)
    depot.later(1)
    is_told(depot, 20_000)
    for seconds in (5, 20):
        depot.later(seconds)
        depot.hears_of_life("cp-1")
        depot.cycle()
    assert depot.exposure(CONNECTOR) == 60_000
