"""Limits in force, exposure, reserved and background of a first cycle (LIM-2 to LIM-8, R15)."""

from dataclasses import dataclass

from tests.oracle.depot import Connector, Depot, Node


@dataclass
class Limit:
    """The limit in force at a node. `withheld_w` is what a node in safe mode keeps back."""

    mode: str
    limit_w: int | None
    kind: str | None
    withheld_w: int = 0


@dataclass
class Figures:
    """Everything the fills start from; watts by node id, `exposure_w` and `kept_w` by connector node id.

    `kept_w`: what a reserved or idle connector takes away from the targets. `held_w`: all exposures below a
    node, `reserved_w`: all that is kept below it, both after sharing and clamping.
    """

    limits: dict[Node, Limit]
    background_w: dict[Node, int]
    exposure_w: dict[Node, int]
    kept_w: dict[Node, int]
    held_w: dict[Node, int]
    reserved_w: dict[Node, int]


def figure(depot: Depot) -> Figures:
    limits = {node_id: _limit(depot, node_id) for node_id in depot.nodes}
    exposure = {each.node_id: exposure_w(depot, each) for each in depot.connectors}
    kept = {each.node_id: _kept_w(each, exposure[each.node_id]) for each in depot.connectors}
    return Figures(
        limits,
        _background(depot, limits),
        exposure,
        kept,
        {node_id: together_w(depot, node_id, exposure) for node_id in depot.nodes},
        {node_id: together_w(depot, node_id, kept) for node_id in depot.nodes},
    )


def together_w(depot: Depot, node_id: Node, held: dict[Node, int]) -> int:
    """What the connectors below a node hold together, if each of them held this much."""
    return sum(
        charge_point_holds_w(depot, each, held)
        for each in depot.nodes
        if depot.nodes[each].node_type == "charge_point" and (each == node_id or depot.descends(each, node_id))
    )


def _limit(depot: Depot, node_id: Node) -> Limit:
    node = depot.nodes[node_id]
    kind = {"microgrid": "max_import", "charge_point": "max_power"}.get(node.node_type, "default_capacity")
    safe_mode = node.silent or (not node.metered and node.safe_w is not None)
    if not safe_mode:
        return Limit("normal", node.default_w, None if node.default_w is None else kind)
    stated = node.safe_w
    if stated is None:
        stated = sum(
            each.fallback_w
            for each in depot.nodes.values()
            if each.node_type == "charge_point" and depot.descends(each.node_id, node_id)
        )
    limit = stated if node.default_w is None else min(node.default_w, stated)
    withheld = 0 if node.default_w is None else node.default_w - limit
    return Limit("safe", limit, "safe_operating_capacity", withheld)


# --- exposure ----------------------------------------------------------------------------------------------


def exposure_w(depot: Depot, connector: Connector) -> int:
    """The most it may draw given what it was told, before any sharing with its neighbours."""
    reading = connector.reading
    fallback = min(depot.nodes[connector.charge_point_id].fallback_w, connector.rating_w)
    if reading is None or (reading.applied_w is None and not connector.fresh):
        return fallback
    if connector.fresh:
        return max(fallback if reading.applied_w is None else reading.applied_w, reading.power_w or 0)
    if has_lapsed(depot, connector):
        return max(fallback, reading.power_w or 0)
    assert reading.applied_w is not None
    return reading.applied_w


def has_lapsed(depot: Depot, connector: Connector) -> bool:
    """Whether a stale connector's limit was reported too long ago to be still in force."""
    reading = connector.reading
    if reading is None or reading.applied_at is None or connector.fresh:
        return False
    return depot.at - reading.applied_at > depot.seconds("setpoint_valid_for_s") + depot.seconds("apply_grace_s")


def falls_back(depot: Depot, connector: Connector) -> bool:
    """Whether a stale connector holds its charge point's fallback, which it shares with others like it."""
    if connector.fresh:
        return False
    return connector.reading is None or connector.reading.applied_w is None or has_lapsed(depot, connector)


def measured_w(depot: Depot, connector: Connector) -> int:
    """What it measures: a stale one the smaller of its last reading and what it holds, one never heard 0; all that it
    may draw where its power is not known (R4).
    """
    if connector.reading is None:
        return 0
    if connector.reading.power_w is None:
        return exposure_w(depot, connector)
    if connector.fresh:
        return connector.reading.power_w
    return min(connector.reading.power_w, exposure_w(depot, connector))


def _kept_w(connector: Connector, exposure: int) -> int:
    if connector.wants:
        return 0
    if connector.idle:
        assert connector.reading is not None
        draws = exposure if connector.reading.power_w is None else connector.reading.power_w
        return max(connector.idle_power_w, draws)
    return exposure


def clamp_w(depot: Depot, charge_point_id: Node) -> int:
    """The most a charge point's connectors hold together."""
    measured = sum(measured_w(depot, each) for each in depot.below(charge_point_id))
    return max(depot.nodes[charge_point_id].default_w or 0, measured)


def charge_point_holds_w(depot: Depot, charge_point_id: Node, held: dict[Node, int]) -> int:
    """What its connectors hold together: those fallen back share the fallback, all of them the clamp."""
    connectors = depot.below(charge_point_id)
    sharing = [each for each in connectors if falls_back(depot, each)]
    alone = sum(held[each.node_id] for each in connectors if each not in sharing)
    drawn = sum(
        max(0, each.reading.power_w or 0) for each in sharing if each.reading is not None and has_lapsed(depot, each)
    )
    shared = min(
        sum(held[each.node_id] for each in sharing),
        max(depot.nodes[charge_point_id].fallback_w, drawn),
    )
    return min(alone + shared, clamp_w(depot, charge_point_id))


# --- background --------------------------------------------------------------------------------------------


def _background(depot: Depot, limits: dict[Node, Limit]) -> dict[Node, int]:
    """Background at and below every node, what safe mode withholds included."""
    own: dict[Node, int] = {}
    for node_id in reversed(depot.nodes):
        meter = depot.nodes[node_id].meter_w
        if meter is not None:
            measured = sum(measured_w(depot, each) for each in depot.below(node_id))
            counted = sum(own[each] for each in own if depot.descends(each, node_id))
            own[node_id] = max(0, meter - measured - counted)

    background = {
        node_id: sum(own[each] for each in own if each == node_id or depot.descends(each, node_id))
        for node_id in depot.nodes
    }
    for node_id, limit in limits.items():
        ancestor = depot.nodes[node_id].parent_id
        while ancestor is not None and depot.nodes[ancestor].meter_w is None and limits[ancestor].mode == "normal":
            background[ancestor] += limit.withheld_w
            ancestor = depot.nodes[ancestor].parent_id
    return background
