"""Loads against the limits in force: which are over, by how much, how bad that is (contract section 7)."""

from collections.abc import Iterator

from domain.limits import Limit
from domain.observation import Observed, Place
from domain.plan import LimitKind, Mode, NodeType, OverLimit, Severity
from domain.power import Watts
from domain.situation import Situation

MARGIN_W = 500
MARGIN_PERCENT = 1
RATING_MARGIN_PERCENT = 5
"""A breach opens where a load exceeds a limit by more than the larger of these; the latter is for what is rated."""


def places_over(situation: Situation, observed: Observed) -> Iterator[Place]:
    """The nodes and connectors whose load is over their limit, in preorder."""
    tree = situation.tree
    for node, (limit, observed_w) in enumerate(zip(situation.limits, observed.nodes_w, strict=True)):
        if limit.limit_w is not None and observed_w > limit.limit_w:
            yield Place(node)
        for connector in tree.connectors_of[node]:
            if observed.connectors_w[connector] > tree.connectors[connector].max_power_w:
                yield Place(node, connector)


def against_limit(situation: Situation, place: Place, observed_w: Watts) -> OverLimit | None:
    """A load beside the limit in force, over it or not; None where there is no limit."""
    limit = _limit_at(situation, place)
    if limit.limit_w is None or limit.kind is None:
        return None
    if place.is_connector:
        node_id, node_type = situation.tree.connectors[place.connector].node_id, NodeType.CONNECTOR
    else:
        node = situation.tree.nodes[place.node]
        node_id, node_type = node.node_id, node.node_type
    severity = _severity(situation, place, observed_w)
    return OverLimit(node_id, node_type, severity, limit.limit_w, limit.kind, observed_w, observed_w - limit.limit_w)


def is_beyond_margin(load: OverLimit) -> bool:
    """Whether a load exceeds its limit by so much that a breach may open."""
    is_rated = load.node_type in (NodeType.CHARGE_POINT, NodeType.CONNECTOR)
    percent = RATING_MARGIN_PERCENT if is_rated else MARGIN_PERCENT
    return load.excess_w > MARGIN_W and 100 * load.excess_w > percent * load.limit_w


def _limit_at(situation: Situation, place: Place) -> Limit:
    """The limit in force at a node; a connector's is its rating."""
    if place.is_connector:
        return Limit(situation.tree.connectors[place.connector].max_power_w, LimitKind.MAX_POWER, Mode.NORMAL)
    return situation.limits[place.node]


def _severity(situation: Situation, place: Place, observed_w: Watts) -> Severity:
    """Major while the load is bearable once it is known: of a circuit, at or under the higher of its capacities.

    What has one limit only is over that one; so is a connector, whose rating is not its charge point's.
    """
    node = situation.tree.nodes[place.node]
    capacities = [each for each in (node.default_capacity_w, node.safe_operating_capacity_w) if each is not None]
    bearable = not place.is_connector and bool(capacities) and observed_w <= max(capacities)
    return Severity.MAJOR if bearable else Severity.CRITICAL
