"""A whole depot: reproducible, honest about energy, and feasible for whoever controls it well."""

import json
from collections import Counter
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise
from random import Random

import pytest

from adapters.simulation.depot import Depot
from adapters.simulation.layout import ConnectorKey, Payload, read_layout
from adapters.simulation.scenario import CapacityStep, Scenario, Silence
from adapters.simulation.scenarios import SCENARIOS
from tests.unit.adapters.simulation.controller import START, Controller, a_depot, cycle, run

JOONDALUP = SCENARIOS["joondalup-small"]
MALAGA = SCENARIOS["malaga"]
FOOTSCRAY = SCENARIOS["west-footscray-tight"]
CONTROLLED_S = 600


def controlled(name: str, seed: int, seconds: int = CONTROLLED_S) -> tuple[Depot, list[Payload]]:
    living = a_depot(name, seed)
    return living, run(living, seconds, Controller(SCENARIOS[name]))


@pytest.fixture(scope="module")
def malaga() -> tuple[Depot, list[Payload]]:
    return controlled("malaga", seed=1)


def test_the_same_seed_gives_the_same_messages_and_the_same_summary(malaga: tuple[Depot, list[Payload]]) -> None:
    again, sent = controlled("malaga", seed=1, seconds=300)
    assert json.dumps(sent) == json.dumps(malaga[1][: len(sent)])
    small, other = controlled("joondalup-small", seed=7), controlled("joondalup-small", seed=7)
    assert small[0].summary() == other[0].summary()
    assert again.summary().simulated_s == 300


def test_another_seed_gives_another_run() -> None:
    assert controlled("joondalup-small", seed=1)[1] != controlled("joondalup-small", seed=2)[1]


@pytest.mark.parametrize("name", SCENARIOS)
def test_a_feasible_controller_makes_no_violation_and_delivers_nearly_all_that_is_possible(name: str) -> None:
    summary = controlled(name, seed=3)[0].summary()
    assert (summary.limit_violations, summary.true_overload_ticks) == (0, 0)
    # This controller leaves all the room that a building may ever take.
    least = 0.93 if not SCENARIOS[name].buildings else 0.5
    assert least * summary.energy_possible_wh <= summary.energy_delivered_wh <= summary.energy_possible_wh


def test_an_uncontrolled_depot_keeps_to_its_fallbacks() -> None:
    living = a_depot("malaga")
    sent = run(living, 60)
    assert living.summary().limit_violations == 0
    fallback_w = 20_000
    for message in sent:
        assert sum(each["power_w"] for each in message.get("connectors", ())) <= fallback_w


def test_a_planted_violation_is_counted_and_seen_in_the_true_load() -> None:
    living = a_depot("malaga", seed=1)
    run(living, 1)
    told = {outlet.key: outlet.max_power_w for outlet in read_layout(living.configuration).outlets}
    living.deliver(cycle(1, living.now, told, valid_for_s=3600))
    run(living, 300)
    assert 300 - 8 < living.summary().limit_violations <= 300
    assert living.summary().true_overload_ticks > 0


def test_no_connector_draws_more_than_the_limit_it_reports(malaga: tuple[Depot, list[Payload]]) -> None:
    for message in malaga[1]:
        for reading in message.get("connectors", ()):
            if reading["applied_limit_w"] is not None:
                assert reading["power_w"] <= reading["applied_limit_w"]


def test_no_true_overload_escapes_the_counter_of_permissions() -> None:
    """Whatever is delivered, the power that flows is at most what the counter thinks permitted."""
    tight = _with_grid_capacity(JOONDALUP, 250_000)
    living = a_depot(tight)
    keys = [outlet.key for outlet in read_layout(tight.configuration).outlets]
    draw = Random(1)
    before = living.summary()
    for second in range(1500):
        limits_w = {key: draw.choice([None, 0, draw.randint(0, 150_000)]) for key in keys}
        if second % 7 == 0:
            living.deliver(cycle(second + draw.randint(-20, 20), living.now, limits_w, valid_for_s=draw.randint(4, 30)))
        run(living, 1)
        after = living.summary()
        if after.true_overload_ticks > before.true_overload_ticks:
            assert after.limit_violations > before.limit_violations
        before = after
    assert 0 < before.true_overload_ticks <= before.limit_violations < 1500


def test_meter_readings_and_summary_are_the_true_sum_of_what_the_connectors_draw() -> None:
    talkative = replace(JOONDALUP, report_interval_s=1, meter_interval_s=1)
    living = a_depot(talkative)
    controller = Controller(talkative)
    powers_w: dict[ConnectorKey, int] = {}
    metered_ws = 0
    for _ in range(1200):
        payloads = run(living, 1, controller)
        powers_w |= {
            (message["charge_point_id"], reading["connector_id"]): reading["power_w"]
            for message in payloads
            for reading in message.get("connectors", ())
        }
        (reading_w,) = (message["power_w"] for message in payloads if "circuit_id" in message)
        assert reading_w == sum(powers_w.values())
        metered_ws += reading_w
    assert living.summary().energy_delivered_wh == metered_ws // 3600 > 0


def test_meters_report_every_few_seconds_from_the_first_on(malaga: tuple[Depot, list[Payload]]) -> None:
    seen = Counter(message["circuit_id"] for message in malaga[1] if "circuit_id" in message)
    assert seen.keys() == {"gc-1", "gc-2"}
    assert all(count >= CONTROLLED_S // MALAGA.meter_interval_s for count in seen.values())
    first = {message["measured_at"] for message in malaga[1][: 55 + 2]}
    assert first == {"2026-11-22T08:00:01Z"}


def test_every_link_is_heard_well_within_the_time_it_counts_as_alive(malaga: tuple[Depot, list[Payload]]) -> None:
    heard: dict[str, list[datetime]] = {}
    for message in malaga[1]:
        if "charge_point_id" in message:
            heard.setdefault(message["charge_point_id"], []).append(datetime.fromisoformat(message["measured_at"]))
    assert len(heard) == 55
    for instants in heard.values():
        assert max(later - sooner for sooner, later in pairwise(instants)) <= timedelta(seconds=30)


def test_periodic_reports_are_spread_over_the_seconds(malaga: tuple[Depot, list[Payload]]) -> None:
    in_one_second = Counter(message["measured_at"] for message in malaga[1] if "charge_point_id" in message)
    assert sorted(in_one_second.values())[-2] <= 55 // 2


def test_readings_of_a_later_run_are_newer_and_their_sessions_others() -> None:
    earlier = run(a_depot(), 60)
    later = run(a_depot(start=START + timedelta(hours=1)), 60)
    assert min(each["measured_at"] for each in later) > max(each["measured_at"] for each in earlier)
    assert not _sessions(earlier) & _sessions(later)
    assert _sessions(earlier)


def test_a_cycle_from_before_the_start_has_lapsed() -> None:
    living = a_depot()
    keys = [outlet.key for outlet in read_layout(living.configuration).outlets]
    living.deliver(cycle(41, START - timedelta(hours=1), dict.fromkeys(keys, 90_000)))
    sent = run(living, 20)
    readings = [each for message in sent for each in message.get("connectors", ())]
    assert max(each["power_w"] for each in readings) <= 20_000
    living.deliver(cycle(42, living.now, dict.fromkeys(keys, 90_000)))
    assert max(each["power_w"] for message in run(living, 20) for each in message.get("connectors", ())) == 90_000


def test_setpoints_of_unknown_charge_points_are_passed_over() -> None:
    living = a_depot()
    living.deliver(cycle(1, START, {("cp-99", 1): 50_000, ("cp-1", 9): 50_000}))
    assert run(living, 5)


@pytest.mark.parametrize("step_s", [0, 2, -1])
def test_a_tick_that_is_not_the_next_second_is_refused(step_s: int) -> None:
    living = a_depot()
    with pytest.raises(ValueError, match="one second later"):
        living.tick(START + timedelta(seconds=step_s))


def test_a_meter_sees_chargers_and_building_together() -> None:
    living = a_depot(replace(FOOTSCRAY, meter_interval_s=1, report_interval_s=1))
    plan = FOOTSCRAY.buildings[0]
    for payloads in (run(living, 1) for _ in range(300)):
        chargers_w = sum(each["power_w"] for message in payloads for each in message.get("connectors", ()))
        (metered_w,) = (message["power_w"] for message in payloads if "circuit_id" in message)
        assert 0 < metered_w - chargers_w <= plan.peak_w


def test_a_building_alone_can_overload_a_connection_and_takes_room_from_what_is_permitted() -> None:
    tight = _with_grid_capacity(FOOTSCRAY, 700_000)
    living = Depot(tight, 1, START, lambda configuration, background_w, wants, now: {})
    run(living, 100)
    assert living.summary().true_overload_ticks == living.summary().limit_violations == 100


def test_a_planned_step_is_a_newer_configuration_and_what_the_counter_judges_by_after_the_reaction_time() -> None:
    steps = (CapacityStep(100, "gc-1", 60_000), CapacityStep(200, "gc-1", 500_000))
    living = a_depot(replace(JOONDALUP, capacity_steps=steps))
    keys = [outlet.key for outlet in read_layout(living.configuration).outlets]
    living.deliver(cycle(1, START, dict.fromkeys(keys, 20_000), valid_for_s=3600))
    seen = [(living.configuration["version"], living.summary().limit_violations)]
    for _ in range(300):
        run(living, 1)
        if living.configuration["version"] != seen[-1][0]:
            seen.append((living.configuration["version"], living.summary().limit_violations))
    assert seen == [(1, 0), (2, 0), (3, 100 - JOONDALUP.reaction_s)]
    assert living.summary().limit_violations == 100 - JOONDALUP.reaction_s


def test_configurations_can_be_numbered_past_those_of_an_earlier_run() -> None:
    living = a_depot(replace(JOONDALUP, capacity_steps=(CapacityStep(2, "gc-1", 400_000),)))
    living.number_configurations_from(7)
    assert living.configuration == {**JOONDALUP.configuration, "version": 7}
    run(living, 2)
    assert living.configuration["version"] == 8


def test_a_meter_is_silent_when_its_scenario_says_so() -> None:
    quiet = replace(JOONDALUP, silences=(Silence("gc-1", range(20, 40)),), meter_interval_s=1)
    sent = [message for message in run(a_depot(quiet), 60) if "circuit_id" in message]
    assert len(sent) == 40
    assert [message["sequence"] for message in sent] == list(range(1, 41))


def test_chargers_have_lags_of_their_own_within_those_of_the_scenario() -> None:
    living = a_depot("malaga", seed=1)
    keys = [outlet.key for outlet in read_layout(living.configuration).outlets]
    run(living, 1)
    living.deliver(cycle(1, living.now, dict.fromkeys(keys, 0), valid_for_s=3600))
    drawn_w = [sum(each["power_w"] for m in run(living, 1) for each in m.get("connectors", ())) for _ in range(10)]
    assert drawn_w[0] > 0
    assert drawn_w[-1] == 0


def _with_grid_capacity(scenario: Scenario, capacity_w: int) -> Scenario:
    circuits = [
        each | {"default_capacity_w": capacity_w, "safe_operating_capacity_w": capacity_w}
        if each["parent_id"] is None
        else each
        for each in scenario.configuration["circuits"]
    ]
    return replace(scenario, configuration={**scenario.configuration, "circuits": circuits})


def _sessions(sent: list[Payload]) -> set[str]:
    return {
        reading["session"]["session_id"]
        for message in sent
        for reading in message.get("connectors", ())
        if reading["session"] is not None
    }
