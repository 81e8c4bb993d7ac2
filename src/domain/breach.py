"""Observed load over the limit in force: which nodes, by how much, how bad (contract section 7)."""

from collections.abc import Iterator

from domain.plan import LimitKind, NodeType, OverLimit, Severity
from domain.power import Watts
from domain.situation import Situation


def over_limit(situation: Situation) -> tuple[OverLimit, ...]:
    """The nodes over their limit at this instant, without margin or hold, in preorder; connectors too."""
    return tuple(_over_limit(situation))


def _over_limit(situation: Situation) -> Iterator[OverLimit]:
    tree = situation.tree
    drawn = [0 if known is None else known.reading.power_w for known in situation.demands.readings]
    observed = _observed(situation, drawn)
    for index, node in enumerate(tree.nodes):
        limit = situation.limits[index]
        if limit.limit_w is not None and limit.kind is not None and observed[index] > limit.limit_w:
            yield _over(
                node.node_id,
                node.node_type,
                _severity(situation, index, observed[index]),
                limit.limit_w,
                limit.kind,
                observed[index],
            )
        for position in tree.connectors_of[index]:
            connector = tree.connectors[position]
            if drawn[position] > connector.max_power_w:
                yield _over(
                    connector.node_id,
                    NodeType.CONNECTOR,
                    Severity.CRITICAL,
                    connector.max_power_w,
                    LimitKind.MAX_POWER,
                    drawn[position],
                )


def _observed(situation: Situation, drawn_w: list[Watts]) -> list[Watts]:
    """The meter's reading where it is fresh, else the sum of the children's; a stale connector's last reading."""
    tree = situation.tree
    observed = [0] * len(tree.nodes)
    for connector, drawn in zip(tree.connectors, drawn_w, strict=True):
        observed[connector.charge_point] += drawn
    for index in range(len(observed) - 1, -1, -1):
        meter = situation.meters[index]
        if meter is not None:
            observed[index] = meter.power_w
        if tree.parents[index] >= 0:
            observed[tree.parents[index]] += observed[index]
    return observed


def _severity(situation: Situation, index: int, observed_w: Watts) -> Severity:
    """Major while the load is known to be bearable: not over the higher of the two capacities of a circuit."""
    node = situation.tree.nodes[index]
    if node.node_type in (NodeType.MICROGRID, NodeType.CHARGE_POINT):
        return Severity.CRITICAL
    capacities = [each for each in (node.default_capacity_w, node.safe_operating_capacity_w) if each is not None]
    return Severity.MAJOR if capacities and observed_w <= max(capacities) else Severity.CRITICAL


def _over(
    node_id: str, node_type: NodeType, severity: Severity, limit_w: Watts, kind: LimitKind, observed_w: Watts
) -> OverLimit:
    return OverLimit(node_id, node_type, severity, limit_w, kind, observed_w, observed_w - limit_w)
