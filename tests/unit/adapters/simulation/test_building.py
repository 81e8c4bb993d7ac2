"""The load that is not ours."""

from itertools import pairwise
from random import Random

import pytest

from adapters.simulation.building import Building, BuildingPlan
from adapters.simulation.scenarios import SCENARIOS

PLANS = [plan for scenario in SCENARIOS.values() for plan in scenario.buildings]
TWO_HOURS = 7200


def loads(plan: BuildingPlan, seed: int, seconds: int = TWO_HOURS) -> list[int]:
    building = Building(plan, Random(seed))
    return [building.tick() for _ in range(seconds)]


@pytest.mark.parametrize("plan", PLANS, ids=lambda plan: f"{plan.mean_w}")
def test_a_building_keeps_within_what_its_plan_says(plan: BuildingPlan) -> None:
    for seed in range(3):
        drawn = loads(plan, seed)
        assert plan.mean_w - plan.swing_w - plan.noise_w <= min(drawn) <= max(drawn) <= plan.peak_w
        machines_w = plan.machines * plan.machine_w
        assert abs(sum(drawn) / len(drawn) - plan.mean_w) <= plan.swing_w + machines_w


def test_the_same_seed_gives_the_same_load_and_another_one_another() -> None:
    assert loads(PLANS[0], 1) == loads(PLANS[0], 1) != loads(PLANS[0], 2)


def test_it_drifts_in_straight_lines_between_levels() -> None:
    plan = BuildingPlan("gc-1", mean_w=100_000, swing_w=40_000, noise_w=0, machine_w=0, drift_s=(600, 600))
    drawn = loads(plan, 1)
    for begin in range(599, TWO_HOURS - 600, 600):
        steps = [later - sooner for sooner, later in pairwise(drawn[begin : begin + 601])]
        assert max(steps) - min(steps) <= 1
    assert max(drawn) - min(drawn) > 20_000


def test_machines_switch_hard_and_run_as_long_as_they_may() -> None:
    plan = BuildingPlan("gc-1", mean_w=100_000, swing_w=0, noise_w=0, machine_w=5_000, machines=1, runs_s=(120, 600))
    drawn = loads(plan, 1)
    assert set(drawn) == {100_000, 105_000}
    switched = [second for second in range(1, TWO_HOURS) if drawn[second] != drawn[second - 1]]
    lengths = [later - sooner for sooner, later in pairwise(switched)]
    assert all(120 <= length <= 900 for length in lengths)


def test_noise_is_new_every_second() -> None:
    plan = BuildingPlan("gc-1", mean_w=100_000, swing_w=0, noise_w=1_000, machine_w=0)
    assert len(set(loads(plan, 1, 100))) > 50


def test_nothing_flows_back() -> None:
    plan = BuildingPlan("gc-1", mean_w=1_000, swing_w=0, noise_w=5_000, machine_w=0)
    assert min(loads(plan, 1, 100)) == 0
