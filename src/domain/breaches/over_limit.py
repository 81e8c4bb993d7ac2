"""Loads against the limits in force: which are over, by how much, how bad that is (BREACH-1, BREACH-2)."""

from enum import StrEnum
from itertools import compress
from operator import gt

from domain.breaches.observation import Observed, Place
from domain.knowledge.limits import Limit, LimitKind, Mode
from domain.knowledge.situation import Situation
from domain.site.power import NO_LIMIT, Watts
from domain.site.power_tree import NodeType
from domain.values import value


class Severity(StrEnum):
    """How bad a load over a limit is."""

    MAJOR = "major"
    """The load is over the limit in force, but not over the higher of the circuit's capacities."""
    CRITICAL = "critical"
    """The load is over the higher of the circuit's capacities; or over any limit of a microgrid, charge point or
    connector.
    """


@value
class OverLimit:
    """The observed load of a node beside its limit in force at one instant; `excess_w` is negative under it."""

    node_id: str
    node_type: NodeType
    severity: Severity
    limit_w: Watts
    limit_kind: LimitKind
    observed_w: Watts
    excess_w: Watts


MARGIN_W = 500
MARGIN_PERCENT = 1
RATING_MARGIN_PERCENT = 5
"""A breach opens where a load exceeds a limit by more than the larger of these; the latter is for what is rated."""


def over_limit(observed: Observed) -> tuple[OverLimit, ...]:
    """The nodes over their limit at this instant, without margin or hold, in preorder; connectors too."""
    loads = [against_limit(observed, place) for place in places_over(observed)]
    return tuple([load for load in loads if load is not None])


def places_over(observed: Observed) -> list[Place]:
    """The nodes and connectors whose load is over their limit, in preorder."""
    nodes, connectors = observed.situation.nodes, observed.situation.tree.connectors
    limits_w = [NO_LIMIT if view.limit.limit_w is None else view.limit.limit_w for view in nodes]
    over = [Place(node) for node in compress(range(len(nodes)), map(gt, observed.nodes_w, limits_w))]
    over += [
        Place(connector.charge_point, index)
        for index, (connector, load_w) in enumerate(zip(connectors, observed.connectors_w, strict=True))
        if load_w > connector.max_power_w
    ]
    return sorted(over)


def against_limit(observed: Observed, place: Place) -> OverLimit | None:
    """A load beside the limit in force, over it or not; None where there is no limit."""
    situation, observed_w = observed.situation, observed.at(place)
    if place.is_connector:
        connector = situation.tree.connectors[place.connector]
        node_id, node_type = connector.node_id, NodeType.CONNECTOR
        limit = Limit(connector.max_power_w, LimitKind.MAX_POWER, Mode.NORMAL)
    else:
        node = situation.tree.nodes[place.node]
        node_id, node_type, limit = node.node_id, node.node_type, situation.nodes[place.node].limit
    if limit.limit_w is None or limit.kind is None:
        return None
    return OverLimit(
        node_id=node_id,
        node_type=node_type,
        severity=_severity(situation, place, observed_w),
        limit_w=limit.limit_w,
        limit_kind=limit.kind,
        observed_w=observed_w,
        excess_w=observed_w - limit.limit_w,
    )


def is_bearable(observed: Observed, place: Place, load: OverLimit) -> bool:
    """Whether a load is no more than may flow there: its limit, or more where a charger takes more than told (R30)."""
    situation = observed.situation
    if place.is_connector:
        most_w: Watts | None = situation.lines[place.connector].rating_w
    else:
        most_w = situation.nodes[place.node].capacity_w
    return load.observed_w <= max(load.limit_w, most_w or 0)


def is_beyond_margin(load: OverLimit) -> bool:
    """Whether a load exceeds its limit by so much that a breach may open."""
    return load.excess_w > margin_w(load.node_type, load.limit_w)


def margin_w(node_type: NodeType, limit_w: Watts) -> Watts:
    """How far a load may be over a limit before a breach opens (BREACH-1)."""
    is_rated = node_type in (NodeType.CHARGE_POINT, NodeType.CONNECTOR)
    return max(MARGIN_W, (RATING_MARGIN_PERCENT if is_rated else MARGIN_PERCENT) * limit_w // 100)


def _severity(situation: Situation, place: Place, observed_w: Watts) -> Severity:
    """Major while the load is bearable once it is known: of a circuit, at or under the higher of its capacities.

    What has one limit only is over that one; so is a connector, whose rating is not its charge point's.
    """
    node = situation.tree.nodes[place.node]
    capacities = [each for each in (node.default_capacity_w, node.safe_operating_capacity_w) if each is not None]
    bearable = not place.is_connector and bool(capacities) and observed_w <= max(capacities)
    return Severity.MAJOR if bearable else Severity.CRITICAL
