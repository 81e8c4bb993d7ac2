"""The simulation's own reading of a site configuration: the tree of nodes and what is rated how."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

Configuration: TypeAlias = Mapping[str, Any]
"""A site configuration as it lies on the bus (SITE-2)."""

Payload: TypeAlias = dict[str, Any]
"""The data of a message, ready for JSON (TEL-1, TEL-2)."""

ConnectorKey: TypeAlias = tuple[str, int]
"""Charge point id and connector id."""


@dataclass(frozen=True, slots=True)
class Node:
    """A node above the connectors. `parent` is an index into the layout's nodes, -1 for the microgrid."""

    node_id: str
    parent: int
    capacity_w: int | None
    safe_capacity_w: int | None = None
    metered: bool = False


@dataclass(frozen=True, slots=True)
class Outlet:
    """A connector and its rating."""

    key: ConnectorKey
    max_power_w: int
    min_power_w: int


@dataclass(frozen=True, slots=True)
class Station:
    """A charge point. `node` is its index in the layout's nodes; `fallback_w` is never above its rating."""

    charge_point_id: str
    node: int
    max_power_w: int
    fallback_w: int
    outlets: tuple[Outlet, ...]


@dataclass(frozen=True, slots=True)
class Layout:
    """A depot's hardware: nodes with parents before children, the microgrid first, and the stations."""

    microgrid_id: str
    nodes: tuple[Node, ...]
    stations: tuple[Station, ...]

    @property
    def outlets(self) -> tuple[Outlet, ...]:
        return tuple(outlet for station in self.stations for outlet in station.outlets)

    def circuits_above(self, station: Station) -> list[int]:
        """The nodes between a station and the microgrid, from the station's own circuit to its grid connection."""
        circuits = [self.nodes[station.node].parent]
        while parent := self.nodes[circuits[-1]].parent:
            circuits.append(parent)
        return circuits

    def roll_up(self, values: list[int]) -> None:
        """Add the value of every node to those of its ancestors, in place."""
        for index in range(len(self.nodes) - 1, 0, -1):
            values[self.nodes[index].parent] += values[index]

    def fallbacks_fit(self) -> bool:
        """Whether the sum of the fallbacks below fits min(default, safe) at every node, as far as these are given."""
        fallbacks = [0] * len(self.nodes)
        for station in self.stations:
            fallbacks[station.node] = station.fallback_w
        self.roll_up(fallbacks)
        return all(
            fallback <= capacity
            for node, fallback in zip(self.nodes, fallbacks, strict=True)
            for capacity in (node.capacity_w, node.safe_capacity_w)
            if capacity is not None
        )


def read_layout(configuration: Configuration) -> Layout:
    """The layout of a valid configuration; keys that may be absent take the contract's defaults."""
    microgrid_id: str = configuration["microgrid_id"]
    children: dict[str, list[Mapping[str, Any]]] = {}
    for circuit in configuration.get("circuits", ()):
        children.setdefault(circuit.get("parent_id") or microgrid_id, []).append(circuit)

    nodes = [Node(microgrid_id, -1, _watts(configuration.get("max_import_w")))]
    index_of: dict[str, int] = {}
    pending = [(circuit, 0) for circuit in children.get(microgrid_id, ())]
    for circuit, parent in pending:
        circuit_id: str = circuit["circuit_id"]
        index_of[circuit_id] = len(nodes)
        pending += [(below, len(nodes)) for below in children.get(circuit_id, ())]
        nodes.append(
            Node(
                circuit_id,
                parent,
                _watts(circuit.get("default_capacity_w")),
                _watts(circuit.get("safe_operating_capacity_w")),
                bool(circuit.get("metered")),
            )
        )
    stations = []
    for charge_point in configuration.get("charge_points", ()):
        station = _station(charge_point, len(nodes))
        stations.append(station)
        nodes.append(Node(station.charge_point_id, index_of[charge_point["circuit_id"]], station.max_power_w))
    return Layout(microgrid_id, tuple(nodes), tuple(stations))


def connector_id(key: ConnectorKey) -> str:
    """The node id of a connector."""
    return f"{key[0]}/{key[1]}"


def _station(charge_point: Mapping[str, Any], node: int) -> Station:
    charge_point_id: str = charge_point["charge_point_id"]
    rating = int(charge_point["max_power_w"])
    fallback = _watts(charge_point.get("fallback_power_w"))
    return Station(
        charge_point_id,
        node,
        rating,
        rating if fallback is None else min(fallback, rating),
        tuple(
            Outlet(
                (charge_point_id, int(each["connector_id"])),
                int(each["max_power_w"]),
                _watts(each.get("min_power_w")) or 0,
            )
            for each in charge_point["connectors"]
        ),
    )


def _watts(value: float | None) -> int | None:
    return None if value is None else int(value)
