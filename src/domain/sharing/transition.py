"""What may be sent now: lower before raise, so that no subset of the setpoints can break a limit (R43)."""

from collections.abc import Sequence
from itertools import compress

from domain.knowledge.lines import Line
from domain.knowledge.situation import Situation
from domain.sharing import allocation
from domain.sharing.claims import Claims, Filler
from domain.sharing.strategy import Ranking
from domain.sharing.targets import renumbered
from domain.site.power import Watts


def send(
    situation: Situation, wanted_w: Sequence[Watts], ranking: Ranking, filler: Filler = allocation.fill
) -> list[Watts]:
    """What every connector may draw by what it is sent now; 0 for reserved and unresponsive ones, which this does not
    concern (R43).

    `wanted_w`: targets of connectors with demand, idle power of idle ones, 0 for those.
    Decreases go out at once; raises share what the exposures of all leave, by the same tiers and weights.
    """
    room_w = [free - view.background.doubt_w for free, view in zip(situation.free_room_w, situation.nodes, strict=True)]
    is_full = full(situation, room_w)
    limits = list(wanted_w)
    is_raised = [False] * len(limits)
    for index, (line, wanted) in enumerate(zip(situation.lines, wanted_w, strict=True)):
        if is_full[line.connector.charge_point]:
            limits[index] = never_between(min(wanted, _had_w(situation, line)), line.minimum_w)
        elif wanted > line.exposure_w:
            is_raised[index] = True
    raised = list(compress(situation.lines, is_raised))
    if not raised:
        return limits

    filled = filler(
        situation.tree.parents,
        [max(0, room) for room in room_w],
        Claims(
            nodes=[line.connector.charge_point for line in raised],
            minimums_w=[max(line.exposure_w, line.minimum_w) for line in raised],
            maximums_w=list(compress(wanted_w, is_raised)),
            held_w=[line.exposure_w for line in raised],
            weights=list(compress(ranking.weights, is_raised)),
            tiers=list(compress(ranking.tiers, is_raised)),
            order=renumbered(ranking.order, is_raised),
        ),
    )
    for index, line, allocated in zip(compress(range(len(limits)), is_raised), raised, filled.allocated_w, strict=True):
        limits[index] = never_between(allocated, line.minimum_w)
    return limits


def _had_w(situation: Situation, line: Line) -> Watts:
    """What a connector had before: what it was told last, or reported while that counts; else what it may draw.

    After a first cycle that is no more than its part of the fallback of its charge point: more than that together its
    connectors never had.
    """
    last, tree, node = line.entry.last_w, situation.tree, line.connector.charge_point
    if last is not None:
        return min(last, line.exposure_w)
    if not situation.memory.sendings:
        return line.exposure_w
    return min(line.exposure_w, line.entry.at_meter(tree.fallbacks_w[node] // len(tree.connectors_of[node])))


def full(situation: Situation, room_w: Sequence[Watts]) -> list[bool]:
    """Per node, whether it or a node above it has nothing left or may not, so that nothing below may be raised."""
    are_full: list[bool] = []
    for view, room, parent in zip(situation.nodes, room_w, situation.tree.parents, strict=True):
        are_full.append(room <= 0 or view.background.unconfirmed or (parent >= 0 and are_full[parent]))
    return are_full


def never_between(limit: Watts, minimum: Watts) -> Watts:
    """Off or at least the minimum: what lies between is 0."""
    return limit if limit >= minimum else 0
