"""A worker goes on from stored state: what it has not heard yet counts as last known (contract section 6)."""

import pytest

from domain.knowledge.limits import Mode
from domain.knowledge.readings import Readings
from domain.sharing.plan import Reason
from tests.unit.domain.depot import Depot, charger, grid


@pytest.fixture
def depot() -> Depot:
    """A metered connection of 120 kW, a third of it not ours; two vehicles share the rest, cp-3 is empty."""
    depot = Depot(
        grid("gc-1", 120_000, 60_000, metered=True),
        charger("cp-1", "gc-1", 80_000, fallback_w=20_000),
        charger("cp-2", "gc-1", 80_000, fallback_w=20_000),
        charger("cp-3", "gc-1", 80_000, fallback_w=20_000, idle_w=0),
    )
    _all_say(depot)
    depot.cycle()
    depot.later(20)
    _all_say(depot)
    depot.cycle()
    return depot


def _all_say(depot: Depot) -> None:
    for connector in ("cp-1/1", "cp-2/1"):
        depot.hears(connector, 40_000, applied_limit_w=40_000)
    depot.hears("cp-3/1", 0, status="Available", applied_limit_w=0)
    depot.meters("gc-1", 120_000)


def _taken_over(depot: Depot) -> None:
    depot.readings = Readings(listening_since=depot.at)


def test_a_full_metered_depot_goes_on_without_a_dip(depot: Depot) -> None:
    before = depot.limits()
    _taken_over(depot)
    for seconds in (0, 10, 19.999):
        depot.later(seconds)
        assert depot.limits() == before
        assert depot.node("gc-1").mode is Mode.NORMAL
        assert depot.node("gc-1").background_w == 40_000


def test_who_had_demand_is_reserved_with_its_exposure_and_sent_its_last_setpoint(depot: Depot) -> None:
    _taken_over(depot)
    first, _, empty = depot.plan().setpoints
    assert (first.reason, first.limit_w, first.target_w, first.reserved_w) == (Reason.RESERVED, 40_000, None, 40_000)
    assert (empty.reason, empty.limit_w) == (Reason.IDLE, 0)


def test_a_meter_that_is_not_heard_in_time_falls_silent(depot: Depot) -> None:
    _taken_over(depot)
    depot.later(29.999)
    assert depot.node("gc-1").mode is Mode.NORMAL
    depot.later(0.001)
    assert depot.node("gc-1").mode is Mode.SAFE


def test_a_meter_that_had_fallen_silent_before_is_not_taken_for_known(depot: Depot) -> None:
    depot.later(31)
    depot.cycle()
    _taken_over(depot)
    assert depot.node("gc-1").mode is Mode.SAFE


def test_what_is_heard_counts_at_once(depot: Depot) -> None:
    _taken_over(depot)
    depot.later(5)
    _all_say(depot)
    assert {each.reason for each in depot.plan().setpoints[:2]} == {Reason.LIMITED}
    assert depot.limits()["cp-1/1"] == 40_000
