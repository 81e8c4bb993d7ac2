"""Small changes that may wait, so that no charger is told something new every few seconds (R43)."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from domain.knowledge.demand import Standing
from domain.knowledge.lines import Line
from domain.knowledge.situation import Situation
from domain.site.power import Watts

SMALL_PERCENT = 2
"""A change of less than this part of its connector's rating may wait."""

LESS = 25
"""A small decrease that cannot wait is a whole small change but for this part of it, so that the way back, as soon as
a few watts allow it again, is a small change too.
"""

WAITS_FOR = timedelta(seconds=240)
"""How old a setpoint is when even a small change of it is sent."""


def settle(situation: Situation, wanted_w: Sequence[Watts], limits_w: Sequence[Watts]) -> list[Watts]:
    """What to send, with the last sent limit again where the change to it is small and young enough to wait.

    `limits_w` are what `transition.send` made of `wanted_w`; all per connector in tree order. A decrease waits only
    where no raise waits for its room and what is sent goes on fitting; where it does not fit, as few as it takes go
    down. A small decrease that cannot wait is a whole step, so that nobody follows a falling capacity, or the end of
    its own charging, watt by watt.
    """
    settled = list(limits_w)
    decreases: list[int] = []
    for index, (line, limit) in enumerate(zip(situation.lines, limits_w, strict=True)):
        last = _repeatable_w(line, limit, situation.at) if limit else None
        if last is None:
            continue
        settled[index] = last
        if limit < last:
            decreases.append(index)
    if decreases:
        needed = _needed(situation, wanted_w, settled)
        waiting: list[int] = []
        for index in decreases:
            line = situation.lines[index]
            if needed[line.connector.charge_point]:
                settled[index] = _lowered(line, settled[index], limits_w[index])
            else:
                waiting.append(index)
        _fit(situation, limits_w, settled, waiting)
    return settled


def _repeatable_w(line: Line, limit_w: Watts, at: datetime) -> Watts | None:
    """The last sent limit of a connector with demand, at the meter, where this differs little from it, it could be
    sent again, and was sent first only lately.
    """
    entry = line.entry
    if not entry.setpoints or line.standing is not Standing.WANTING:
        return None
    last, rating_w = entry.setpoints[-1], line.rating_w
    last_w = entry.at_meter(last.limit_w)
    is_small = limit_w != last_w and abs(limit_w - last_w) * 100 < rating_w * SMALL_PERCENT
    if not is_small or last.limit_w == 0 or not line.minimum_w <= last_w <= rating_w:
        return None
    return last_w if at - last.first_sent_at < WAITS_FOR else None


def _needed(situation: Situation, wanted_w: Sequence[Watts], settled_w: Sequence[Watts]) -> list[bool]:
    """Per node, whether a raise below it or below a node above it waits for more room than there is once all do what
    is sent: what is missing then is not small.
    """
    tree, parents = situation.tree, situation.tree.parents
    missing, loads = [0] * len(tree.nodes), [0] * len(tree.nodes)
    for line, wanted, settled in zip(situation.lines, wanted_w, settled_w, strict=True):
        node, short = line.connector.charge_point, wanted - settled
        loads[node] += settled
        if short > 0:
            may_miss = 0 if settled == 0 else (line.rating_w * SMALL_PERCENT - 1) // 100
            missing[node] = max(missing[node], short - may_miss)
    for node in range(len(missing) - 1, 0, -1):
        if missing[node] > missing[parents[node]]:
            missing[parents[node]] = missing[node]

    needed: list[bool] = []
    for capacity, load, missed, parent in zip(
        situation.net_capacities_w, tree.summed(loads), missing, parents, strict=True
    ):
        own = missed > 0 and capacity - load < missed
        needed.append(own or (parent >= 0 and needed[parent]))
    return needed


def _fit(situation: Situation, limits_w: Sequence[Watts], settled_w: list[Watts], waiting: list[int]) -> None:
    """Lower those of the `waiting` that have the furthest to go until what is sent fits the net capacities."""
    tree, capacities = situation.tree, situation.net_capacities_w
    loads = [0] * len(tree.nodes)
    for line, settled in zip(situation.lines, settled_w, strict=True):
        loads[line.connector.charge_point] += settled
    loads = tree.summed(loads)
    for index in sorted(waiting, key=lambda index: limits_w[index] - settled_w[index]):
        line = situation.lines[index]
        path = tree.path(line.connector.charge_point)
        if any(loads[node] > capacities[node] for node in path):
            lowered = _lowered(line, settled_w[index], limits_w[index])
            for node in path:
                loads[node] -= settled_w[index] - lowered
            settled_w[index] = lowered


def _lowered(line: Line, last_w: Watts, limit_w: Watts) -> Watts:
    """What was to be sent, or less: the last limit less a whole step; never below the minimum, nor nothing."""
    return max(line.minimum_w, min(limit_w, last_w - _step_w(line))) or limit_w


def _step_w(line: Line) -> Watts:
    return line.rating_w * SMALL_PERCENT * (LESS - 1) // (100 * LESS)
