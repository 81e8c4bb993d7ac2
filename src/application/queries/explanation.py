"""Why may this connector draw what it may? Every limit above it, what binds, and what the latest cycle changed."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeAlias

from application.ports.read_side import ReadModel
from application.queries.rows import StatusRow
from application.queries.status import AsOf, as_of
from domain.knowledge.limits import LimitKind, Mode
from domain.sharing.plan import Reason
from domain.site.identifiers import connector_node_id
from domain.site.power_tree import NodeType

_OF_A_SETPOINT = ("limit_w", "target_w", "requested_w", "reserved_w", "status", "reason", "binding_node_id")
_OF_A_NODE = ("mode", "limit_w", "limit_kind", "background_w", "reserved_w", "allocated_w", "constrained")


@dataclass(frozen=True, slots=True)
class Link:
    """A node of the chain from a connector up to its microgrid. A connector's limit is its rating.

    `quality`: how good `measured_w` is; null for a connector.
    """

    node_id: str
    node_type: str
    name: str
    mode: str
    limit_w: int | None
    limit_kind: str | None
    measured_w: int | None
    background_w: int
    reserved_w: int
    allocated_w: int | None
    headroom_w: int | None
    quality: str | None
    binds: bool


@dataclass(frozen=True, slots=True)
class Difference:
    """A figure that the latest cycle brought with another value than the one before."""

    node_id: str
    figure: str
    before: Any
    now: Any


@dataclass(frozen=True, slots=True)
class Explanation:
    """A connector's setpoint as the latest cycle has it, the chain of limits, the connector first, and the changes.

    `asked_again_within_s`: how long it may go on standing by; null where it does not.
    """

    microgrid_id: str
    node_id: str
    as_of: AsOf
    setpoint: dict[str, Any]
    chain: Sequence[Link]
    differences: Sequence[Difference]
    asked_again_within_s: int | None


@dataclass(frozen=True, slots=True)
class NotExplained:
    """Nothing is known of what was asked for: `missing` is not among the `known`, or was never decided."""

    missing: str
    known: Sequence[str] = ()


_Cycle: TypeAlias = Mapping[str, Any]


async def explanation(
    read_model: ReadModel, microgrid_id: str, node_id: str, now: datetime
) -> Explanation | NotExplained:
    """The explanation for a connector, `cp-001/1` for example, or why there is none."""
    row = await read_model.status(microgrid_id)
    if row is None:
        return NotExplained("microgrid", [each.microgrid_id for each in await read_model.statuses()])
    cycles = [cycle.data for cycle in await read_model.cycles(microgrid_id, None, 2)]
    if not cycles:
        return NotExplained("cycle")
    latest, before = cycles[0], cycles[1] if len(cycles) > 1 else None
    setpoints = _setpoints(latest)
    if node_id not in setpoints:
        return NotExplained("connector", list(setpoints))
    setpoint = setpoints[node_id]
    chain = [_connector(row, node_id, setpoint), *_above(row, latest, setpoint)]
    return Explanation(
        microgrid_id,
        node_id,
        as_of(row, now),
        setpoint,
        chain,
        [] if before is None else list(_differences([link.node_id for link in chain], before, latest)),
        asked_again_within_s(row) if setpoint["reason"] == Reason.STANDBY else None,
    )


def asked_again_within_s(row: StatusRow) -> int:
    """How long the last of those that stand by waits until it is asked again; when, the events do not say (R33)."""
    retry_s: int = row.configuration["settings"]["standby_retry_s"]
    return -(-retry_s * (16 + 7) // 16)


def _setpoints(cycle: _Cycle) -> dict[str, dict[str, Any]]:
    return {connector_node_id(each["charge_point_id"], each["connector_id"]): each for each in cycle["setpoints"]}


def _connector(row: StatusRow, node_id: str, setpoint: Mapping[str, Any]) -> Link:
    rating_w = next(
        (
            connector["max_power_w"]
            for charge_point in row.configuration["charge_points"]
            if charge_point["charge_point_id"] == setpoint["charge_point_id"]
            for connector in charge_point["connectors"]
            if connector["connector_id"] == setpoint["connector_id"]
        ),
        None,
    )
    return Link(
        node_id,
        NodeType.CONNECTOR,
        node_id,
        Mode.NORMAL,
        rating_w,
        LimitKind.MAX_POWER,
        setpoint["measured_w"],
        0,
        setpoint["reserved_w"],
        setpoint["target_w"],
        None,
        None,
        setpoint["binding_node_id"] == node_id,
    )


def _above(row: StatusRow, cycle: _Cycle, setpoint: Mapping[str, Any]) -> Iterator[Link]:
    """The charge point and every node above it. A configuration newer than the cycle may have renamed them."""
    names = {node["node_id"]: node["name"] for node in row.nodes}
    nodes = {node["node_id"]: node for node in cycle["nodes"]}
    node_id = setpoint["charge_point_id"]
    while node_id is not None:
        node = nodes[node_id]
        yield Link(
            node_id,
            node["node_type"],
            names.get(node_id, node_id),
            node["mode"],
            node["limit_w"],
            node["limit_kind"],
            node["measured_w"],
            node["background_w"],
            node["reserved_w"],
            node["allocated_w"],
            node["headroom_w"],
            node["quality"],
            setpoint["binding_node_id"] == node_id,
        )
        node_id = node["parent_id"]


def _differences(node_ids: Sequence[str], before: _Cycle, latest: _Cycle) -> Iterator[Difference]:
    """What was decided differently at these nodes. What is measured differs always, and is left out."""
    connector, *above = node_ids
    yield from _differing(connector, _OF_A_SETPOINT, _setpoints(before), _setpoints(latest))
    nodes_before, nodes_now = ({node["node_id"]: node for node in cycle["nodes"]} for cycle in (before, latest))
    for node_id in above:
        yield from _differing(node_id, _OF_A_NODE, nodes_before, nodes_now)


def _differing(
    node_id: str, figures: Sequence[str], before: Mapping[str, _Cycle], latest: Mapping[str, _Cycle]
) -> Iterator[Difference]:
    known, now = before.get(node_id, {}), latest[node_id]
    for figure in figures:
        if known.get(figure) != now[figure]:
            yield Difference(node_id, figure, known.get(figure), now[figure])
