"""One decision: a situation in, a whole plan out. A pure function that composes the other modules of this room."""

from collections.abc import Callable
from dataclasses import replace
from typing import TypeAlias

from domain.knowledge.situation import Situation
from domain.sharing import allocation, certificate, figures, rotation, safe_answer, settling, targets, transition
from domain.sharing.claims import Fill, Filler
from domain.sharing.figures import Decision
from domain.sharing.plan import Plan, Question
from domain.sharing.rotation import NO_ROTATION, Rotation
from domain.sharing.strategy import Ranking
from domain.sharing.targets import Targets

Certifier: TypeAlias = Callable[[Situation, Decision], str | None]
"""Says what is wrong with a decision; None where it holds."""


def certify(situation: Situation, decision: Decision) -> str | None:
    """What is wrong with a decision, by the independent certificate; None where it holds."""
    parents, capacities_w, lines = situation.tree.parents, situation.net_capacities_w, situation.lines
    decided, spare, fault = decision.targets, decision.targets.spare, None
    nodes, minimums_w = [line.connector.charge_point for line in lines], [line.minimum_w for line in lines]
    if decision.targets_hold:
        spare = None
    elif decided.shares is None:
        fault = certificate.check_fill(parents, capacities_w, decided.claims, _filled(decided))
    else:
        shares = decided.shares
        fault = certificate.check_shared_fill(
            parents, capacities_w, decided.claims, _filled(decided), groups=shares.claims, shares=shares.fill
        )
    if spare is not None:
        fault = fault or certificate.check_spare(
            parents,
            capacities_w=capacities_w,
            nodes=nodes,
            targets_w=decided.targets_w,
            admitted=decided.admitted,
            minimums_w=minimums_w,
            fulls_w=[line.full_w for line in lines],
            leaves=spare.wanting,
            claims=spare.claims,
            fill=_filled(spare),
        )
    return fault or certificate.check_sent(
        parents,
        room_w=situation.free_room_w,
        capacities_w=capacities_w,
        nodes=nodes,
        exposures_w=[line.exposure_w for line in lines],
        minimums_w=minimums_w,
        ratings_w=[line.rating_w for line in lines],
        targets_w=decision.wanted_w,
        limits_w=decision.limits_w,
    )


def _filled(decided: Targets) -> Fill:
    """What the connectors with demand got of it."""
    return Fill(
        [decided.targets_w[index] for index in decided.wanting],
        [decided.bindings[index] for index in decided.wanting],
        [decided.admitted[index] for index in decided.wanting],
    )


def decide(
    situation: Situation,
    memory: Rotation = NO_ROTATION,
    before: Plan | None = None,
    *,
    filler: Filler = allocation.fill,
    certifier: Certifier = certify,
) -> Plan:
    """The plan for a situation. Never fails for its input: there is always a plan.

    `memory`: what ranks depend on from cycle to cycle; `before`: the plan of the cycle before, of the same site, which
    only spares work. A plan that the `certifier` refuses is replaced by the safe answer, and says why.
    """
    ranking, memory = rotation.rank(situation, memory)
    question, kept = _question(situation, ranking), None if before is None else before.kept
    targets_hold = kept is not None and kept.question == question
    decided = kept.targets if kept is not None and targets_hold else _targets(situation, question, filler)
    wanted_w = figures.wanted_w(situation, decided)
    sendable_w = transition.send(situation, wanted_w, ranking, filler)
    limits_w = settling.settle(situation, wanted_w, sendable_w)
    decision = Decision(decided, wanted_w, sendable_w, limits_w, targets_hold=targets_hold)
    fault = certifier(situation, decision)
    if fault is not None:
        decision = safe_answer.instead_of(situation, decided)
    return figures.plan(situation, decision, memory, fault, question=question, before=before)


def _question(situation: Situation, ranking: Ranking) -> Question:
    lines = situation.lines
    demands_w, fulls_w = [line.demand_w for line in lines], [line.full_w for line in lines]
    spare_ranking = None
    if demands_w != fulls_w:
        # In a tier those that have something go first: who merely keeps spare room would else take it in turns.
        has_none = [not line.entry.last_limit_w for line in lines]
        order = sorted(ranking.order, key=lambda index: (ranking.tiers[index], has_none[index]))
        spare_ranking = replace(ranking, order=order)
    return Question(
        capacities_w=situation.net_capacities_w,
        demands_w=demands_w,
        fulls_w=fulls_w,
        minimums_w=[line.minimum_w for line in lines],
        ranking=ranking,
        spare_ranking=spare_ranking,
    )


def _targets(situation: Situation, asked: Question, filler: Filler) -> Targets:
    """The fill of demands, and where some demand less than they may have, the one of what it leaves."""
    decided = targets.decide(
        situation.tree,
        asked.ranking,
        situation.site.unit,
        capacities_w=asked.capacities_w,
        demands_w=asked.demands_w,
        minimums_w=asked.minimums_w,
        filler=filler,
    )
    if asked.spare_ranking is None:
        return decided
    return targets.with_spare_room(
        decided,
        situation.tree,
        asked.spare_ranking,
        capacities_w=asked.capacities_w,
        fulls_w=asked.fulls_w,
        minimums_w=asked.minimums_w,
        filler=filler,
    )
