"""What would each connector get if everything were known and nothing took time?"""

from collections.abc import Mapping
from datetime import datetime

from domain import exposure, strategy, targets
from domain.allocation import NO_LIMIT
from domain.demand import Demands, Standing
from domain.power import Watts
from domain.power_tree import Site
from domain.site import Order, Unit
from domain.telemetry import ConnectorReading, KeptReading


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
    tree, strategy_in_force = site.tree, site.configuration.strategy
    readings = [wanted.get(key) for key in tree.connector_index]
    kept = [None if each is None else KeptReading(each, at, at, 0, None) for each in readings]
    demands = Demands(
        kept,
        [Standing.WANTING if each is not None and each.requested_w else Standing.IDLE for each in readings],
        [
            0 if each is None else min(each.requested_w or 0, connector.max_power_w)
            for each, connector in zip(readings, tree.connectors, strict=True)
        ],
    )
    ratings_w = [connector.max_power_w for connector in tree.connectors]
    ranking = strategy.rank(Order(strategy_in_force.order), kept, ratings_w, at)
    background = exposure.summed(tree, [background_w.get(node.node_id, 0) for node in tree.nodes])
    capacities = [
        NO_LIMIT if node.default_capacity_w is None else max(0, node.default_capacity_w - known)
        for node, known in zip(tree.nodes, background, strict=True)
    ]
    decided = targets.decide(tree, capacities, demands, ranking, Unit(strategy_in_force.unit))
    return {key: target for key, target in zip(tree.connector_index, decided.targets_w, strict=True) if key in wanted}
