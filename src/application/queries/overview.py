"""What does an operator have to know of this microgrid? Its tree down to the connectors, each with its state in a word,
and four answers: which limit binds, how much is left, who is held back, what the last breach was."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from application.queries.explanation import asked_again_within_s
from application.queries.rows import StatusRow
from application.queries.status import AsOf, status_of
from domain.knowledge.limits import LimitKind, Mode
from domain.sharing.plan import Reason
from domain.site.identifiers import connector_node_id
from domain.site.power_tree import NodeType

_HELD_BACK: Final = (Reason.LIMITED, Reason.BELOW_MINIMUM, Reason.AWAITING_DECREASE)
_CONNECTOR_STATES: Final = dict.fromkeys(_HELD_BACK, "held_back") | {
    Reason.GRANTED: "normal",
    Reason.STANDBY: "idle",
    Reason.IDLE: "idle",
    Reason.RESERVED: "stale",
    Reason.UNRESPONSIVE: "unresponsive",
}


class NodeState(StrEnum):
    """How a node is, in a word; the first that fits."""

    UNDECIDED = "undecided"
    OVER_LIMIT = "over_limit"
    STALE = "stale"
    UNRESPONSIVE = "unresponsive"
    SAFE = "safe"
    HELD_BACK = "held_back"
    AT_LIMIT = "at_limit"
    IDLE = "idle"
    NORMAL = "normal"


@dataclass(frozen=True, slots=True)
class HeldBack:
    """A connector that gets less than it wants, in watts, and the node whose limit is why."""

    node_id: str
    wants_w: int | None
    gets_w: int | None
    reason: str
    binding_node_id: str | None


@dataclass(frozen=True, slots=True)
class Binding:
    """A limit that binds, in watts, and how many connectors it binds."""

    node_id: str
    limit_w: int | None
    limit_kind: str | None
    connectors: int


@dataclass(frozen=True, slots=True)
class Overview:
    """A microgrid as its page shows it. `nodes` in preorder, connectors after their charge points."""

    microgrid_id: str
    name: str
    as_of: AsOf
    stale_after_s: int
    asked_again_within_s: int
    warnings: Sequence[dict[str, Any]]
    latest_cycle: dict[str, Any] | None
    load_w: int | None
    limit_w: int | None
    headroom_w: int | None
    over_limit: int
    charging: int
    offline: int
    connectors: int
    binding: Sequence[Binding]
    held_back: Sequence[HeldBack]
    open_breaches: Sequence[dict[str, Any]]
    last_breach: dict[str, Any] | None
    nodes: Sequence[dict[str, Any]]


def overview(
    row: StatusRow, open_breaches: Sequence[dict[str, Any]], last_breach: dict[str, Any] | None, now: datetime
) -> Overview:
    """What the page shows of the microgrid that this row and these breaches are of."""
    latest = row.latest_cycle
    status = status_of(row, now)
    setpoints = {} if latest is None else {_node_id(each): each for each in latest.get("setpoints", ())}
    nodes = list(_nodes(row, status.nodes, setpoints, {each["node_id"] for each in open_breaches}))
    connectors = [node for node in nodes if node["node_type"] == NodeType.CONNECTOR]
    return Overview(
        row.microgrid_id,
        row.name,
        status.as_of,
        2 * row.configuration["settings"]["refresh_interval_s"],
        asked_again_within_s(row),
        row.warnings,
        None if latest is None else {key: latest[key] for key in latest if key not in ("nodes", "setpoints")},
        nodes[0]["measured_w"],
        _limit_w(nodes),
        status.headroom_w,
        sum(node["state"] == NodeState.OVER_LIMIT for node in nodes),
        sum(each["status"] == "Charging" for each in setpoints.values()),
        sum(node["state"] == NodeState.STALE for node in connectors),
        len(connectors),
        _binding(nodes, setpoints),
        _held_back(setpoints),
        sorted(open_breaches, key=lambda each: -each["excess_w"]),
        last_breach,
        nodes,
    )


def _node_id(setpoint: Mapping[str, Any]) -> str:
    return connector_node_id(setpoint["charge_point_id"], setpoint["connector_id"])


def _nodes(
    row: StatusRow, nodes: Sequence[dict[str, Any]], setpoints: Mapping[str, Any], in_breach: set[str]
) -> Iterator[dict[str, Any]]:
    charge_points = {each["charge_point_id"]: each for each in row.configuration["charge_points"]}
    for node in nodes:
        charge_point = charge_points.get(node["node_id"])
        shown = dict.fromkeys(("mode", "limit_w", "limit_kind", "measured_w", "background_w", "reserved_w")) | node
        shown |= dict.fromkeys(("allocated_w", "headroom_w")) | node
        rating_w = charge_point["max_power_w"] if charge_point else node["default_capacity_w"]
        state = _state(shown, in_breach) if "mode" in node else NodeState.UNDECIDED
        yield {**shown, "rating_w": rating_w or shown["limit_w"], "state": state, "setpoint": None}
        if charge_point:
            for connector in sorted(charge_point["connectors"], key=lambda each: each["connector_id"]):
                node_id = connector_node_id(node["node_id"], connector["connector_id"])
                yield _connector(node["node_id"], node_id, connector, setpoints.get(node_id), in_breach)


def _connector(
    parent_id: str, node_id: str, connector: Mapping[str, Any], setpoint: Mapping[str, Any] | None, in_breach: set[str]
) -> dict[str, Any]:
    rating_w, told = connector["max_power_w"], setpoint or {}
    measured_w = told.get("measured_w")
    if setpoint is None:
        state = NodeState.UNDECIDED
    elif node_id in in_breach or (measured_w or 0) > rating_w:
        state = NodeState.OVER_LIMIT
    else:
        state = NodeState(_CONNECTOR_STATES[setpoint["reason"]])
    return {
        "node_id": node_id,
        "node_type": NodeType.CONNECTOR,
        "parent_id": parent_id,
        "name": node_id,
        "mode": None if setpoint is None else Mode.NORMAL,
        "limit_w": rating_w,
        "limit_kind": LimitKind.MAX_POWER,
        "rating_w": rating_w,
        "measured_w": measured_w,
        "background_w": None,
        "reserved_w": told.get("reserved_w"),
        "allocated_w": told.get("target_w"),
        "headroom_w": None,
        "constrained": node_id == told.get("binding_node_id"),
        "state": state,
        "setpoint": setpoint,
    }


def _state(node: Mapping[str, Any], in_breach: set[str]) -> NodeState:
    limit_w = node["limit_w"]
    if node["node_id"] in in_breach or (limit_w is not None and (node["measured_w"] or 0) > limit_w):
        return NodeState.OVER_LIMIT
    if node["mode"] == Mode.SAFE:
        return NodeState.SAFE
    return NodeState.AT_LIMIT if node["constrained"] else NodeState.NORMAL


def _limit_w(nodes: Sequence[Mapping[str, Any]]) -> int | None:
    """The microgrid's limit, or the sum of its grid connections' where it has none."""
    if nodes[0]["limit_w"] is not None:
        own: int = nodes[0]["limit_w"]
        return own
    limits = [node["limit_w"] for node in nodes if node["node_type"] == NodeType.GRID_CONNECTION]
    return sum(limits) if limits and None not in limits else None


def _binding(nodes: Sequence[Mapping[str, Any]], setpoints: Mapping[str, Any]) -> list[Binding]:
    """The one that binds most connectors first."""
    bound = Counter(each["binding_node_id"] for each in setpoints.values())
    binding = [
        Binding(node["node_id"], node["limit_w"], node["limit_kind"], bound[node["node_id"]])
        for node in nodes
        if node.get("constrained")
    ]
    return sorted(binding, key=lambda each: -each.connectors)


def _held_back(setpoints: Mapping[str, Any]) -> list[HeldBack]:
    return [
        HeldBack(node_id, each["requested_w"], each["limit_w"], each["reason"], each["binding_node_id"])
        for node_id, each in setpoints.items()
        if each["reason"] in _HELD_BACK
    ]
