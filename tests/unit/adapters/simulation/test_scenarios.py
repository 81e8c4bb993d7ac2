"""The shipped depots are what they say."""

from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest

from adapters.messages.configuration import read_configuration
from adapters.simulation.arrivals import ArrivalPlan, visits
from adapters.simulation.configurations import Configurations
from adapters.simulation.layout import Configuration, Layout, read_layout
from adapters.simulation.scenario import Scenario, own_site
from adapters.simulation.scenarios import SCENARIOS
from domain.site import validation
from domain.site.power_tree import derive
from tests.unit.adapters.simulation.controller import START, a_depot, run

EACH = pytest.mark.parametrize("scenario", SCENARIOS.values(), ids=SCENARIOS)


def test_every_scenario_that_was_promised_is_there() -> None:
    assert [*SCENARIOS] == [
        "malaga",
        "joondalup-small",
        "elizabeth-quay",
        "leichhardt-mixed",
        "brookvale-panto",
        "new-lynn-night",
        "west-footscray-tight",
        "ocpp-sparse",
        "submeter-silent",
    ]


@EACH
def test_the_microgrid_bears_the_name_of_its_scenario(scenario: Scenario) -> None:
    """Holds CLI-5."""
    assert scenario.configuration["microgrid_id"] == scenario.name
    assert SCENARIOS[scenario.name] is scenario


@EACH
def test_every_configuration_of_a_run_is_accepted_without_a_warning(scenario: Scenario) -> None:
    for configuration in configurations_of(scenario):
        read = read_configuration(configuration)
        assert validation.faults(read) == ()
        assert validation.warnings(read, derive(read)) == ()


@EACH
def test_versions_rise_by_one_with_every_step(scenario: Scenario) -> None:
    versions = [configuration["version"] for configuration in configurations_of(scenario)]
    assert versions == [*range(1, len(scenario.capacity_steps) + 2)]


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
    """At the level that is oversubscribed most: chargers on the grid connection, or connectors on their charger."""
    layout = read_layout(scenario.configuration)
    offered_w = offered(layout) - sum(plan.mean_w for plan in scenario.buildings)
    chargers_w = sum(station.max_power_w for station in layout.stations)
    connectors_w = sum(outlet.max_power_w for outlet in layout.outlets)
    assert 1.2 <= max(chargers_w / offered_w, connectors_w / chargers_w) <= 3


@EACH
def test_at_the_start_no_charger_has_a_setpoint(scenario: Scenario) -> None:
    sent = run(a_depot(scenario), 30)
    readings = [each for message in sent for each in message.get("connectors", ())]
    assert len(readings) >= len(read_layout(scenario.configuration).outlets)
    assert {each["applied_limit_w"] for each in readings} == {None}


@EACH
def test_a_building_hangs_on_a_meter_that_leaves_it_room_in_safe_mode(scenario: Scenario) -> None:
    metered = {each["circuit_id"]: each for each in scenario.configuration["circuits"] if each["metered"]}
    assert len({plan.circuit_id for plan in scenario.buildings}) == len(scenario.buildings)
    for plan in scenario.buildings:
        circuit = metered[plan.circuit_id]
        assert plan.peak_w <= circuit["default_capacity_w"] - circuit["safe_operating_capacity_w"]
        assert plan.mean_w > plan.swing_w + plan.noise_w


@EACH
def test_only_the_sub_meter_ever_falls_silent(scenario: Scenario) -> None:
    assert bool(scenario.silences) == (scenario.name == "submeter-silent")
    metered = {each["circuit_id"] for each in scenario.configuration["circuits"] if each["metered"]}
    assert {silence.circuit_id for silence in scenario.silences} <= metered


@EACH
def test_chargers_differ_in_their_lags_and_obey_well_within_the_grace(scenario: Scenario) -> None:
    quickest, slowest = scenario.lag_s
    assert 1 <= quickest < slowest <= 8


def test_leichhardt_has_ac_chargers_that_round_and_dual_dc_chargers_on_one_and_a_half_megawatts() -> None:
    scenario = SCENARIOS["leichhardt-mixed"]
    ratings = [(station.max_power_w, len(station.outlets)) for station in read_layout(scenario.configuration).stations]
    assert ratings == [(80_000, 1)] * 31 + [(120_000, 2)] * 5
    assert scenario.whole_amperes == {
        station.charge_point_id
        for station in read_layout(scenario.configuration).stations
        if station.max_power_w == 80_000
    }
    (plan,) = scenario.buildings
    assert (plan.circuit_id, plan.mean_w) == ("gc-1", 150_000)


def test_brookvale_loses_half_of_its_limit_at_minute_40() -> None:
    scenario = SCENARIOS["brookvale-panto"]
    ratings = [station.max_power_w for station in read_layout(scenario.configuration).stations]
    assert ratings == [450_000] * 13 + [150_000] * 10
    assert [grid_limit_at(scenario, second) for second in (1, 2399, 2400, 7200)] == [5_000_000] * 2 + [2_500_000] * 2


def test_new_lynn_steps_down_at_minute_40_and_up_at_minute_80() -> None:
    scenario = SCENARIOS["new-lynn-night"]
    stations = read_layout(scenario.configuration).stations
    assert [len(station.outlets) for station in stations] == [2] * 44
    seconds = (2399, 2400, 4799, 4800)
    assert [grid_limit_at(scenario, second) for second in seconds] == [4_000_000, 2_500_000, 2_500_000, 4_000_000]


def test_at_west_footscray_other_uses_take_three_quarters() -> None:
    scenario = SCENARIOS["west-footscray-tight"]
    layout = read_layout(scenario.configuration)
    (plan,) = scenario.buildings
    assert plan.mean_w / offered(layout) == 0.75
    chargers_w = sum(station.max_power_w for station in layout.stations)
    assert plan.swing_w > (offered(layout) - plan.mean_w) / 3
    assert len(layout.outlets) == 9
    assert chargers_w > 2 * (offered(layout) - plan.mean_w)


def test_elizabeth_quay_shares_by_charger_among_three_power_units_of_six_satellites() -> None:
    scenario = SCENARIOS["elizabeth-quay"]
    stations = read_layout(scenario.configuration).stations
    assert [[outlet.max_power_w for outlet in station.outlets] for station in stations] == [[150_000] * 6] * 3
    assert scenario.configuration["strategy"] == {"unit": "charger", "order": "equal_share"}


def test_the_sparse_depot_is_malaga_with_plain_messages() -> None:
    sparse, malaga = SCENARIOS["ocpp-sparse"], SCENARIOS["malaga"]
    assert {**sparse.configuration, "microgrid_id": "malaga", "name": malaga.configuration["name"]} == (
        malaga.configuration
    )
    readings = [each for message in run(a_depot(sparse), 300) for each in message.get("connectors", ())]
    assert {each["requested_w"] for each in readings} == {each["applied_limit_w"] for each in readings} == {None}


def test_the_submeter_is_the_only_meter_and_beside_the_chargers() -> None:
    scenario = SCENARIOS["submeter-silent"]
    layout = read_layout(scenario.configuration)
    (meter,) = [index for index, node in enumerate(layout.nodes) if node.metered]
    assert layout.nodes[meter].node_id == scenario.silences[0].circuit_id == scenario.buildings[0].circuit_id
    assert layout.nodes[layout.nodes[meter].parent].parent == 0
    assert all(meter not in layout.circuits_above(station) for station in layout.stations)


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


def configurations_of(scenario: Scenario) -> list[Configuration]:
    """Every configuration a run of this scenario brings."""
    site = Configurations(scenario.configuration, scenario.capacity_steps)
    seen = [site.current]
    for second in range(1, 7201):
        site.tick(second, {})
        if site.current is not seen[-1]:
            seen.append(site.current)
    return seen


def grid_limit_at(scenario: Scenario, second: int) -> int:
    site = Configurations(scenario.configuration, scenario.capacity_steps)
    site.tick(second, {})
    return offered(read_layout(site.current))


def offered(layout: Layout) -> int:
    """What the grid connections of a depot bear together."""
    return sum(node.capacity_w or 0 for node in layout.nodes if node.parent == 0)
