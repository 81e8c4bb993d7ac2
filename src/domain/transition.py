"""What may be sent now: lower before raise, so that no subset of the setpoints can break a limit (section 6)."""

from collections.abc import Sequence
from itertools import compress

from domain import allocation
from domain.allocation import Claims
from domain.demand import Demands, Standing
from domain.power import Watts
from domain.power_tree import PowerTree
from domain.situation import Situation
from domain.targets import Filler, renumbered


def _full(tree: PowerTree, room_w: Sequence[Watts], unconfirmed: Sequence[bool]) -> list[bool]:
    """Per node, whether it or a node above it has nothing left or may not, so that nothing below may be raised."""
    full: list[bool] = []
    for node, parent in enumerate(tree.parents):
        full.append(room_w[node] <= 0 or unconfirmed[node] or (parent >= 0 and full[parent]))
    return full


def send(situation: Situation, wanted_w: Sequence[Watts], filler: Filler = allocation.fill) -> list[Watts]:
    """The limit to send to every connector now; 0 for reserved ones, which are told nothing new.

    `wanted_w`: targets of connectors with demand, idle power of idle ones, 0 for those that are told nothing new.
    Decreases go out at once; raises share what the exposures of everybody leave, by the same tiers and weights.
    """
    tree, ranking, exposures_w = situation.tree, situation.ranking, situation.holdings.exposures_w
    minimums_w = _minimums(tree, situation.demands)
    room_w = [room - doubt for room, doubt in zip(situation.free_room_w, situation.doubt_w, strict=True)]
    full = _full(tree, room_w, situation.unconfirmed)
    limits = list(wanted_w)
    is_raised = [False] * len(limits)
    for index, (connector, wanted, exposure) in enumerate(zip(tree.connectors, wanted_w, exposures_w, strict=True)):
        if full[connector.charge_point]:
            last = situation.entries[index].last_limit_w
            limits[index] = _never_between(min(wanted, exposure if last is None else last), minimums_w[index])
        elif wanted > exposure:
            is_raised[index] = True
    raised = list(compress(range(len(limits)), is_raised))
    if not raised:
        return limits

    exposures = list(compress(exposures_w, is_raised))
    minimums = list(compress(minimums_w, is_raised))
    filled = filler(
        tree.parents,
        [max(0, room) for room in room_w],
        Claims(
            nodes=[connector.charge_point for connector in compress(tree.connectors, is_raised)],
            minimums_w=list(map(max, exposures, minimums)),
            maximums_w=list(compress(wanted_w, is_raised)),
            held_w=exposures,
            weights=list(compress(ranking.weights, is_raised)),
            tiers=list(compress(ranking.tiers, is_raised)),
            order=renumbered(ranking.order, is_raised),
        ),
    )
    for index, allocated, minimum in zip(raised, filled.allocated_w, minimums, strict=True):
        limits[index] = _never_between(allocated, minimum)
    return limits


def _minimums(tree: PowerTree, demands: Demands) -> list[Watts]:
    wanting = Standing.WANTING
    return [
        connector.min_power_w if standing is wanting else 0
        for connector, standing in zip(tree.connectors, demands.standings, strict=True)
    ]


def _never_between(limit: Watts, minimum: Watts) -> Watts:
    """Off or at least the minimum: what lies between is 0."""
    return limit if limit >= minimum else 0
