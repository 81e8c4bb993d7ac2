"""What every node measures, and how good that is (EVT-10)."""

from domain.knowledge.lines import Line
from domain.knowledge.situation import NodeView, Situation
from domain.sharing.plan import Quality
from domain.site.power import Watts


def measured(situation: Situation) -> tuple[list[Watts | None], list[Quality]]:
    """Per node, in tree order, what it measures and how good that is.

    That is its meter where that is relied on, else the sum of its children's, a connector's being its reading where
    fresh and known (R4); null where nobody below measured anything.
    """
    parents, count = situation.tree.parents, len(situation.nodes)
    sums_w: list[Watts | None] = [None] * count
    qualities, is_whole = [Quality.OK] * count, [True] * count
    for line in situation.lines:
        node = line.connector.charge_point
        sums_w[node] = _sum(sums_w[node], reading_w(line))
        is_whole[node] &= not line.silent
    for index in range(count - 1, -1, -1):
        view, parent = situation.nodes[index], parents[index]
        if view.meter is not None:
            sums_w[index] = view.meter.power_w
        qualities[index] = quality(view, sums_w[index], is_whole=is_whole[index])
        if parent >= 0:
            sums_w[parent] = _sum(sums_w[parent], sums_w[index])
            is_whole[parent] &= qualities[index] is Quality.OK
    return sums_w, qualities


def reading_w(line: Line) -> Watts | None:
    """What a connector measures; null where its reading is not fresh, or does not say."""
    return None if line.known is None or line.silent else line.power_w


def quality(view: NodeView, measured_w: Watts | None, *, is_whole: bool) -> Quality:
    """How good this figure is; `is_whole`: all children's are good and no connector of it is silent."""
    if measured_w is None:
        return Quality.MISSING
    if view.is_bad:
        return Quality.BAD
    if view.is_silent or (view.meter is None and not is_whole):
        return Quality.ESTIMATED
    return Quality.OK


def _sum(sum_w: Watts | None, watts: Watts | None) -> Watts | None:
    return sum_w if watts is None else (sum_w or 0) + watts
