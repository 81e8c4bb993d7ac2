"""A charger that may not have had a setpoint for too long may be on its fallback (contract section 6)."""

import pytest

from domain.sharing.plan import Reason
from tests.unit.domain.depot import Depot, charger, grid

CONNECTOR = "cp-1/1"
FALLBACK_W = 60_000


@pytest.fixture
def depot() -> Depot:
    """It falls back to 60 kW, was told 20 kW at eight and confirmed that 20 s later; nothing is sent from then on."""
    depot = Depot(grid("gc-1", 10**6), charger("cp-1", "gc-1", 100_000, fallback_w=FALLBACK_W))
    _reports(depot, 20_000)
    depot.cycle()
    depot.later(20)
    _reports(depot, 20_000)
    depot.cycle()
    return depot


def _reports(depot: Depot, limit_w: int, cycle_seq: int | None = None, power_w: int = 0) -> None:
    depot.hears(CONNECTOR, power_w, requested_w=20_000, applied_limit_w=limit_w, applied_cycle_seq=cycle_seq)


def test_after_its_validity_the_fallback_joins_the_exposure(depot: Depot) -> None:
    """Heard, but nothing was sent to it any more."""
    depot.later(99.999)
    depot.hears(CONNECTOR, 0, requested_w=20_000)
    assert depot.exposure(CONNECTOR) == 20_000
    depot.later(0.001)
    assert depot.exposure(CONNECTOR) == FALLBACK_W


def test_others_make_room_a_grace_before_one_that_is_not_heard_falls_back(depot: Depot) -> None:
    """From 110 s after eight it is stale; at 120 s it may fall back, and who is lowered for that takes up to 20 s."""
    depot.later(90)
    assert depot.exposure(CONNECTOR) == 20_000
    depot.later(0.001)
    assert depot.exposure(CONNECTOR) == FALLBACK_W


def test_a_message_after_a_sending_shows_that_it_was_received(depot: Depot) -> None:
    """Renewed 40 s after eight and heard a second later: that one is valid until 160 s, room is made from 140 s on."""
    depot.later(20)
    assert depot.cycle() is not None
    depot.later(1)
    depot.hears_of_life("cp-1")
    depot.cycle()
    depot.later(98.999)
    assert depot.exposure(CONNECTOR) == 20_000
    depot.later(0.001)
    assert depot.exposure(CONNECTOR) == FALLBACK_W


def test_for_who_names_cycles_only_a_name_shows_that(depot: Depot) -> None:
    """The renewal 40 s after eight has the number 2; what is heard later names the first, then none."""
    depot.later(20)
    assert depot.cycle() is not None
    for cycle_seq in (1, None):
        depot.later(1)
        _reports(depot, 20_000, cycle_seq)
        depot.cycle()
    depot.later(78)
    assert depot.exposure(CONNECTOR) == FALLBACK_W
    _reports(depot, 20_000, cycle_seq=2)
    assert depot.exposure(CONNECTOR) == 20_000


def test_it_is_never_less_than_the_last_reading(depot: Depot) -> None:
    _reports(depot, 20_000)
    depot.later(1)
    _reports(depot, 20_000, power_w=80_000)
    depot.later(99)
    assert depot.exposure(CONNECTOR) == 80_000


def test_a_report_ends_it(depot: Depot) -> None:
    depot.later(100)
    depot.cycle()
    depot.later(1)
    _reports(depot, 20_000)
    assert depot.exposure(CONNECTOR) == 20_000


def test_so_does_the_confirmation_of_a_setpoint_sent_later(depot: Depot) -> None:
    """Without a report: a message after the sending, and 20 s later a reading that obeys it."""
    depot.later(101)
    depot.hears(CONNECTOR, 10_000, requested_w=20_000)
    assert depot.cycle() is not None
    for seconds, exposure_w in ((1, FALLBACK_W), (19, FALLBACK_W), (1, 20_000)):
        depot.later(seconds)
        depot.hears(CONNECTOR, 10_000, requested_w=20_000)
        depot.cycle()
        assert depot.exposure(CONNECTOR) == exposure_w, depot.at


def test_a_reserved_one_is_then_sent_an_equal_part_of_its_charge_points_fallback() -> None:
    """Two connectors were told 50 kW each; 140 s after that they may be on the fallback of 60 kW together."""
    depot = Depot(grid("gc-1", 10**6), charger("cp-1", "gc-1", 50_000, 50_000, fallback_w=FALLBACK_W))
    for connector in ("cp-1/1", "cp-1/2"):
        depot.hears(connector, 0, applied_limit_w=50_000)
    depot.cycle()
    depot.later(139.999)
    assert (depot.setpoint("cp-1/1").reason, depot.setpoint("cp-1/1").limit_w) == (Reason.RESERVED, 50_000)
    depot.later(0.001)
    assert depot.limits() == {"cp-1/1": 30_000, "cp-1/2": 30_000}


def test_stale_ones_that_have_fallen_back_hold_the_fallback_together() -> None:
    """Told 10 kW each they hold 20 kW; once these lapse the fallback of 60 kW, and not each for itself."""
    depot = Depot(grid("gc-1", 10**6), charger("cp-1", "gc-1", 100_000, 100_000, fallback_w=FALLBACK_W))
    for connector in ("cp-1/1", "cp-1/2"):
        depot.hears(connector, 0, requested_w=10_000, applied_limit_w=10_000)
    depot.cycle()
    depot.later(99)
    assert depot.node("gc-1").reserved_w == 20_000
    for seconds in (1, 40):
        depot.later(seconds)
        assert depot.node("gc-1").reserved_w == FALLBACK_W


def test_a_grace_after_that_the_confirmed_limit_leaves() -> None:
    """It had 80 kW in force when it was told 20 kW at eight, and was not heard since."""
    depot = Depot(grid("gc-1", 10**6), charger("cp-1", "gc-1", 100_000, fallback_w=FALLBACK_W))
    depot.hears(CONNECTOR, 0, requested_w=20_000, applied_limit_w=80_000)
    depot.cycle()
    depot.later(139.999)
    assert depot.exposure(CONNECTOR) == 80_000
    depot.later(0.001)
    assert depot.exposure(CONNECTOR) == FALLBACK_W


def test_setpoints_that_may_still_be_in_force_are_held_beside_it() -> None:
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


def test_a_message_does_not_undo_a_fallback_that_is_still_to_come() -> None:
    """It was told 0 at eight. Heard again after 101 s, the renewal it brings back may be applied after 120 s only."""
    depot = Depot(grid("gc-1", 10**6), charger("cp-1", "gc-1", 100_000, fallback_w=FALLBACK_W))
    depot.hears(CONNECTOR, 0, status="Available", applied_limit_w=0)
    depot.cycle()
    for seconds in (10, 10, 10):
        depot.later(seconds)
        depot.hears_of_life("cp-1")
        depot.cycle()
    depot.later(50)
    assert depot.cycle() is not None
    depot.later(21)
    depot.hears_of_life("cp-1")
    depot.cycle()
    depot.later(19)
    assert depot.exposure(CONNECTOR) == FALLBACK_W


def test_a_message_that_followed_a_sending_which_had_run_out_confirms_nothing() -> None:
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
