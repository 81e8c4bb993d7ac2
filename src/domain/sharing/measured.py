"""What every node measures, and how good that is (EVT-10)."""

from collections.abc import Sequence

from domain.knowledge.lines import Line
from domain.knowledge.situation import NodeView, Situation
from domain.sharing.plan import Quality
from domain.site.power import Watts


def measured(situation: Situation, readings_w: Sequence[Watts | None]) -> tuple[list[Watts | None], list[Quality]]:
    """Per node, in tree order, what it measures and how good that is; `readings_w`: what the connectors measure.

    That is its meter where that is relied on, else the sum of its children's, a connector's being its reading where
    fresh and known (R4); null where nobody below measured anything.
    """
    parents, count = situation.tree.parents, len(situation.nodes)
    sums_w: list[Watts | None] = [None] * count
    qualities, is_whole = [Quality.OK] * count, [True] * count
    for line, watts in zip(situation.lines, readings_w, strict=True):
        node = line.connector.charge_point
        if watts is not None:
            sums_w[node] = (sums_w[node] or 0) + watts
        if line.silent:
            is_whole[node] = False
    for index in range(count - 1, -1, -1):
        view, parent, sum_w = situation.nodes[index], parents[index], sums_w[index]
        if view.meter is not None:
            sum_w = sums_w[index] = view.meter.power_w
        found = qualities[index] = quality(view, sum_w, is_whole=is_whole[index])
        if parent >= 0:
            if sum_w is not None:
                sums_w[parent] = (sums_w[parent] or 0) + sum_w
            if found is not Quality.OK:
                is_whole[parent] = False
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
