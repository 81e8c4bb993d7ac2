"""The exact fill: strict tiers of weighted max-min shares under every limit of a tree at once.

Stated in FILL-1 to FILL-8; the method is the one of Hochbaum and Hong (Math. Prog. 69, 1995) for
separable objectives over a tree: every node's response to a water level is piecewise linear, is built bottom-up from
the breakpoints below it, and is cut where it meets the node's capacity. All decisions are made in integers or in
cross-multiplied rationals, so the same claims give the same watts everywhere.
"""

from collections.abc import Callable, Sequence
from itertools import compress, groupby
from math import gcd
from operator import gt, le, sub, truediv
from typing import TypeAlias

from domain.sharing.claims import ITSELF, NOTHING, Claims, Fill
from domain.site import power_tree
from domain.site.power import Watts

_Breakpoint: TypeAlias = tuple[float, int, int]
"""(sort key, numerator, denominator) of a level; both negative at a minimum.

When the level falls below it, the response grows steeper by the denominator and its constant falls by the numerator.
"""

_Level: TypeAlias = tuple[int, int, int]
"""A water level (numerator, denominator) and the node that holds it there."""


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
            _take_least_room(parents, room, claims, leaves[0], result=result)
        else:
            tier_fill = _TierFill(parents, room, claims, leaves)
            tier_fill.allot(result)
            if left:
                tier_fill.take_from_room()
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
    needed = power_tree.summed(parents, needed)
    if not any(map(gt, needed, room)):
        room[:] = map(sub, room, needed)
        return admitted, bindings

    for leaf in claims.order:
        cost = costs[leaf]
        if not admitted[leaf] or not cost:
            continue
        path = power_tree.path(parents, claims.nodes[leaf])
        refused_at = [node for node in path if room[node] < cost]
        if refused_at:
            admitted[leaf] = False
            bindings[leaf] = refused_at[-1]
        else:
            for node in path:
                room[node] -= cost
    return admitted, bindings


def _take_least_room(parents: Sequence[int], room: list[Watts], claims: Claims, leaf: int, *, result: Fill) -> None:
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


class _TierFill:
    """The fill of one tier: leaves rise from their minimums to one common water level, cut where a node has no room.

    Lists by node have an entry a node of the tree. `tops`: how far above the minimums the tier would rise there, cut
    below it but not at the node itself. `cuts`: the nearest node at or above it that has less room than that; NOTHING
    where there is none. `members`: the leaves by the node that cuts nearest above them. `saturations`: for every node
    that cuts, the highest level at which the response below it fits its room. `levels`: the lowest of these at or
    above it.
    """

    def __init__(self, parents: Sequence[int], room: list[Watts], claims: Claims, leaves: list[int]) -> None:
        self.parents, self.room, self.claims = parents, room, claims
        self.nodes = self._nodes_above(leaves)
        self.tops = self._tops(leaves)
        self.cuts = self._nearest_cuts()
        self.members = self._members(leaves)
        self.saturations = self._saturations()
        self.levels = self._levels()

    def allot(self, result: Fill) -> None:
        """Give every leaf its share of the level above it."""
        minimums, maximums, weights = self.claims.minimums_w, self.claims.maximums_w, self.claims.weights
        allocated, bindings, exact = result.allocated_w, result.bindings, result.exact
        for cut, inside in self.members.items():
            numerator, denominator, binding = self.levels[cut]
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

    def take_from_room(self) -> None:
        """Leave to the next tier what this one did not fill.

        Below a saturated node nothing can be raised any more, so what the shares leave there does not matter.
        """
        parents, room, claims = self.parents, self.room, self.claims
        minimums, maximums, weights = claims.minimums_w, claims.maximums_w, claims.weights
        loads = [0] * len(parents)
        for cut, inside in self.members.items():
            numerator, denominator, _ = self.levels[cut]
            for leaf in inside:
                if weights[leaf] * numerator >= maximums[leaf] * denominator:
                    loads[claims.nodes[leaf]] += maximums[leaf] - minimums[leaf]
        for node in reversed(self.nodes):
            numerator, denominator, _ = self.levels[self.cuts[node]]
            own = self.saturations.get(node)
            if own is not None and own[0] * denominator == numerator * own[1]:
                loads[node] = room[node]
            room[node] -= loads[node]
            if parents[node] >= 0:
                loads[parents[node]] += loads[node]

    def _nodes_above(self, leaves: list[int]) -> Sequence[int]:
        """The nodes at and above the leaves, in preorder: all of them where the tier is large."""
        if len(leaves) * 4 > len(self.parents):
            return range(len(self.parents))
        found: set[int] = set()
        for leaf in leaves:
            node = self.claims.nodes[leaf]
            while node >= 0 and node not in found:
                found.add(node)
                node = self.parents[node]
        return sorted(found)

    def _tops(self, leaves: list[int]) -> list[Watts]:
        parents, room, tops = self.parents, self.room, [0] * len(self.parents)
        leaf_nodes, minimums, maximums = self.claims.nodes, self.claims.minimums_w, self.claims.maximums_w
        for leaf in leaves:
            tops[leaf_nodes[leaf]] += maximums[leaf] - minimums[leaf]
        for node in reversed(self.nodes):
            parent = parents[node]
            if parent >= 0:
                top, left = tops[node], room[node]
                tops[parent] += top if top < left else left
        return tops

    def _nearest_cuts(self) -> list[int]:
        parents, cuts = self.parents, [NOTHING] * len(self.parents)
        for node in self.nodes:
            if self.tops[node] > self.room[node]:
                cuts[node] = node
            elif parents[node] >= 0:
                cuts[node] = cuts[parents[node]]
        return cuts

    def _members(self, leaves: list[int]) -> dict[int, list[int]]:
        """By cut in preorder; NOTHING comes first."""
        members: dict[int, list[int]] = {cut: [] for cut in (NOTHING, *sorted(set(self.cuts)))}
        for leaf in leaves:
            members[self.cuts[self.claims.nodes[leaf]]].append(leaf)
        return members

    def _saturations(self) -> dict[int, tuple[int, int]]:
        """Parents last."""
        saturations: dict[int, tuple[int, int]] = {}
        inherited: dict[int, list[_Breakpoint]] = {}
        key = _sort_key(self.claims)
        for node in reversed(self.members):
            if node == NOTHING:
                break
            points = inherited.pop(node, [])
            self._add_breakpoints(points, self.members[node], key)
            points.sort()
            numerator, denominator = saturations[node] = _descend(points, self.room[node] - self.tops[node])
            above = self._cut_above(node)
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

    def _add_breakpoints(self, points: list[_Breakpoint], leaves: list[int], key: Callable[[int, int], float]) -> None:
        minimums, maximums, weights = self.claims.minimums_w, self.claims.maximums_w, self.claims.weights
        for leaf in leaves:
            minimum, maximum, weight = minimums[leaf], maximums[leaf], weights[leaf]
            if minimum < maximum:
                points.append((key(maximum, weight), maximum, weight))
                if minimum:
                    points.append((key(minimum, weight), -minimum, -weight))

    def _levels(self) -> dict[int, _Level]:
        """With the node that holds the level there: of equals the one nearest the root."""
        levels = {NOTHING: (1, 0, NOTHING)}
        for node in reversed(self.saturations):
            numerator, denominator = self.saturations[node]
            level = levels[self._cut_above(node)]
            if numerator * level[1] < level[0] * denominator:
                level = (numerator, denominator, node)
            levels[node] = level
        return levels

    def _cut_above(self, node: int) -> int:
        """The nearest cut strictly above a node; NOTHING where there is none."""
        return self.cuts[self.parents[node]] if self.parents[node] >= 0 else NOTHING


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
