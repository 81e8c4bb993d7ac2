"""What must hold of the whole answer to a snapshot, whatever it says."""

import json
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings

from domain.site.identifiers import natural_key
from tests.oracle.depot import Json
from tests.oracle.mood import ORDERS
from tests.oracle.snapshots import random_snapshot, snapshots
from tests.property.production import written_answer

few = settings(max_examples=80, deadline=None)

IDS = {"microgrid_id", "circuit_id", "parent_id", "charge_point_id", "node_id", "binding_node_id"}


@given(snapshots())
@few
def test_shuffling_the_input_changes_no_byte(snapshot: Json) -> None:
    """Holds CONV-10."""
    assert written_answer(_shuffled(Random(1), snapshot)) == written_answer(snapshot)


@given(snapshots())
@few
def test_the_same_snapshot_gives_the_same_bytes_again(snapshot: Json) -> None:
    """Holds CONV-10."""
    assert written_answer(snapshot) == written_answer(json.loads(json.dumps(snapshot)))


@given(snapshots())
@few
def test_renaming_ids_without_changing_their_order_renames_the_answer(snapshot: Json) -> None:
    """Holds FILL-17."""
    names = {each: f"n-{rank}" for rank, each in enumerate(sorted(_ids(snapshot), key=natural_key), start=1)}
    renamed = json.loads(written_answer(_renamed(snapshot, names)))
    assert renamed == _renamed(json.loads(written_answer(snapshot)), names)


@pytest.mark.parametrize("order", ORDERS)
def test_charge_points_with_one_connector_get_the_same_in_both_units(order: str) -> None:
    """Holds FILL-13."""
    for seed in range(100):
        snapshot = random_snapshot(Random(seed))
        for charge_point in snapshot["configuration"]["charge_points"]:
            del charge_point["connectors"][1:]
        answers = []
        for unit in ("connector", "charger"):
            snapshot["configuration"]["strategy"] = {"unit": unit, "order": order}
            answers.append({**json.loads(written_answer(snapshot)), "strategy": None})
        assert answers[0] == answers[1], seed


def _shuffled(rng: Random, value: Any) -> Any:
    """The same with every list and every object's keys in another order."""
    if isinstance(value, dict):
        return {key: _shuffled(rng, value[key]) for key in rng.sample(sorted(value), len(value))}
    if isinstance(value, list):
        return [_shuffled(rng, each) for each in rng.sample(value, len(value))]
    return value


def _ids(value: Any) -> set[str]:
    """Every id in a snapshot."""
    if isinstance(value, list):
        return {found for each in value for found in _ids(each)}
    if not isinstance(value, dict):
        return set()
    here = {each for key, each in value.items() if key in IDS and each is not None}
    return here.union(*(_ids(each) for each in value.values()))


def _renamed(value: Any, names: dict[str, str]) -> Any:
    """The same with every id replaced; of a connector's node id the part before the number."""
    if isinstance(value, list):
        return [_renamed(each, names) for each in value]
    if not isinstance(value, dict):
        return value
    return {
        key: _new_name(each, names) if key in IDS and each is not None else _renamed(each, names)
        for key, each in value.items()
    }


def _new_name(node_id: str, names: dict[str, str]) -> str:
    identifier, *number = node_id.split("/")
    return "/".join((names[identifier], *number))
