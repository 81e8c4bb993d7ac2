"""The exact fill: strict tiers of weighted max-min shares under every limit of a tree at once.

Stated in `allocation.md` of the design; the method is the one of Hochbaum and Hong (Math. Prog. 69, 1995) for
separable objectives over a tree: every node's response to a water level is piecewise linear, is built bottom-up from
the breakpoints below it, and is cut where it meets the node's capacity. All decisions are made in integers or in
cross-multiplied rationals, so the same claims give the same watts everywhere.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from operator import truediv
from typing import TypeAlias

from domain.power import Watts

NO_LIMIT: Watts = 1 << 62
"""The capacity of a node that limits nothing; above any sum of accepted figures."""

NOTHING = -1
"""The binding of a leaf that is at its maximum."""

ITSELF = -2
"""The binding of a leaf whose maximum is below its own minimum."""

_Breakpoint: TypeAlias = tuple[float, int, int, int, int]
"""(sort key, level as numerator and denominator, change of constant and of slope when the level falls below it)."""

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
    result = Fill([0] * len(claims.nodes), bindings, admitted)
    for leaf, is_admitted in enumerate(admitted):
        result.allocated_w[leaf] = claims.minimums_w[leaf] if is_admitted else claims.held_w[leaf]
    for _, tier in groupby((leaf for leaf in claims.order if admitted[leaf]), key=claims.tiers.__getitem__):
        leaves = list(tier)
        if len(leaves) == 1:
            _take_least_room(parents, room, claims, leaves[0], result)
        else:
            _fill_tier(parents, room, claims, leaves, result)
    return result


def admit(parents: Sequence[int], room: list[Watts], claims: Claims) -> tuple[list[bool], list[int]]:
    """Admit leaves by (tier, rank) while their minimums fit everywhere above them; takes the minimums out of `room`.

    Returns who is admitted, and for each leaf that is not the first node from the root where its minimum did not fit.
    """
    minimums, maximums, held = claims.minimums_w, claims.maximums_w, claims.held_w
    admitted = [minimum <= maximum for minimum, maximum in zip(minimums, maximums, strict=True)]
    bindings = [NOTHING if is_admitted else ITSELF for is_admitted in admitted]
    costs = [minimum - own for minimum, own in zip(minimums, held, strict=True)]
    if not any(costs):
        return admitted, bindings

    needed = [0] * len(room)
    for leaf, node in enumerate(claims.nodes):
        if admitted[leaf]:
            needed[node] += costs[leaf]
    for node in range(len(room) - 1, 0, -1):
        if parents[node] >= 0:
            needed[parents[node]] += needed[node]
    if all(needed[node] <= room[node] for node in range(len(room))):
        for node, taken in enumerate(needed):
            room[node] -= taken
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


def _fill_tier(parents: Sequence[int], room: list[Watts], claims: Claims, leaves: list[int], result: Fill) -> None:
    """Raise the leaves of one tier from their minimums to one common water level, cut where a node has no room."""
    nodes = _nodes_above(parents, claims.nodes, leaves)
    tops = _tops(parents, room, claims, leaves, nodes)
    saturations = _saturations(parents, room, claims, leaves, nodes, tops)
    levels = _levels(parents, nodes, saturations)
    rising: dict[int, int] = dict.fromkeys(nodes, 0)
    loads: dict[int, Watts] = dict.fromkeys(nodes, 0)
    for leaf in leaves:
        node = claims.nodes[leaf]
        minimum, maximum, weight = claims.minimums_w[leaf], claims.maximums_w[leaf], claims.weights[leaf]
        level = levels[node]
        if level is None or minimum == maximum or weight * level[0] >= maximum * level[1]:
            result.allocated_w[leaf] = maximum
            loads[node] += maximum - minimum
            continue
        numerator, denominator, result.bindings[leaf] = level
        share = weight * numerator
        if share > minimum * denominator:
            result.allocated_w[leaf], remainder = divmod(share, denominator)
            if remainder:
                result.exact[leaf] = (share, denominator)
            loads[node] -= minimum
            rising[node] += weight
    _take_from_room(parents, room, nodes, levels, saturations, loads, rising)


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
) -> dict[int, Watts]:
    """How far above the minimums the tier would rise at each node, cut below it but not at the node itself."""
    tops: dict[int, Watts] = dict.fromkeys(nodes, 0)
    leaf_nodes, minimums, maximums = claims.nodes, claims.minimums_w, claims.maximums_w
    for leaf in leaves:
        tops[leaf_nodes[leaf]] += maximums[leaf] - minimums[leaf]
    for node in reversed(nodes):
        parent = parents[node]
        if parent >= 0:
            top, left = tops[node], room[node]
            tops[parent] += top if top < left else left
    return tops


def _saturations(
    parents: Sequence[int],
    room: list[Watts],
    claims: Claims,
    leaves: list[int],
    nodes: Sequence[int],
    tops: dict[int, Watts],
) -> dict[int, tuple[int, int]]:
    """For every node that cuts, the highest level at which the response below it fits its room."""
    covered: set[int] = set()
    for node in nodes:
        if tops[node] > room[node] or parents[node] in covered:
            covered.add(node)
    if not covered:
        return {}
    key = _sort_key(sum(claims.weights), sum(claims.maximums_w))
    breakpoints: dict[int, list[_Breakpoint]] = {}
    for leaf in leaves:
        node = claims.nodes[leaf]
        minimum, maximum, weight = claims.minimums_w[leaf], claims.maximums_w[leaf], claims.weights[leaf]
        if node not in covered or minimum == maximum:
            continue
        points = breakpoints.setdefault(node, [])
        points.append((key(maximum, weight), maximum, weight, -maximum, weight))
        if minimum:
            points.append((key(minimum, weight), minimum, weight, minimum, -weight))

    saturations: dict[int, tuple[int, int]] = {}
    for node in reversed(nodes):
        if node not in covered:
            continue
        points = breakpoints.pop(node, [])
        if tops[node] > room[node]:
            points.sort()
            numerator, denominator, constant, slope = _descend(points, tops[node], room[node])
            saturations[node] = (numerator, denominator)
            points.append((key(numerator, denominator), numerator, denominator, constant - room[node], slope))
        parent = parents[node]
        if parent in covered and points:
            above = breakpoints.get(parent)
            if above is None:
                breakpoints[parent] = points
            elif len(above) < len(points):
                points += above
                breakpoints[parent] = points
            else:
                above += points
    return saturations


def _descend(points: list[_Breakpoint], top: Watts, room: Watts) -> tuple[int, int, int, int]:
    """Walk the sorted breakpoints down from the top until the response fits; drops those above that level.

    Returns the level (numerator, denominator) and the response just below it (constant, slope).
    """
    constant, slope = top, 0
    while points:
        _, numerator, denominator, change, bend = points[-1]
        if constant * denominator + slope * numerator <= room * denominator:
            break
        points.pop()
        constant += change
        slope += bend
    return room - constant, slope, constant, slope


def _sort_key(total_weight: int, total_maximum: Watts) -> Callable[[int, int], float]:
    """How levels are compared when sorted: as floats where no two different levels can fall on the same one.

    Levels n/d have d <= total_weight and n <= total_maximum; two that differ, differ relatively by 1/(n·d) or more.
    """
    return truediv if total_weight * total_maximum < 1 << 52 else _wide_key


def _wide_key(numerator: int, denominator: int) -> int:
    return (numerator << 160) // denominator


def _levels(
    parents: Sequence[int], nodes: Sequence[int], saturations: dict[int, tuple[int, int]]
) -> dict[int, _Level | None]:
    """The lowest saturation level at or above each node, and whose it is: of equals that nearest the root."""
    levels: dict[int, _Level | None] = {-1: None}
    for node in nodes:
        level = levels[parents[node]]
        own = saturations.get(node)
        if own is not None and (level is None or own[0] * level[1] < level[0] * own[1]):
            level = (own[0], own[1], node)
        levels[node] = level
    return levels


def _take_from_room(
    parents: Sequence[int],
    room: list[Watts],
    nodes: Sequence[int],
    levels: dict[int, _Level | None],
    saturations: dict[int, tuple[int, int]],
    loads: dict[int, Watts],
    rising: dict[int, int],
) -> None:
    """Leave to the next tier what this one did not fill, rounded up.

    A node below a saturated one may carry a fraction of a watt; the next tier can raise nothing there, and only
    has to see that the node itself is not full. Everywhere else the loads are whole.
    """
    for node in reversed(nodes):
        level = levels[node]
        load, weight = loads[node], rising[node]
        own = saturations.get(node)
        if own is not None and level is not None and own[0] * level[1] == level[0] * own[1]:
            load, weight = room[node], 0
            room[node] = 0
        elif weight and level is not None:
            room[node] -= load + weight * level[0] // level[1]
        else:
            room[node] -= load
        parent = parents[node]
        if parent >= 0:
            loads[parent] += load
            rising[parent] += weight
