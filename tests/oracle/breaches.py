"""The nodes over their limit at one instant (BREACH-2, CLI-17)."""

from tests.oracle.depot import Connector, Depot, Json, Node
from tests.oracle.figures import Figures


def breaches(depot: Depot, figures: Figures) -> list[Json]:
    """Nodes over their limit at this instant, in preorder, connectors under their charge point."""
    found: list[Json] = []
    for node_id, node in depot.nodes.items():
        limit = figures.limits[node_id]
        observed = _observed_w(depot, node_id)
        if limit.limit_w is not None and observed > limit.limit_w:
            stated = [each for each in (node.default_w, node.safe_w) if each is not None]
            circuit = node.node_type in {"grid_connection", "circuit"}
            major = circuit and stated and observed <= max(stated)
            found.append(
                _breach(
                    node_id,
                    node.node_type,
                    "major" if major else "critical",
                    limit.limit_w,
                    limit.kind,
                    observed,
                )
            )
        if node.node_type == "charge_point":
            found += [
                _breach(each.node_id, "connector", "critical", each.rating_w, "max_power", _drawn_w(each))
                for each in depot.below(node_id)
                if _drawn_w(each) > each.rating_w
            ]
    return found


def _observed_w(depot: Depot, node_id: Node) -> int:
    """The meter's where fresh, else the sum of the children's; of a connector its last reading."""
    node = depot.nodes[node_id]
    if node.meter_w is not None:
        return node.meter_w
    if node.node_type == "charge_point":
        return sum(map(_drawn_w, depot.below(node_id)))
    return sum(_observed_w(depot, each) for each in node.children)


def _drawn_w(connector: Connector) -> int:
    """By its last reading; power that is not known is no observation (R4)."""
    return 0 if connector.reading is None else connector.reading.power_w or 0


def _breach(node_id: Node, node_type: str, severity: str, limit_w: int, kind: str | None, observed: int) -> Json:
    return {
        "node_id": node_id,
        "node_type": node_type,
        "severity": severity,
        "limit_w": limit_w,
        "limit_kind": kind,
        "observed_w": observed,
        "excess_w": observed - limit_w,
    }
