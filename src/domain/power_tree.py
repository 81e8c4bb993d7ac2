"""The tree of power nodes, derived from circuit, charge-point and connector data. Never persisted."""

from collections import defaultdict
from dataclasses import dataclass
from typing import TypeAlias

from domain.identifiers import connector_node_id, natural_key
from domain.plan import NodeType
from domain.power import Watts
from domain.site import ChargePoint, Circuit, Connector, SiteConfiguration

ROOT = 0

_Child: TypeAlias = Circuit | ChargePoint


@dataclass(frozen=True, slots=True)
class PowerNode:
    """A node above the connectors. `default_capacity_w` is a charge point's rating, the microgrid's import limit."""

    node_id: str
    node_type: NodeType
    parent_id: str | None
    name: str
    default_capacity_w: Watts | None
    safe_operating_capacity_w: Watts | None = None
    metered: bool = False


@dataclass(frozen=True, slots=True)
class PlacedConnector:
    """A connector in the tree; `charge_point` is the index of its charge point's node."""

    node_id: str
    charge_point_id: str
    connector_id: int
    charge_point: int
    max_power_w: Watts
    min_power_w: Watts
    idle_power_w: Watts


@dataclass(frozen=True, slots=True)
class PowerTree:
    """Nodes in preorder with the microgrid first, children in natural id order; connectors in natural id order.

    `parents[i]` is the index of node i's parent, -1 for the root. `fallbacks_w[i]` is the sum of the charge
    points' fallbacks at and below node i. `connectors_of[i]` are the indices of the connectors of charge point
    node i, empty for other nodes.
    """

    nodes: tuple[PowerNode, ...]
    parents: tuple[int, ...]
    fallbacks_w: tuple[Watts, ...]
    connectors: tuple[PlacedConnector, ...]
    connectors_of: tuple[tuple[int, ...], ...]
    node_index: dict[str, int]
    connector_index: dict[tuple[str, int], int]
    charge_points: dict[str, int]


def derive(configuration: SiteConfiguration) -> PowerTree:
    """The tree of a valid configuration. Costly enough to keep: `Site` holds it beside its configuration."""
    children: dict[str, list[_Child]] = defaultdict(list)
    for circuit in configuration.circuits:
        children[circuit.parent_id or configuration.microgrid_id].append(circuit)
    for charge_point in configuration.charge_points:
        children[charge_point.circuit_id].append(charge_point)

    root = PowerNode(
        configuration.microgrid_id,
        NodeType.MICROGRID,
        None,
        configuration.name,
        configuration.max_import_w,
    )
    nodes = [root]
    parents = [-1]
    fallbacks = [0]
    charge_points: dict[str, int] = {}
    pending = [(child, ROOT) for child in _in_reverse_natural_order(children[root.node_id])]
    while pending:
        child, parent = pending.pop()
        index = len(nodes)
        parents.append(parent)
        parent_id = nodes[parent].node_id
        if isinstance(child, ChargePoint):
            charge_points[child.charge_point_id] = index
            nodes.append(_charge_point_node(child, parent_id))
            fallbacks.append(child.fallback_w)
        else:
            nodes.append(_circuit_node(child, parent_id))
            fallbacks.append(0)
            pending += [(below, index) for below in _in_reverse_natural_order(children[child.circuit_id])]
    for index in range(len(nodes) - 1, ROOT, -1):
        fallbacks[parents[index]] += fallbacks[index]

    connectors: list[PlacedConnector] = []
    connectors_of: list[tuple[int, ...]] = [()] * len(nodes)
    for charge_point in sorted(configuration.charge_points, key=lambda each: natural_key(each.charge_point_id)):
        node = charge_points[charge_point.charge_point_id]
        first = len(connectors)
        connectors += [
            _placed(connector, charge_point.charge_point_id, node)
            for connector in sorted(charge_point.connectors, key=lambda each: each.connector_id)
        ]
        connectors_of[node] = tuple(range(first, len(connectors)))
    return PowerTree(
        tuple(nodes),
        tuple(parents),
        tuple(fallbacks),
        tuple(connectors),
        tuple(connectors_of),
        {node.node_id: index for index, node in enumerate(nodes)},
        {(each.charge_point_id, each.connector_id): index for index, each in enumerate(connectors)},
        charge_points,
    )


@dataclass(frozen=True, slots=True)
class Site:
    """A valid configuration in force, with the tree derived from it."""

    configuration: SiteConfiguration
    tree: PowerTree

    @classmethod
    def of(cls, configuration: SiteConfiguration) -> "Site":
        return cls(configuration, derive(configuration))


def path_ids(tree: PowerTree, node: int) -> tuple[str, ...]:
    """The ids from the microgrid down to this node."""
    path: list[str] = []
    while node >= ROOT:
        path.append(tree.nodes[node].node_id)
        node = tree.parents[node]
    return tuple(reversed(path))


def _in_reverse_natural_order(siblings: list[_Child]) -> list[_Child]:
    return sorted(siblings, key=lambda each: natural_key(_id(each)), reverse=True)


def _id(child: _Child) -> str:
    return child.charge_point_id if isinstance(child, ChargePoint) else child.circuit_id


def _charge_point_node(charge_point: ChargePoint, parent_id: str) -> PowerNode:
    identifier = charge_point.charge_point_id
    return PowerNode(identifier, NodeType.CHARGE_POINT, parent_id, identifier, charge_point.max_power_w)


def _circuit_node(circuit: Circuit, parent_id: str) -> PowerNode:
    return PowerNode(
        circuit.circuit_id,
        NodeType.GRID_CONNECTION if circuit.parent_id is None else NodeType.CIRCUIT,
        parent_id,
        circuit.name,
        circuit.default_capacity_w,
        circuit.safe_operating_capacity_w,
        circuit.metered,
    )


def _placed(connector: Connector, charge_point_id: str, node: int) -> PlacedConnector:
    return PlacedConnector(
        connector_node_id(charge_point_id, connector.connector_id),
        charge_point_id,
        connector.connector_id,
        node,
        connector.max_power_w,
        connector.min_power_w,
        connector.idle_power_w,
    )
