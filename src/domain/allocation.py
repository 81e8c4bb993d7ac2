"""The exact fill: strict tiers of weighted max-min shares under every limit of a tree at once.

Stated in `allocation.md` of the design; the method is the one of Hochbaum and Hong (Math. Prog. 69, 1995) for
separable objectives over a tree: every node's response to a water level is piecewise linear, is built bottom-up from
the breakpoints below it, and is cut where it meets the node's capacity. All decisions are made in integers or in
cross-multiplied rationals, so the same claims give the same watts everywhere.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import compress, groupby
from math import gcd
from operator import gt, le, sub, truediv
from typing import TypeAlias

from domain.power import Watts

NO_LIMIT: Watts = 1 << 62
"""The capacity of a node that limits nothing; above any sum of accepted figures."""

NOTHING = -1
"""The binding of a leaf that is at its maximum."""

ITSELF = -2
"""The binding of a leaf whose maximum is below its own minimum."""

_Breakpoint: TypeAlias = tuple[float, int, int]
"""(sort key, numerator, denominator) of a level; both negative at a minimum.

When the level falls below it, the response grows steeper by the denominator and its constant falls by the numerator.
"""

_Level: TypeAlias = tuple[int, int, int]
"""A water level (numerator, denominator) and the node that holds it there."""


@dataclass(frozen=True, slots=True)
class Claims:
    """The leaves of one fill as flat lists, an entry a leaf, in natural id order.

    `nodes` are the indices of the nodes the leaves hang on. A leaf gets `held_w` (it is inside the capacities
    already) or a value in [`minimums_w`, `maximums_w`]. `order` lists the leaves by (tier, rank).
    """

    nodes: list[int]
    minimums_w: list[Watts]
    maximums_w: list[Watts]
    held_w: list[Watts]
    weights: list[int]
    tiers: list[int]
    order: Sequence[int]


@dataclass(frozen=True, slots=True)
class Fill:
    """Whole watts a leaf, and the node that binds each (an index, NOTHING or ITSELF).

    `exact` has the shares (numerator, denominator) that were floored: of leaves whose share is no whole number.
    """

    allocated_w: list[Watts]
    bindings: list[int]
    admitted: list[bool]
    exact: dict[int, tuple[int, int]] = field(default_factory=dict)


def fill(parents: Sequence[int], capacities_w: Sequence[Watts], claims: Claims) -> Fill:
    """Fill the claims under the capacities (net, not negative, NO_LIMIT for none).

    `parents[i]` is the index of node i's parent, below i; -1 for a root. Cost: O(n log n) for n leaves on trees of
    bounded depth, O(n · depth) where every leaf is a tier of its own.
    """
    room = list(capacities_w)
    admitted, bindings = admit(parents, room, claims)
    allocated = [
        minimum if is_admitted else held
        for is_admitted, minimum, held in zip(admitted, claims.minimums_w, claims.held_w, strict=True)
    ]
    result = Fill(allocated, bindings, admitted)
    order = claims.order if all(admitted) else [leaf for leaf in claims.order if admitted[leaf]]
    left = len(order)
    for _, tier in groupby(order, key=claims.tiers.__getitem__):
        leaves = list(tier)
        left -= len(leaves)
        if len(leaves) == 1:
            _take_least_room(parents, room, claims, leaves[0], result)
        else:
            _fill_tier(parents, room, claims, leaves, result, is_last=not left)
    return result


def admit(parents: Sequence[int], room: list[Watts], claims: Claims) -> tuple[list[bool], list[int]]:
    """Admit leaves by (tier, rank) while their minimums fit everywhere above them; takes the minimums out of `room`.

    Returns who is admitted, and for each leaf that is not the first node from the root where its minimum did not fit.
    """
    minimums, maximums, held = claims.minimums_w, claims.maximums_w, claims.held_w
    admitted = list(map(le, minimums, maximums))
    bindings = [NOTHING if is_admitted else ITSELF for is_admitted in admitted]
    costs = list(map(sub, minimums, held))
    if not any(costs):
        return admitted, bindings

    needed = [0] * len(room)
    for node, cost in compress(zip(claims.nodes, costs, strict=True), admitted):
        needed[node] += cost
    for node in range(len(room) - 1, 0, -1):
        parent = parents[node]
        if parent >= 0:
            needed[parent] += needed[node]
    if not any(map(gt, needed, room)):
        room[:] = map(sub, room, needed)
        return admitted, bindings

    for leaf in claims.order:
        cost = costs[leaf]
        if not admitted[leaf] or not cost:
            continue
        path = _path(parents, claims.nodes[leaf])
        refused_at = [node for node in path if room[node] < cost]
        if refused_at:
            admitted[leaf] = False
            bindings[leaf] = refused_at[-1]
        else:
            for node in path:
                room[node] -= cost
    return admitted, bindings


def _path(parents: Sequence[int], node: int) -> list[int]:
    path = []
    while node >= 0:
        path.append(node)
        node = parents[node]
    return path


def _take_least_room(parents: Sequence[int], room: list[Watts], claims: Claims, leaf: int, result: Fill) -> None:
    """A tier of one leaf takes the least room on its path; of equals the deepest binds, as only that one cuts."""
    least = claims.maximums_w[leaf] - claims.minimums_w[leaf]
    binding = NOTHING
    node = claims.nodes[leaf]
    while node >= 0:
        if room[node] < least:
            least = room[node]
            binding = node
        node = parents[node]
    if least:
        node = claims.nodes[leaf]
        while node >= 0:
            room[node] -= least
            node = parents[node]
        result.allocated_w[leaf] += least
    result.bindings[leaf] = binding


def _fill_tier(
    parents: Sequence[int], room: list[Watts], claims: Claims, leaves: list[int], result: Fill, *, is_last: bool
) -> None:
    """Raise the leaves of one tier from their minimums to one common water level, cut where a node has no room."""
    nodes = _nodes_above(parents, claims.nodes, leaves)
    tops = _tops(parents, room, claims, leaves, nodes)
    cuts = _nearest_cuts(parents, room, nodes, tops)
    members = _members(claims, leaves, cuts)
    saturations = _saturations(parents, room, claims, members, tops, cuts)
    levels = _levels(parents, cuts, saturations)
    minimums, maximums, weights = claims.minimums_w, claims.maximums_w, claims.weights
    allocated, bindings, exact = result.allocated_w, result.bindings, result.exact
    for cut, inside in members.items():
        numerator, denominator, binding = levels[cut]
        for leaf in inside:
            minimum, maximum = minimums[leaf], maximums[leaf]
            share = weights[leaf] * numerator
            if share >= maximum * denominator:
                allocated[leaf] = maximum
            elif minimum < maximum:
                bindings[leaf] = binding
                if share > minimum * denominator:
                    allocated[leaf], remainder = divmod(share, denominator)
                    if remainder:
                        exact[leaf] = (share, denominator)
    if not is_last:
        _take_from_room(parents, room, claims, members, nodes, saturations, levels, cuts)


def _nodes_above(parents: Sequence[int], leaf_nodes: list[int], leaves: list[int]) -> Sequence[int]:
    """The nodes at and above these leaves, in preorder: all of them where the tier is large."""
    if len(leaves) * 4 > len(parents):
        return range(len(parents))
    found: set[int] = set()
    for leaf in leaves:
        node = leaf_nodes[leaf]
        while node >= 0 and node not in found:
            found.add(node)
            node = parents[node]
    return sorted(found)


def _tops(
    parents: Sequence[int], room: list[Watts], claims: Claims, leaves: list[int], nodes: Sequence[int]
) -> list[Watts]:
    """How far above the minimums the tier would rise at each node, cut below it but not at the node itself."""
    tops = [0] * len(parents)
    leaf_nodes, minimums, maximums = claims.nodes, claims.minimums_w, claims.maximums_w
    for leaf in leaves:
        tops[leaf_nodes[leaf]] += maximums[leaf] - minimums[leaf]
    for node in reversed(nodes):
        parent = parents[node]
        if parent >= 0:
            top, left = tops[node], room[node]
            tops[parent] += top if top < left else left
    return tops


def _nearest_cuts(parents: Sequence[int], room: list[Watts], nodes: Sequence[int], tops: list[Watts]) -> list[int]:
    """For every node the nearest at or above it that has less room than the tier would take; NOTHING where none."""
    cuts = [NOTHING] * len(parents)
    for node in nodes:
        if tops[node] > room[node]:
            cuts[node] = node
        elif parents[node] >= 0:
            cuts[node] = cuts[parents[node]]
    return cuts


def _members(claims: Claims, leaves: list[int], cuts: list[int]) -> dict[int, list[int]]:
    """The leaves by the node that cuts nearest above them, those in preorder; NOTHING, which comes first, for none."""
    members: dict[int, list[int]] = {cut: [] for cut in (NOTHING, *sorted(set(cuts)))}
    for leaf in leaves:
        members[cuts[claims.nodes[leaf]]].append(leaf)
    return members


def _saturations(
    parents: Sequence[int],
    room: list[Watts],
    claims: Claims,
    members: dict[int, list[int]],
    tops: list[Watts],
    cuts: list[int],
) -> dict[int, tuple[int, int]]:
    """For every node that cuts, the highest level at which the response below it fits its room; parents last."""
    minimums, maximums, weights = claims.minimums_w, claims.maximums_w, claims.weights
    saturations: dict[int, tuple[int, int]] = {}
    inherited: dict[int, list[_Breakpoint]] = {}
    key = _sort_key(claims)
    for node in reversed(members):
        if node == NOTHING:
            break
        points = inherited.pop(node, [])
        for leaf in members[node]:
            minimum, maximum, weight = minimums[leaf], maximums[leaf], weights[leaf]
            if minimum < maximum:
                points.append((key(maximum, weight), maximum, weight))
                if minimum:
                    points.append((key(minimum, weight), -minimum, -weight))
        points.sort()
        numerator, denominator = saturations[node] = _descend(points, room[node] - tops[node])
        above = cuts[parents[node]] if parents[node] >= 0 else NOTHING
        if above >= 0:
            points.append((key(numerator, denominator), numerator, denominator))
            others = inherited.get(above)
            if others is None:
                inherited[above] = points
            elif len(others) < len(points):
                points += others
                inherited[above] = points
            else:
                others += points
    return saturations


def _descend(points: list[_Breakpoint], left: Watts) -> tuple[int, int]:
    """Walk the sorted breakpoints down from the top, where `left` is missing, until the response fits.

    Drops those above that level, and returns it: what a response that falls as `slope` x level leaves, over `slope`.
    """
    slope = 0
    while points:
        _, numerator, denominator = points[-1]
        if slope * numerator <= left * denominator if denominator > 0 else slope * numerator >= left * denominator:
            break
        del points[-1]
        left += numerator
        slope += denominator
    return left, slope


def _sort_key(claims: Claims) -> Callable[[int, int], float]:
    """How levels are compared when sorted: as floats where no two different levels can fall on the same one.

    Levels n/d have d <= total weight and n <= total maximum, and the weights' common divisor divides every d; two
    that differ, differ relatively by divisor / (n·d) or more.
    """
    total_weight = sum(claims.weights) // gcd(*claims.weights)
    return truediv if total_weight * sum(claims.maximums_w) < 1 << 52 else _wide_key


def _wide_key(numerator: int, denominator: int) -> int:
    return (numerator << 160) // denominator


def _levels(parents: Sequence[int], cuts: list[int], saturations: dict[int, tuple[int, int]]) -> dict[int, _Level]:
    """For every node that cuts, the lowest level at or above it, and whose it is: of equals that nearest the root."""
    levels = {NOTHING: (1, 0, NOTHING)}
    for node in reversed(saturations):
        numerator, denominator = saturations[node]
        level = levels[cuts[parents[node]] if parents[node] >= 0 else NOTHING]
        if numerator * level[1] < level[0] * denominator:
            level = (numerator, denominator, node)
        levels[node] = level
    return levels


def _take_from_room(
    parents: Sequence[int],
    room: list[Watts],
    claims: Claims,
    members: dict[int, list[int]],
    nodes: Sequence[int],
    saturations: dict[int, tuple[int, int]],
    levels: dict[int, _Level],
    cuts: list[int],
) -> None:
    """Leave to the next tier what this one did not fill.

    Below a saturated node nothing can be raised any more, so what the shares leave there does not matter.
    """
    minimums, maximums, weights = claims.minimums_w, claims.maximums_w, claims.weights
    loads = [0] * len(parents)
    for cut, inside in members.items():
        numerator, denominator, _ = levels[cut]
        for leaf in inside:
            if weights[leaf] * numerator >= maximums[leaf] * denominator:
                loads[claims.nodes[leaf]] += maximums[leaf] - minimums[leaf]
    for node in reversed(nodes):
        numerator, denominator, _ = levels[cuts[node]]
        own = saturations.get(node)
        if own is not None and own[0] * denominator == numerator * own[1]:
            loads[node] = room[node]
        room[node] -= loads[node]
        if parents[node] >= 0:
            loads[parents[node]] += loads[node]
