"""The oracle's fill can see: whatever is wrong with an allocator, some fill shows it."""

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from random import Random
from typing import Any

import pytest

from domain.sharing import allocation
from domain.sharing.claims import ITSELF, NOTHING
from domain.site.power import NO_LIMIT
from tests.property.fillings import Filling, by_oracle, close_levels, exact, random_filling
from tests.property.planting import (
    Change,
    Fault,
    Faults,
    all_as,
    all_of,
    always,
    answered,
    answered_given,
    asked,
    but,
    by,
    each,
)


def bound_by(change: Callable[[Any, int, int], int]) -> Change:
    """Where a node binds it is another one, made of what was asked, the leaf's own node and the true one."""
    return answered_given(
        lambda fill, of: replace(
            fill,
            bindings=[
                stop if stop < 0 else change(of, node, stop)
                for node, stop in zip(of.claims.nodes, fill.bindings, strict=True)
            ],
        )
    )


FAULTS: Faults = {
    (allocation, "fill"): {
        "tiers are ignored": asked(claims=but(tiers=all_as(0))),
        "the last of a tier comes on first": asked(
            claims=lambda claims: replace(
                claims, order=sorted(claims.order, key=lambda leaf: (claims.tiers[leaf], -leaf))
            )
        ),
        "weights are ignored": asked(claims=but(weights=all_as(1))),
        "a minimum is what is held": asked(claims=lambda claims: replace(claims, minimums_w=claims.held_w)),
        "a watt is given beyond the maximum": asked(claims=but(maximums_w=each(by(1)))),
        "what is held is paid for again": asked(claims=but(held_w=all_as(0))),
        "the first node limits nothing": asked(capacities_w=lambda own: [NO_LIMIT, *own[1:]]),
        "only the first node limits": asked(capacities_w=lambda own: [own[0], *[NO_LIMIT] * len(own[1:])]),
        "every node limits its own leaves only": asked(parents=all_as(-1)),
        "a watt too much fits": asked(capacities_w=each(by(1))),
        "a watt is kept back": asked(capacities_w=each(lambda own: max(0, own - 1))),
        "shares are rounded up": answered(
            lambda fill: replace(
                fill, allocated_w=[own + (leaf in fill.exact) for leaf, own in enumerate(fill.allocated_w)], exact={}
            )
        ),
        "shares are rounded down for good": answered(but(exact=always({}))),
        "shares are kept as floats": answered(
            but(exact=lambda exact: {leaf: (n / d).as_integer_ratio() for leaf, (n, d) in exact.items()})
        ),
        "who is held off loses what it holds": answered(
            lambda fill: replace(fill, allocated_w=list(map(int.__mul__, fill.allocated_w, fill.admitted)))
        ),
        "who just reaches its maximum is bound": answered(but(bindings=each(lambda stop: max(0, stop)))),
        "nothing binds": answered(but(bindings=all_as(NOTHING))),
        "who is bound is so by itself": answered(but(bindings=each(lambda stop: min(ITSELF, stop)))),
        "the node above the one that binds is named": bound_by(lambda of, _, stop: max(0, of.parents[stop])),
        "the own node is named, whichever binds": bound_by(lambda _, node, __: node),
    },
    (allocation, "admit"): {
        "who comes on takes no room": asked(room=list),
        "a minimum has to fit its own node only": asked(parents=all_as(-1)),
        "a minimum has to fit with a watt to spare": asked(claims=but(minimums_w=each(by(1)))),
        "a minimum that fails by a watt comes on": asked(claims=but(minimums_w=each(by(-1)))),
        "who ranks last comes on first": asked(claims=but(order=lambda order: order[::-1])),
        "with one all others are held off": answered(lambda on: ([all(on[0])] * len(on[0]), on[1])),
        "the last node in the way is named, not the first": answered_given(
            lambda on, of: (on[0], [min(s, 0) or node for s, node in zip(on[1], of.claims.nodes, strict=True)])
        ),
    },
}


def test_without_a_fault_no_fill_differs(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not _some_fill_differs()
    Fault(allocation, "fill", "nothing", asked(claims=but())).plant(monkeypatch)
    assert not _some_fill_differs()


@pytest.mark.parametrize("fault", all_of(FAULTS), ids=str)
def test_a_fault_shows_in_some_fill(fault: Fault, monkeypatch: pytest.MonkeyPatch) -> None:
    fault.plant(monkeypatch)
    assert _some_fill_differs()


def _some_fill_differs() -> bool:
    return any(_filled(filling) != right for filling, right in _fillings())


@cache
def _fillings() -> list[tuple[Filling, Any]]:
    """Fills, half of them above what is held already, with the oracle's answers."""
    drawn = [
        random_filling(Random(seed), most_w=(3, 30, 10**12)[seed % 3], held=bool(seed % 2), tiers=1 + seed % 4)
        for seed in range(500)
    ]
    return [(filling, by_oracle(filling)) for filling in [*drawn, close_levels()]]


def _filled(filling: Filling) -> Any:
    fill = allocation.fill(filling.parents, filling.capacities_w, filling.claims)
    return exact(fill), [None if stop == NOTHING else stop for stop in fill.bindings]
