"""The shipped depots are what they say."""

from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest

from adapters.simulation.arrivals import ArrivalPlan, visits
from adapters.simulation.layout import read_layout
from adapters.simulation.scenarios import SCENARIOS, Scenario, own_site
from tests.unit.simulation.controller import START

EACH = pytest.mark.parametrize("scenario", SCENARIOS.values(), ids=SCENARIOS)


@EACH
def test_the_microgrid_bears_the_name_of_its_scenario(scenario: Scenario) -> None:
    assert scenario.configuration["microgrid_id"] == scenario.name
    assert SCENARIOS[scenario.name] is scenario


@EACH
def test_the_fallbacks_fit_everywhere(scenario: Scenario) -> None:
    assert read_layout(scenario.configuration).fallbacks_fit()


@EACH
def test_there_is_a_meter_and_every_meter_has_a_safe_capacity_not_above_its_default(scenario: Scenario) -> None:
    metered = [each for each in scenario.configuration["circuits"] if each["metered"]]
    assert metered
    for circuit in metered:
        assert 0 < circuit["safe_operating_capacity_w"] <= circuit["default_capacity_w"]


@EACH
def test_no_unmetered_circuit_is_held_to_a_safe_capacity(scenario: Scenario) -> None:
    unmetered = [each for each in scenario.configuration["circuits"] if not each["metered"]]
    assert all(each["safe_operating_capacity_w"] is None for each in unmetered)


@EACH
def test_there_are_positive_minimums_and_they_fit_the_charge_points_and_their_fallbacks(scenario: Scenario) -> None:
    for station in read_layout(scenario.configuration).stations:
        minimums_w = sum(outlet.min_power_w for outlet in station.outlets)
        assert 0 < minimums_w <= station.fallback_w <= station.max_power_w


@EACH
def test_ratings_are_oversubscribed_within_reason(scenario: Scenario) -> None:
    layout = read_layout(scenario.configuration)
    offered_w = sum(node.capacity_w or 0 for node in layout.nodes if node.parent == 0)
    bearable_w = min(offered_w, sum(station.max_power_w for station in layout.stations))
    assert 1.2 <= sum(outlet.max_power_w for outlet in layout.outlets) / bearable_w <= 3.5


def test_malaga_has_two_grid_connections_four_feeders_twelve_lanes_and_110_connectors() -> None:
    layout = read_layout(SCENARIOS["malaga"].configuration)
    depth = [0] * len(layout.nodes)
    for index, node in enumerate(layout.nodes[1:], start=1):
        depth[index] = depth[node.parent] + 1
    stations = {station.node for station in layout.stations}
    circuits = [(depth[i], node.capacity_w) for i, node in enumerate(layout.nodes) if i and i not in stations]
    assert sorted(circuits) == [(1, 2_000_000)] * 2 + [(2, 1_200_000)] * 4 + [(3, 450_000)] * 12
    assert all(depth[station.node] == 4 for station in layout.stations)
    assert len(layout.outlets) == 110


def test_in_malaga_every_level_can_bind() -> None:
    layout = read_layout(SCENARIOS["malaga"].configuration)
    below = [0] * len(layout.nodes)
    for station in layout.stations:
        outlets_w = sum(outlet.max_power_w for outlet in station.outlets)
        assert outlets_w > station.max_power_w
        below[station.node] = station.max_power_w
    for index in range(len(layout.nodes) - 1, 0, -1):
        node = layout.nodes[index]
        assert node.capacity_w is not None
        assert below[index] >= node.capacity_w, node.node_id
        below[node.parent] += node.capacity_w


def test_at_joondalup_the_chargers_bind_before_the_circuit_and_the_grid_connection() -> None:
    layout = read_layout(SCENARIOS["joondalup-small"].configuration)
    assert [station.max_power_w for station in layout.stations] == [180_000, 180_000]
    assert len(layout.outlets) == 4
    stations = {station.node for station in layout.stations}
    circuits_w = [node.capacity_w for index, node in enumerate(layout.nodes) if index and index not in stations]
    assert circuits_w == [500_000, 400_000]


@pytest.mark.parametrize("connectors", [0, 1, 4, 5])
def test_on_a_site_of_ones_own_half_of_the_connectors_are_taken_at_the_start(connectors: int) -> None:
    configuration = _site(connectors)
    scenario = own_site(configuration)
    streams = visits(scenario.arrivals, read_layout(configuration), 1, START)
    firsts = [next(stream) for stream in streams]
    assert len(firsts) == connectors
    assert sum(first.arrives_at <= START for first in firsts) == (connectors + 1) // 2


def test_a_vehicle_can_live_on_whatever_its_connector_permits() -> None:
    configuration = _site(1) | {"charge_points": [_charge_point(1, max_power_w=7_400, min_power_w=0)]}
    (stream,) = visits(own_site(configuration).arrivals, read_layout(configuration), 1, START)
    assert 0 < next(stream).min_power_w <= 740
    configuration["charge_points"] = [_charge_point(1, max_power_w=350_000, min_power_w=200_000)]
    (stream,) = visits(own_site(configuration).arrivals, read_layout(configuration), 1, START)
    visit = next(stream)
    assert visit.min_power_w == 200_000
    assert visit.max_power_w >= 200_000


def test_buses_return_lane_by_lane_within_the_burst_and_never_meet_at_a_connector() -> None:
    plan = ArrivalPlan(vehicles=90, at_start=30, returns_s=(300, 3000))
    streams = visits(plan, read_layout(SCENARIOS["malaga"].configuration), 1, START)
    histories = [[visit for visit, _ in zip(stream, range(5), strict=False)] for stream in streams]
    used = [history for history in histories if history]
    assert len(used) == 90
    returning = [history[0].arrives_at for history in used if history[0].arrives_at > START]
    assert len(returning) == 60
    assert returning == sorted(returning)
    assert START + timedelta(seconds=300) <= returning[0] <= returning[-1] <= START + timedelta(seconds=3000)
    for history in used:
        for visit, following in pairwise(history):
            assert visit.arrives_at < visit.departs_at < following.arrives_at


def test_another_seed_brings_other_buses_to_other_connectors_at_other_times() -> None:
    layout = read_layout(SCENARIOS["malaga"].configuration)
    plan = SCENARIOS["malaga"].arrivals

    def first_arrivals(seed: int) -> list[timedelta | None]:
        firsts = [next(stream, None) for stream in visits(plan, layout, seed, START)]
        return [None if first is None else first.arrives_at - START for first in firsts]

    one, other = first_arrivals(1), first_arrivals(2)
    assert first_arrivals(1) == one
    assert [each is None for each in one] != [each is None for each in other]
    assert sorted(each for each in one if each) != sorted(each for each in other if each)


def test_a_visit_never_needs_more_than_its_battery_has_room_for() -> None:
    plan = ArrivalPlan(vehicles=110, at_start=55)
    batteries_wh = set()
    for stream in visits(plan, read_layout(SCENARIOS["malaga"].configuration), 2, START):
        for visit, _ in zip(stream, range(3), strict=False):
            assert 0 < visit.needed_wh <= visit.battery_wh - visit.stored_wh
            assert 350_000 <= visit.battery_wh <= 420_000
            batteries_wh.add(visit.battery_wh)
    assert len(batteries_wh) > 110


def _site(connectors: int) -> dict[str, Any]:
    return {
        "microgrid_id": "own",
        "version": 3,
        "circuits": [{"circuit_id": "gc", "parent_id": None, "name": "", "default_capacity_w": 500_000.0}],
        "charge_points": [_charge_point(number) for number in range(1, connectors + 1)],
    }


def _charge_point(number: int, max_power_w: int = 50_000, min_power_w: int = 0) -> dict[str, Any]:
    return {
        "charge_point_id": f"cp-{number}",
        "circuit_id": "gc",
        "max_power_w": max_power_w,
        "connectors": [{"connector_id": 1, "max_power_w": max_power_w, "min_power_w": min_power_w}],
    }
