"""A meter that fell silent, or is first heard late, is relied on once it has spoken long enough (R24)."""

import pytest

from domain.knowledge.limits import Mode
from domain.site.configuration import Circuit
from tests.unit.domain.depot import Depot, charger, feeder, grid


def silenced() -> Depot:
    """A metered connection whose meter has just fallen silent; its charger was told something at eight."""
    depot = Depot(grid("gc-1", 100_000, 60_000, metered=True), charger("cp-1", "gc-1", 80_000))
    depot.hears("cp-1/1", 0, requested_w=0, applied_limit_w=0)
    depot.meters("gc-1", 0)
    depot.cycle()
    depot.later(31)
    depot.cycle()
    assert depot.node("gc-1").mode is Mode.SAFE
    return depot


def speaks(depot: Depot, every_s: float, times: int) -> Mode:
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
def test_R24_it_takes_fresh_readings_for_as_long_as_a_reading_is_fresh_and_at_least_three(
    every_s: float, times: int, mode: Mode
) -> None:
    assert speaks(silenced(), every_s, times) is mode


def test_R24_one_reading_seen_by_many_cycles_is_one() -> None:
    depot = silenced()
    depot.meters("gc-1", 0)
    for _ in range(6):
        depot.cycle()
        depot.later(5)
    assert depot.node("gc-1").mode is Mode.SAFE


def test_R24_a_cycle_in_which_it_is_not_fresh_begins_anew() -> None:
    depot = silenced()
    assert speaks(depot, 10, 2) is Mode.SAFE
    depot.later(36)
    assert speaks(depot, 10, 2) is Mode.SAFE
    assert speaks(depot, 10, 1) is Mode.NORMAL


def test_R24_until_then_its_meter_counts_as_silent_in_every_rule() -> None:
    depot = silenced()
    depot.meters("gc-1", 50_000)
    assert depot.plan().degraded
    assert depot.node("gc-1").measured_w == 0, "that of its charger"
    assert depot.node("gc-1").background_w == 0


def test_R24_a_gap_that_no_cycle_saw_begins_anew() -> None:
    """Longer than `meter_stale_after_s` and the 5 s between two cycles of telemetry."""
    for gap_s, mode in ((35, Mode.NORMAL), (35.001, Mode.SAFE)):
        depot = silenced()
        assert speaks(depot, 5, 1) is Mode.SAFE
        depot.later(gap_s)
        depot.meters("gc-1", 0)
        depot.cycle()
        assert depot.node("gc-1").mode is mode


def test_R24_in_a_first_cycle_every_fresh_meter_is_relied_on() -> None:
    depot = Depot(grid("gc-1", 100_000, 60_000, metered=True), charger("cp-1", "gc-1", 80_000))
    assert depot.node("gc-1").mode is Mode.SAFE
    depot.meters("gc-1", 0)
    assert depot.node("gc-1").mode is Mode.NORMAL


def test_R24_so_it_is_as_long_as_nobody_was_ever_sent_a_setpoint() -> None:
    """The first cycle had heard nobody, and so told nobody anything."""
    depot = Depot(grid("gc-1", 100_000, 60_000, metered=True), charger("cp-1", "gc-1", 80_000))
    assert depot.cycle() is not None
    depot.later(5)
    depot.meters("gc-1", 0)
    assert depot.node("gc-1").mode is Mode.NORMAL


def test_R24_one_that_is_slow_to_speak_has_to_come_back_first() -> None:
    depot = Depot(grid("gc-1", 100_000, 60_000, metered=True), charger("cp-1", "gc-1", 80_000))
    depot.hears("cp-1/1", 0, applied_limit_w=0)
    depot.cycle()
    depot.later(5)
    assert speaks(depot, 10, 2) is Mode.SAFE
    assert speaks(depot, 10, 1) is Mode.NORMAL


@pytest.mark.parametrize("was_there", [True, False])
def test_R24_so_has_one_of_a_new_circuit_or_of_one_that_is_made_metered(was_there: bool) -> None:
    connection, charge_point = grid("gc-1", 100_000), charger("cp-1", "gc-1", 80_000)
    before: list[Circuit] = [feeder("f-1", "gc-1", 50_000)] if was_there else []
    depot = Depot(connection, *before, charge_point)
    depot.hears("cp-1/1", 0, applied_limit_w=0)
    depot.cycle()
    depot.configures(connection, feeder("f-1", "gc-1", 50_000, 40_000, metered=True), charge_point)
    modes = []
    for _ in range(4):
        depot.meters("f-1", 0)
        depot.cycle()
        modes.append(depot.node("f-1").mode)
        depot.later(10)
    assert modes == [Mode.SAFE] * 3 + [Mode.NORMAL]


def test_R24_nor_is_it_relied_on_at_once_where_all_that_were_told_anything_are_replaced() -> None:
    depot = silenced()
    depot.configures(grid("gc-1", 100_000, 60_000, metered=True), charger("cp-9", "gc-1", 80_000))
    assert speaks(depot, 10, 2) is Mode.SAFE
    assert speaks(depot, 10, 1) is Mode.NORMAL
