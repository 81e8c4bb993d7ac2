"""The checks of these tests can see: every fault planted in a copy of src is caught, by the oracle or by bad plans."""

import json
import sys
from fractions import Fraction
from pathlib import Path
from random import Random
from types import ModuleType
from typing import TypeAlias

import pytest

from domain import allocation, certificate
from domain.allocation import NOTHING
from tests.oracle.decision import decide
from tests.oracle.snapshots import random_snapshot
from tests.property.fillings import Filling, by_oracle, close_levels, exact, random_filling
from tests.property.mutants.isolated import copy_with, import_from
from tests.property.mutants.planted import (
    ALLOCATION,
    BACKGROUND,
    CERTIFICATE,
    EXPOSURE,
    REST,
    STRATEGY,
    TARGETS,
    TRANSITION,
    UNTOUCHED,
    Mutant,
)
from tests.unit.bad_plans import FILLS, PARENTS, SETPOINTS, SHARED_FILLS

Decided: TypeAlias = tuple[bytes, str]
Filled: TypeAlias = tuple[Filling, list[Fraction], list[int | None]]

DECISION = (*ALLOCATION, *TARGETS, *TRANSITION, *STRATEGY, *BACKGROUND, *EXPOSURE, *REST)

TELLING = (470, 815)
"""Seeds of snapshots in which faults show that need a rare coincidence."""


@pytest.fixture(scope="module")
def decided() -> list[Decided]:
    """Snapshots as lines of input, with the oracle's answers."""
    drawn = [random_snapshot(Random(seed)) for seed in (*range(300), *TELLING)]
    return [(json.dumps(snapshot).encode(), json.dumps(decide(snapshot))) for snapshot in drawn]


@pytest.fixture(scope="module")
def filled() -> list[Filled]:
    """Fills, half of them above what is held already, with the oracle's exact shares and binding nodes."""
    magnitudes_w = (3, 30, 10**12)
    drawn = [
        random_filling(Random(seed), most_w=magnitudes_w[seed % 3], held=bool(seed % 2), tiers=1 + seed % 4)
        for seed in range(1000)
    ]
    return [(filling, *by_oracle(filling)) for filling in [*drawn, close_levels()]]


def test_a_copy_without_a_fault_is_not_caught(tmp_path: Path, decided: list[Decided], filled: list[Filled]) -> None:
    copy = copy_with(UNTOUCHED, tmp_path / "src")
    assert not _answers_otherwise(import_from(copy, "adapters.messages.snapshot"), decided)
    assert not _fills_otherwise(import_from(copy, "domain.allocation"), filled)
    assert not _judges_otherwise(import_from(copy, "domain.certificate"))


def test_a_copy_is_imported_beside_the_real_one(tmp_path: Path) -> None:
    copy = copy_with(UNTOUCHED, tmp_path / "src")
    imported = import_from(copy, "domain.allocation")
    assert imported.__file__ == str(copy / "domain" / "allocation.py")
    assert imported.fill is not allocation.fill
    assert sys.modules["domain.allocation"] is allocation


@pytest.mark.parametrize("mutant", DECISION, ids=str)
def test_a_fault_in_the_decision_is_caught_by_the_oracle(
    mutant: Mutant, tmp_path: Path, decided: list[Decided], filled: list[Filled]
) -> None:
    copy = copy_with(mutant, tmp_path / "src")
    if mutant in ALLOCATION and _fills_otherwise(import_from(copy, "domain.allocation"), filled):
        return
    assert _answers_otherwise(import_from(copy, "adapters.messages.snapshot"), decided)


@pytest.mark.parametrize("mutant", CERTIFICATE, ids=str)
def test_a_fault_in_the_certificate_lets_a_bad_plan_pass_or_refuses_a_good_one(mutant: Mutant, tmp_path: Path) -> None:
    assert _judges_otherwise(import_from(copy_with(mutant, tmp_path / "src"), "domain.certificate"))


def _answers_otherwise(copy: ModuleType, decided: list[Decided]) -> bool:
    """Whether a copy answers some snapshot not as the oracle does, or not at all."""
    try:
        return any(json.dumps(json.loads(copy.answer(line)[0])) != answer for line, answer in decided)
    except Exception:
        return True


def _fills_otherwise(copy: ModuleType, filled: list[Filled]) -> bool:
    """The same for single fills."""
    try:
        return any(_shares(copy, filling) != (shares, stops) for filling, shares, stops in filled)
    except Exception:
        return True


def _shares(copy: ModuleType, filling: Filling) -> tuple[list[Fraction], list[int | None]]:
    fill = copy.fill(filling.parents, filling.capacities_w, filling.claims)
    return exact(fill), [None if each == NOTHING else each for each in fill.bindings]


def _judges_otherwise(copy: ModuleType) -> bool:
    """Whether a copy's certificate accepts what the real one refuses, or the other way round."""
    return _accepted(copy) != _accepted(certificate)


def _accepted(judge: ModuleType) -> list[bool]:
    fills = [judge.check_fill(PARENTS, each.capacities_w, each.claims, each.fill) for each in FILLS]
    shares = [judge.check_shared_fill(*each.question) for each in SHARED_FILLS]
    setpoints = [judge.check_sent(**each.question) for each in SETPOINTS]
    return [verdict is None for verdict in fills + shares + setpoints]
