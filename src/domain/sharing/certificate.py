"""The independent check of a plan: F, B, M, A, E of a fill, R of spare room, S of what is sent (FILL-15).

Separate from the allocator on purpose: it shares only types with it, and no plan is committed that it refuses.
Every check returns the first thing it finds wrong as a sentence, or None.
"""

from collections.abc import Iterator, Sequence
from itertools import compress, groupby
from operator import gt, sub

from domain.sharing.claims import ITSELF, NOTHING, Claims, Fill
from domain.site.power import Watts


def check_fill(parents: Sequence[int], capacities_w: Sequence[Watts], claims: Claims, fill: Fill) -> str | None:
    """Whether a fill is feasible, within its intervals and exactly fair. Cost: O(n · depth)."""
    return (
        check_feasible(parents, capacities_w, claims.nodes, fill.allocated_w)
        or _check_intervals(claims, fill)
        or _check_held_off(parents, capacities_w, claims, fill)
        or _check_fairness(parents, capacities_w, claims, fill)
    )


def check_shared_fill(
    parents: Sequence[int], capacities_w: Sequence[Watts], claims: Claims, fill: Fill, *, groups: Claims, shares: Fill
) -> str | None:
    """The same for leaves admitted one by one whose nodes share first: `groups` has a leaf a node, `shares` its share.

    A share is filled over its leaves, exact to less than a watt a leaf.
    """
    return (
        check_feasible(parents, capacities_w, claims.nodes, fill.allocated_w)
        or _check_intervals(claims, fill)
        or _check_held_off(parents, capacities_w, claims, fill)
        or _check_groups(claims, fill, groups)
        or check_fill(parents, capacities_w, groups, shares)
        or _check_inside(claims, fill, groups, shares)
    )


def check_spare(
    parents: Sequence[int],
    *,
    capacities_w: Sequence[Watts],
    nodes: Sequence[int],
    targets_w: Sequence[Watts],
    admitted: Sequence[bool],
    minimums_w: Sequence[Watts],
    fulls_w: Sequence[Watts],
    leaves: Sequence[int],
    claims: Claims,
    fill: Fill,
) -> str | None:
    """R: what the targets leave is filled again, for just those that may have more and were not held off (R33a).

    `claims` and `fill` are of the connectors whose indices are `leaves`; the other lists have an entry a connector.
    """
    due = {
        leaf: (nodes[leaf], 0 if target else minimums_w[leaf], fulls_w[leaf] - target)
        for leaf, target in enumerate(targets_w)
        if admitted[leaf] and fulls_w[leaf] > target
    }
    claimed = zip(claims.nodes, claims.minimums_w, claims.maximums_w, strict=True)
    if dict(zip(leaves, claimed, strict=True)) != due:
        return "R: spare room is not claimed by just those that may have more than their target, up to that."
    left_w = list(map(sub, capacities_w, _loads(parents, len(capacities_w), nodes, targets_w)))
    return check_fill(parents, left_w, claims, fill)


def check_feasible(
    parents: Sequence[int], capacities_w: Sequence[Watts], nodes: Sequence[int], allocated_w: Sequence[Watts]
) -> str | None:
    """F: at every node, what is allocated below fits the net capacity (0 where nothing is left)."""
    loads = _loads(parents, len(capacities_w), nodes, allocated_w)
    for node, load in enumerate(loads):
        if load > capacities_w[node]:
            return f"F: {load} W are allocated below node {node}, which has {capacities_w[node]} W."
    return None


def _check_intervals(claims: Claims, fill: Fill) -> str | None:
    """B and E: off, or between minimum and maximum; at the maximum where nothing binds."""
    intervals = zip(fill.allocated_w, claims.minimums_w, claims.maximums_w, fill.admitted, fill.bindings, strict=True)
    for leaf, (watts, minimum, maximum, is_admitted, binding) in enumerate(intervals):
        if is_admitted:
            if not minimum <= watts <= maximum:
                return f"B: leaf {leaf} has {watts} W, outside {minimum} to {maximum} W."
        elif watts != claims.held_w[leaf]:
            return f"B: leaf {leaf} is held off, but has {watts} W instead of {claims.held_w[leaf]} W."
        if binding == NOTHING and (watts != maximum or not is_admitted):
            return f"E: nothing binds leaf {leaf}, but it has {watts} W of {maximum} W."
    return None


def _check_held_off(parents: Sequence[int], capacities_w: Sequence[Watts], claims: Claims, fill: Fill) -> str | None:
    """A: where a leaf is held off, the minimums admitted before it and its own do not fit."""
    if all(fill.admitted):
        return None
    taken = [0] * len(capacities_w)
    for leaf in claims.order:
        cost = claims.minimums_w[leaf] - claims.held_w[leaf]
        binding = fill.bindings[leaf]
        if fill.admitted[leaf]:
            for node in _upwards(parents, claims.nodes[leaf]):
                taken[node] += cost
        elif binding == ITSELF:
            if claims.minimums_w[leaf] <= claims.maximums_w[leaf]:
                return f"A: leaf {leaf} is held off by itself, but its minimum is not above its maximum."
        elif not _is_above(parents, binding, claims.nodes[leaf]):
            return f"A: leaf {leaf} is held off by node {binding}, which is not above it."
        elif taken[binding] + cost <= capacities_w[binding]:
            return f"A: leaf {leaf} is held off at node {binding}, where its minimum fits."
    return None


def _check_groups(claims: Claims, fill: Fill, groups: Claims) -> str | None:
    """C: every node claims what its admitted leaves claim together, in the tier of the first of them."""
    claimed: dict[int, tuple[Watts, Watts, int]] = {}
    for leaf in claims.order:
        if fill.admitted[leaf]:
            node = claims.nodes[leaf]
            minimum_w, maximum_w, tier = claimed.get(node, (0, 0, claims.tiers[leaf]))
            claimed[node] = (minimum_w + claims.minimums_w[leaf], maximum_w + claims.maximums_w[leaf], tier)
    if claimed != dict(
        zip(groups.nodes, zip(groups.minimums_w, groups.maximums_w, groups.tiers, strict=True), strict=True)
    ):
        return "C: some node does not claim what its admitted leaves claim together."
    return None


def _check_inside(claims: Claims, fill: Fill, groups: Claims, shares: Fill) -> str | None:
    """F and M inside every node: its leaves share no more than its share, and all of it where they are bound."""
    place = {node: position for position, node in enumerate(groups.nodes)}
    admitted = list(compress(range(len(fill.admitted)), fill.admitted))
    positions = [place[claims.nodes[leaf]] for leaf in admitted]
    maximums = [claims.maximums_w[leaf] for leaf in admitted]
    allocated = [fill.allocated_w[leaf] for leaf in admitted]
    for leaf, position, watts, maximum in zip(admitted, positions, allocated, maximums, strict=True):
        if watts < maximum and fill.bindings[leaf] != shares.bindings[position]:
            return f"M: leaf {leaf} is bound by {fill.bindings[leaf]}, but its node by {shares.bindings[position]}."
    renumbered = {leaf: number for number, leaf in enumerate(admitted)}
    inside = Claims(
        nodes=positions,
        minimums_w=[claims.minimums_w[leaf] for leaf in admitted],
        maximums_w=maximums,
        held_w=[0] * len(admitted),
        weights=[claims.weights[leaf] for leaf in admitted],
        tiers=[claims.tiers[leaf] for leaf in admitted],
        order=[renumbered[leaf] for leaf in claims.order if leaf in renumbered],
    )
    roots = [-1] * len(groups.nodes)
    return check_feasible(roots, shares.allocated_w, positions, allocated) or _check_fairness(
        roots, shares.allocated_w, inside, Fill(allocated, positions, [True] * len(admitted))
    )


def _check_fairness(parents: Sequence[int], capacities_w: Sequence[Watts], claims: Claims, fill: Fill) -> str | None:
    """M: where a leaf is bound, its tier and those before it fill the node, and no peer below has a higher rate."""
    allocated, weights, nodes, minimums = fill.allocated_w, claims.weights, claims.nodes, claims.minimums_w
    admitted = [leaf for leaf in claims.order if fill.admitted[leaf]]
    filled = _loads(
        parents,
        len(capacities_w),
        [nodes[leaf] for leaf in admitted],
        [minimums[leaf] - claims.held_w[leaf] for leaf in admitted],
    )
    leaves_below = _loads(parents, len(capacities_w), nodes, [1] * len(nodes))
    for _, group in groupby(admitted, key=claims.tiers.__getitem__):
        tier = list(group)
        fastest: dict[int, tuple[Watts, int]] = {}
        for leaf in tier:
            watts, weight, node = allocated[leaf], weights[leaf], nodes[leaf]
            above_minimum = watts - minimums[leaf]
            is_fastest = above_minimum != 0
            while node >= 0 and above_minimum:
                filled[node] += above_minimum
                if is_fastest:
                    # Who is not the fastest here is not so further up either.
                    rate = fastest.get(node)
                    is_fastest = rate is None or watts * rate[1] > rate[0] * weight
                    if is_fastest:
                        fastest[node] = (watts, weight)
                node = parents[node]
        for leaf in tier:
            watts, binding = allocated[leaf], fill.bindings[leaf]
            if watts >= claims.maximums_w[leaf]:
                continue
            if not _is_above(parents, binding, nodes[leaf]):
                return f"M: leaf {leaf} is below its maximum, but {binding} is no node above it."
            if filled[binding] + leaves_below[binding] < capacities_w[binding]:
                return f"M: leaf {leaf} is bound by node {binding}, which has room."
            rate = fastest.get(binding)
            if rate is not None and rate[0] * weights[leaf] > (watts + 1) * rate[1]:
                return f"M: leaf {leaf} is bound by node {binding}, where a leaf of its tier is better off."
    return None


def check_sent(
    parents: Sequence[int],
    *,
    room_w: Sequence[Watts],
    capacities_w: Sequence[Watts],
    nodes: Sequence[int],
    exposures_w: Sequence[Watts],
    minimums_w: Sequence[Watts],
    ratings_w: Sequence[Watts],
    targets_w: Sequence[Watts],
    limits_w: Sequence[Watts],
) -> str | None:
    """Whether every subset of the limits can be delivered in any order without taking a node over its limit.

    `room_w` is what the exposures leave at each node. Raises above the exposures must fit it all together; where
    nothing is left there must be none. No limit is above its rating, or between 0 and its minimum. One above its
    target is no raise, and only where what is sent fits the net capacities.
    """
    raises = [
        limit - exposure if limit > exposure else 0 for limit, exposure in zip(limits_w, exposures_w, strict=True)
    ]
    for node, raised in enumerate(_loads(parents, len(room_w), nodes, raises)):
        if raised and raised > room_w[node]:
            return f"S: raises of {raised} W are sent below node {node}, which has {room_w[node]} W free."
    waiting = list(map(gt, limits_w, targets_w))
    if any(waiting):
        sent = _loads(parents, len(room_w), nodes, limits_w)
        for node, decreases in enumerate(_loads(parents, len(room_w), nodes, waiting)):
            if decreases and sent[node] > capacities_w[node]:
                return f"S: a decrease below node {node} waits, which has no room for it."
    sent_to = zip(limits_w, targets_w, exposures_w, ratings_w, minimums_w, strict=True)
    for leaf, (limit, target, exposure, rating, minimum) in enumerate(sent_to):
        if limit > target and limit > exposure:
            return f"S: connector {leaf} is sent {limit} W, above its target of {target} W."
        if limit > rating:
            return f"S: connector {leaf} is sent {limit} W, above its rating of {rating} W."
        if 0 < limit < minimum:
            return f"S: connector {leaf} is sent {limit} W, below its minimum of {minimum} W."
    return None


def _loads(parents: Sequence[int], count: int, nodes: Sequence[int], figures: Sequence[int]) -> list[int]:
    """Figures of leaves summed up at every node above them."""
    loads = [0] * count
    for node, figure in zip(nodes, figures, strict=True):
        loads[node] += figure
    for node in range(count - 1, 0, -1):
        if parents[node] >= 0:
            loads[parents[node]] += loads[node]
    return loads


def _upwards(parents: Sequence[int], node: int) -> Iterator[int]:
    while node >= 0:
        yield node
        node = parents[node]


def _is_above(parents: Sequence[int], node: int, below: int) -> bool:
    """Whether a node is `below` itself or an ancestor of it; an ancestor's index is lower."""
    while below > node >= 0:
        below = parents[below]
    return node == below >= 0
