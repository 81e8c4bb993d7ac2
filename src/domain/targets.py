"""Who gets what: the fill of `allocation.md` over connectors, or over charge points and then inside each."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from domain import allocation
from domain.allocation import NOTHING, Claims, Fill
from domain.demand import Demands, Standing
from domain.power import Watts
from domain.power_tree import PowerTree
from domain.site import Unit
from domain.strategy import Ranking

Filler: TypeAlias = Callable[[Sequence[int], Sequence[Watts], Claims], Fill]


@dataclass(frozen=True, slots=True)
class Filling:
    """One fill that was made: what went in and what came out, for the certificate."""

    parents: Sequence[int]
    capacities_w: Sequence[Watts]
    claims: Claims
    fill: Fill


@dataclass(frozen=True, slots=True)
class Targets:
    """Per connector in tree order: its target (0 without demand), the node that binds it, whether it is admitted.

    `fillings` are the fills behind them; `wanting` are the connectors that took part.
    """

    targets_w: list[Watts]
    bindings: list[int]
    admitted: list[bool]
    wanting: list[int]
    fillings: list[Filling]


def decide(
    tree: PowerTree,
    capacities_w: Sequence[Watts],
    demands: Demands,
    ranking: Ranking,
    unit: Unit,
    filler: Filler = allocation.fill,
) -> Targets:
    """Share the net capacities (NO_LIMIT for none) among the connectors with demand."""
    wanting = [index for index, each in enumerate(demands.standings) if each is Standing.WANTING]
    claims = _connector_claims(tree, demands, ranking, wanting)
    if unit is Unit.CONNECTOR:
        fill = filler(tree.parents, capacities_w, claims)
        fillings = [Filling(tree.parents, capacities_w, claims, fill)]
    else:
        fill, fillings = _fill_by_charge_point(tree, capacities_w, claims, ranking, wanting, filler)
    targets, bindings = [0] * len(tree.connectors), [NOTHING] * len(tree.connectors)
    admitted = [True] * len(tree.connectors)
    for leaf, index in enumerate(wanting):
        targets[index] = fill.allocated_w[leaf]
        bindings[index] = fill.bindings[leaf]
        admitted[index] = fill.admitted[leaf]
    return Targets(targets, bindings, admitted, wanting, fillings)


def _connector_claims(tree: PowerTree, demands: Demands, ranking: Ranking, wanting: list[int]) -> Claims:
    place = {index: leaf for leaf, index in enumerate(wanting)}
    return Claims(
        nodes=[tree.connectors[index].charge_point for index in wanting],
        minimums_w=[tree.connectors[index].min_power_w for index in wanting],
        maximums_w=[demands.demands_w[index] for index in wanting],
        held_w=[0] * len(wanting),
        weights=[ranking.weights[index] for index in wanting],
        tiers=[ranking.tiers[index] for index in wanting],
        order=[place[index] for index in ranking.order if index in place],
    )


def _fill_by_charge_point(
    tree: PowerTree,
    capacities_w: Sequence[Watts],
    claims: Claims,
    ranking: Ranking,
    wanting: list[int],
    filler: Filler,
) -> tuple[Fill, list[Filling]]:
    """Connectors are admitted one by one, charge points share, then each share is filled over its connectors."""
    admitted, bindings = allocation.admit(tree.parents, list(capacities_w), claims)
    members: dict[int, list[int]] = {}
    for leaf in claims.order:
        if admitted[leaf]:
            members.setdefault(claims.nodes[leaf], []).append(leaf)
    by_rank = list(members)
    charge_points = sorted(members, key=lambda node: members[node])
    place = {node: position for position, node in enumerate(charge_points)}
    outer = Claims(
        nodes=charge_points,
        minimums_w=[_total(claims.minimums_w, members[node]) for node in charge_points],
        maximums_w=[_total(claims.maximums_w, members[node]) for node in charge_points],
        held_w=[0] * len(charge_points),
        weights=[
            sum(ranking.weights[index] for index in tree.connectors_of[node]) if ranking.by_rating else 1
            for node in charge_points
        ],
        tiers=[claims.tiers[members[node][0]] for node in charge_points],
        order=[place[node] for node in by_rank],
    )
    shares = filler(tree.parents, capacities_w, outer)
    fillings = [Filling(tree.parents, capacities_w, outer, shares)]

    allocated = [0] * len(wanting)
    for position, node in enumerate(charge_points):
        leaves = members[node]
        share, scale = shares.exact.get(position, (shares.allocated_w[position], 1))
        inner = _fill_inside(claims, leaves, share, scale, filler)
        fillings.append(inner)
        for leaf, watts, binding in zip(leaves, inner.fill.allocated_w, inner.fill.bindings, strict=True):
            allocated[leaf] = watts // scale
            if binding != NOTHING:
                bindings[leaf] = shares.bindings[position]
    return Fill(allocated, bindings, admitted), fillings


def _fill_inside(claims: Claims, leaves: list[int], share_w: Watts, scale: int, filler: Filler) -> Filling:
    """Fill one charge point's exact share, `share_w / scale`, over its connectors; all figures times `scale`.

    `leaves` are in order of rank; within a tier the shares do not depend on it, as all are admitted already.
    """
    inner = Claims(
        nodes=[0] * len(leaves),
        minimums_w=[claims.minimums_w[leaf] * scale for leaf in leaves],
        maximums_w=[claims.maximums_w[leaf] * scale for leaf in leaves],
        held_w=[0] * len(leaves),
        weights=[claims.weights[leaf] for leaf in leaves],
        tiers=[claims.tiers[leaf] for leaf in leaves],
        order=range(len(leaves)),
    )
    return Filling((-1,), (share_w,), inner, filler((-1,), (share_w,), inner))


def _total(figures: Sequence[Watts], leaves: Iterable[int]) -> Watts:
    return sum(figures[leaf] for leaf in leaves)
