"""What a connector was told stays its exposure until something confirms that it obeys."""

import pytest

from domain.sharing.plan import Reason
from tests.unit.domain.depot import Depot, charger, grid

CONNECTOR = "cp-1/1"


@pytest.fixture
def depot() -> Depot:
    """One charger with all the room it wants; it falls back to 5 kW and reported 30 kW at eight."""
    depot = Depot(grid("gc-1", 10**6), charger("cp-1", "gc-1", 100_000, fallback_w=5_000))
    depot.hears(CONNECTOR, 30_000, requested_w=30_000, applied_limit_w=30_000)
    return depot


def _told(depot: Depot, *limits_w: int) -> Depot:
    """The same after a cycle a second that told it these limits, one after the other; it reports nothing meanwhile."""
    for limit_w in limits_w:
        depot.later(1)
        depot.hears(CONNECTOR, 0, requested_w=limit_w)
        event = depot.cycle()
        assert event is not None
        assert event.setpoints[0].limit_w == limit_w
    return depot


def _reports(depot: Depot, limit_w: int, after_s: float = 1, power_w: int = 0, cycle_seq: int | None = None) -> None:
    """After some time it reports a limit as applied, asking for what it was told last."""
    last_w = depot.setpoint(CONNECTOR).previous_limit_w
    depot.later(after_s)
    depot.hears(CONNECTOR, power_w, requested_w=last_w, applied_limit_w=limit_w, applied_cycle_seq=cycle_seq)


def test_a_raise_counts_from_its_sending(depot: Depot) -> None:
    _told(depot, 60_000)
    assert depot.exposure(CONNECTOR) == 60_000


def test_a_decrease_does_not_until_it_is_confirmed(depot: Depot) -> None:
    _told(depot, 20_000)
    assert depot.exposure(CONNECTOR) == 30_000
    _reports(depot, 20_000)
    assert depot.exposure(CONNECTOR) == 20_000


def test_every_setpoint_sent_since_counts(depot: Depot) -> None:
    _told(depot, 60_000, 20_000, 40_000)
    assert depot.exposure(CONNECTOR) == 60_000


def test_the_next_cycle_shows_what_was_sent_before_as_previous(depot: Depot) -> None:
    assert depot.setpoint(CONNECTOR).previous_limit_w == 30_000
    _told(depot, 60_000)
    assert depot.setpoint(CONNECTOR).previous_limit_w == 60_000


@pytest.mark.parametrize(("report_w", "exposure_w"), [(19_500, 20_000), (20_500, 20_500), (20_501, 25_000)])
def test_a_report_within_the_tolerance_confirms(depot: Depot, report_w: int, exposure_w: int) -> None:
    """The higher of report and setpoint is then the confirmed limit. Half a kilowatt is tolerated, no watt more."""
    _told(depot, 25_000, 20_000)
    _reports(depot, report_w)
    assert depot.exposure(CONNECTOR) == exposure_w


def test_a_report_confirms_what_it_equals_and_all_older_but_nothing_newer(depot: Depot) -> None:
    _told(depot, 60_000, 50_000, 40_000)
    _reports(depot, 50_000)
    assert depot.exposure(CONNECTOR) == 50_000


def test_of_equal_setpoints_the_earliest_is_confirmed(depot: Depot) -> None:
    """It was told 50, 60 and 50 kW. One report of 50 kW may come from the first; 60 kW may still be applied."""
    _told(depot, 50_000, 60_000, 50_000)
    _reports(depot, 50_000)
    assert depot.exposure(CONNECTOR) == 60_000


def test_a_report_that_names_a_cycle_confirms_what_that_cycle_sent_and_all_older(depot: Depot) -> None:
    _told(depot, 60_000, 50_000, 60_000, 40_000)
    _reports(depot, 50_000, cycle_seq=2)
    assert depot.exposure(CONNECTOR) == 60_000
    _reports(depot, 40_000, cycle_seq=4)
    assert depot.exposure(CONNECTOR) == 40_000


def test_a_repetition_of_a_setpoint_is_named_by_any_of_its_cycles(depot: Depot) -> None:
    _told(depot, 60_000, 20_000)
    depot.later(40)
    depot.hears(CONNECTOR, 50_000, requested_w=20_000)
    event = depot.cycle()
    assert event is not None
    assert event.cycle_seq == 3
    _reports(depot, 20_000, cycle_seq=3)
    assert depot.exposure(CONNECTOR) == 20_000


@pytest.mark.parametrize(("after_s", "exposure_w"), [(18, 60_000), (19, 60_000), (20, 30_000)])
def test_a_report_that_equals_the_confirmed_limit_may_be_old_until_the_grace_is_over(
    depot: Depot, after_s: int, exposure_w: int
) -> None:
    """It was told 60 kW and 30 kW again: for 20 s a report of 30 kW may say that it heard of neither."""
    _told(depot, 60_000, 30_000)
    _reports(depot, 30_000, after_s=after_s)
    assert depot.exposure(CONNECTOR) == exposure_w


@pytest.mark.parametrize(("after_s", "exposure_w"), [(19, 60_000), (20, 5_000)])
def test_so_may_one_that_equals_the_fallback(depot: Depot, after_s: int, exposure_w: int) -> None:
    _told(depot, 60_000, 5_000)
    _reports(depot, 5_000, after_s=after_s)
    assert depot.exposure(CONNECTOR) == exposure_w


@pytest.mark.parametrize(("after_s", "exposure_w"), [(19, 60_000), (20, 20_000)])
def test_after_the_grace_any_report_below_the_newest_setpoint_confirms_it(
    depot: Depot, after_s: int, exposure_w: int
) -> None:
    """Chargers round to amperes: 18.4 kW for 20 kW."""
    _told(depot, 60_000, 20_000)
    _reports(depot, 18_400, after_s=after_s)
    assert depot.exposure(CONNECTOR) == exposure_w


def test_a_report_that_confirms_nothing_is_the_confirmed_limit_and_removes_nothing(depot: Depot) -> None:
    _told(depot, 40_000, 20_000)
    _reports(depot, 70_000)
    assert depot.exposure(CONNECTOR) == 70_000
    _reports(depot, 10_000)
    assert depot.exposure(CONNECTOR) == 40_000


def test_what_is_drawn_now_counts_whatever_is_confirmed(depot: Depot) -> None:
    _told(depot, 20_000)
    _reports(depot, 20_000, power_w=45_000)
    assert depot.exposure(CONNECTOR) == 45_000


@pytest.mark.parametrize(
    ("power_w", "after_s", "exposure_w"), [(20_900, 20, 20_900), (21_100, 20, 30_000), (20_000, 19, 30_000)]
)
def test_a_reading_without_a_report_confirms_what_it_obeys_a_grace_after_the_link_was_heard(
    depot: Depot, power_w: int, after_s: int, exposure_w: int
) -> None:
    """Told 20 kW, tolerance 5 %, that is 1 kW. The first message after the sending shows the link alive."""
    _told(depot, 20_000)
    depot.later(5)
    depot.hears_of_life("cp-1")
    depot.cycle()
    depot.later(after_s)
    depot.hears(CONNECTOR, power_w, requested_w=20_000)
    assert depot.exposure(CONNECTOR) == exposure_w


def test_without_an_earlier_message_a_reading_confirms_nothing(depot: Depot) -> None:
    """The first that is heard after the sending: the setpoint may have been passed on only now."""
    _told(depot, 20_000)
    depot.later(60)
    depot.hears(CONNECTOR, 10_000, requested_w=20_000)
    assert depot.exposure(CONNECTOR) == 30_000


def test_for_a_connector_without_demand_any_message_so_timed_confirms(depot: Depot) -> None:
    depot.later(1)
    depot.hears(CONNECTOR, 0, status="Finishing")
    depot.cycle()
    assert depot.exposure(CONNECTOR) == 30_000
    depot.later(5)
    depot.hears_of_life("cp-1")
    depot.cycle()
    depot.later(20)
    depot.hears_of_life("cp-1")
    assert depot.exposure(CONNECTOR) == 0


def test_an_older_setpoint_stands_for_its_validity_and_the_grace_after_its_last_sending(depot: Depot) -> None:
    """Told 60 kW after 1 s and 30 kW after 2 s, it draws 50 kW and confirms nothing. After 141 s, 120 + 20 since they
    were sent, the 60 kW may be in force for the last time."""
    _told(depot, 60_000, 30_000)
    for _ in range(13):
        depot.later(10)
        depot.hears(CONNECTOR, 50_000, requested_w=30_000)
        depot.cycle()
    depot.later(9)
    depot.hears(CONNECTOR, 50_000, requested_w=30_000)
    assert depot.exposure(CONNECTOR) == 60_000
    depot.later(0.001)
    assert depot.exposure(CONNECTOR) == 50_000


def test_one_that_is_reserved_is_sent_its_last_setpoint_again(depot: Depot) -> None:
    _told(depot, 60_000)
    depot.later(91)
    setpoint = depot.setpoint(CONNECTOR)
    assert (setpoint.reason, setpoint.limit_w, setpoint.target_w) == (Reason.RESERVED, 60_000, None)


def test_or_0_where_what_is_held_alone_exceeds_a_limit_above() -> None:
    depot = Depot(grid("gc-1", 100_000, 50_000, metered=True), charger("cp-1", "gc-1", 100_000))
    depot.meters("gc-1", 0)
    depot.hears(CONNECTOR, 0, applied_limit_w=0)
    depot.cycle()
    depot.later(91)
    setpoint = depot.setpoint(CONNECTOR)
    assert (setpoint.reason, setpoint.limit_w, setpoint.previous_limit_w) == (Reason.RESERVED, 0, 100_000)
