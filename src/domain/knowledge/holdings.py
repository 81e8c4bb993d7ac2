"""What is taken at every node before anything is shared out (R18, R20)."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from itertools import compress
from operator import is_not

from domain.knowledge.demand import Standing
from domain.knowledge.held import NEVER, Held
from domain.knowledge.ledger import EXACT, LONG_AGO
from domain.knowledge.lines import Line
from domain.knowledge.memory import FormerRating, Memory
from domain.knowledge.sendings import Moment
from domain.site.power import Watts
from domain.site.power_tree import PowerTree


def hold(
    tree: PowerTree,
    lines: Sequence[Line],
    memory: Memory,
    moment: Moment,
    *,
    lines_before: Sequence[Line] = (),
    held_before: Sequence[Held] = (),
) -> list[Held]:
    """What the connectors hold at every node, in tree order; departed ones hold at the ancestors they left.

    Where the lines at and below a node are those of the cycle before, it holds what it held.
    """
    former, parents = memory.former_ratings, tree.parents
    held = list(held_before) or [Held()] * len(tree.nodes)
    changed: Collection[int] = range(len(tree.nodes))
    if lines_before:
        changed = _nodes_above(tree, compress(lines, map(is_not, lines, lines_before)))
    for node in changed:
        members = tree.connectors_of[node]
        here = lines[members[0] : members[-1] + 1] if members else []
        held[node] = _at_charge_point(tree, node, here, former=former, moment=moment) if here else Held()
    for node in range(len(held) - 1, 0, -1):
        if parents[node] in changed:
            held[parents[node]].add(held[node])
    for gone in memory.departed:
        for node_id in gone.node_ids:
            left = tree.node_index.get(node_id)
            if left is not None:
                held[left].add_departed(gone.held_w)
    return held


def _nodes_above(tree: PowerTree, lines: Iterable[Line]) -> set[int]:
    """The charge points of these connectors, and every node above them."""
    found: set[int] = set()
    for line in lines:
        node = line.connector.charge_point
        while node >= 0 and node not in found:
            found.add(node)
            node = tree.parents[node]
    return found


def _at_charge_point(
    tree: PowerTree, node: int, lines: Sequence[Line], *, former: Mapping[str, FormerRating], moment: Moment
) -> Held:
    reserved_w = held_w = least_w = most_w = measured_w = unproven_w = 0
    factor, oldest_at, raised_at = EXACT, NEVER, LONG_AGO
    sharing = []
    for line in lines:
        least, most = line.drawn_w(moment)
        least_w += least
        most_w += most
        measured_w += line.measured_w
        if line.known is not None and line.power_w is not None:
            is_held = line.measured_w > line.power_w or line.known.reading.power_w != line.power_w
            unproven_w += line.told_w if is_held else 0
            if line.power_w and (reckoned_by := _reckoned_by(line, line.known.measured_at, moment)) < oldest_at:
                oldest_at = reckoned_by
        if line.entry.factor > factor:
            factor = line.entry.factor
        for sent in line.entry.setpoints:
            raised_at = sent.first_sent_at if sent.raised and sent.first_sent_at > raised_at else raised_at
        if line.own_w is None:
            reserved_w += line.reserved_w
            held_w += line.exposure_w
        else:
            sharing.append(line)
    rating_w, fallback_w = tree.nodes[node].default_capacity_w or 0, tree.fallbacks_w[node]
    before = former.get(tree.nodes[node].node_id) if former else None
    if before is not None:
        rating_w, fallback_w = max(rating_w, before.rating_w), max(fallback_w, before.fallback_w)
    together_w = _together(sharing, fallback_w) if sharing else 0
    bearable_w = max(rating_w * factor // EXACT, measured_w)
    return Held(
        reserved_w=min(bearable_w, reserved_w + together_w),
        exposed_w=min(bearable_w, held_w + together_w),
        least_drawn_w=least_w,
        most_drawn_w=most_w,
        oldest_at=oldest_at,
        unproven_w=unproven_w,
        raised_at=raised_at,
    )


def _reckoned_by(line: Line, read_at: datetime, moment: Moment) -> datetime:
    """Since when meters were reckoned by this reading (R27); one that fell silent may have ended right after it."""
    if line.standing is not Standing.RESERVED:
        return read_at
    hold, stale_after = moment.windows.background_hold, moment.windows.connector_stale_after
    return read_at + hold if line.silent and moment.at < read_at + stale_after + hold else NEVER


def _together(sharing: Sequence[Line], fallback_w: Watts) -> Watts:
    """What connectors on the fallback of their charge point hold: that together, or what they may draw if more."""
    most_w = max([line.entry.at_meter(fallback_w) for line in sharing])
    return min(sum([line.exposure_w for line in sharing]), max(most_w, sum([line.own_w or 0 for line in sharing])))
