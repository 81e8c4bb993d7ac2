"""One decision: a snapshot of a microgrid in, a whole plan out. A pure function that composes the other modules."""

from collections.abc import Callable, Sequence
from typing import TypeAlias

from domain import allocation, certificate, exposure, figures, settling, targets, transition
from domain.allocation import NOTHING, Fill
from domain.demand import Standing
from domain.plan import Plan
from domain.power import Watts
from domain.site import Unit
from domain.situation import Situation
from domain.targets import Filler, Targets

Certifier: TypeAlias = Callable[[Situation, Targets, Sequence[Watts]], str | None]


def certify(situation: Situation, decided: Targets, limits_w: Sequence[Watts]) -> str | None:
    """What is wrong with this plan, by the independent certificate; None where it holds."""
    tree, capacities_w, wanting = situation.tree, situation.net_capacities_w, Standing.WANTING
    fill = Fill(
        [decided.targets_w[index] for index in decided.wanting],
        [decided.bindings[index] for index in decided.wanting],
        [decided.admitted[index] for index in decided.wanting],
    )
    if decided.shares is None:
        fault = certificate.check_fill(tree.parents, capacities_w, decided.claims, fill)
    else:
        fault = certificate.check_shared_fill(
            tree.parents, capacities_w, decided.claims, fill, decided.shares.claims, decided.shares.fill
        )
    return fault or certificate.check_sent(
        tree.parents,
        situation.free_room_w,
        capacities_w,
        [connector.charge_point for connector in tree.connectors],
        situation.holdings.exposures_w,
        [
            connector.min_power_w if standing is wanting else 0
            for connector, standing in zip(tree.connectors, situation.demands.standings, strict=True)
        ],
        [connector.max_power_w for connector in tree.connectors],
        figures.wanted(situation, decided),
        limits_w,
    )


def decide(situation: Situation, filler: Filler = allocation.fill, certifier: Certifier = certify) -> Plan:
    """The plan for a situation. Never fails for its input: there is always a plan.

    One that the certificate refuses is replaced by the safe answer, and the plan names the fault.
    """
    decided = targets.decide(
        situation.tree,
        situation.net_capacities_w,
        situation.demands,
        situation.ranking,
        Unit(situation.configuration.strategy.unit),
        filler,
    )
    wanted = figures.wanted(situation, decided)
    sendable = transition.send(situation, wanted, filler)
    limits_w = settling.settle(situation, wanted, sendable)
    fault = certifier(situation, decided, limits_w)
    if fault is not None:
        decided = _safe_answer(situation, decided)
        limits_w = sendable = [
            min(pair) for pair in zip(figures.wanted(situation, decided), situation.holdings.exposures_w, strict=True)
        ]
    return figures.plan(situation, decided, sendable, limits_w, fault)


def _safe_answer(situation: Situation, refused: Targets) -> Targets:
    """Only decreases, to what certainly fits: everybody keeps what it was told last and may draw, nobody where that
    is too much.
    """
    tree, demands = situation.tree, situation.demands
    kept = [0] * len(tree.connectors)
    for index in refused.wanting:
        exposure_w, last = situation.holdings.exposures_w[index], situation.entries[index].last_limit_w
        keeps = min(exposure_w, demands.demands_w[index], exposure_w if last is None else last)
        kept[index] = keeps if keeps >= tree.connectors[index].min_power_w else 0
    at_node = [0] * len(tree.nodes)
    for index in refused.wanting:
        at_node[tree.connectors[index].charge_point] += kept[index]
    too_much: list[bool] = []
    for node, (load, capacity) in enumerate(
        zip(exposure.summed(tree, at_node), situation.net_capacities_w, strict=True)
    ):
        parent = tree.parents[node]
        too_much.append(load > capacity or (parent >= 0 and too_much[parent]))
    for index in refused.wanting:
        if too_much[tree.connectors[index].charge_point]:
            kept[index] = 0
    bindings = [
        NOTHING if kept[index] == demands.demands_w[index] else tree.connectors[index].charge_point
        for index in range(len(kept))
    ]
    return Targets(kept, bindings, [True] * len(kept), refused.wanting, refused.claims)
