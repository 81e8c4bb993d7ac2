"""What may be sent now: lower before raise, so that no subset of the setpoints can break a limit (section 6)."""

from collections.abc import Sequence

from domain import allocation
from domain.allocation import Claims
from domain.demand import Demands, Standing
from domain.power import Watts
from domain.power_tree import PowerTree
from domain.situation import Situation
from domain.targets import Filler


def _full(tree: PowerTree, room_w: Sequence[Watts], unconfirmed: Sequence[bool]) -> list[bool]:
    """Per node, whether it or a node above it has nothing left or may not, so that nothing below may be raised."""
    full: list[bool] = []
    for node, parent in enumerate(tree.parents):
        full.append(room_w[node] <= 0 or unconfirmed[node] or (parent >= 0 and full[parent]))
    return full


def send(situation: Situation, wanted_w: Sequence[Watts], filler: Filler = allocation.fill) -> list[Watts]:
    """The limit to send to every connector now; 0 for reserved ones, which are told nothing new.

    `wanted_w`: targets of connectors with demand, idle power of idle ones.
    Decreases go out at once; raises share what the exposures of everybody leave, by the same tiers and weights.
    """
    tree, demands, ranking = situation.tree, situation.demands, situation.ranking
    exposures_w = situation.holdings.exposures_w
    room_w = situation.free_room()
    full = _full(tree, room_w, situation.unconfirmed)
    limits = list(wanted_w)
    raised: list[int] = []
    for index, connector in enumerate(tree.connectors):
        wanted, exposure = wanted_w[index], exposures_w[index]
        if demands.standings[index] in (Standing.RESERVED, Standing.UNRESPONSIVE):
            limits[index] = 0
        elif full[connector.charge_point]:
            last = situation.entries[index].last_limit_w
            limits[index] = _never_between(min(wanted, exposure if last is None else last), tree, demands, index)
        elif wanted > exposure:
            raised.append(index)
    if not raised:
        return limits

    place = {index: leaf for leaf, index in enumerate(raised)}
    exposures = [exposures_w[index] for index in raised]
    minimums = [_minimum(tree, demands, index) for index in raised]
    filled = filler(
        tree.parents,
        [max(0, room) for room in room_w],
        Claims(
            nodes=[tree.connectors[index].charge_point for index in raised],
            minimums_w=[max(pair) for pair in zip(exposures, minimums, strict=True)],
            maximums_w=[wanted_w[index] for index in raised],
            held_w=exposures,
            weights=[ranking.weights[index] for index in raised],
            tiers=[ranking.tiers[index] for index in raised],
            order=[place[index] for index in ranking.order if index in place],
        ),
    )
    for leaf, index in enumerate(raised):
        limits[index] = _never_between(filled.allocated_w[leaf], tree, demands, index)
    return limits


def _minimum(tree: PowerTree, demands: Demands, index: int) -> Watts:
    return tree.connectors[index].min_power_w if demands.standings[index] is Standing.WANTING else 0


def _never_between(limit: Watts, tree: PowerTree, demands: Demands, index: int) -> Watts:
    """Off or at least the minimum: what lies between is 0."""
    return limit if limit >= _minimum(tree, demands, index) else 0
