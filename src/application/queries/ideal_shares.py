"""What would each connector get if everything were known and nothing took time?"""

from collections.abc import Mapping
from datetime import datetime

from domain.knowledge.readings import ConnectorReading, KeptReading
from domain.sharing import strategy, targets
from domain.site.power import NO_LIMIT, Watts
from domain.site.site import Site


def ideal_shares(
    site: Site,
    wanted: Mapping[tuple[str, int], ConnectorReading],
    background_w: Mapping[str, Watts],
    at: datetime,
) -> dict[tuple[str, int], Watts]:
    """What its strategy gives to connectors that ask for power now: the default capacities less the true background.

    `wanted` holds requests and sessions by (charge point id, connector id); others are left out, in and out.
    `background_w` is what flows at a node and is not ours, without what flows below it, by node id.
    """
    tree = site.tree
    readings = [wanted.get(key) for key in tree.connector_index]
    kept = [None if each is None else KeptReading(each, at, at, 0, None) for each in readings]
    demands_w = [
        0 if each is None else min(each.requested_w or 0, connector.max_power_w)
        for each, connector in zip(readings, tree.connectors, strict=True)
    ]
    ranking = strategy.rank(site.order, kept, [connector.max_power_w for connector in tree.connectors], at)
    background = tree.summed([background_w.get(node.node_id, 0) for node in tree.nodes])
    capacities_w = [
        NO_LIMIT if node.default_capacity_w is None else max(0, node.default_capacity_w - known)
        for node, known in zip(tree.nodes, background, strict=True)
    ]
    decided = targets.decide(
        tree,
        ranking,
        site.unit,
        capacities_w=capacities_w,
        demands_w=demands_w,
        minimums_w=[connector.min_power_w for connector in tree.connectors],
    )
    return {key: target for key, target in zip(tree.connector_index, decided.targets_w, strict=True) if key in wanted}
