"""The counter sees what was permitted, and only that (CLI-8)."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from adapters.simulation.layout import ConnectorKey, read_layout
from adapters.simulation.violations import ViolationCounter
from tests.unit.adapters.simulation.controller import START, told

A1, A2, B1, C1 = ("cp-a", 1), ("cp-a", 2), ("cp-b", 1), ("cp-c", 1)
FITTING: dict[ConnectorKey, int | None] = {A1: 60_000, A2: 40_000, B1: 50_000, C1: 50_000}
IDLE: dict[ConnectorKey, int] = dict.fromkeys(FITTING, 0)


def site(fallback_w: int | None = 10_000) -> dict[str, Any]:
    """Below the microgrid (200 kW) gc-1 (160 kW) with circuit f-1 (150 kW), and gc-2; cp-a and cp-b hang on f-1."""

    def charge_point(charge_point_id: str, circuit_id: str, max_power_w: int, connectors: int) -> dict[str, Any]:
        return {
            "charge_point_id": charge_point_id,
            "circuit_id": circuit_id,
            "max_power_w": max_power_w,
            "fallback_power_w": fallback_w,
            "connectors": [{"connector_id": n, "max_power_w": 80_000} for n in range(1, connectors + 1)],
        }

    return {
        "microgrid_id": "m",
        "version": 1,
        "max_import_w": 200_000,
        "circuits": [
            {"circuit_id": "f-1", "parent_id": "gc-1", "name": "", "default_capacity_w": 150_000},
            {"circuit_id": "gc-1", "parent_id": None, "name": "", "default_capacity_w": 160_000},
            {"circuit_id": "gc-2", "parent_id": None, "name": "", "default_capacity_w": 100_000},
        ],
        "charge_points": [
            charge_point("cp-a", "f-1", 100_000, 2),
            charge_point("cp-b", "f-1", 80_000, 1),
            charge_point("cp-c", "gc-2", 80_000, 1),
        ],
    }


class Watch:
    """A counter and the time it lives in."""

    def __init__(
        self,
        lag_s: int = 0,
        reaction_s: int = 30,
        configuration: dict[str, Any] | None = None,
        lags_s: dict[str, int] | None = None,
    ) -> None:
        lags_s = lags_s or dict.fromkeys(("cp-a", "cp-b", "cp-c"), lag_s)
        self.counter = ViolationCounter(read_layout(configuration or site()), lags_s, reaction_s)
        self.now: datetime = START
        self._cycle_seq = 0

    def deliver(self, limits_w: dict[ConnectorKey, int | None], valid_for_s: int = 120, seq: int | None = None) -> None:
        self._cycle_seq = seq or self._cycle_seq + 1
        for delivery in told(self._cycle_seq, self.now, limits_w, valid_for_s):
            self.counter.delivered(delivery, self.now)

    def violations(
        self,
        seconds: int = 1,
        background_w: dict[str, int] | None = None,
        capacities_w: dict[str, int | None] | None = None,
    ) -> int:
        """How many of the next ticks count."""
        before = self.counter.limit_violations
        for _ in range(seconds):
            self.now += timedelta(seconds=1)
            self.counter.tick(self.now, IDLE, background_w, capacities_w)
        return self.counter.limit_violations - before


def test_limits_that_fill_every_node_to_the_watt_are_no_violation() -> None:
    watch = Watch()
    watch.deliver(FITTING)
    assert watch.violations(100) == 0


@pytest.mark.parametrize(
    ("node", "limits_w"),
    [
        ("connector", {A1: 80_001, A2: 0, B1: 0, C1: 0}),
        ("charge point", {A1: 60_000, A2: 40_001, B1: 0, C1: 0}),
        ("circuit", {A1: 60_000, A2: 40_000, B1: 50_001, C1: 0}),
        ("microgrid", {A1: 60_000, A2: 40_000, B1: 50_000, C1: 50_001}),
    ],
)
def test_one_watt_too_much_is_seen(node: str, limits_w: dict[ConnectorKey, int | None]) -> None:
    watch = Watch()
    watch.deliver(limits_w)
    assert watch.violations() == 1, node


def test_one_watt_too_much_at_a_grid_connection_is_seen() -> None:
    configuration = site()
    configuration["circuits"][0]["default_capacity_w"] = None
    configuration["max_import_w"] = None
    watch = Watch(configuration=configuration)
    watch.deliver(FITTING | {B1: 60_000})
    assert watch.violations() == 0
    watch.deliver(FITTING | {B1: 60_001})
    assert watch.violations() == 1


def test_every_tick_of_a_violation_counts_once_until_it_is_taken_back() -> None:
    watch = Watch(lag_s=3)
    watch.deliver(FITTING | {B1: 70_000, C1: 70_000})
    watch.violations(10)
    watch.deliver(FITTING)
    watch.violations(10)
    assert watch.counter.limit_violations == 10


def test_a_limit_is_permitted_from_the_lag_on_not_from_its_delivery() -> None:
    watch = Watch(lag_s=3)
    watch.deliver(FITTING | {B1: 50_001})
    assert watch.violations(2) == 0
    assert watch.violations(1) == 1


def test_a_lapsed_limit_gives_way_to_the_fallback() -> None:
    watch = Watch()
    watch.deliver(FITTING | {B1: 50_001}, valid_for_s=10)
    assert watch.violations(9) == 9
    assert watch.violations(100) == 0


def test_what_was_never_told_counts_with_its_fallback() -> None:
    watch = Watch(configuration=site(fallback_w=10_000) | {"max_import_w": 150_000})
    watch.deliver({A1: 60_000, A2: 40_000, C1: 40_000})
    assert watch.violations() == 0
    watch.deliver({A1: 60_000, A2: 40_000, C1: 40_001})
    assert watch.violations() == 1


def test_a_fallback_is_shared_by_the_connectors_of_its_charge_point() -> None:
    watch = Watch()
    watch.deliver({B1: 80_000, C1: 80_000})
    assert watch.violations() == 0
    watch.deliver({A1: 30_000, B1: 80_000, C1: 80_000})
    assert watch.violations() == 0
    watch.deliver({A1: 30_001, B1: 80_000, C1: 80_000})
    assert watch.violations() == 1


def test_a_fallback_takes_no_more_than_the_charge_point_bears_beside_the_other_limits() -> None:
    configuration = site(fallback_w=100_000)
    configuration["circuits"] = [{"circuit_id": "f-1", "parent_id": None, "default_capacity_w": 280_000}]
    configuration["charge_points"][2]["circuit_id"] = "f-1"
    configuration["max_import_w"] = None
    watch = Watch(configuration=configuration)
    watch.deliver({A1: 80_000})
    assert watch.violations() == 0


def test_a_null_limit_changes_nothing() -> None:
    watch = Watch()
    watch.deliver(FITTING | {B1: 50_001})
    watch.deliver(FITTING | {B1: None})
    assert watch.violations() == 1


def test_an_overtaken_cycle_counts_for_nothing() -> None:
    watch = Watch()
    watch.deliver(FITTING, seq=7)
    watch.deliver(FITTING | {B1: 50_001}, seq=6)
    assert watch.violations() == 0


def test_a_depot_whose_fallbacks_do_not_fit_is_judged_from_the_tick_in_which_all_were_told() -> None:
    watch = Watch(configuration=site(fallback_w=None))
    assert watch.violations(5) == 0
    watch.deliver({A1: 60_000, A2: 40_000, B1: 80_000})
    assert watch.violations(5) == 0
    watch.deliver({C1: 0})
    assert watch.violations(5) == 5


@pytest.mark.parametrize("node_id", ["f-1", "gc-1", "gc-2"])
def test_background_takes_capacity_at_its_node_and_above(node_id: str) -> None:
    watch = Watch(configuration=site() | {"max_import_w": 180_000})
    watch.deliver({A1: 40_000, A2: 40_000, B1: 50_000, C1: 40_000})
    assert watch.violations(10, {node_id: 10_000}) == 0
    assert watch.violations(31, {node_id: 10_001}) == 1


def test_background_that_rises_counts_once_there_was_time_to_react() -> None:
    watch = Watch(reaction_s=30)
    watch.deliver(FITTING, valid_for_s=1000)
    watch.violations(10, {"f-1": 0})
    assert watch.violations(30, {"f-1": 1}) == 0
    assert watch.violations(1, {"f-1": 1}) == 1
    assert watch.violations(1, {"f-1": 0}) == 0


def test_a_capacity_that_falls_counts_once_there_was_time_to_react() -> None:
    watch = Watch(reaction_s=30)
    watch.deliver(FITTING, valid_for_s=1000)
    watch.violations(10)
    assert watch.violations(30, capacities_w={"gc-1": 149_999}) == 0
    assert watch.violations(1, capacities_w={"gc-1": 149_999}) == 1


@pytest.mark.parametrize(
    "drawn_w",
    [
        {A1: 80_001},
        {A1: 60_000, A2: 40_001},
        {A1: 60_000, A2: 40_000, B1: 50_001},
        {A1: 60_000, A2: 40_000, B1: 50_000, C1: 50_001},
    ],
)
def test_true_draw_over_a_capacity_is_counted_on_its_own(drawn_w: dict[ConnectorKey, int]) -> None:
    counter = ViolationCounter(read_layout(site()), {}, reaction_s=30)
    counter.tick(START, IDLE | drawn_w)
    assert (counter.true_overload_ticks, counter.limit_violations) == (1, 0)


def test_true_background_counts_at_once_in_a_true_overload() -> None:
    counter = ViolationCounter(read_layout(site()), {}, reaction_s=30)
    counter.tick(START, IDLE | {C1: 50_000}, {"gc-2": 50_000})
    assert counter.true_overload_ticks == 0
    counter.tick(START + timedelta(seconds=1), IDLE | {C1: 50_000}, {"gc-2": 50_001})
    assert counter.true_overload_ticks == 1


def test_every_charge_point_has_a_lag_of_its_own() -> None:
    watch = Watch(lags_s={"cp-a": 7, "cp-b": 2, "cp-c": 0})
    watch.deliver(FITTING)
    watch.violations(10)
    watch.deliver(FITTING | {A1: 40_000, B1: 70_000})
    assert watch.violations(20) == 5
    watch.deliver(FITTING)
    assert watch.violations(20) == 0


def test_setpoints_for_an_unknown_charge_point_count_for_nothing() -> None:
    watch = Watch()
    watch.deliver(FITTING | {("cp-z", 1): 900_000})
    assert watch.violations() == 0


def test_background_that_falls_makes_room_at_once() -> None:
    watch = Watch(reaction_s=30)
    watch.deliver(FITTING, valid_for_s=1000)
    watch.violations(1, {"f-1": 0})
    assert watch.violations(40, {"f-1": 1}) == 10
    assert watch.violations(40, {"f-1": 0}) == 0


def test_a_capacity_that_rises_counts_at_once() -> None:
    watch = Watch(reaction_s=30)
    watch.deliver(FITTING | {B1: 60_000, C1: 40_000}, valid_for_s=1000)
    assert watch.violations(5) == 5
    assert watch.violations(5, capacities_w={"f-1": 160_000, "gc-1": 160_000}) == 0


def test_lowered_limits_and_background_add_up() -> None:
    watch = Watch(reaction_s=5)
    watch.deliver({A1: 40_000, A2: 40_000, B1: 30_000, C1: 0}, valid_for_s=1000)
    watch.violations(10, {"f-1": 20_000}, {"f-1": 130_000})
    assert watch.violations(10, {"f-1": 20_000}, {"f-1": 130_000}) == 0
    assert watch.violations(10, {"f-1": 20_000}, {"f-1": 129_999}) == 5
