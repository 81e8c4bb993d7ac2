"""Why a load is over a limit, and who has a part in it (contract section 7)."""

from collections.abc import Sequence
from dataclasses import dataclass

from domain.demand import Standing
from domain.observation import Observed, Place, connectors_below, nodes_below
from domain.plan import Cause, Contributor
from domain.power import Watts
from domain.situation import Situation


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a cycle knows. `told_w`: per connector in tree order, its exposure without its reading."""

    situation: Situation
    observed: Observed
    told_w: Sequence[Watts]


def explain(evidence: Evidence, place: Place, limit_w: Watts, former_w: Watts) -> tuple[Cause, tuple[Contributor, ...]]:
    """The first cause of a load over this limit that fits, and the contributors to it, the largest first.

    `former_w`: what a configuration lowered the limit from just before the load was seen; 0 where none did.
    """
    load = evidence.observed.at(place)
    background = 0 if place.is_connector else evidence.situation.background_w[place.node]
    overdrawn_w = _overdrawn_w(evidence, place)
    disobeying = [each for each, excess_w in overdrawn_w.items() if excess_w > _tolerance_w(evidence, each)]
    unseen = _unseen(evidence, place)
    if load <= former_w:
        cause, contributors = Cause.LIMIT_LOWERED, _directly_below(evidence, place)
    elif disobeying and sum(overdrawn_w.values()) >= load - limit_w:
        cause, contributors = Cause.SETPOINT_NOT_HONOURED, [_connector(evidence, each) for each in disobeying]
    elif load - background <= limit_w:
        cause, contributors = Cause.UNMANAGED_LOAD, _background_parts(evidence.situation, place)
    elif unseen:
        cause, contributors = Cause.STALE_TELEMETRY, unseen
    else:
        cause, contributors = Cause.UNKNOWN, _directly_below(evidence, place)
    return cause, tuple(sorted(contributors, key=lambda each: -each.observed_w))


def _overdrawn_w(evidence: Evidence, place: Place) -> dict[int, Watts]:
    """What connectors draw above what they were told; a reading that is stale proves nothing."""
    return {
        each: evidence.observed.connectors_w[each] - evidence.told_w[each]
        for each in connectors_below(evidence.situation.tree, place)
        if evidence.situation.demands.standings[each] is not Standing.RESERVED
        and evidence.observed.connectors_w[each] > evidence.told_w[each]
    }


def _tolerance_w(evidence: Evidence, connector: int) -> Watts:
    return max(evidence.situation.configuration.settings.apply_tolerance_w, evidence.told_w[connector] // 20)


def _unseen(evidence: Evidence, place: Place) -> list[Contributor]:
    """The silent meters and the reserved connectors."""
    situation, tree = evidence.situation, evidence.situation.tree
    silent = [
        _node(evidence, node)
        for node in nodes_below(tree, place)
        if tree.nodes[node].metered and situation.meters[node] is None
    ]
    reserved = [
        _connector(evidence, connector)
        for connector in connectors_below(tree, place)
        if situation.demands.standings[connector] is Standing.RESERVED
    ]
    return silent + reserved


def _background_parts(situation: Situation, place: Place) -> list[Contributor]:
    """The nodes at which there is background that is not counted below them already."""
    tree, below = situation.tree, nodes_below(situation.tree, place)
    own = {node: situation.background_w[node] for node in below}
    for node in below[1:]:
        own[tree.parents[node]] -= situation.background_w[node]
    return [Contributor(tree.nodes[node].node_id, watts, None) for node, watts in own.items() if watts > 0]


def _directly_below(evidence: Evidence, place: Place) -> list[Contributor]:
    """The nodes or connectors directly below that draw anything; a connector stands for itself."""
    tree, observed = evidence.situation.tree, evidence.observed
    nodes = [
        _node(evidence, node)
        for node in nodes_below(tree, place)
        if tree.parents[node] == place.node and observed.nodes_w[node] > 0
    ]
    connectors = [place.connector] if place.is_connector else tree.connectors_of[place.node]
    return nodes + [_connector(evidence, each) for each in connectors if observed.connectors_w[each] > 0]


def _node(evidence: Evidence, node: int) -> Contributor:
    situation = evidence.situation
    return Contributor(
        situation.tree.nodes[node].node_id, evidence.observed.nodes_w[node], situation.limits[node].limit_w
    )


def _connector(evidence: Evidence, index: int) -> Contributor:
    return Contributor(
        evidence.situation.tree.connectors[index].node_id,
        evidence.observed.connectors_w[index],
        evidence.told_w[index],
    )
