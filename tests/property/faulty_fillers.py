"""Allocators with a fault, to be put in the place of the right one."""

from collections.abc import Sequence
from dataclasses import replace

from domain.sharing.allocation import fill
from domain.sharing.claims import NOTHING, Claims, Fill
from domain.site.power import NO_LIMIT, Watts


def ignores_every_capacity(parents: Sequence[int], capacities_w: Sequence[Watts], claims: Claims) -> Fill:
    return fill(parents, [NO_LIMIT] * len(capacities_w), claims)


def ignores_the_root(parents: Sequence[int], capacities_w: Sequence[Watts], claims: Claims) -> Fill:
    return fill(parents, [NO_LIMIT, *capacities_w[1:]], claims)


def overfills_by_two_percent(parents: Sequence[int], capacities_w: Sequence[Watts], claims: Claims) -> Fill:
    return fill(parents, [each + each // 50 + 1 for each in capacities_w], claims)


def ignores_capacities_for_raises(parents: Sequence[int], capacities_w: Sequence[Watts], claims: Claims) -> Fill:
    return (
        ignores_every_capacity(parents, capacities_w, claims)
        if any(claims.held_w)
        else fill(parents, capacities_w, claims)
    )


def gives_everybody_the_maximum(_: Sequence[int], __: Sequence[Watts], claims: Claims) -> Fill:
    count = len(claims.nodes)
    return Fill(list(claims.maximums_w), [NOTHING] * count, [True] * count)


def short_changes_the_first(parents: Sequence[int], capacities_w: Sequence[Watts], claims: Claims) -> Fill:
    """Gives the first leaf half of what it is due above its minimum."""
    right = fill(parents, capacities_w, claims)
    allocated = list(right.allocated_w)
    if allocated and right.admitted[0]:
        allocated[0] -= (allocated[0] - claims.minimums_w[0]) // 2
    return replace(right, allocated_w=allocated, exact={})


def holds_everybody_off(_: Sequence[int], __: Sequence[Watts], claims: Claims) -> Fill:
    count = len(claims.nodes)
    return Fill(list(claims.held_w), [0] * count, [False] * count)
