"""What a connector was told stands, and so counts as its exposure, until it cannot be in force any more (R8 to R12)."""

from dataclasses import replace

import pytest

from domain.sharing.plan import Reason
from domain.site.configuration import Settings
from tests.unit.domain.depot import Depot, charger, grid

CONNECTOR = "cp-1/1"


def a_depot() -> Depot:
    """One charger with all the room it wants; it falls back to 5 kW and reported 30 kW at eight."""
    depot = Depot(grid("gc-1", 10**6), charger("cp-1", "gc-1", 100_000, fallback_w=5_000))
    depot.hears(CONNECTOR, 30_000, requested_w=30_000, applied_limit_w=30_000)
    return depot


def a_depot_told(*limits_w: int) -> Depot:
    """The same after a cycle a second that told it these limits, one after the other; it reports nothing meanwhile."""
    depot = a_depot()
    for limit_w in limits_w:
        depot.later(1)
        is_told(depot, limit_w)
    return depot


def is_told(depot: Depot, limit_w: int) -> None:
    depot.hears(CONNECTOR, 0, requested_w=limit_w)
    event = depot.cycle()
    assert event is not None
    assert event.setpoints[0].limit_w == limit_w


def test_R8_a_raise_counts_from_its_sending() -> None:
    assert a_depot_told(60_000).exposure(CONNECTOR) == 60_000


def test_R8_every_sending_keeps_the_validity_and_the_grace_of_its_configuration() -> None:
    """60 kW were sent last a second after eight, to be valid for 120 s and 20 s of grace: not for 60 s and 5 s."""
    depot = a_depot_told(60_000, 20_000)
    depot.configures(settings=replace(Settings(), setpoint_valid_for_s=60, apply_grace_s=5))
    depot.later(139)
    assert depot.exposure(CONNECTOR) == 60_000


def test_R8_the_next_cycle_shows_what_was_sent_before_as_previous() -> None:
    depot = a_depot()
    assert depot.setpoint(CONNECTOR).previous_limit_w == 30_000
    depot = a_depot_told(60_000)
    assert depot.setpoint(CONNECTOR).previous_limit_w == 60_000


def test_R9_a_decrease_does_not_count_until_it_is_confirmed() -> None:
    depot = a_depot_told(60_000, 20_000)
    assert depot.exposure(CONNECTOR) == 60_000


def test_R9_every_setpoint_sent_since_counts() -> None:
    assert a_depot_told(60_000, 20_000, 40_000).exposure(CONNECTOR) == 60_000


def test_R9_an_older_setpoint_stands_for_a_lapse_after_its_last_sending() -> None:
    """Nothing is heard any more: 120 + 20 s after they were sent last the 60 kW may be in force for the last time."""
    depot = a_depot_told(60_000, 40_000)
    depot.later(139)
    assert depot.exposure(CONNECTOR) == 60_000
    depot.later(0.001)
    assert depot.exposure(CONNECTOR) == 40_000


def test_R9_the_newest_stands_for_ever() -> None:
    depot = a_depot_told(60_000)
    depot.later(4_000)
    assert depot.exposure(CONNECTOR) == 60_000


def test_R9_what_is_renewed_stands_by_its_last_sending() -> None:
    """60 kW were sent again 40 s later, and then 20 kW."""
    depot = a_depot_told(60_000)
    depot.later(40)
    is_told(depot, 60_000)
    depot.later(1)
    is_told(depot, 20_000)
    depot.later(139)
    assert depot.exposure(CONNECTOR) == 60_000
    depot.later(0.001)
    assert depot.exposure(CONNECTOR) < 60_000


def test_R10_a_report_is_the_confirmed_limit_and_counts_beside_what_stands() -> None:
    depot = a_depot_told(20_000)
    assert depot.exposure(CONNECTOR) == 30_000


def test_R10_until_there_is_a_confirmed_limit_the_fallback_counts() -> None:
    depot = Depot(grid("gc-1", 10**6), charger("cp-1", "gc-1", 100_000, fallback_w=50_000))
    is_told(depot, 20_000)
    assert depot.exposure(CONNECTOR) == 50_000


def test_R11_who_named_a_cycle_once_names_them_for_ever() -> None:
    """The 20 kW would be confirmed by the report that comes a grace after they came through."""
    depot = a_depot_told(60_000)
    depot.later(1)
    depot.hears(CONNECTOR, 0, requested_w=60_000, applied_cycle_seq=1)
    depot.cycle()
    depot.later(1)
    is_told(depot, 20_000)
    for seconds in (5, 20):
        depot.later(seconds)
        depot.hears(CONNECTOR, 0, requested_w=20_000, applied_limit_w=20_000)
        depot.cycle()
    assert depot.exposure(CONNECTOR) == 60_000


@pytest.mark.parametrize(("cycle_seq", "exposure_w"), [(None, 60_000), (1, 60_000), (2, 20_000)])
def test_R12_of_who_names_cycles_the_named_sending_is_received(cycle_seq: int | None, exposure_w: int) -> None:
    """Of a fallback of 60 kW room is made from 100 s after the received sending on: that of eight, or that of 40 s."""
    depot = Depot(grid("gc-1", 10**6), charger("cp-1", "gc-1", 100_000, fallback_w=60_000))
    depot.hears(CONNECTOR, 0, requested_w=20_000, applied_limit_w=20_000)
    depot.cycle()
    depot.later(40)
    depot.hears(CONNECTOR, 0, requested_w=20_000, applied_limit_w=20_000, applied_cycle_seq=1)
    depot.cycle()
    depot.later(1)
    depot.hears(CONNECTOR, 0, requested_w=20_000, applied_limit_w=20_000, applied_cycle_seq=cycle_seq)
    depot.cycle()
    depot.later(59)
    assert depot.exposure(CONNECTOR) == exposure_w


def test_R12_of_others_the_newest_sending_before_their_charge_point_was_heard_is_received() -> None:
    """Sent again after 40 s and heard at that very instant, they have room made for their fallback after 100 s."""
    depot = Depot(grid("gc-1", 10**6), charger("cp-1", "gc-1", 100_000, fallback_w=60_000))
    depot.hears(CONNECTOR, 0, requested_w=20_000, applied_limit_w=20_000)
    depot.cycle()
    depot.later(40)
    assert depot.cycle() is not None
    depot.hears(CONNECTOR, 0, requested_w=20_000, applied_limit_w=20_000)
    depot.cycle()
    depot.later(59.999)
    assert depot.exposure(CONNECTOR) == 20_000
    depot.later(0.001)
    assert depot.exposure(CONNECTOR) == 60_000
    depot.hears_of_life("cp-1", age_s=59.999)
    assert depot.exposure(CONNECTOR) == 20_000


def test_R12_received_never_goes_back() -> None:
    """It named the cycle of 40 s after eight, then the first again."""
    depot = Depot(grid("gc-1", 10**6), charger("cp-1", "gc-1", 100_000, fallback_w=60_000))
    depot.hears(CONNECTOR, 0, requested_w=20_000, applied_limit_w=20_000)
    depot.cycle()
    depot.later(40)
    depot.cycle()
    for cycle_seq in (2, 1):
        depot.later(1)
        depot.hears(CONNECTOR, 0, requested_w=20_000, applied_limit_w=20_000, applied_cycle_seq=cycle_seq)
        depot.cycle()
    depot.later(97.999)
    assert depot.exposure(CONNECTOR) == 20_000
    depot.later(0.001)
    assert depot.exposure(CONNECTOR) == 60_000


def test_R42_one_that_is_reserved_is_sent_its_last_setpoint_again() -> None:
    depot = a_depot_told(60_000)
    depot.later(91)
    setpoint = depot.setpoint(CONNECTOR)
    assert (setpoint.reason, setpoint.limit_w, setpoint.target_w) == (Reason.RESERVED, 60_000, None)


def test_R42_or_0_where_what_is_held_alone_exceeds_a_limit_above() -> None:
    depot = Depot(grid("gc-1", 100_000, 50_000, metered=True), charger("cp-1", "gc-1", 100_000))
    depot.meters("gc-1", 0)
    depot.hears(CONNECTOR, 0, applied_limit_w=0)
    depot.cycle()
    depot.later(91)
    setpoint = depot.setpoint(CONNECTOR)
    assert (setpoint.reason, setpoint.limit_w, setpoint.previous_limit_w) == (Reason.RESERVED, 0, 100_000)
