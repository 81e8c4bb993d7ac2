"""The tree of power nodes, derived from circuit, charge-point and connector data. Never persisted."""

from collections import defaultdict
from collections.abc import Sequence
from enum import StrEnum
from typing import TypeAlias

from domain.site.configuration import ChargePoint, Circuit, Connector, SiteConfiguration
from domain.site.identifiers import connector_node_id, natural_key
from domain.site.power import Watts
from domain.values import value

ROOT = 0

_Child: TypeAlias = Circuit | ChargePoint


class NodeType(StrEnum):
    """The levels of the derived tree."""

    MICROGRID = "microgrid"
    """The root: one depot's electrical system."""
    GRID_CONNECTION = "grid_connection"
    """A circuit that the grid feeds: it has no parent circuit."""
    CIRCUIT = "circuit"
    """A circuit below another circuit."""
    CHARGE_POINT = "charge_point"
    """A charger: the unit with a rating and one or more connectors."""
    CONNECTOR = "connector"
    """An outlet of a charge point."""


@value
class PowerNode:
    """A node above the connectors. `default_capacity_w` is a charge point's rating, the microgrid's import limit."""

    node_id: str
    node_type: NodeType
    parent_id: str | None
    name: str
    default_capacity_w: Watts | None
    safe_operating_capacity_w: Watts | None = None
    metered: bool = False
    generation: bool = False


@value
class PlacedConnector:
    """A connector in the tree; `charge_point` is the index of its charge point's node.

    `fallback_w`: what it may draw at most without a valid setpoint.
    """

    node_id: str
    charge_point_id: str
    connector_id: int
    charge_point: int
    max_power_w: Watts
    min_power_w: Watts
    idle_power_w: Watts
    fallback_w: Watts


@value
class PowerTree:
    """Nodes in preorder with the microgrid first, children in natural id order; connectors in natural id order.

    `parents[i]` is the index of node i's parent, -1 for the root. `branches` are the nodes that are no charge points.
    `fallbacks_w[i]` is the sum of the charge points' fallbacks at and below node i. `connectors_of[i]` are the indices
    of the connectors of charge point node i, empty for other nodes.
    """

    nodes: tuple[PowerNode, ...]
    parents: tuple[int, ...]
    branches: tuple[int, ...]
    fallbacks_w: tuple[Watts, ...]
    connectors: tuple[PlacedConnector, ...]
    connectors_of: tuple[tuple[int, ...], ...]
    node_index: dict[str, int]
    connector_index: dict[tuple[str, int], int]
    charge_points: dict[str, int]

    def path(self, node: int) -> list[int]:
        """A node and those above it, up to the root."""
        return path(self.parents, node)

    def path_ids(self, node: int) -> tuple[str, ...]:
        """The ids from the microgrid down to this node."""
        return tuple(self.nodes[each].node_id for each in reversed(self.path(node)))

    def below(self, node: int) -> range:
        """The nodes at and below this one, in preorder."""
        end = node + 1
        while end < len(self.parents) and self.parents[end] >= node:
            end += 1
        return range(node, end)

    def ratings_w(self) -> dict[str, tuple[Watts, Watts]]:
        """The rating and the fallback of every connector and charge point, by node id."""
        ratings = {each.node_id: (each.max_power_w, each.fallback_w) for each in self.connectors}
        for node_id, index in self.charge_points.items():
            ratings[node_id] = (self.nodes[index].default_capacity_w or 0, self.fallbacks_w[index])
        return ratings

    def summed(self, at_node: Sequence[int]) -> list[int]:
        """Figures of single nodes summed up over everything at and below each."""
        return summed(self.parents, at_node)


def path(parents: Sequence[int], node: int) -> list[int]:
    """A node and those above it, up to its root; `parents[i]` is below i, -1 for a root."""
    nodes = []
    while node >= ROOT:
        nodes.append(node)
        node = parents[node]
    return nodes


def summed(parents: Sequence[int], at_node: Sequence[int]) -> list[int]:
    """Figures of single nodes summed up over everything at and below each; `parents[i]` is below i, -1 for a root."""
    sums = list(at_node)
    for node in range(len(sums) - 1, 0, -1):
        parent = parents[node]
        if parent >= ROOT:
            sums[parent] += sums[node]
    return sums


def derive(configuration: SiteConfiguration) -> PowerTree:
    """The tree of a valid configuration. Costly enough to keep: `Site` holds it beside its configuration."""
    nodes, parents = _nodes(configuration)
    charge_points = {node.node_id: index for index, node in enumerate(nodes) if node.node_type is NodeType.CHARGE_POINT}
    fallbacks = [0] * len(nodes)
    connectors: list[PlacedConnector] = []
    connectors_of: list[tuple[int, ...]] = [()] * len(nodes)
    for charge_point in sorted(configuration.charge_points, key=lambda each: natural_key(each.charge_point_id)):
        node = charge_points[charge_point.charge_point_id]
        fallbacks[node] = charge_point.fallback_w
        first = len(connectors)
        connectors += [
            _placed(connector, charge_point, node)
            for connector in sorted(charge_point.connectors, key=lambda each: each.connector_id)
        ]
        connectors_of[node] = tuple(range(first, len(connectors)))
    return PowerTree(
        nodes=tuple(nodes),
        parents=tuple(parents),
        branches=tuple([index for index, node in enumerate(nodes) if node.node_type is not NodeType.CHARGE_POINT]),
        fallbacks_w=tuple(summed(parents, fallbacks)),
        connectors=tuple(connectors),
        connectors_of=tuple(connectors_of),
        node_index={node.node_id: index for index, node in enumerate(nodes)},
        connector_index={(each.charge_point_id, each.connector_id): index for index, each in enumerate(connectors)},
        charge_points=charge_points,
    )


def _nodes(configuration: SiteConfiguration) -> tuple[list[PowerNode], list[int]]:
    """The nodes in preorder, and the index of the parent of each."""
    children: dict[str, list[_Child]] = defaultdict(list)
    for circuit in configuration.circuits:
        children[circuit.parent_id or configuration.microgrid_id].append(circuit)
    for charge_point in configuration.charge_points:
        children[charge_point.circuit_id].append(charge_point)

    root = PowerNode(
        node_id=configuration.microgrid_id,
        node_type=NodeType.MICROGRID,
        parent_id=None,
        name=configuration.name,
        default_capacity_w=configuration.max_import_w,
    )
    nodes, parents = [root], [-1]
    pending = [(child, ROOT) for child in _in_reverse_natural_order(children[root.node_id])]
    while pending:
        child, parent = pending.pop()
        index = len(nodes)
        parents.append(parent)
        parent_id = nodes[parent].node_id
        if isinstance(child, ChargePoint):
            nodes.append(_charge_point_node(child, parent_id))
        else:
            nodes.append(_circuit_node(child, parent_id))
            pending += [(below, index) for below in _in_reverse_natural_order(children[child.circuit_id])]
    return nodes, parents


def _in_reverse_natural_order(siblings: list[_Child]) -> list[_Child]:
    return sorted(siblings, key=lambda each: natural_key(_id(each)), reverse=True)


def _id(child: _Child) -> str:
    return child.charge_point_id if isinstance(child, ChargePoint) else child.circuit_id


def _charge_point_node(charge_point: ChargePoint, parent_id: str) -> PowerNode:
    identifier = charge_point.charge_point_id
    return PowerNode(
        node_id=identifier,
        node_type=NodeType.CHARGE_POINT,
        parent_id=parent_id,
        name=identifier if charge_point.name is None else charge_point.name,
        default_capacity_w=charge_point.max_power_w,
    )


def _circuit_node(circuit: Circuit, parent_id: str) -> PowerNode:
    return PowerNode(
        node_id=circuit.circuit_id,
        node_type=NodeType.GRID_CONNECTION if circuit.parent_id is None else NodeType.CIRCUIT,
        parent_id=parent_id,
        name=circuit.name,
        default_capacity_w=circuit.default_capacity_w,
        safe_operating_capacity_w=circuit.safe_operating_capacity_w,
        metered=circuit.metered,
        generation=circuit.generation,
    )


def _placed(connector: Connector, charge_point: ChargePoint, node: int) -> PlacedConnector:
    return PlacedConnector(
        node_id=connector_node_id(charge_point.charge_point_id, connector.connector_id),
        charge_point_id=charge_point.charge_point_id,
        connector_id=connector.connector_id,
        charge_point=node,
        max_power_w=connector.max_power_w,
        min_power_w=connector.min_power_w,
        idle_power_w=connector.idle_power_w,
        fallback_w=min(charge_point.fallback_w, connector.max_power_w),
    )
