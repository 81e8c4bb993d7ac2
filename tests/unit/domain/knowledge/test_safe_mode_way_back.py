"""A meter that fell silent is relied on again once it has spoken long enough (contract section 4)."""

import pytest

from domain.knowledge.limits import Mode
from tests.unit.domain.depot import Depot, charger, grid


@pytest.fixture
def depot() -> Depot:
    """A metered connection whose meter has just fallen silent."""
    depot = Depot(grid("gc-1", 100_000, 60_000, metered=True), charger("cp-1", "gc-1", 80_000))
    depot.meters("gc-1", 0)
    depot.cycle()
    depot.later(31)
    depot.cycle()
    assert depot.node("gc-1").mode is Mode.SAFE
    return depot


def _speaks(depot: Depot, every_s: float, times: int) -> Mode:
    """The meter reads now and so many times more; the mode after that."""
    depot.meters("gc-1", 0)
    depot.cycle()
    for _ in range(times):
        depot.later(every_s)
        depot.meters("gc-1", 0)
        depot.cycle()
    return depot.node("gc-1").mode


@pytest.mark.parametrize(
    ("every_s", "times", "mode"),
    [(10, 3, Mode.NORMAL), (9.9, 3, Mode.SAFE), (15, 2, Mode.NORMAL), (30, 1, Mode.SAFE)],
)
def test_it_takes_fresh_readings_for_as_long_as_a_reading_is_fresh_and_at_least_three(
    depot: Depot, every_s: float, times: int, mode: Mode
) -> None:
    assert _speaks(depot, every_s, times) is mode


def test_one_reading_seen_by_many_cycles_is_one(depot: Depot) -> None:
    depot.meters("gc-1", 0)
    for _ in range(6):
        depot.cycle()
        depot.later(5)
    assert depot.node("gc-1").mode is Mode.SAFE


def test_a_meter_that_falls_silent_on_its_way_begins_anew(depot: Depot) -> None:
    assert _speaks(depot, 10, 2) is Mode.SAFE
    depot.later(36)
    assert _speaks(depot, 10, 2) is Mode.SAFE
    assert _speaks(depot, 10, 1) is Mode.NORMAL


def test_until_then_its_meter_counts_as_silent_in_every_rule(depot: Depot) -> None:
    depot.meters("gc-1", 50_000)
    assert depot.plan().degraded
    assert depot.node("gc-1").measured_w == 0
    assert depot.node("gc-1").background_w == 0


def test_a_first_cycle_goes_by_the_plain_rule() -> None:
    depot = Depot(grid("gc-1", 100_000, 60_000, metered=True), charger("cp-1", "gc-1", 80_000))
    assert depot.node("gc-1").mode is Mode.SAFE
    depot.meters("gc-1", 0)
    assert depot.node("gc-1").mode is Mode.NORMAL
