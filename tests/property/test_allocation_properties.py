"""What must hold of any fill (FILL-17), on exact shares and whole watts."""

from fractions import Fraction
from math import floor, lcm
from random import Random

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from domain.sharing.certificate import check_fill
from domain.sharing.claims import NOTHING, Claims
from domain.site.power import NO_LIMIT
from tests.property.fillings import Filling, by_oracle, close_levels, exact, random_filling

CHANCE = st.randoms(use_true_random=False)
many = settings(max_examples=150, deadline=None)


@given(CHANCE)
@many
def test_a_fill_is_the_oracles_to_the_last_fraction(rng: Random) -> None:
    """Holds FILL-3, FILL-4, FILL-5, FILL-6, FILL-7."""
    filling = random_filling(rng)
    _agrees_with_the_oracle(filling)
    assert check_fill(filling.parents, filling.capacities_w, filling.claims, filling.filled()) is None


@given(CHANCE)
@many
def test_a_fill_above_what_is_held_already_is_the_oracles(rng: Random) -> None:
    _agrees_with_the_oracle(random_filling(rng, held=True))


@pytest.mark.parametrize("most_w", [10**6, 10**9, 10**12])
def test_figures_of_any_magnitude_are_shared_exactly(most_w: int) -> None:
    for seed in range(300):
        filling = random_filling(Random(seed), most_w=most_w, tiers=2)
        _agrees_with_the_oracle(filling)
        assert check_fill(filling.parents, filling.capacities_w, filling.claims, filling.filled()) is None, seed


def test_levels_that_no_float_can_tell_apart_are_told_apart() -> None:
    _agrees_with_the_oracle(close_levels())


@given(CHANCE, st.integers(2, 10**6))
@many
def test_scaling_all_weights_changes_nothing(rng: Random, factor: int) -> None:
    filling = random_filling(rng)
    scaled = filling.changed(weights=[each * factor for each in filling.claims.weights])
    assert exact(scaled.filled()) == exact(filling.filled())
    assert scaled.filled().bindings == filling.filled().bindings


@given(CHANCE)
@many
def test_asking_for_what_one_got_changes_nothing_for_anybody(rng: Random) -> None:
    filling = random_filling(rng, fits=True)
    denominators = [each.denominator for each in exact(filling.filled())]
    filling = filling.times(lcm(*denominators))
    got = filling.filled().allocated_w
    leaf = rng.randrange(len(got))
    asks = _replaced(filling.claims.maximums_w, leaf, got[leaf])
    assert filling.changed(maximums_w=asks).filled().allocated_w == got
    assert filling.changed(maximums_w=got).filled().allocated_w == got


@given(CHANCE)
@many
def test_asking_for_the_whole_watts_one_got_moves_others_by_a_watt_at_most(rng: Random) -> None:
    filling = random_filling(rng, tiers=1, fits=True)
    got = filling.filled().allocated_w
    leaf = rng.randrange(len(got))
    asks = _replaced(filling.claims.maximums_w, leaf, got[leaf])
    then = filling.changed(maximums_w=asks).filled().allocated_w
    assert then[leaf] == got[leaf]
    assert all(0 <= now - before <= 1 for now, before in zip(then, got, strict=True))


@given(CHANCE, st.integers(1, 20))
@many
def test_asking_for_more_gains_no_more_than_that_and_helps_nobody_else(rng: Random, more: int) -> None:
    filling = random_filling(rng, fits=True)
    leaf = rng.randrange(len(filling.claims.nodes))
    asks = _replaced(filling.claims.maximums_w, leaf, filling.claims.maximums_w[leaf] + more)
    gains = _gains(filling, filling.changed(maximums_w=asks))
    gain = gains.pop(leaf)
    assert 0 <= gain <= more
    assert all(each <= 0 for each in gains)
    assert -sum(gains) <= gain


@given(CHANCE, st.integers(1, 20))
@many
def test_more_capacity_takes_from_nobody_below_and_gives_nobody_else(rng: Random, more: int) -> None:
    filling = random_filling(rng, fits=True)
    limited = [node for node, own in enumerate(filling.capacities_w) if own != NO_LIMIT]
    assume(limited)
    node = rng.choice(limited)
    gains = _gains(filling, filling.with_capacity(node, filling.capacities_w[node] + more))
    below = set(filling.leaves_below(node))
    assert all(gain >= 0 if leaf in below else gain <= 0 for leaf, gain in enumerate(gains))
    assert 0 <= sum(gains) <= more


@given(CHANCE)
@many
def test_a_rigid_leaf_equals_a_capacity_cut_along_its_path(rng: Random) -> None:
    filling = random_filling(rng, fits=True)
    leaf = rng.randrange(len(filling.claims.nodes))
    rigid_w = filling.claims.minimums_w[leaf]
    rigid = filling.changed(maximums_w=_replaced(filling.claims.maximums_w, leaf, rigid_w))
    cut = rigid.changed(
        minimums_w=_replaced(rigid.claims.minimums_w, leaf, 0), maximums_w=_replaced(rigid.claims.maximums_w, leaf, 0)
    )
    for node in filling.path(filling.claims.nodes[leaf]):
        if filling.capacities_w[node] != NO_LIMIT:
            cut = cut.with_capacity(node, filling.capacities_w[node] - rigid_w)
    gains = _gains(rigid, cut)
    assert gains.pop(leaf) == -rigid_w
    assert set(gains) <= {0}
    assert rigid.filled().bindings == cut.filled().bindings


@given(CHANCE)
@many
def test_equal_neighbours_in_rank_get_the_same_or_the_earlier_is_on_and_the_later_off(rng: Random) -> None:
    filling = random_filling(rng)
    claims = filling.claims
    assume(len(claims.order) > 1)
    place = rng.randrange(len(claims.order) - 1)
    earlier, later = claims.order[place : place + 2]
    twins = filling.changed(
        nodes=_replaced(claims.nodes, later, claims.nodes[earlier]),
        minimums_w=_replaced(claims.minimums_w, later, claims.minimums_w[earlier]),
        maximums_w=_replaced(claims.maximums_w, later, claims.maximums_w[earlier]),
        weights=_replaced(claims.weights, later, claims.weights[earlier]),
        tiers=_replaced(claims.tiers, later, claims.tiers[earlier]),
    )
    filled = twins.filled()
    shares = exact(filled)
    if filled.admitted[later]:
        assert filled.admitted[earlier]
    if filled.admitted[later] == filled.admitted[earlier]:
        assert shares[earlier] == shares[later]
        assert filled.bindings[earlier] == filled.bindings[later]
    else:
        assert shares[later] == 0


def test_with_admission_in_play_more_capacity_may_lower_somebody() -> None:
    """Leaves of [0, 10] and [11, 20] under 10 W and under 11 W: the second comes on, and the first makes room."""
    filling = Filling((-1,), (10,), Claims([0, 0], [0, 11], [10, 20], [0, 0], [1, 1], [0, 0], [0, 1]))
    assert filling.filled().allocated_w == [10, 0]
    assert filling.with_capacity(0, 11).filled().allocated_w == [0, 11]


def _agrees_with_the_oracle(filling: Filling) -> None:
    shares, stops = by_oracle(filling)
    filled = filling.filled()
    assert exact(filled) == shares
    assert filled.allocated_w == [floor(each) for each in shares]
    assert [None if each == NOTHING else each for each in filled.bindings] == stops


def _replaced(figures: list[int], leaf: int, figure: int) -> list[int]:
    return [figure if each == leaf else own for each, own in enumerate(figures)]


def _gains(before: Filling, after: Filling) -> list[Fraction]:
    """By how much each leaf's exact share rises."""
    return [now - then for now, then in zip(exact(after.filled()), exact(before.filled()), strict=True)]
