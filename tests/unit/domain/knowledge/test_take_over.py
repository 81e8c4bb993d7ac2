"""A worker goes on from stored state: what it has not heard yet counts as last known (R22, R23)."""

import pytest

from domain.knowledge.limits import Mode
from domain.knowledge.readings import Readings
from domain.sharing.plan import Reason
from domain.site.configuration import Settings
from tests.unit.domain.depot import Depot, charger, grid

STALE_AFTER_S = Settings().connector_stale_after_s
METER_STALE_AFTER_S = Settings().meter_stale_after_s


def a_depot() -> Depot:
    """A metered connection of 120 kW, a third of it not ours; two vehicles share the rest, cp-3 is empty."""
    depot = Depot(
        grid("gc-1", 120_000, 60_000, metered=True),
        charger("cp-1", "gc-1", 80_000, fallback_w=20_000),
        charger("cp-2", "gc-1", 80_000, fallback_w=20_000),
        charger("cp-3", "gc-1", 80_000, fallback_w=0, idle_w=0),
    )
    all_say(depot)
    depot.cycle()
    depot.later(20)
    all_say(depot)
    depot.cycle()
    return depot


def all_say(depot: Depot) -> None:
    for connector in ("cp-1/1", "cp-2/1"):
        depot.hears(connector, 40_000, applied_limit_w=40_000)
    depot.hears("cp-3/1", 0, status="Available", applied_limit_w=0)
    depot.meters("gc-1", 120_000)


def taken_over(depot: Depot) -> None:
    depot.readings = Readings(listening_since=depot.at)


def test_R22_a_full_metered_depot_goes_on_without_a_dip() -> None:
    depot = a_depot()
    before = depot.limits()
    taken_over(depot)
    for seconds in (0, 10, 19.999):
        depot.later(seconds)
        assert depot.limits() == before
        assert depot.node("gc-1").mode is Mode.NORMAL
        assert depot.node("gc-1").background_w == 40_000


def test_R22_who_had_demand_is_reserved_with_its_exposure_and_sent_its_last_setpoint() -> None:
    depot = a_depot()
    taken_over(depot)
    first, _, empty = depot.plan().setpoints
    assert (first.reason, first.limit_w, first.target_w) == (Reason.RESERVED, 40_000, None)
    assert first.reserved_w == 40_000
    assert (empty.reason, empty.limit_w) == (Reason.IDLE, 0)


@pytest.mark.parametrize(
    ("after_s", "reason"), [(STALE_AFTER_S - 0.001, Reason.IDLE), (STALE_AFTER_S, Reason.RESERVED)]
)
def test_R22_an_idle_connector_stays_idle_while_it_has_time_to_be_heard(after_s: float, reason: Reason) -> None:
    depot = a_depot()
    taken_over(depot)
    depot.later(after_s)
    assert depot.setpoint("cp-3/1").reason is reason


@pytest.mark.parametrize(
    ("after_s", "reason"), [(STALE_AFTER_S - 0.001, Reason.IDLE), (STALE_AFTER_S, Reason.RESERVED)]
)
def test_R22_it_does_not_stay_so_for_ever_where_workers_follow_each_other(after_s: float, reason: Reason) -> None:
    """Twice `connector_stale_after_s` after it was heard last it is known no longer: each worker had been short."""
    depot = a_depot()
    for seconds in (60, 30):
        depot.later(seconds)
        taken_over(depot)
        depot.cycle()
    depot.later(after_s)
    taken_over(depot)
    assert depot.setpoint("cp-3/1").reason is reason


def test_R22_a_meter_that_is_not_heard_in_time_falls_silent() -> None:
    depot = a_depot()
    taken_over(depot)
    depot.later(METER_STALE_AFTER_S - 0.001)
    assert depot.node("gc-1").mode is Mode.NORMAL
    depot.later(0.001)
    assert depot.node("gc-1").mode is Mode.SAFE


def test_R22_so_it_does_where_workers_follow_each_other() -> None:
    """Each takes over 29 s after the one before it: twice `meter_stale_after_s` after its last reading it is silent."""
    depot = a_depot()
    modes = []
    for seconds in (29, 29, 1.999, 0.001):
        depot.later(seconds)
        taken_over(depot)
        depot.cycle()
        modes.append(depot.node("gc-1").mode)
    assert modes == [Mode.NORMAL] * 3 + [Mode.SAFE]


def test_R22_a_meter_that_had_fallen_silent_before_is_not_taken_for_known() -> None:
    depot = a_depot()
    depot.later(31)
    depot.cycle()
    taken_over(depot)
    assert depot.node("gc-1").mode is Mode.SAFE


def test_R22_what_is_heard_counts_at_once() -> None:
    depot = a_depot()
    taken_over(depot)
    depot.later(5)
    all_say(depot)
    depot.hears("cp-3/1", 0)
    assert Reason.RESERVED not in {each.reason for each in depot.plan().setpoints}
    assert depot.setpoint("cp-3/1").target_w


def test_R22_a_message_that_names_no_connector_leaves_it_as_known() -> None:
    depot = a_depot()
    taken_over(depot)
    depot.hears_of_life("cp-3")
    assert depot.setpoint("cp-3/1").reason is Reason.IDLE


def test_R22_power_that_was_not_known_stays_so() -> None:
    depot = a_depot()
    depot.hears("cp-3/1", None, status="Available")
    depot.cycle()
    taken_over(depot)
    assert depot.line("cp-3/1").power_w is None


def test_R23_the_stored_power_counts_until_a_connector_is_heard_again() -> None:
    """For as long as it takes: a reserved one that may have fallen back holds it, and it is in the observed load."""
    depot = a_depot()
    depot.hears("cp-1/1", 45_000, applied_limit_w=40_000)
    depot.cycle()
    taken_over(depot)
    for seconds in (5, 4_000):
        depot.later(seconds)
        depot.cycle()
        assert depot.line("cp-1/1").power_w == 45_000
    assert depot.exposure("cp-1/1") == 45_000
    depot.hears("cp-1/1", 10_000)
    assert depot.line("cp-1/1").power_w == 10_000


def test_R23_what_has_not_been_heard_yet_is_known_to_be_so() -> None:
    """So no breach made of it opens or clears: of the connectors and of the meter, each until it is heard."""
    depot = a_depot()
    taken_over(depot)
    assert depot.situation().unheard == {"gc-1", "cp-1/1", "cp-2/1", "cp-3/1"}
    depot.hears("cp-1/1", 40_000)
    depot.meters("gc-1", 120_000)
    assert depot.situation().unheard == {"cp-2/1", "cp-3/1"}
    depot.later(STALE_AFTER_S)
    assert depot.situation().unheard == set()


def test_R23_nor_does_that_last_where_workers_follow_each_other() -> None:
    """Twice `connector_stale_after_s` after its reading a connector that had demand is not last known any more."""
    depot = a_depot()
    unheard = []
    for seconds in (89, 89, 1.999, 0.001):
        depot.later(seconds)
        taken_over(depot)
        depot.cycle()
        unheard.append("cp-1/1" in depot.situation().unheard)
    assert unheard == [True, True, True, False]


def test_R23_what_was_never_heard_before_is_not_last_known() -> None:
    depot = Depot(grid("gc-1", 120_000), charger("cp-1", "gc-1", 80_000), charger("cp-2", "gc-1", 80_000))
    depot.hears("cp-1/1", 40_000)
    depot.cycle()
    taken_over(depot)
    assert depot.situation().unheard == {"cp-1/1"}


def test_from_the_beginning_on_a_connector_never_heard_is_reserved() -> None:
    depot = Depot(grid("gc-1", 120_000), charger("cp-1", "gc-1", 80_000))
    assert depot.setpoint("cp-1/1").reason is Reason.RESERVED


def test_an_idle_connector_not_heard_yet_holds_its_exposure_and_reserves_its_idle_power() -> None:
    depot = Depot(grid("gc-1", 200_000), charger("cp-1", "gc-1", 80_000, idle_w=2_000))
    depot.hears("cp-1/1", 0, requested_w=30_000, applied_limit_w=10_000)
    depot.cycle()
    depot.later(1)
    depot.hears("cp-1/1", 0, status="Available")
    depot.cycle()
    taken_over(depot)
    line = depot.line("cp-1/1")
    assert (line.exposure_w, line.reserved_w) == (30_000, 2_000)
