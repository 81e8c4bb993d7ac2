"""Who gets what: the fill (FILL-1 to FILL-13) over connectors, or over charge points and then inside each."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import accumulate, compress
from operator import add

from domain.sharing import allocation
from domain.sharing.claims import NOTHING, Claims, Fill, Filler
from domain.sharing.strategy import Ranking
from domain.site.configuration import Unit
from domain.site.power import Watts
from domain.site.power_tree import PowerTree
from domain.values import value


@value
class Shares:
    """What the charge points got under unit `charger`, before it was filled over their connectors."""

    claims: Claims
    fill: Fill


@value
class Targets:
    """Per connector in tree order: its target (0 without demand), the node that binds it, whether it is admitted.

    For the certificate: `claims` of the connectors with demand, whose indices are `wanting`, and the `shares` of
    their charge points where those shared first. `spare`: the same for what this leaves, which goes on top; None where
    nobody may have more than it demands.
    """

    targets_w: list[Watts]
    bindings: list[int]
    admitted: list[bool]
    wanting: list[int]
    claims: Claims
    shares: Shares | None = None
    spare: "Targets | None" = None

    @property
    def total_w(self) -> list[Watts]:
        """The targets, spare room included."""
        return self.targets_w if self.spare is None else list(map(add, self.targets_w, self.spare.targets_w))


def decide(
    tree: PowerTree,
    ranking: Ranking,
    unit: Unit,
    *,
    capacities_w: Sequence[Watts],
    demands_w: Sequence[Watts],
    minimums_w: Sequence[Watts],
    filler: Filler = allocation.fill,
) -> Targets:
    """Share the net capacities (NO_LIMIT for none) among the connectors with demand; those with 0 take no part."""
    wants = list(map(bool, demands_w))
    wanting = list(compress(range(len(wants)), wants))
    connectors = list(compress(tree.connectors, wants))
    claims = Claims(
        nodes=[each.charge_point for each in connectors],
        minimums_w=list(compress(minimums_w, wants)),
        maximums_w=list(compress(demands_w, wants)),
        held_w=[0] * len(connectors),
        weights=list(compress(ranking.weights, wants)),
        tiers=list(compress(ranking.tiers, wants)),
        order=renumbered(ranking.order, wants),
    )
    if unit is Unit.CONNECTOR:
        fill, shares = filler(tree.parents, capacities_w, claims), None
    else:
        fill, shares = _fill_by_charge_point(tree, capacities_w, claims, ranking, filler=filler)
    targets, bindings = [0] * len(tree.connectors), [NOTHING] * len(tree.connectors)
    admitted = [True] * len(tree.connectors)
    for index, watts, binding, is_admitted in zip(wanting, fill.allocated_w, fill.bindings, fill.admitted, strict=True):
        targets[index], bindings[index], admitted[index] = watts, binding, is_admitted
    return Targets(
        targets_w=targets, bindings=bindings, admitted=admitted, wanting=wanting, claims=claims, shares=shares
    )


def with_spare_room(
    decided: Targets,
    tree: PowerTree,
    ranking: Ranking,
    *,
    capacities_w: Sequence[Watts],
    fulls_w: Sequence[Watts],
    minimums_w: Sequence[Watts],
    filler: Filler = allocation.fill,
) -> Targets:
    """The targets with what they leave filled again, up to what each may have in full, but for who was held off (R33a).

    Nobody that demands more loses by it: this is only what the fill of the demands could not give away.
    """
    loads_w = [0] * len(tree.nodes)
    for connector, target in zip(tree.connectors, decided.targets_w, strict=True):
        loads_w[connector.charge_point] += target
    spare = decide(
        tree,
        ranking,
        Unit.CONNECTOR,
        capacities_w=[max(0, own - load) for own, load in zip(capacities_w, tree.summed(loads_w), strict=True)],
        demands_w=[
            full - target if is_admitted else 0
            for full, target, is_admitted in zip(fulls_w, decided.targets_w, decided.admitted, strict=True)
        ],
        minimums_w=[0 if target else minimum for minimum, target in zip(minimums_w, decided.targets_w, strict=True)],
        filler=filler,
    )
    return replace(decided, spare=spare)


def renumbered(order: Sequence[int], taking_part: Sequence[bool]) -> list[int]:
    """The order of those who take part, by their place among them."""
    places = [each - 1 for each in accumulate(taking_part)]
    return [places[index] for index in order if taking_part[index]]


def _fill_by_charge_point(
    tree: PowerTree, capacities_w: Sequence[Watts], claims: Claims, ranking: Ranking, *, filler: Filler
) -> tuple[Fill, Shares]:
    """Connectors are admitted one by one, charge points share, then each share is filled over its connectors."""
    admitted, bindings = allocation.admit(tree.parents, list(capacities_w), claims)
    leaves = [leaf for leaf in claims.order if admitted[leaf]]
    outer = _charge_point_claims(tree, claims, ranking, leaves)
    place = {node: position for position, node in enumerate(outer.nodes)}
    shares = filler(tree.parents, capacities_w, outer)
    positions = [place[claims.nodes[leaf]] for leaf in leaves]
    inside, scales = _fill_inside(claims, leaves, positions, shares, filler=filler)

    allocated = [0] * len(admitted)
    for leaf, position, watts, binding in zip(leaves, positions, inside.allocated_w, inside.bindings, strict=True):
        allocated[leaf] = watts // scales[position]
        if binding != NOTHING:
            bindings[leaf] = shares.bindings[position]
    return Fill(allocated, bindings, admitted), Shares(outer, shares)


def _charge_point_claims(tree: PowerTree, claims: Claims, ranking: Ranking, leaves: Sequence[int]) -> Claims:
    """What the charge points claim for their admitted connectors together, which are `leaves` by (tier, rank)."""
    members: dict[int, list[int]] = {}
    for leaf in leaves:
        members.setdefault(claims.nodes[leaf], []).append(leaf)
    charge_points = sorted(members)
    place = {node: position for position, node in enumerate(charge_points)}
    return Claims(
        nodes=charge_points,
        minimums_w=[_total(claims.minimums_w, members[node]) for node in charge_points],
        maximums_w=[_total(claims.maximums_w, members[node]) for node in charge_points],
        held_w=[0] * len(charge_points),
        weights=[
            sum(ranking.weights[index] for index in tree.connectors_of[node]) if ranking.by_rating else 1
            for node in charge_points
        ],
        tiers=[claims.tiers[members[node][0]] for node in charge_points],
        order=[place[node] for node in members],
    )


def _fill_inside(
    claims: Claims, leaves: list[int], positions: list[int], shares: Fill, *, filler: Filler
) -> tuple[Fill, list[int]]:
    """Fill every charge point's exact share over its connectors: a forest in which each of them is a root.

    The exact shares are rationals: all figures of a charge point are multiplied by its share's denominator, which is
    returned for each of them. `leaves` are the admitted connectors by (tier, rank), `positions` their charge points.
    """
    exact = [shares.exact.get(position, (watts, 1)) for position, watts in enumerate(shares.allocated_w)]
    capacities = [share for share, _ in exact]
    scales = [scale for _, scale in exact]
    inner = Claims(
        nodes=positions,
        minimums_w=[claims.minimums_w[leaf] * scales[at] for leaf, at in zip(leaves, positions, strict=True)],
        maximums_w=[claims.maximums_w[leaf] * scales[at] for leaf, at in zip(leaves, positions, strict=True)],
        held_w=[0] * len(leaves),
        weights=[claims.weights[leaf] for leaf in leaves],
        tiers=[claims.tiers[leaf] for leaf in leaves],
        order=range(len(leaves)),
    )
    return filler([-1] * len(capacities), capacities, inner), scales


def _total(figures: Sequence[Watts], leaves: Iterable[int]) -> Watts:
    return sum(figures[leaf] for leaf in leaves)
