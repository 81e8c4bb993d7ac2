"""Small changes that may wait, so that no charger is told something new every few seconds (contract section 6)."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from domain.knowledge.demand import Standing
from domain.knowledge.lines import Line
from domain.knowledge.situation import Situation
from domain.site.power import Watts

SMALL_PERCENT = 2
"""A change of less than this part of its connector's rating may wait."""

WAITS_FOR = timedelta(seconds=240)
"""How old a setpoint is when even a small change of it is sent."""


def settle(situation: Situation, wanted_w: Sequence[Watts], limits_w: Sequence[Watts]) -> list[Watts]:
    """The limits to send, with the last sent one again where the change to it is small and young enough to wait.

    `limits_w` are what `transition.send` made of `wanted_w`; all per connector in tree order. A decrease waits only
    where no raise waits for its room and what is sent goes on fitting; where it does not fit, as few as it takes go
    down. A small decrease that cannot wait is a whole small change, so that nobody follows a falling capacity, or the
    end of its own charging, watt by watt.
    """
    settled = list(limits_w)
    decreases: list[int] = []
    for index, (line, limit) in enumerate(zip(situation.lines, limits_w, strict=True)):
        last = _repeatable(line, situation.at)
        if last is None or limit in (0, last) or not _is_small(line, limit - last):
            continue
        if last < limit:
            settled[index] = last
        else:
            decreases.append(index)
    if decreases:
        needed = _needed(situation, wanted_w, limits_w, settled)
        waiting: list[int] = []
        for index in decreases:
            line = situation.lines[index]
            last = line.entry.setpoints[-1].limit_w
            if needed[line.connector.charge_point]:
                settled[index] = _lowered(line, last, limits_w[index])
            else:
                settled[index] = last
                waiting.append(index)
        _fit(situation, limits_w, settled, waiting)
    return settled


def _repeatable(line: Line, at: datetime) -> Watts | None:
    """The last sent limit of a connector with demand where it could be sent again, and was so only lately."""
    last = line.entry.newest
    if (
        last is None
        or line.standing is not Standing.WANTING
        or last.limit_w == 0
        or at - last.first_sent_at >= WAITS_FOR
    ):
        return None
    return last.limit_w if line.connector.min_power_w <= last.limit_w <= line.connector.max_power_w else None


def _is_small(line: Line, change_w: Watts) -> bool:
    return abs(change_w) * 100 < line.connector.max_power_w * SMALL_PERCENT


def _needed(
    situation: Situation, wanted_w: Sequence[Watts], limits_w: Sequence[Watts], settled_w: Sequence[Watts]
) -> list[bool]:
    """Per node, whether a raise below it or below a node above it may be waiting for room that decreases leave."""
    parents = situation.tree.parents
    missing, raises = [0] * len(parents), [0] * len(parents)
    for line, wanted, limit, settled in zip(situation.lines, wanted_w, limits_w, settled_w, strict=True):
        node = line.connector.charge_point
        raises[node] += max(0, limit - line.exposure_w)
        short = wanted - settled
        if short > 0 and (settled == 0 or not _is_small(line, short)):
            missing[node] = max(missing[node], short)
    raises = situation.tree.summed(raises)
    for node in range(len(missing) - 1, 0, -1):
        missing[parents[node]] = max(missing[parents[node]], missing[node])

    needed: list[bool] = []
    for room, missed, raised, parent in zip(situation.free_room_w, missing, raises, parents, strict=True):
        own = missed > 0 and room - raised < missed
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
    """The last limit less a whole small change, never below the minimum; what was to be sent where that is nothing."""
    connector = line.connector
    return max(connector.min_power_w, last_w - connector.max_power_w * SMALL_PERCENT // 100) or limit_w
