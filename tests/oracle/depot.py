"""One snapshot, read: the derived tree, the newest readings, and who is fresh (contract 1 to 3)."""

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, TypeAlias

Json: TypeAlias = dict[str, Any]
Node: TypeAlias = str
Rank: TypeAlias = tuple[Any, ...]

DEMANDING = {"Preparing", "Charging", "SuspendedEV", "SuspendedEVSE", "Occupied", "EVConnected"}
NOT_DEMANDING = {"Available", "Finishing", "Reserved", "Unavailable", "Faulted", "Idle"}
DEFAULT_SETTINGS = {
    "meter_stale_after_s": 30,
    "connector_stale_after_s": 90,
    "setpoint_valid_for_s": 120,
    "apply_grace_s": 20,
}
FUTURE_TOLERANCE = timedelta(seconds=60)


@dataclass
class Reading:
    """What is kept of one connector: its newest reading, and the limit it reported last and when."""

    taken_at: datetime
    status: str
    power_w: int | None
    requested_w: int | None
    session: Json
    applied_w: int | None = None
    applied_at: datetime | None = None


@dataclass
class Connector:
    """A connector with its place in the tree: `path` leads from the microgrid down to its charge point."""

    node_id: Node
    charge_point_id: str
    number: int
    rating_w: int
    minimum_w: int
    idle_power_w: int
    path: tuple[Node, ...]
    natural_rank: Rank
    reading: Reading | None = None
    fresh: bool = False

    @property
    def demand_w(self) -> int:
        """What it asks for, within its rating; 0 where it asks for nothing."""
        if self.reading is None:
            return 0
        is_unknown = self.reading.status not in DEMANDING | NOT_DEMANDING
        if self.reading.status not in DEMANDING and not (is_unknown and (self.reading.power_w or 0) > 0):
            return 0
        requested = self.reading.requested_w
        return self.rating_w if requested is None else min(requested, self.rating_w)

    @property
    def wants(self) -> bool:
        """Seen, and asking for power."""
        return self.fresh and self.demand_w > 0

    @property
    def idle(self) -> bool:
        """Seen, and asking for nothing."""
        return self.fresh and self.demand_w == 0


@dataclass
class PowerNode:
    """The microgrid, a circuit or a charge point. `meter_w` is its reading where the meter is fresh."""

    node_id: Node
    node_type: str
    parent_id: Node | None
    default_w: int | None
    safe_w: int | None = None
    metered: bool = False
    fallback_w: int = 0
    meter_w: int | None = None
    children: list[Node] = field(default_factory=list)

    @property
    def silent(self) -> bool:
        return self.metered and self.meter_w is None


@dataclass
class Depot:
    """The whole snapshot. `nodes` in preorder, `connectors` in natural order of charge point and number."""

    at: datetime
    configuration: Json
    unit: str
    order: str
    settings: dict[str, int]
    nodes: dict[Node, PowerNode]
    connectors: list[Connector]

    def below(self, node_id: Node) -> list[Connector]:
        """The connectors at and below a node."""
        return [each for each in self.connectors if node_id in each.path]

    def descends(self, node_id: Node, ancestor: Node) -> bool:
        """Whether a node lies strictly below another."""
        parent = self.nodes[node_id].parent_id
        while parent is not None and parent != ancestor:
            parent = self.nodes[parent].parent_id
        return parent is not None

    def seconds(self, setting: str) -> timedelta:
        return timedelta(seconds=self.settings[setting])


def natural(identifier: str) -> Rank:
    """Natural id order: digit runs as numbers and before other text, ties by the raw id."""
    runs = re.findall("[0-9]+|[^0-9]+", identifier)
    return (tuple((0, int(run), "") if run.isdigit() else (1, 0, run) for run in runs), identifier)


def instant(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def watts(value: Any) -> int | None:
    """A JSON number of watts; null and absent stay None."""
    return None if value is None else int(value)


def read(snapshot: Json) -> Depot:
    """The depot of one valid snapshot `{"configuration", "at", "telemetry"}`."""
    configuration = snapshot["configuration"]
    strategy = configuration.get("strategy") or {}
    settings = {
        name: value if (value := watts((configuration.get("settings") or {}).get(name))) is not None else default
        for name, default in DEFAULT_SETTINGS.items()
    }
    nodes, connectors = _tree(configuration)
    depot = Depot(
        instant(snapshot["at"]),
        configuration,
        strategy.get("unit") or "connector",
        strategy.get("order") or "equal_share",
        settings,
        nodes,
        connectors,
    )
    _hear(depot, snapshot["telemetry"])
    return depot


def _tree(configuration: Json) -> tuple[dict[Node, PowerNode], list[Connector]]:
    root = configuration["microgrid_id"]
    circuits = {each["circuit_id"]: each for each in configuration.get("circuits") or []}
    charge_points = {each["charge_point_id"]: each for each in configuration.get("charge_points") or []}
    parents = {each: circuits[each].get("parent_id") or root for each in circuits}
    parents |= {each: charge_points[each]["circuit_id"] for each in charge_points}

    nodes = {root: PowerNode(root, "microgrid", None, watts(configuration.get("max_import_w")))}
    connectors: list[Connector] = []

    def descend(parent: Node, path: tuple[Node, ...]) -> None:
        for node_id in sorted((each for each in parents if parents[each] == parent), key=natural):
            nodes[parent].children.append(node_id)
            if node_id in circuits:
                nodes[node_id] = _circuit(circuits[node_id], parent)
                descend(node_id, (*path, node_id))
            else:
                nodes[node_id] = _charge_point(charge_points[node_id], parent)
                connectors.extend(_connectors(charge_points[node_id], (*path, node_id)))

    descend(root, (root,))
    return nodes, sorted(connectors, key=lambda each: each.natural_rank)


def _circuit(circuit: Json, parent: Node) -> PowerNode:
    return PowerNode(
        circuit["circuit_id"],
        "circuit" if circuit.get("parent_id") else "grid_connection",
        parent,
        watts(circuit.get("default_capacity_w")),
        watts(circuit.get("safe_operating_capacity_w")),
        bool(circuit.get("metered")),
    )


def _charge_point(charge_point: Json, parent: Node) -> PowerNode:
    rating = int(charge_point["max_power_w"])
    fallback = watts(charge_point.get("fallback_power_w"))
    return PowerNode(
        charge_point["charge_point_id"],
        "charge_point",
        parent,
        rating,
        fallback_w=rating if fallback is None else fallback,
    )


def _connectors(charge_point: Json, path: tuple[Node, ...]) -> list[Connector]:
    identifier = charge_point["charge_point_id"]
    return [
        Connector(
            f"{identifier}/{each['connector_id']}",
            identifier,
            each["connector_id"],
            int(each["max_power_w"]),
            watts(each.get("min_power_w")) or 0,
            watts(each.get("idle_power_w")) or 0,
            path,
            (natural(identifier), each["connector_id"]),
        )
        for each in charge_point["connectors"]
    ]


def _hear(depot: Depot, telemetry: list[Json]) -> None:
    """Oldest first, so that the order of the list changes nothing; of equals the first in the list counts."""
    heard: dict[str, datetime] = {}
    meters: dict[Node, tuple[datetime, int]] = {}
    by_id = {(each.charge_point_id, each.number): each for each in depot.connectors}
    newest: dict[Any, Any] = {}
    usable = [
        each
        for each in telemetry
        if each["microgrid_id"] == depot.configuration["microgrid_id"]
        and instant(each["measured_at"]) <= depot.at + FUTURE_TOLERANCE
    ]
    for message in sorted(usable, key=lambda each: _age_rank(each, depot.at)):
        taken_at = min(instant(message["measured_at"]), depot.at)
        rank = _age_rank(message, depot.at)
        if "circuit_id" in message:
            circuit = depot.nodes.get(message["circuit_id"])
            if circuit is not None and circuit.metered and newest.get(circuit.node_id) != rank:
                meters[circuit.node_id] = (taken_at, int(message["power_w"]))
                newest[circuit.node_id] = rank
            continue
        heard[message["charge_point_id"]] = taken_at
        for entry in message["connectors"]:
            connector = by_id.get((message["charge_point_id"], entry["connector_id"]))
            if connector is not None and newest.get(connector.node_id) != rank:
                connector.reading = _reading(entry, taken_at, connector.reading)
                newest[connector.node_id] = rank

    for node_id, (taken_at, power) in meters.items():
        if depot.at - taken_at <= depot.seconds("meter_stale_after_s"):
            depot.nodes[node_id].meter_w = power
    for connector in depot.connectors:
        if connector.reading is not None:
            shown_at = connector.reading.taken_at if connector.demand_w > 0 else heard[connector.charge_point_id]
            connector.fresh = depot.at - shown_at <= depot.seconds("connector_stale_after_s")


def _age_rank(message: Json, at: datetime) -> tuple[datetime, int, datetime]:
    measured_at = instant(message["measured_at"])
    return min(measured_at, at), message["sequence"], measured_at


def _reading(entry: Json, taken_at: datetime, former: Reading | None) -> Reading:
    reading = Reading(
        taken_at,
        entry["status"],
        watts(entry.get("power_w")),
        watts(entry.get("requested_w")),
        entry.get("session") or {},
    )
    applied = watts(entry.get("applied_limit_w"))
    if applied is not None:
        reading.applied_w, reading.applied_at = applied, taken_at
    elif former is not None:
        reading.applied_w, reading.applied_at = former.applied_w, former.applied_at
    return reading
