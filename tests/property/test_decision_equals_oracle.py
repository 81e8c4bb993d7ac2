"""The answer of src to random snapshots is the oracle's, to the watt and to the order of its keys."""

import json
import os
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings

from domain.sharing import rebalance
from tests.oracle.checks import MOST_FOR_SUBSETS, every_subset_fits, violations
from tests.oracle.decision import decide
from tests.oracle.depot import Json
from tests.oracle.features import describe
from tests.oracle.snapshots import random_snapshot, snapshots
from tests.property.production import situation_of, written_answer

SNAPSHOTS = int(os.environ.get("BUSBAR_SNAPSHOTS", "1500"))
TOGETHER = 500
FIRST_SEED = 1_000_000
SEEDS = range(FIRST_SEED, FIRST_SEED + SNAPSHOTS)

FINE_SHARES = (383, 445, 501)
"""Seeds of unit charger whose shares, in fractions that are shared inside, exceed any figure in watts."""


@pytest.mark.parametrize("seeds", [SEEDS[first : first + TOGETHER] for first in range(0, SNAPSHOTS, TOGETHER)], ids=str)
def test_seeded_snapshots_are_decided_as_by_the_oracle(
    seeds: range, record_property: Callable[[str, dict[str, int]], None]
) -> None:
    exercised = Counter(snapshots=len(seeds))
    for seed in seeds:
        snapshot = random_snapshot(Random(seed))
        exercised.update(describe(snapshot, checked_answer(snapshot, f"random_snapshot(Random({seed}))")))
    record_property("exercised", dict(exercised))


@given(snapshots())
@settings(max_examples=200, deadline=None)
def test_any_snapshot_is_decided_as_by_the_oracle(snapshot: Json) -> None:
    checked_answer(snapshot, "drawn by Hypothesis")


@pytest.mark.parametrize("seed", [11, 13, 59])
def test_a_depot_of_hundreds_of_connectors_is_decided_as_by_the_oracle(seed: int) -> None:
    checked_answer(random_snapshot(Random(seed), most=190), f"random_snapshot(Random({seed}), most=190)")


@pytest.mark.parametrize("jitter", [0, 7919])
def test_figures_near_the_largest_that_are_accepted_are_decided_as_by_the_oracle(jitter: int) -> None:
    for seed in (*range(100), *FINE_SHARES):
        snapshot = random_snapshot(Random(seed))
        factor = 10**12 // (1 + max(map(abs, _figures(snapshot)), default=0))
        checked_answer(_magnified(snapshot, factor, jitter), f"random_snapshot(Random({seed})) times {factor}")


def test_where_powers_are_not_known_it_is_decided_as_by_the_oracle() -> None:
    """R4: one reading in three says none."""
    for seed in range(TOGETHER):
        snapshot, rng = random_snapshot(Random(seed)), Random(seed)
        for message in snapshot["telemetry"]:
            for entry in message.get("connectors", ()):
                if not rng.randrange(3):
                    entry["power_w"] = None
        checked_answer(snapshot, f"random_snapshot(Random({seed})) without some powers")


@pytest.mark.parametrize(("status", "age_s"), [("Charging", 600), ("Available", 600), ("Available", 0)])
def test_what_was_seen_to_draw_more_than_its_rating_holds_that(status: str, age_s: int) -> None:
    """Silent since its report has lapsed (R15), or idle (R20)."""
    at = datetime(2026, 11, 22, 8, tzinfo=UTC)
    connector = {"connector_id": 1, "max_power_w": 50_000, "min_power_w": 10_000}
    message = {
        "microgrid_id": "depot",
        "charge_point_id": "cp-1",
        "sequence": 1,
        "measured_at": (at - timedelta(seconds=age_s)).isoformat(),
        "connectors": [{"connector_id": 1, "status": status, "power_w": 65_000, "applied_limit_w": 30_000}],
    }
    configuration = {
        "microgrid_id": "depot",
        "name": "A depot",
        "version": 1,
        "circuits": [{"circuit_id": "gc-1", "name": "A connection", "default_capacity_w": 400_000}],
        "charge_points": [
            {
                "charge_point_id": "cp-1",
                "name": "A charger",
                "circuit_id": "gc-1",
                "max_power_w": 50_000,
                "fallback_power_w": 20_000,
                "connectors": [connector],
            }
        ],
    }
    answer = checked_answer({"configuration": configuration, "at": at.isoformat(), "telemetry": [message]}, status)
    assert [each["reserved_w"] for each in (*answer["setpoints"], *answer["nodes"])] == [65_000] * 4
    assert answer["outcome"] == "infeasible"


def checked_answer(snapshot: Json, origin: str) -> Json:
    """The answer of src, after every check that an answer has to stand."""
    answer: Json = json.loads(written_answer(snapshot))
    expected = decide(snapshot)
    assert answer == expected, origin
    assert json.dumps(answer) == json.dumps(expected), origin
    assert rebalance.decide(situation_of(snapshot)).fault is None, origin
    assert violations(snapshot, answer) == [], origin
    assert len(answer["setpoints"]) > MOST_FOR_SUBSETS or every_subset_fits(snapshot, answer), origin
    return answer


def _figures(value: Any, key: str = "") -> Iterator[int]:
    """Every figure of power or energy in a snapshot."""
    if isinstance(value, dict):
        for name, each in value.items():
            yield from _figures(each, name)
    elif isinstance(value, list):
        for each in value:
            yield from _figures(each)
    elif value is not None and key.endswith(("_w", "_wh")):
        yield int(value)


def _magnified(value: Any, factor: int, jitter: int, key: str = "") -> Any:
    """The same snapshot with every such figure larger and in the same order; 0 stays 0."""
    if isinstance(value, dict):
        return {name: _magnified(each, factor, jitter, name) for name, each in value.items()}
    if isinstance(value, list):
        return [_magnified(each, factor, jitter) for each in value]
    if value is not None and key.endswith(("_w", "_wh")):
        return int(value) * factor + int(value) * jitter % factor
    return value
