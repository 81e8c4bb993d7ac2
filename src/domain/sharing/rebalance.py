"""One decision: a situation in, a whole plan out. A pure function that composes the other modules of this room."""

from collections.abc import Callable
from typing import TypeAlias

from domain.knowledge.demand import Standing
from domain.knowledge.situation import Situation
from domain.sharing import allocation, certificate, figures, rotation, settling, targets, transition
from domain.sharing.claims import NOTHING, Fill, Filler
from domain.sharing.figures import Decision
from domain.sharing.plan import Plan
from domain.sharing.rotation import NO_ROTATION, Rotation
from domain.sharing.targets import Targets
from domain.site.power import Watts

Certifier: TypeAlias = Callable[[Situation, Decision], str | None]
"""Says what is wrong with a decision; None where it holds."""


def certify(situation: Situation, decision: Decision) -> str | None:
    """What is wrong with a decision, by the independent certificate; None where it holds."""
    parents, capacities_w, lines = situation.tree.parents, situation.net_capacities_w, situation.lines
    decided = decision.targets
    fill = Fill(
        [decided.targets_w[index] for index in decided.wanting],
        [decided.bindings[index] for index in decided.wanting],
        [decided.admitted[index] for index in decided.wanting],
    )
    if decided.shares is None:
        fault = certificate.check_fill(parents, capacities_w, decided.claims, fill)
    else:
        fault = certificate.check_shared_fill(
            parents, capacities_w, decided.claims, fill, groups=decided.shares.claims, shares=decided.shares.fill
        )
    return fault or certificate.check_sent(
        parents,
        room_w=situation.free_room_w,
        capacities_w=capacities_w,
        nodes=[line.connector.charge_point for line in lines],
        exposures_w=[line.exposure_w for line in lines],
        minimums_w=[line.minimum_w for line in lines],
        ratings_w=[line.connector.max_power_w for line in lines],
        targets_w=decision.wanted_w,
        limits_w=decision.limits_w,
    )


def decide(
    situation: Situation,
    memory: Rotation = NO_ROTATION,
    *,
    filler: Filler = allocation.fill,
    certifier: Certifier = certify,
) -> Plan:
    """The plan for a situation. Never fails for its input: there is always a plan.

    `memory`: what ranks depend on from cycle to cycle. A plan that the `certifier` refuses is replaced by the safe
    answer, and says why.
    """
    ranking, memory = rotation.rank(situation, memory)
    decided = targets.decide(
        situation.tree,
        ranking,
        situation.site.unit,
        capacities_w=situation.net_capacities_w,
        demands_w=[line.demand_w if line.standing is Standing.WANTING else None for line in situation.lines],
        filler=filler,
    )
    wanted_w = _wanted_w(situation, decided)
    sendable_w = transition.send(situation, wanted_w, ranking, filler)
    limits_w = settling.settle(situation, wanted_w, sendable_w)
    decision = Decision(decided, wanted_w, sendable_w, limits_w)
    fault = certifier(situation, decision)
    if fault is not None:
        decision = _safe_answer(situation, decided)
    return figures.plan(situation, decision, memory, fault)


def _wanted_w(situation: Situation, decided: Targets) -> list[Watts]:
    """Per connector, the limit it is to have in the end: its target, its idle power, 0 where it is told nothing."""
    return [
        min(line.connector.idle_power_w, line.connector.max_power_w) if line.standing is Standing.IDLE else target
        for line, target in zip(situation.lines, decided.targets_w, strict=True)
    ]


def _safe_answer(situation: Situation, refused: Targets) -> Decision:
    """Only decreases, to what certainly fits: each keeps what it was told last and may draw, none where that is too
    much.
    """
    tree, lines = situation.tree, situation.lines
    kept, at_node = [0] * len(lines), [0] * len(tree.nodes)
    for index in refused.wanting:
        line = lines[index]
        last = line.entry.last_limit_w
        keeps = min(line.exposure_w, line.demand_w, line.exposure_w if last is None else last)
        kept[index] = keeps if keeps >= line.connector.min_power_w else 0
        at_node[line.connector.charge_point] += kept[index]
    too_much: list[bool] = []
    for load, room, parent in zip(tree.summed(at_node), situation.net_capacities_w, tree.parents, strict=True):
        too_much.append(load > room or (parent >= 0 and too_much[parent]))
    for index in refused.wanting:
        if too_much[lines[index].connector.charge_point]:
            kept[index] = 0
    bindings = [
        NOTHING if watts == line.demand_w else line.connector.charge_point
        for watts, line in zip(kept, lines, strict=True)
    ]
    safe = Targets(
        targets_w=kept,
        bindings=bindings,
        admitted=[True] * len(kept),
        wanting=refused.wanting,
        claims=refused.claims,
    )
    wanted_w = _wanted_w(situation, safe)
    limits_w = [min(wanted, line.exposure_w) for wanted, line in zip(wanted_w, lines, strict=True)]
    return Decision(safe, wanted_w, limits_w, limits_w)
