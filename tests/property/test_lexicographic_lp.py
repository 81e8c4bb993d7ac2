"""The fill against a second oracle that shares no method with it: one linear program after another, by HiGHS."""

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from random import Random

import pytest

from domain.sharing import allocation
from domain.sharing.claims import Claims, Fill, Filler
from domain.site.power import Watts
from tests.property.fillings import Filling, exact, random_filling
from tests.property.lexicographic_lp import LexicographicProgram

SEEDS = 400
TOLERANCE_W = 1e-3


def test_the_fill_is_the_lexicographic_optimum() -> None:
    """To a thousandth of a watt before flooring; in whole watts never above it, and less than one below.

    Holds FILL-6, FILL-7.
    """
    cut = 0
    for seed in range(SEEDS):
        filling = _random(seed)
        filled, optimum = filling.filled(), _optimum(filling)
        assert _furthest(exact(filled), optimum) < TOLERANCE_W, seed
        for watts, best in zip(filled.allocated_w, optimum, strict=True):
            assert -TOLERANCE_W < best - watts < 1 + TOLERANCE_W, seed
        cut += any(binding >= 0 for binding in filled.bindings)
    assert cut > SEEDS / 2


def weights_are_ignored(parents: Sequence[int], capacities_w: Sequence[Watts], claims: Claims) -> Fill:
    return allocation.fill(parents, capacities_w, replace(claims, weights=[1] * len(claims.weights)))


def tiers_are_ignored(parents: Sequence[int], capacities_w: Sequence[Watts], claims: Claims) -> Fill:
    return allocation.fill(parents, capacities_w, replace(claims, tiers=[0] * len(claims.tiers)))


def the_last_capacity_is_a_watt_short(parents: Sequence[int], capacities_w: Sequence[Watts], claims: Claims) -> Fill:
    return allocation.fill(parents, [*capacities_w[:-1], max(0, capacities_w[-1] - 1)], claims)


def minimums_come_on_top(parents: Sequence[int], capacities_w: Sequence[Watts], claims: Claims) -> Fill:
    """Shares what the minimums leave as if there were none."""
    rest = list(capacities_w)
    admitted, _ = allocation.admit(parents, rest, claims)
    above = [
        maximum - minimum if on else 0
        for on, minimum, maximum in zip(admitted, claims.minimums_w, claims.maximums_w, strict=True)
    ]
    nothing = [0] * len(above)
    shared = allocation.fill(parents, rest, replace(claims, minimums_w=nothing, maximums_w=above, held_w=nothing))
    bottoms = [
        minimum if on else held for on, minimum, held in zip(admitted, claims.minimums_w, claims.held_w, strict=True)
    ]
    return Fill(
        [own + share for own, share in zip(bottoms, shared.allocated_w, strict=True)],
        shared.bindings,
        admitted,
        {leaf: (bottoms[leaf] * scale + share, scale) for leaf, (share, scale) in shared.exact.items()},
    )


@pytest.mark.parametrize(
    "filler", [weights_are_ignored, tiers_are_ignored, the_last_capacity_is_a_watt_short, minimums_come_on_top]
)
def test_a_fill_with_a_fault_is_not(filler: Filler) -> None:
    wrong = 0
    for seed in range(SEEDS // 4):
        filling = _random(seed)
        filled = filler(filling.parents, filling.capacities_w, filling.claims)
        wrong += _furthest(exact(filled), _optimum(filling)) > TOLERANCE_W
    assert wrong > SEEDS / 40


def _random(seed: int) -> Filling:
    """All units of weight, one tier to one a leaf, watts of toys and of chargers, now and then above what is held."""
    rng = Random(seed)
    most_w, tiers = rng.choice((30, 150_000)), rng.choice((1, 3, 9))
    return random_filling(rng, most_w=most_w, tiers=tiers, held=rng.random() < 0.3)


def _optimum(filling: Filling) -> list[float]:
    admitted = filling.filled().admitted
    return LexicographicProgram(filling.parents, filling.capacities_w, filling.claims, admitted).shares()


def _furthest(shares: Sequence[Fraction], optimum: Sequence[float]) -> float:
    return max(abs(float(share) - best) for share, best in zip(shares, optimum, strict=True))
