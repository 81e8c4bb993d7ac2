"""A breach opens on what was read last, and is over where all of its load is seen to be (R4, R7, R23, R44)."""

import pytest

from domain.breaches.breach import BreachEvent
from domain.breaches.constraint import Cause, ConstraintBreached, ConstraintCleared, Contributor
from domain.events import Trigger
from domain.knowledge.readings import Readings
from tests.unit.domain.breaches.watched import (
    HOLD_S,
    KW,
    WatchedDepot,
    a_breached_depot,
    a_metered_depot,
    breach_of,
    two_chargers,
)
from tests.unit.domain.depot import Depot, charger, feeder, grid

STALE_S = 91
"""From this age on the reading of a connector is not fresh any more."""


def reports(depot: WatchedDepot, **readings: int | None) -> tuple[BreachEvent, ...]:
    """A cycle a hold later, in which these chargers say what they draw; None: that they do not know."""
    depot.later(HOLD_S)
    for charge_point, power_w in readings.items():
        depot.hears(f"{charge_point.replace('_', '-')}/1", power_w)
    return depot.watch()


def two_on_a_breach() -> WatchedDepot:
    """Twice 60 kW on 100 kW, announced."""
    depot = two_chargers()
    reports(depot, cp_1=60 * KW, cp_2=60 * KW)
    assert len(reports(depot, cp_1=60 * KW, cp_2=60 * KW)) == 1
    return depot


# --- what a breach opens on --------------------------------------------------------------------------------


def test_a_breach_opens_on_the_last_reading_of_a_silent_connector_and_a_fresh_one() -> None:
    depot = two_chargers()
    depot.hears("cp-2/1", 60 * KW)
    depot.later(STALE_S)
    assert reports(depot, cp_1=60 * KW) == ()

    (event,) = reports(depot, cp_1=60 * KW)
    assert (event.observed_w, event.observed_at) == (120 * KW, depot.at)


def test_r4_power_that_is_not_known_opens_no_breach() -> None:
    depot = two_chargers()
    depot.told = {"cp-2/1": 150 * KW}
    reports(depot, cp_1=60 * KW, cp_2=60 * KW)

    assert [reports(depot, cp_1=60 * KW, cp_2=None) for _ in range(3)] == [()] * 3


# --- what it is over by ------------------------------------------------------------------------------------


def test_r23_a_breach_is_not_over_because_a_new_worker_hears_nothing() -> None:
    depot = Depot(grid("gc-1", 40 * KW), charger("cp-1", "gc-1", 100 * KW, fallback_w=20 * KW))
    announced: list[type] = []
    for second in range(0, 700, HOLD_S):
        if second < 100:
            depot.hears("cp-1/1", 80 * KW)
        elif second == 100:
            depot.readings = Readings(listening_since=depot.at)
        change = depot.microgrid.run_cycle(depot.readings, Trigger.TIMER, depot.at)
        depot.microgrid = change.microgrid
        announced += [
            type(event) for event in change.events if isinstance(event, ConstraintBreached | ConstraintCleared)
        ]
        depot.later(HOLD_S)

    assert announced == [ConstraintBreached]


def test_a_breach_is_not_over_while_a_connector_is_silent() -> None:
    """Holds BREACH-3."""
    depot = two_on_a_breach()
    depot.later(STALE_S)
    assert [reports(depot, cp_1=0) for _ in range(5)] == [()] * 5

    assert reports(depot, cp_1=0, cp_2=60 * KW) == ()
    (event,) = reports(depot, cp_1=0, cp_2=60 * KW)
    assert isinstance(event, ConstraintCleared)


def test_a_breach_is_not_over_while_a_connector_was_never_heard() -> None:
    depot = WatchedDepot(grid("gc-1", 100 * KW), charger("cp-1", "gc-1", 150 * KW), charger("cp-2", "gc-1", 150 * KW))
    assert [len(reports(depot, cp_1=power_w)) for power_w in (120 * KW, 120 * KW, 0, 0, 0)] == [0, 1, 0, 0, 0]


def test_r4_a_breach_is_not_over_while_power_is_not_known() -> None:
    depot = two_on_a_breach()
    assert [reports(depot, cp_1=10 * KW, cp_2=None) for _ in range(5)] == [()] * 5

    assert reports(depot, cp_1=10 * KW, cp_2=20 * KW) == ()
    (event,) = reports(depot, cp_1=10 * KW, cp_2=20 * KW)
    assert (type(event), event.observed_w, event.observed_at) == (ConstraintCleared, 30 * KW, depot.at)


def test_r4_a_connector_that_does_not_know_its_power_is_not_seen_to_keep_its_own_limit() -> None:
    depot = WatchedDepot(grid("gc-1", 500 * KW), charger("cp-1", "gc-1", 100 * KW, max_power_w=300 * KW))
    breach_of(depot, "cp-1/1", ("cp-1/1", 120 * KW))

    assert [reports(depot, cp_1=None) for _ in range(3)] == [()] * 3


def test_the_time_within_the_limit_begins_anew_where_not_all_was_seen() -> None:
    depot = two_on_a_breach()
    assert reports(depot, cp_1=0, cp_2=0) == ()
    assert reports(depot, cp_1=0, cp_2=None) == ()

    assert reports(depot, cp_1=0, cp_2=0) == ()
    assert len(reports(depot, cp_1=0, cp_2=0)) == 1


def test_r7_an_empty_socket_need_not_repeat_that_it_draws_nothing() -> None:
    depot = two_on_a_breach()
    depot.hears("cp-2/1", 0, status="Available")
    depot.later(STALE_S)
    assert reports(depot, cp_1=60 * KW) == ()
    assert depot.memory.exceedances != {}  # its charge point has not been heard either

    depot.hears_of_life("cp-2")
    depot.watch()
    depot.hears_of_life("cp-2")
    assert [type(event) for event in reports(depot, cp_1=60 * KW)] == [ConstraintCleared]


def test_r4_an_empty_socket_that_does_not_know_its_power_is_not_seen() -> None:
    depot = two_on_a_breach()
    depot.hears("cp-2/1", None, status="Available")
    assert [reports(depot, cp_1=60 * KW) for _ in range(3)] == [()] * 3


# --- meters ------------------------------------------------------------------------------------------------


def test_below_a_meter_nobody_has_to_be_heard() -> None:
    depot = a_breached_depot()
    depot.hears("cp-1/1", None)

    depot.metered(90 * KW, after_s=HOLD_S)
    assert [type(event) for event in depot.metered(90 * KW, after_s=HOLD_S)] == [ConstraintCleared]


def test_a_breach_that_a_meter_saw_is_not_over_because_the_meter_falls_silent() -> None:
    depot = a_metered_depot(100 * KW, safe_w=60 * KW)
    depot.metered(120 * KW)
    assert len(depot.metered(120 * KW, after_s=HOLD_S)) == 1
    depot.later(31)
    assert [reports(depot, cp_1=0) for _ in range(5)] == [()] * 5

    # Some time passes until the meter is relied on again.
    seen = [event for _ in range(9) for event in depot.metered(90 * KW, after_s=HOLD_S)]
    assert [type(event) for event in seen] == [ConstraintCleared]


def test_a_breach_of_safe_mode_is_over_in_safe_mode() -> None:
    depot = a_metered_depot(100 * KW, safe_w=60 * KW)
    depot.metered(50 * KW)
    depot.later(31)
    opened: tuple[BreachEvent, ...] = ()
    while not opened:
        opened = reports(depot, cp_1=90 * KW)

    assert reports(depot, cp_1=50 * KW) == ()
    assert [type(event) for event in reports(depot, cp_1=50 * KW)] == [ConstraintCleared]


def test_a_breach_above_a_silent_meter_is_not_over() -> None:
    depot = WatchedDepot(
        grid("gc-1", 100 * KW),
        feeder("f-1", "gc-1", 500 * KW, 500 * KW, metered=True),
        charger("cp-1", "f-1", 150 * KW),
    )
    for _ in range(2):
        depot.later(HOLD_S)
        depot.meters("f-1", 120 * KW)
        opened = depot.watch()
    assert [event.node_id for event in opened] == ["gc-1"]

    depot.later(31)
    assert [reports(depot, cp_1=0) for _ in range(5)] == [()] * 5


# --- what its events say -----------------------------------------------------------------------------------


def test_a_breach_on_old_readings_alone_was_observed_at_no_time() -> None:
    """Holds BREACH-7."""
    depot = two_chargers()
    depot.hears("cp-1/1", 120 * KW)
    depot.later(STALE_S)
    depot.watch()
    (event,) = reports(depot)

    assert (event.observed_at, event.decided_at) == (None, depot.at)


@pytest.mark.parametrize("told_w", [20 * KW, 90 * KW])
def test_r44_contributors_say_what_they_were_told_and_what_they_may_draw(told_w: int) -> None:
    depot = two_chargers()
    depot.told = {"cp-1/1": told_w}
    event = breach_of(depot, "gc-1", ("cp-1/1", 140 * KW), ("cp-2/1", 0))

    assert event.cause is Cause.SETPOINT_NOT_HONOURED
    assert event.contributors == (Contributor("cp-1/1", 140 * KW, told_w, 140 * KW),)


def test_a_node_below_says_the_most_that_may_be_drawn_there_and_background_nothing() -> None:
    depot = two_chargers(grid("gc-1", 100 * KW, metered=True))
    nodes = breach_of(depot, "gc-1", ("gc-1", 180 * KW), ("cp-1/1", 60 * KW), ("cp-2/1", 80 * KW))
    assert nodes.cause is Cause.UNKNOWN
    assert nodes.contributors == (
        Contributor("cp-2", 80 * KW, 150 * KW, 80 * KW),
        Contributor("cp-1", 60 * KW, 150 * KW, 60 * KW),
    )

    background = breach_of(
        two_chargers(grid("gc-1", 100 * KW, metered=True)), "gc-1", ("gc-1", 110 * KW), ("cp-1/1", 60 * KW)
    )
    assert background.contributors == (Contributor("gc-1", 50 * KW, None, None),)


def test_r44_one_that_is_reserved_but_heard_does_not_honour_more_than_its_exposure() -> None:
    depot = two_chargers()
    depot.told, depot.reserved = {"cp-1/1": 50 * KW}, frozenset({"cp-1/1"})

    event = breach_of(depot, "gc-1", ("cp-1/1", 120 * KW), ("cp-2/1", 0))
    assert event.cause is Cause.SETPOINT_NOT_HONOURED


def test_r4_power_that_is_not_known_is_no_proof_of_disobedience() -> None:
    depot = two_chargers()
    depot.told = {"cp-1/1": 0, "cp-2/1": 150 * KW}
    depot.hears("cp-1/1", None)

    assert breach_of(depot, "gc-1", ("cp-2/1", 120 * KW)).cause is Cause.UNKNOWN
