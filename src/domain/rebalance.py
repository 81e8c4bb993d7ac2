"""One decision: a snapshot of a microgrid in, a whole plan out. A pure function that composes the other modules."""

from collections.abc import Callable, Sequence
from typing import TypeAlias

from domain import allocation, certificate, exposure, figures, settling, targets, transition
from domain.allocation import NOTHING
from domain.demand import Standing
from domain.plan import Plan
from domain.power import Watts
from domain.site import Unit
from domain.situation import Situation, Snapshot, assess
from domain.targets import Filler, Targets

Certifier: TypeAlias = Callable[[Situation, Targets, Sequence[Watts]], str | None]


def rebalance(snapshot: Snapshot) -> Plan:
    """Decide who gets what under every limit at once, and what of it may be sent now."""
    return decide(assess(snapshot))


def certify(situation: Situation, decided: Targets, limits_w: Sequence[Watts]) -> str | None:
    """What is wrong with this plan, by the independent certificate; None where it holds."""
    tree, standings = situation.tree, situation.demands.standings
    for filling in decided.fillings:
        fault = certificate.check_fill(filling.parents, filling.capacities_w, filling.claims, filling.fill)
        if fault is not None:
            return fault
    nodes = [connector.charge_point for connector in tree.connectors]
    return certificate.check_feasible(
        tree.parents, situation.net_capacities(), nodes, decided.targets_w
    ) or certificate.check_sent(
        tree.parents,
        situation.free_room(),
        situation.net_capacities(),
        nodes,
        situation.holdings.exposures_w,
        [
            connector.min_power_w if standing is Standing.WANTING else 0
            for connector, standing in zip(tree.connectors, standings, strict=True)
        ],
        figures.wanted(situation, decided),
        limits_w,
    )


def decide(situation: Situation, filler: Filler = allocation.fill, certifier: Certifier = certify) -> Plan:
    """The plan for a situation. Never fails for its input: there is always a plan.

    One that the certificate refuses is replaced by the safe answer, and the plan names the fault.
    """
    decided = targets.decide(
        situation.tree,
        situation.net_capacities(),
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
        decided = _safe_answer(situation)
        limits_w = sendable = [
            min(pair) for pair in zip(figures.wanted(situation, decided), situation.holdings.exposures_w, strict=True)
        ]
    return figures.plan(situation, decided, sendable, limits_w, fault)


def _safe_answer(situation: Situation) -> Targets:
    """Only decreases, to what certainly fits: everybody keeps what it was told last and may draw, nobody where that
    is too much.
    """
    tree, demands = situation.tree, situation.demands
    kept = [0] * len(tree.connectors)
    wanting = [index for index, each in enumerate(demands.standings) if each is Standing.WANTING]
    for index in wanting:
        exposure_w, last = situation.holdings.exposures_w[index], situation.entries[index].last_limit_w
        keeps = min(exposure_w, demands.demands_w[index], exposure_w if last is None else last)
        kept[index] = keeps if keeps >= tree.connectors[index].min_power_w else 0
    at_node = [0] * len(tree.nodes)
    for index in wanting:
        at_node[tree.connectors[index].charge_point] += kept[index]
    too_much: list[bool] = []
    for node, (load, capacity) in enumerate(
        zip(exposure.summed(tree, at_node), situation.net_capacities(), strict=True)
    ):
        parent = tree.parents[node]
        too_much.append(load > capacity or (parent >= 0 and too_much[parent]))
    for index in wanting:
        if too_much[tree.connectors[index].charge_point]:
            kept[index] = 0
    bindings = [
        NOTHING if kept[index] == demands.demands_w[index] else tree.connectors[index].charge_point
        for index in range(len(kept))
    ]
    return Targets(kept, bindings, [True] * len(kept), wanting, [])
