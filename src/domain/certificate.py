"""The independent check of a plan: F, B, M, A, E of `allocation.md`, and that what is sent can break no limit.

Separate from the allocator on purpose: it shares only types with it, and no plan is committed that it refuses.
Every check returns the first thing it finds wrong as a sentence, or None.
"""

from collections.abc import Sequence

from domain.allocation import ITSELF, NOTHING, Claims, Fill
from domain.power import Watts


def check_fill(parents: Sequence[int], capacities_w: Sequence[Watts], claims: Claims, fill: Fill) -> str | None:
    """Whether a fill is feasible, within its intervals and exactly fair. Cost: O(n · depth)."""
    return (
        check_feasible(parents, capacities_w, claims.nodes, fill.allocated_w)
        or _check_intervals(claims, fill)
        or _check_held_off(parents, capacities_w, claims, fill)
        or _check_fairness(parents, capacities_w, claims, fill)
    )


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
    for leaf, watts in enumerate(fill.allocated_w):
        minimum, maximum = claims.minimums_w[leaf], claims.maximums_w[leaf]
        if fill.admitted[leaf]:
            if not minimum <= watts <= maximum:
                return f"B: leaf {leaf} has {watts} W, outside {minimum} to {maximum} W."
        elif watts != claims.held_w[leaf]:
            return f"B: leaf {leaf} is held off, but has {watts} W instead of {claims.held_w[leaf]} W."
        if fill.bindings[leaf] == NOTHING and (watts != maximum or not fill.admitted[leaf]):
            return f"E: nothing binds leaf {leaf}, but it has {watts} W of {maximum} W."
    return None


def _check_held_off(parents: Sequence[int], capacities_w: Sequence[Watts], claims: Claims, fill: Fill) -> str | None:
    """A: where a leaf is held off, the minimums admitted before it and its own do not fit."""
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
        elif binding not in _upwards(parents, claims.nodes[leaf]):
            return f"A: leaf {leaf} is held off by node {binding}, which is not above it."
        elif taken[binding] + cost <= capacities_w[binding]:
            return f"A: leaf {leaf} is held off at node {binding}, where its minimum fits."
    return None


def _check_fairness(parents: Sequence[int], capacities_w: Sequence[Watts], claims: Claims, fill: Fill) -> str | None:
    """M: where a leaf is bound, its tier and those before it fill the node, and no peer below has a higher rate."""
    allocated, weights, nodes = fill.allocated_w, claims.weights, claims.nodes
    admitted = [leaf for leaf in claims.order if fill.admitted[leaf]]
    filled = _loads(
        parents,
        len(capacities_w),
        [nodes[leaf] for leaf in admitted],
        [claims.minimums_w[leaf] - claims.held_w[leaf] for leaf in admitted],
    )
    leaves_below = _loads(parents, len(capacities_w), nodes, [1] * len(nodes))
    start = 0
    while start < len(admitted):
        end = start
        fastest: dict[int, tuple[Watts, int]] = {}
        while end < len(admitted) and claims.tiers[admitted[end]] == claims.tiers[admitted[start]]:
            leaf = admitted[end]
            watts, weight = allocated[leaf], weights[leaf]
            for node in _upwards(parents, nodes[leaf]):
                filled[node] += watts - claims.minimums_w[leaf]
                if watts > claims.minimums_w[leaf]:
                    rate = fastest.get(node)
                    if rate is None or watts * rate[1] > rate[0] * weight:
                        fastest[node] = (watts, weight)
            end += 1
        for leaf in admitted[start:end]:
            watts, binding = allocated[leaf], fill.bindings[leaf]
            if watts >= claims.maximums_w[leaf]:
                continue
            if binding < 0 or binding not in _upwards(parents, nodes[leaf]):
                return f"M: leaf {leaf} is below its maximum, but {binding} is no node above it."
            if filled[binding] + leaves_below[binding] < capacities_w[binding]:
                return f"M: leaf {leaf} is bound by node {binding}, which has room."
            rate = fastest.get(binding)
            if rate is not None and rate[0] * weights[leaf] > (watts + 1) * rate[1]:
                return f"M: leaf {leaf} is bound by node {binding}, where a leaf of its tier is better off."
        start = end
    return None


def check_sent(
    parents: Sequence[int],
    room_w: Sequence[Watts],
    capacities_w: Sequence[Watts],
    nodes: Sequence[int],
    exposures_w: Sequence[Watts],
    minimums_w: Sequence[Watts],
    targets_w: Sequence[Watts],
    limits_w: Sequence[Watts],
) -> str | None:
    """Whether every subset of the limits can be delivered in any order without taking a node over its limit.

    `room_w` is what the exposures leave at each node. Raises above the exposures must fit it all together; where
    nothing is left there must be none. No limit is between 0 and its minimum. One above its target is no raise, and
    only where no exposures exceed a limit above it and what is sent fits the net capacities.
    """
    raises = [max(0, limit - exposure) for limit, exposure in zip(limits_w, exposures_w, strict=True)]
    for node, raised in enumerate(_loads(parents, len(room_w), nodes, raises)):
        if raised > max(0, room_w[node]):
            return f"S: raises of {raised} W are sent below node {node}, which has {room_w[node]} W free."
    waiting = [int(limit > target) for limit, target in zip(limits_w, targets_w, strict=True)]
    if any(waiting):
        sent = _loads(parents, len(room_w), nodes, limits_w)
        for node, decreases in enumerate(_loads(parents, len(room_w), nodes, waiting)):
            if decreases and (room_w[node] < 0 or sent[node] > capacities_w[node]):
                return f"S: a decrease below node {node} waits, which has no room for it."
    for leaf, limit in enumerate(limits_w):
        if limit > max(targets_w[leaf], exposures_w[leaf]):
            return f"S: connector {leaf} is sent {limit} W, above its target of {targets_w[leaf]} W."
        if 0 < limit < minimums_w[leaf]:
            return f"S: connector {leaf} is sent {limit} W, below its minimum of {minimums_w[leaf]} W."
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


def _upwards(parents: Sequence[int], node: int) -> list[int]:
    path = []
    while node >= 0:
        path.append(node)
        node = parents[node]
    return path
