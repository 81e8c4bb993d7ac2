"""Standing by, spare room and factors are decided as by the oracle, and take nothing from a hungry connector."""

from collections import Counter
from dataclasses import replace
from functools import cache
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.knowledge.ledger import LedgerEntry
from domain.knowledge.situation import NodeView
from domain.sharing import figures, rebalance, targets
from domain.sharing.targets import Targets
from tests.oracle.mood import ORDERS, UNITS
from tests.property.planting import Fault, Faults, all_as, all_of, always, answered, asked, but, each
from tests.property.wishes import Case, random_case

CASES = 600
TELLING = 150
"""So many of them show every fault."""


@pytest.mark.parametrize("seeds", [range(first, first + 200) for first in range(0, CASES, 200)], ids=str)
def test_seeded_wishes_are_decided_as_by_the_oracle(seeds: range) -> None:
    """R33a, R35."""
    for seed in seeds:
        check(random_case(Random(seed)), seed)


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=100)
def test_any_wishes_are_decided_as_by_the_oracle(seed: int) -> None:
    """R33a, R35."""
    check(random_case(Random(seed)), seed)


def check(case: Case, seed: int) -> None:
    plan = rebalance.decide(case.situation)
    assert plan.fault is None, f"random_case(Random({seed}))"
    assert case.said(plan) == case.right(), f"random_case(Random({seed}))"


def test_the_seeded_wishes_have_everything_that_matters() -> None:
    counted: Counter[str] = Counter()
    for seed in range(CASES):
        case = random_case(Random(seed))
        counted.update(name for name, present in features(case).items() if present)
    rare = {name: counted[name] for name in features(random_case(Random(0))) if counted[name] < 10}
    assert not rare


def features(case: Case) -> dict[str, bool]:
    first, wishes = case.demanded(), case.wishes
    more_w = case.spare_w(first)
    stand_by = [key for key, wish in wishes.items() if wish.demand_w == 0 < wish.full_w]
    return {
        **{f"unit {unit}": bool(more_w) and case.depot.unit == unit for unit in UNITS},
        **{f"order {order}": bool(more_w) and case.depot.order == order for order in ORDERS},
        "who stands by gets spare room": any(more_w.get(key, 0) for key in stand_by),
        "who stands by gets less than it may have": any(
            0 < more_w.get(key, 0) < wishes[key].full_w for key in stand_by
        ),
        "the minimum of one that stands by does not fit": any(
            wishes[key].minimum_w for key in stand_by if key not in more_w
        ),
        "who demands some gets spare room": any(
            more_w.get(key, 0) and not wish.is_hungry for key, wish in wishes.items() if wish.demand_w
        ),
        "who was held off is left out": bool(more_w) and any(target.held_off for target in first.values()),
        "a share is told as the minimum": any(
            0 < first[key].target_w * 1000 // wish.factor < wish.told_minimum_w for key, wish in wishes.items()
        ),
        "a charge point with a factor binds": any(
            wishes[key].factor > 1000 and target.binding == key.rpartition("/")[0] for key, target in first.items()
        ),
    }


@pytest.mark.parametrize("seeds", [range(first, first + 200) for first in range(0, CASES, 200)], ids=str)
def test_demanding_less_takes_nothing_from_a_hungry_connector(seeds: range) -> None:
    """R33, R33a: each gets at least what it would get if all demanded all that they may have.

    Where there are minimums that may switch one on in the place of another; so there are none.
    """
    spared = 0
    for seed in seeds:
        case = random_case(Random(seed), minimums=False)
        all_hungry = replace(
            case.situation, lines=[replace(line, demand_w=line.full_w) for line in case.situation.lines]
        )
        with_spare = rebalance.decide(case.situation).setpoints
        for line, mine, before in zip(
            case.situation.lines, with_spare, rebalance.decide(all_hungry).setpoints, strict=True
        ):
            wish = case.wishes.get(line.connector.node_id)
            if wish is not None and wish.is_hungry:
                assert (mine.target_w or 0) >= (before.target_w or 0), f"random_case(Random({seed}), minimums=False)"
                spared += (mine.target_w or 0) > (before.target_w or 0)
    assert spared > 20


def test_those_that_stand_by_take_nothing_from_a_hungry_connector() -> None:
    """R33, R33a: each gets at least what it would get if they were not there, minimums and all."""
    compared = 0
    for seed in range(CASES):
        case = random_case(Random(seed))
        gone = [
            replace(line, full_w=line.demand_w, minimum_w=line.minimum_w if line.demand_w else 0)
            for line in case.situation.lines
        ]
        there = rebalance.decide(case.situation).setpoints
        alone = rebalance.decide(replace(case.situation, lines=gone)).setpoints
        for line, mine, before in zip(case.situation.lines, there, alone, strict=True):
            if line.demand_w:
                compared += (before.target_w or 0) > 0
                assert (mine.target_w or 0) >= (before.target_w or 0), f"random_case(Random({seed}))"
    assert compared > CASES


FAULTS: Faults = {
    (targets, "with_spare_room"): {
        "nothing is filled again": answered(but(spare=always(None))),
        "who was held off takes part": asked(decided=but(admitted=all_as(True))),
        "who stands by needs no minimum": asked(minimums_w=all_as(0)),
        "all may have a watt more": asked(fulls_w=each(lambda full: full and full + 1)),
        "all is filled again": asked(decided=but(targets_w=all_as(0))),
        "everybody ranks by its id": asked(ranking=but(order=sorted)),
        "tiers are ignored": asked(ranking=but(tiers=all_as(0))),
        "all weigh the same": asked(ranking=but(weights=all_as(1))),
        "the microgrid's limit is forgotten": asked(capacities_w=lambda own: [own[0] + 10**6, *own[1:]]),
    },
    (Targets, "total_w"): {"spare room is not given": always(property(lambda decided: decided.targets_w))},
    (figures, "plan"): {
        "spare room counts as demanded": asked(
            decision=but(targets=lambda decided: replace(decided, targets_w=decided.total_w, spare=None))
        ),
    },
    (NodeView, "free_w"): {
        "raises have the rating as it is told": lambda right: property(
            lambda view: right.fget(replace(view, capacity_w=view.limit.limit_w))
        )
    },
    (NodeView, "net_w"): {
        "shares have the rating as it is told": lambda right: property(
            lambda view: right.fget(replace(view, capacity_w=view.limit.limit_w))
        )
    },
    (LedgerEntry, "to_tell"): {
        "shares are told as they are": always(lambda _, share_w: share_w),
        "what is told is rounded up": always(lambda entry, share_w: -(-share_w * 1000 // entry.factor)),
    },
    (LedgerEntry, "last_w"): {
        "what was told counts as drawn": always(property(lambda entry: entry.last_limit_w)),
    },
}


def test_without_a_fault_no_case_differs() -> None:
    assert not some_case_differs()


@pytest.mark.parametrize("fault", all_of(FAULTS), ids=str)
def test_a_fault_shows_in_some_case(fault: Fault, monkeypatch: pytest.MonkeyPatch) -> None:
    fault.plant(monkeypatch)
    assert some_case_differs()


def some_case_differs() -> bool:
    # What is derived from a situation is kept in it, so each decision is about a new one.
    return any(case.said(rebalance.decide(replace(case.situation))) != right for case, right in cases())


@cache
def cases() -> list[tuple[Case, Any]]:
    drawn = [random_case(Random(seed)) for seed in range(TELLING)]
    return [(case, case.right()) for case in drawn]
