"""What would each connector get if everything were known and nothing took time?"""

from collections.abc import Mapping
from datetime import datetime

from domain import strategy, targets
from domain.allocation import NO_LIMIT
from domain.demand import Demands, Standing
from domain.power import Watts
from domain.power_tree import Site
from domain.site import Order, Unit


def ideal_shares(site: Site, wanted_w: Mapping[tuple[str, int], Watts], at: datetime) -> dict[tuple[str, int], Watts]:
    """The default capacities of a site shared by its strategy among connectors that want this much now.

    Keys are (charge point id, connector id); connectors that want nothing are left out, in and out.
    """
    tree, strategy_in_force = site.tree, site.configuration.strategy
    count = len(tree.connectors)
    demands = Demands(
        [None] * count,
        [Standing.WANTING if wanted_w.get(key) else Standing.IDLE for key in tree.connector_index],
        [
            min(wanted_w.get(key, 0), connector.max_power_w)
            for key, connector in zip(tree.connector_index, tree.connectors, strict=True)
        ],
    )
    ranking = strategy.rank(
        Order(strategy_in_force.order),
        demands.readings,
        [connector.max_power_w for connector in tree.connectors],
        at,
    )
    capacities = [NO_LIMIT if node.default_capacity_w is None else node.default_capacity_w for node in tree.nodes]
    decided = targets.decide(tree, capacities, demands, ranking, Unit(strategy_in_force.unit))
    return {key: target for key, target in zip(tree.connector_index, decided.targets_w, strict=True) if key in wanted_w}
