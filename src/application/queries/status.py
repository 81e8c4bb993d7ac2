"""What does this microgrid look like now? The tree with its latest figures, as of the latest cycle."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from application.ports.read_side import ReadModel
from application.queries.rows import StatusRow
from domain.knowledge.readings import STATUSES


@dataclass(frozen=True, slots=True)
class AsOf:
    """How old what is shown is. `state` is `stale` once the latest cycle is older than 2 x `refresh_interval_s`."""

    cycle_seq: int | None
    at: str | None
    state: str


@dataclass(frozen=True, slots=True)
class MicrogridStatus:
    """A microgrid at a glance. `nodes` are the latest figures, before the first cycle the bare tree.

    `unknown_statuses`: the words that OCPP does not have, by which chargers now say how they are.
    """

    microgrid_id: str
    name: str
    configuration_version: int
    warnings: list[dict[str, Any]]
    nodes: list[dict[str, Any]]
    latest_cycle: dict[str, Any] | None
    headroom_w: int | None
    time_zone: str
    unknown_statuses: list[str]
    as_of: AsOf


async def microgrid_status(read_model: ReadModel, microgrid_id: str, now: datetime) -> MicrogridStatus | None:
    """The status of a microgrid, None where nobody knows it."""
    row = await read_model.status(microgrid_id)
    return None if row is None else status_of(row, now)


def status_of(row: StatusRow, now: datetime) -> MicrogridStatus:
    """The status that a row shows."""
    cycle = row.latest_cycle
    nodes = _nodes(row)
    return MicrogridStatus(
        row.microgrid_id,
        row.name,
        row.configuration_version,
        row.warnings,
        nodes,
        None if cycle is None else {key: value for key, value in cycle.items() if key != "nodes"},
        _headroom_w(nodes),
        row.configuration.get("time_zone", "UTC"),
        _unknown_statuses(cycle),
        as_of(row, now),
    )


def _unknown_statuses(cycle: dict[str, Any] | None) -> list[str]:
    said = set() if cycle is None else {setpoint["status"] for setpoint in cycle.get("setpoints", ())}
    return sorted(said - STATUSES - {None})


def _nodes(row: StatusRow) -> list[dict[str, Any]]:
    """Every node with its name and, of circuits, the configured capacities."""
    figures = {} if row.latest_cycle is None else {node["node_id"]: node for node in row.latest_cycle["nodes"]}
    circuits = {circuit["circuit_id"]: circuit for circuit in row.configuration["circuits"]}
    nodes = []
    for node in row.nodes:
        circuit = circuits.get(node["node_id"], {})
        nodes.append(
            {
                **node,
                **figures.get(node["node_id"], {}),
                "default_capacity_w": circuit.get("default_capacity_w"),
                "safe_operating_capacity_w": circuit.get("safe_operating_capacity_w"),
            }
        )
    return nodes


def _headroom_w(nodes: list[dict[str, Any]]) -> int | None:
    """The microgrid's headroom, or the sum of its grid connections' where it has no limit of its own."""
    own: int | None = nodes[0].get("headroom_w")
    if own is not None:
        return own
    connections = [node.get("headroom_w") for node in nodes if node["node_type"] == "grid_connection"]
    known = [headroom for headroom in connections if headroom is not None]
    return sum(known) if known else None


def as_of(row: StatusRow, now: datetime) -> AsOf:
    """How old what a read model shows of this microgrid is."""
    cycle = row.latest_cycle
    if cycle is None:
        return AsOf(None, None, "stale")
    bearable = timedelta(seconds=2 * row.configuration["settings"]["refresh_interval_s"])
    age = now - datetime.fromisoformat(cycle["decided_at"])
    return AsOf(cycle["cycle_seq"], cycle["decided_at"], "stale" if age > bearable else "fresh")


def age_s(row: StatusRow, now: datetime) -> int | None:
    """How many whole seconds old the latest cycle is, None before the first."""
    cycle = row.latest_cycle
    return None if cycle is None else int((now - datetime.fromisoformat(cycle["decided_at"])).total_seconds())
