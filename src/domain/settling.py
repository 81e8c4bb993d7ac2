"""Small changes that may wait, so that no charger is told something new every few seconds (contract section 6)."""

from collections.abc import Sequence
from datetime import timedelta

from domain import exposure
from domain.demand import Standing
from domain.power import Watts
from domain.situation import Situation

SMALL_PERCENT = 2
"""A change of less than this part of its connector's rating may wait."""

WAITS_FOR = timedelta(seconds=240)
"""How old a setpoint is when even a small change of it is sent."""


def settle(situation: Situation, wanted_w: Sequence[Watts], limits_w: Sequence[Watts]) -> list[Watts]:
    """The limits to send, with the last sent one again where the change to it is small and young enough to wait.

    `limits_w` are what `transition.send` made of `wanted_w`; all per connector in tree order. A decrease waits only
    where no raise waits for its room, no exposures exceed a limit above it, and what is sent goes on fitting there.
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
    if not decreases:
        return settled

    kept = list(settled)
    for index in decreases:
        kept[index] = situation.entries[index].standing[-1].limit_w
    blocked = _blocked(situation, wanted_w, limits_w, settled, kept)
    for index in decreases:
        if not blocked[situation.tree.connectors[index].charge_point]:
            settled[index] = kept[index]
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


def _blocked(
    situation: Situation,
    wanted_w: Sequence[Watts],
    limits_w: Sequence[Watts],
    settled_w: Sequence[Watts],
    kept_w: Sequence[Watts],
) -> list[bool]:
    """Per node, whether it or a node above it needs every decrease below it now.

    It does where exposures exceed its limit, where it may be what a raise waits for, and where the kept limits
    would not fit.
    """
    tree, exposures_w = situation.tree, situation.holdings.exposures_w
    count = len(tree.nodes)
    missing, raises, loads = [0] * count, [0] * count, [0] * count
    for index, connector in enumerate(tree.connectors):
        node = connector.charge_point
        raises[node] += max(0, limits_w[index] - exposures_w[index])
        loads[node] += kept_w[index]
        short = wanted_w[index] - settled_w[index]
        if short > 0 and (settled_w[index] == 0 or not _is_small(situation, index, short)):
            missing[node] = max(missing[node], short)
    raises, loads = exposure.summed(tree, raises), exposure.summed(tree, loads)
    for node in range(count - 1, 0, -1):
        parent = tree.parents[node]
        missing[parent] = max(missing[parent], missing[node])

    blocked: list[bool] = []
    for node, (room, capacity) in enumerate(zip(situation.free_room(), situation.net_capacities(), strict=True)):
        own = room - raises[node] < missing[node] or loads[node] > capacity
        parent = tree.parents[node]
        blocked.append(own or (parent >= 0 and blocked[parent]))
    return blocked
