"""The fill (FILL-1 to FILL-8) in rationals, each sentence of it the shortest way, with no regard for speed."""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import groupby
from typing import TypeAlias

from tests.oracle.depot import Node, Rank

Rational: TypeAlias = Fraction | int


@dataclass(frozen=True)
class Leaf:
    """A claimant: gets 0 or something in [low, high]. `held` of it is already taken off the room above."""

    key: Node
    path: tuple[Node, ...]
    low: int
    high: int
    weight: int
    tier: Rank
    rank: Rank
    held: int = 0


@dataclass(frozen=True)
class Share:
    """What a leaf gets exactly, and the node that stops it; None where it got all it can take."""

    amount: Fraction
    binding: Node | None


def admit(leaves: Sequence[Leaf], room: Mapping[Node, Rational]) -> tuple[list[Leaf], dict[Node, Node]]:
    """Who is on, walking by tier and rank, and where the minimum of each of the others fails."""
    left = dict(room)
    admitted: list[Leaf] = []
    held_off: dict[Node, Node] = {}
    for leaf in sorted(leaves, key=lambda each: (each.tier, each.rank)):
        needed = leaf.low - leaf.held
        fails = [node for node in leaf.path if node in left and left[node] < needed]
        if fails:
            held_off[leaf.key] = fails[0]
            continue
        admitted.append(leaf)
        for node in leaf.path:
            if node in left:
                left[node] -= needed
    return admitted, held_off


def fill(admitted: Sequence[Leaf], room: Mapping[Node, Rational]) -> dict[Node, Share]:
    """The strict tiers, each weighted max-min fair on what the tiers before it and all minimums leave."""
    shares: dict[Node, Share] = {}
    amounts: dict[Node, Rational] = {each.key: each.low for each in admitted}
    for _, group in groupby(sorted(admitted, key=lambda each: each.tier), key=lambda each: each.tier):
        tier = list(group)
        others = [each for each in admitted if each not in tier]
        left = {
            node: room[node]
            + sum(each.held for each in admitted if node in each.path)
            - sum(amounts[each.key] for each in others if node in each.path)
            for node in {node for each in tier for node in each.path}
            if node in room
        }
        for leaf, share in zip(tier, _fill_tier(tier, left), strict=True):
            shares[leaf.key] = share
            amounts[leaf.key] = share.amount
    return shares


def _fill_tier(leaves: Sequence[Leaf], room: Mapping[Node, Rational]) -> list[Share]:
    """Nodes from the bottom up: each that cuts caps the water level of the leaves below it."""
    levels: list[Fraction | None] = [None] * len(leaves)
    binding: list[Node | None] = [None] * len(leaves)
    for node in sorted(room, key=lambda each: -_depth(each, leaves)):
        below = [index for index, leaf in enumerate(leaves) if node in leaf.path]
        saturation = _saturation_level([leaves[each] for each in below], [levels[each] for each in below], room[node])
        for index in below:
            lowest = levels[index]
            if saturation is not None and (lowest is None or saturation <= lowest):
                levels[index], binding[index] = saturation, node
    amounts = [_response(leaf, level) for leaf, level in zip(leaves, levels, strict=True)]
    return [
        Share(amount, stop if amount < leaf.high else None)
        for leaf, amount, stop in zip(leaves, amounts, binding, strict=True)
    ]


def _depth(node: Node, leaves: Sequence[Leaf]) -> int:
    return next(leaf.path.index(node) for leaf in leaves if node in leaf.path)


def _response(leaf: Leaf, level: Rational | None) -> Fraction:
    if level is None:
        return Fraction(leaf.high)
    return Fraction(min(max(leaf.weight * level, leaf.low), leaf.high))


def _saturation_level(leaves: Sequence[Leaf], caps: Sequence[Fraction | None], capacity: Rational) -> Fraction | None:
    """The highest water level at which the leaves, themselves capped, do not exceed the capacity."""

    def response(level: Fraction | None) -> Fraction:
        total = Fraction(0)
        for leaf, cap in zip(leaves, caps, strict=True):
            capped = level if cap is None else cap if level is None else min(level, cap)
            total += _response(leaf, capped)
        return total

    if response(None) <= capacity:
        return None
    knots = {Fraction(0)} | {cap for cap in caps if cap is not None}
    knots |= {Fraction(bound, leaf.weight) for leaf in leaves for bound in (leaf.low, leaf.high)}
    ordered = sorted(knots)
    after = bisect_right(ordered, capacity, key=response)
    start, end = ordered[after - 1], ordered[after]
    return start + (capacity - response(start)) * (end - start) / (response(end) - response(start))
