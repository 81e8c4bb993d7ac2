"""With a broken allocator no bad plan leaves the domain: the certificate refuses it, the safe answer goes out.

Holds FILL-16.
"""

from collections.abc import Sequence
from dataclasses import asdict, replace
from random import Random
from typing import TypeAlias

import pytest

from domain.knowledge.situation import Situation
from domain.sharing import allocation, rebalance
from domain.sharing.claims import NOTHING, Claims, Filler
from domain.sharing.figures import Decision
from domain.sharing.plan import Outcome, Plan, Reason
from tests.oracle.checks import MOST_FOR_SUBSETS, Case, bounded, every_subset_fits, feasible
from tests.oracle.depot import Json
from tests.oracle.snapshots import random_snapshot
from tests.property import faulty_fillers
from tests.property.production import situation_of
from tests.unit.domain.depot import Depot, charger, feeder, grid

Known: TypeAlias = tuple[int, Json, Situation]

SEEDS = 250

BREAK_LIMITS = [
    faulty_fillers.ignores_every_capacity,
    faulty_fillers.ignores_the_root,
    faulty_fillers.overfills_by_two_percent,
    faulty_fillers.ignores_capacities_for_raises,
    faulty_fillers.gives_everybody_the_maximum,
]


@pytest.fixture(scope="module")
def known() -> list[Known]:
    """Seed, snapshot and what the domain knows before it decides."""
    drawn = [(seed, random_snapshot(Random(seed))) for seed in range(SEEDS)]
    return [(seed, snapshot, situation_of(snapshot)) for seed, snapshot in drawn]


@pytest.mark.parametrize("filler", BREAK_LIMITS)
def test_no_plan_of_an_allocator_that_breaks_limits_goes_out(filler: Filler, known: list[Known]) -> None:
    stopped = 0
    for seed, snapshot, situation in known:
        plan = rebalance.decide(situation, filler=filler)
        if plan.fault is None:
            assert _watts(plan) == _watts(rebalance.decide(situation)), seed
        else:
            stopped += 1
            assert plan.fault[0] in "FBMAES", seed
            assert _unsafe(snapshot, situation, plan) == [], seed
    assert stopped > SEEDS / 20


@pytest.mark.parametrize("filler", [faulty_fillers.short_changes_the_first, faulty_fillers.holds_everybody_off])
def test_an_allocator_that_is_unfair_is_stopped_unless_it_is_about_rounding(filler: Filler, known: list[Known]) -> None:
    stopped = 0
    for seed, snapshot, situation in known:
        plan = rebalance.decide(situation, filler=filler)
        if plan.fault is None:
            amiss = zip(_targets(plan), _targets(rebalance.decide(situation)), strict=True)
            assert all(abs(got - due) <= len(plan.setpoints) for got, due in amiss), seed
        else:
            stopped += 1
            assert _unsafe(snapshot, situation, plan) == [], seed
    assert stopped > SEEDS / 3


def test_the_safe_answer_keeps_what_fits_and_switches_off_what_does_not() -> None:
    """Below f-1 what the two may draw fits, below f-2 it does not; there everybody is off, and the plan says why."""
    depot = Depot(
        grid("gc-1", 400_000),
        feeder("f-1", "gc-1", 100_000),
        feeder("f-2", "gc-1", 100_000),
        charger("cp-1", "f-1", 80_000),
        charger("cp-2", "f-1", 80_000, minimum_w=30_000),
        charger("cp-3", "f-2", 80_000),
        charger("cp-4", "f-2", 80_000),
    )
    for connector, applied_w in (("cp-1/1", 60_000), ("cp-2/1", 20_000), ("cp-3/1", 70_000), ("cp-4/1", 40_000)):
        depot.hears(connector, 0, applied_limit_w=applied_w)
    plan = rebalance.decide(depot.situation(), filler=faulty_fillers.ignores_every_capacity)
    assert plan.fault is not None
    assert plan.fault.startswith("F: ")
    assert [each.limit_w for each in plan.setpoints] == [60_000, 0, 0, 0]
    assert [each.target_w for each in plan.setpoints] == [60_000, 0, 0, 0]
    assert {each.reason for each in plan.setpoints} == {Reason.LIMITED}
    assert plan.outcome is Outcome.CURTAILED


def test_the_safe_answer_raises_nobody_above_what_it_was_told_last() -> None:
    """cp-1 draws 30 kW more than it was told. That is no reason to allow it."""
    depot = Depot(grid("gc-1", 100_000), charger("cp-1", "gc-1", 80_000))
    depot.hears("cp-1/1", 80_000, applied_limit_w=50_000)
    plan = rebalance.decide(depot.situation(), certifier=lambda *_: "S: planted")
    assert [each.limit_w for each in plan.setpoints] == [50_000]


@pytest.mark.parametrize("unit", ["connector", "charger"])
def test_targets_that_are_not_those_of_the_fill_are_stopped(unit: str) -> None:
    """Both come on with 50 kW each; here the second is held off and the first gets what it can take."""
    depot = Depot(grid("gc-1", 100_000), *(charger(f"cp-{number}", "gc-1", 80_000) for number in (1, 2)), unit=unit)
    for connector in ("cp-1/1", "cp-2/1"):
        depot.hears(connector, applied_limit_w=0)

    def mistaken(situation: Situation, decision: Decision) -> str | None:
        wrong = replace(decision.targets, targets_w=[80_000, 0], bindings=[NOTHING, 0], admitted=[True, False])
        return rebalance.certify(situation, replace(decision, targets=wrong, limits_w=[80_000, 0]))

    assert rebalance.decide(depot.situation(), certifier=mistaken).fault is not None


def test_under_unit_charger_an_admission_that_holds_somebody_off_for_nothing_is_stopped(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Two connectors of one charge point fit; whoever admits them lets only the first on."""
    depot = Depot(grid("gc-1", 100_000), charger("cp-1", "gc-1", 80_000, 80_000, minimum_w=10_000), unit="charger")
    for connector in ("cp-1/1", "cp-1/2"):
        depot.hears(connector, applied_limit_w=0)
    assert rebalance.decide(depot.situation()).fault is None

    def admits_only_the_first(_: Sequence[int], room: list[int], claims: Claims) -> tuple[list[bool], list[int]]:
        others = len(claims.nodes) - 1
        return [True] + [False] * others, [NOTHING] + [0] * others

    monkeypatch.setattr(allocation, "admit", admits_only_the_first)
    fault = rebalance.decide(depot.situation()).fault
    assert fault == "A: leaf 1 is held off at node 0, where its minimum fits."


def _targets(plan: Plan) -> list[int]:
    return [each.target_w or 0 for each in plan.setpoints]


def _watts(plan: Plan) -> list[int | None]:
    """Every target and every limit."""
    return [figure for each in plan.setpoints for figure in (each.target_w, each.limit_w)]


def _unsafe(snapshot: Json, situation: Situation, plan: Plan) -> list[str]:
    """What is wrong with a safe answer: it only decreases, it fits whatever is delivered, it says who is cut."""
    answer = asdict(plan)
    case = Case.of(snapshot, answer)
    broken = feasible(case) + bounded(case)
    if len(plan.setpoints) <= MOST_FOR_SUBSETS and not every_subset_fits(snapshot, answer):
        broken.append("some setpoints do not fit while others are still to come")
    for setpoint, exposure in zip(plan.setpoints, [line.exposure_w for line in situation.lines], strict=True):
        if setpoint.limit_w is not None and setpoint.limit_w > exposure:
            broken.append(f"{setpoint} is raised from {exposure} W")
        if setpoint.reason is Reason.LIMITED and setpoint.binding_node_id is None:
            broken.append(f"{setpoint} is limited by nothing")
    return broken
