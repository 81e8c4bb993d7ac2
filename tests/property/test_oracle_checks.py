"""Each check is seen failing on an answer that breaks what it guards."""

import json
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from tests.oracle.checks import every_subset_fits, violations
from tests.oracle.decision import decide

Json: TypeAlias = dict[str, Any]

EXAMPLES = {
    example["name"]: example["input"]
    for example in map(
        json.loads,
        (Path(__file__).parents[1] / "examples" / "rebalance.jsonl").read_text("utf-8").splitlines(),
    )
}
NESTED = "two-connections-nested-feeders"
MINIMUMS = "minimums-that-do-not-fit"
PRIORITIES = "priority-tiers"
RATINGS = "proportional-to-rating"
DUALS = "two-duals-unit-charger"
OFFLINE = "offline-and-never-mentioned"
WAITING = "lower-before-raise"

BAD_TARGETS = [
    ("F", NESTED, {"cp-001/1": {"target_w": 50_001}}),
    ("F", "infeasible", {"bus-1/1": {"target_w": 1}}),
    ("F", OFFLINE, {"cp-001/1": {"target_w": 120_001}}),
    ("B", MINIMUMS, {"cp-8/1": {"target_w": 29_999}}),
    ("B", NESTED, {"cp-005/1": {"target_w": 40_001}}),
    ("B", "idle-connector", {"cp-001/1": {"target_w": 2_001}}),
    ("B", OFFLINE, {"cp-002/1": {"target_w": 0}}),
    ("M", NESTED, {"cp-006/1": {"target_w": 149_999, "binding_node_id": "f-3"}}),
    ("M", NESTED, {"cp-001/1": {"target_w": 49_998}}),
    ("M", NESTED, {"cp-001/1": {"target_w": 49_000}, "cp-002/1": {"target_w": 51_000}}),
    ("M", NESTED, {"cp-001/1": {"binding_node_id": "f-1"}}),
    ("M", NESTED, {"cp-001/1": {"binding_node_id": "f-2"}}),
    ("M", NESTED, {"cp-001/1": {"binding_node_id": "malaga"}}),
    ("M", PRIORITIES, {"cp-003/1": {"target_w": 49_000}, "cp-005/1": {"target_w": 11_000}}),
    ("M", RATINGS, {"ac-1/1": {"target_w": 57_140}, "dc-1/1": {"target_w": 85_716}}),
    ("M", RATINGS, {"ac-1/1": {"target_w": 57_139}}),
    ("M", DUALS, {"cp-01/1": {"target_w": 67_502}, "cp-01/2": {"target_w": 67_498}}),
    ("M", DUALS, {"cp-01/1": {"binding_node_id": "cp-01"}}),
    ("M", DUALS, {"cp-01/1": {"target_w": 62_500}, "cp-02/1": {"target_w": 110_000}}),
    ("M", DUALS, {"cp-01/1": {"target_w": 67_497}}),
    ("A", MINIMUMS, {"cp-10/1": {"target_w": 0}, "cp-11/1": {"target_w": 30_000}}),
    ("A", MINIMUMS, {"cp-12/1": {"target_w": 0}}),
    ("A", MINIMUMS, {"cp-11/1": {"binding_node_id": "gc-1"}}),
    ("A", MINIMUMS, {"cp-13/1": {"binding_node_id": "gc-1"}}),
    ("E", NESTED, {"cp-006/1": {"target_w": 149_999}}),
    ("E", NESTED, {"cp-006/1": {"binding_node_id": "f-3"}}),
    ("E", MINIMUMS, {"cp-11/1": {"binding_node_id": None}}),
    ("E", OFFLINE, {"cp-002/1": {"binding_node_id": "gc-1"}}),
]

BAD_LIMITS = [
    (WAITING, {"cp-004/1": {"limit_w": 30_001}}),
    (WAITING, {"cp-003/1": {"limit_w": 80_000}, "cp-004/1": {"limit_w": 80_000}}),
    ("raise-waits-for-its-minimum", {"cp-003/1": {"limit_w": 25_000}}),
    ("idle-connector", {"cp-003/1": {"limit_w": 30_001}}),
    ("background-and-breach", {"cp-003/1": {"limit_w": 100_001}}),
    (OFFLINE, {"cp-002/1": {"limit_w": 90_001}}),
]


@pytest.mark.parametrize(("check", "example", "changes"), BAD_TARGETS)
def test_a_bad_target_is_seen(check: str, example: str, changes: dict[str, Json]) -> None:
    snapshot = EXAMPLES[example]
    answer = decide(snapshot)
    assert violations(snapshot, answer) == []
    broken = violations(snapshot, _changed(answer, changes))
    assert check in {sentence.partition(":")[0] for sentence in broken}


@pytest.mark.parametrize(("example", "changes"), BAD_LIMITS)
def test_a_setpoint_that_does_not_fit_yet_is_seen(example: str, changes: dict[str, Json]) -> None:
    snapshot = EXAMPLES[example]
    answer = decide(snapshot)
    assert every_subset_fits(snapshot, answer)
    assert not every_subset_fits(snapshot, _changed(answer, changes))


def test_more_connectors_than_subsets_can_be_tried_for_are_refused() -> None:
    snapshot = json.loads(json.dumps(EXAMPLES["smallest-depot"]))
    charge_point = snapshot["configuration"]["charge_points"][0]
    charge_point["connectors"] = [{"connector_id": number, "max_power_w": 1} for number in range(1, 10)]
    with pytest.raises(ValueError, match="more than 8"):
        every_subset_fits(snapshot, decide(snapshot))


def _changed(answer: Json, changes: dict[str, Json]) -> Json:
    """The answer with some fields of some setpoints replaced."""
    setpoints = {f"{each['charge_point_id']}/{each['connector_id']}": each for each in answer["setpoints"]}
    assert changes.keys() <= setpoints.keys()
    return {**answer, "setpoints": [each | changes.get(key, {}) for key, each in setpoints.items()]}
