"""Small changes that may wait, so that no charger is told something new every few seconds (contract section 6)."""

from collections.abc import Sequence
from datetime import timedelta

from domain import exposure
from domain.demand import Standing
from domain.power import Watts
from domain.power_tree import PowerTree
from domain.situation import Situation

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
    for index, limit in enumerate(limits_w):
        last = _repeatable(situation, index)
        if last is None or limit in (0, last) or not _is_small(situation, index, limit - last):
            continue
        if last < limit:
            settled[index] = last
        else:
            decreases.append(index)
    if decreases:
        needed = _needed(situation, wanted_w, limits_w, settled)
        waiting: list[int] = []
        for index in decreases:
            last = situation.entries[index].standing[-1].limit_w
            if needed[situation.tree.connectors[index].charge_point]:
                settled[index] = _lowered(situation, index, last, limits_w[index])
            else:
                settled[index] = last
                waiting.append(index)
        _fit(situation, limits_w, settled, waiting)
    return settled


def _repeatable(situation: Situation, index: int) -> Watts | None:
    """The last sent limit of a connector with demand where it could be sent again, and was so only lately."""
    entry, connector = situation.entries[index], situation.tree.connectors[index]
    if not entry.standing or situation.demands.standings[index] is not Standing.WANTING:
        return None
    last = entry.standing[-1]
    if last.limit_w == 0 or situation.at - last.first_sent_at >= WAITS_FOR:
        return None
    return last.limit_w if connector.min_power_w <= last.limit_w <= connector.max_power_w else None


def _is_small(situation: Situation, index: int, change_w: Watts) -> bool:
    return abs(change_w) * 100 < situation.tree.connectors[index].max_power_w * SMALL_PERCENT


def _needed(
    situation: Situation, wanted_w: Sequence[Watts], limits_w: Sequence[Watts], settled_w: Sequence[Watts]
) -> list[bool]:
    """Per node, whether a raise below it or below a node above it may be waiting for room that decreases leave."""
    tree, exposures_w = situation.tree, situation.holdings.exposures_w
    missing, raises = [0] * len(tree.nodes), [0] * len(tree.nodes)
    for index, connector in enumerate(tree.connectors):
        node = connector.charge_point
        raises[node] += max(0, limits_w[index] - exposures_w[index])
        short = wanted_w[index] - settled_w[index]
        if short > 0 and (settled_w[index] == 0 or not _is_small(situation, index, short)):
            missing[node] = max(missing[node], short)
    raises = exposure.summed(tree, raises)
    for node in range(len(missing) - 1, 0, -1):
        parent = tree.parents[node]
        missing[parent] = max(missing[parent], missing[node])

    needed: list[bool] = []
    for node, room in enumerate(situation.free_room_w):
        parent = tree.parents[node]
        own = missing[node] > 0 and room - raises[node] < missing[node]
        needed.append(own or (parent >= 0 and needed[parent]))
    return needed


def _fit(situation: Situation, limits_w: Sequence[Watts], settled_w: list[Watts], waiting: list[int]) -> None:
    """Lower those of the `waiting` that have the furthest to go until what is sent fits the net capacities."""
    tree, capacities = situation.tree, situation.net_capacities_w
    loads = [0] * len(tree.nodes)
    for index, connector in enumerate(tree.connectors):
        loads[connector.charge_point] += settled_w[index]
    loads = exposure.summed(tree, loads)
    for index in sorted(waiting, key=lambda index: limits_w[index] - settled_w[index]):
        path = _path(tree, tree.connectors[index].charge_point)
        if any(loads[node] > capacities[node] for node in path):
            lowered = _lowered(situation, index, settled_w[index], limits_w[index])
            for node in path:
                loads[node] -= settled_w[index] - lowered
            settled_w[index] = lowered


def _lowered(situation: Situation, index: int, last_w: Watts, limit_w: Watts) -> Watts:
    """The last limit less a whole small change, never below the minimum; what was to be sent where that is nothing."""
    connector = situation.tree.connectors[index]
    return max(connector.min_power_w, last_w - connector.max_power_w * SMALL_PERCENT // 100) or limit_w


def _path(tree: PowerTree, node: int) -> list[int]:
    path = []
    while node >= 0:
        path.append(node)
        node = tree.parents[node]
    return path
