"""The generator of snapshots reaches every corner, and the oracle's own answers hold there."""

import json
from collections import Counter
from random import Random
from typing import Any, TypeAlias

import pytest
from hypothesis import given, settings

from domain.site.configuration import Order, Unit
from tests.oracle.checks import MOST_FOR_SUBSETS, every_subset_fits, violations
from tests.oracle.decision import decide
from tests.oracle.features import describe, features
from tests.oracle.mood import ORDERS, UNITS
from tests.oracle.snapshots import random_snapshot, snapshots

Case: TypeAlias = tuple[int, dict[str, Any], dict[str, Any]]

SEEDS = 2000


@pytest.fixture(scope="module")
def cases() -> list[Case]:
    """Seed, snapshot and the oracle's answer, for each of the seeds."""
    drawn = [(seed, random_snapshot(Random(seed))) for seed in range(SEEDS)]
    return [(seed, snapshot, decide(snapshot)) for seed, snapshot in drawn]


def test_every_feature_occurs(cases: list[Case]) -> None:
    seen = Counter(name for _, snapshot, answer in cases for name in describe(snapshot, answer))
    names = features(*cases[0][1:])
    assert {name for name in names if seen[name] < 5} == set()
    assert set(seen) == set(names)


def test_the_oracles_own_answers_pass_every_check(cases: list[Case]) -> None:
    assert [(seed, broken) for seed, *case in cases if (broken := violations(*case))] == []


def test_every_subset_of_the_oracles_setpoints_fits(cases: list[Case]) -> None:
    """Holds SEND-7."""
    small = [case for case in cases if len(case[2]["setpoints"]) <= MOST_FOR_SUBSETS]
    assert len(small) > SEEDS / 2
    assert [seed for seed, *case in small if not every_subset_fits(*case)] == []


def test_a_seed_makes_the_same_snapshot_again_and_it_is_json() -> None:
    for seed in range(50):
        snapshot = random_snapshot(Random(seed))
        assert json.loads(json.dumps(snapshot)) == snapshot == random_snapshot(Random(seed))


def test_the_order_of_the_input_lists_changes_nothing(cases: list[Case]) -> None:
    for seed, snapshot, answer in cases[:300]:
        shuffled = _shuffled(Random(seed), snapshot)
        assert json.dumps(decide(shuffled)) == json.dumps(answer), seed


def test_every_order_and_unit_is_drawn() -> None:
    """The oracle shares no code with the domain, and so has its own list of them."""
    assert sorted(ORDERS) == sorted(Order)
    assert sorted(UNITS) == sorted(Unit)


def test_easy_snapshots_are_easy() -> None:
    for seed in range(300):
        snapshot = random_snapshot(Random(seed), easy=True)
        answer = decide(snapshot)
        found = describe(snapshot, answer)
        assert {"unit connector", "order equal_share"} <= found
        assert not found & {"degraded", "safe mode", "background", "reserved", "awaiting decrease"}
        assert all(each["previous_limit_w"] is None for each in answer["setpoints"])
        assert all(each["limit_w"] == each["target_w"] for each in answer["setpoints"])


@pytest.mark.parametrize("order", ORDERS)
def test_one_connector_charge_points_get_the_same_in_both_units(order: str) -> None:
    for seed in range(150):
        snapshot = _with_single_connectors(random_snapshot(Random(seed)))
        answers = []
        for unit in ("connector", "charger"):
            snapshot["configuration"]["strategy"] = {"unit": unit, "order": order}
            answers.append({**decide(snapshot), "strategy": None})
        assert answers[0] == answers[1], seed


@given(snapshots())
@settings(max_examples=50, deadline=None)
def test_the_strategy_draws_snapshots_that_can_be_decided(snapshot: dict[str, Any]) -> None:
    assert violations(snapshot, decide(snapshot)) == []


def _shuffled(rng: Random, value: Any) -> Any:
    """The same with every list and every object's keys in another order."""
    if isinstance(value, dict):
        return {key: _shuffled(rng, value[key]) for key in rng.sample(sorted(value), len(value))}
    if isinstance(value, list):
        return [_shuffled(rng, each) for each in rng.sample(value, len(value))]
    return value


def _with_single_connectors(snapshot: dict[str, Any]) -> dict[str, Any]:
    for charge_point in snapshot["configuration"]["charge_points"]:
        del charge_point["connectors"][1:]
    return snapshot
