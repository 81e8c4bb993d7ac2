"""Why may this connector draw what it may? Every limit above it, what binds, and what the latest cycle changed."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Self, TypeAlias

from application.ports.read_side import ReadModel
from application.queries.rows import StatusRow
from application.queries.status import AsOf, as_of
from application.queries.tree import Node, tree_of
from domain.events import CycleCompleted
from domain.knowledge.limits import LimitKind, Mode
from domain.sharing.plan import NodeFigures, Quality, Reason, Setpoint
from domain.site.identifiers import connector_node_id, natural_key
from domain.site.power import Watts
from domain.site.power_tree import NodeType

_OF_A_SETPOINT = ("limit_w", "target_w", "requested_w", "reserved_w", "status", "reason", "binding_node_id")
_OF_A_NODE = ("mode", "limit_w", "limit_kind", "background_w", "reserved_w", "allocated_w", "constrained")


@dataclass(frozen=True, slots=True)
class Link:
    """A node of the chain from a connector up to its microgrid. A connector's limit is its rating.

    `quality`: how good `measured_w` is; null for a connector, as `background_w` is.
    """

    node_id: str
    node_type: NodeType
    name: str
    mode: Mode | None
    limit_w: Watts | None
    limit_kind: LimitKind | None
    measured_w: Watts | None
    background_w: Watts | None
    reserved_w: Watts | None
    allocated_w: Watts | None
    headroom_w: Watts | None
    quality: Quality | None
    binds: bool

    @classmethod
    def of(cls, node: Node, binding_node_id: str | None) -> Self:
        shown = {name: getattr(node, name) for name in cls.__dataclass_fields__ if name != "binds"}
        return cls(**shown, binds=node.node_id == binding_node_id)


Figure: TypeAlias = int | str | bool | None


@dataclass(frozen=True, slots=True)
class Difference:
    """A figure that the latest cycle brought with another value than the one before."""

    node_id: str
    figure: str
    before: Figure
    now: Figure


@dataclass(frozen=True, slots=True)
class Explanation:
    """A connector's setpoint as the latest cycle has it, the chain of limits, the connector first, and the changes.

    `asked_again_within_s`: how long it may go on standing by; null where it does not.
    """

    microgrid_id: str
    node_id: str
    as_of: AsOf
    setpoint: Setpoint
    chain: Sequence[Link]
    differences: Sequence[Difference]
    asked_again_within_s: int | None


@dataclass(frozen=True, slots=True)
class NotExplained:
    """Nothing is known of what was asked for: `missing` is not among the `known`, or was never decided."""

    missing: str
    known: Sequence[str] = ()


async def explanation(
    read_model: ReadModel, microgrid_id: str, node_id: str, now: datetime
) -> Explanation | NotExplained:
    """The explanation for a connector, `cp-001/1` for example, or why there is none."""
    row = await read_model.status(microgrid_id)
    if row is None:
        return NotExplained("microgrid", [each.microgrid_id for each in await read_model.statuses()])
    if row.latest_cycle is None:
        return NotExplained("cycle")
    tree = tree_of(row)
    told = {node.node_id: each for node, each in tree.setpoints}
    if node_id not in told:
        return NotExplained("connector", sorted(told, key=natural_key))
    path, setpoint = tree.path(node_id), told[node_id]
    former = await read_model.cycles(microgrid_id, row.latest_cycle.cycle_seq, 1)
    return Explanation(
        microgrid_id=microgrid_id,
        node_id=node_id,
        as_of=as_of(row, now),
        setpoint=setpoint,
        chain=[Link.of(node, setpoint.binding_node_id) for node in path],
        differences=[
            each for before in former for each in _differences([one.node_id for one in path], before, row.latest_cycle)
        ],
        asked_again_within_s=asked_again_within_s(row) if setpoint.reason is Reason.STANDBY else None,
    )


def asked_again_within_s(row: StatusRow) -> int:
    """How long the last of those that stand by waits until it is asked again; when, the events do not say (R33)."""
    return -(-row.configuration.settings.standby_retry_s * (16 + 7) // 16)


def _differences(node_ids: Sequence[str], before: CycleCompleted, latest: CycleCompleted) -> Iterator[Difference]:
    """What was decided differently at these nodes. What is measured differs always, and is left out."""
    connector, *above = node_ids
    setpoints_before, setpoints_now = (
        {connector_node_id(each.charge_point_id, each.connector_id): each for each in cycle.setpoints}
        for cycle in (before, latest)
    )
    yield from _differing(connector, _OF_A_SETPOINT, setpoints_before, setpoints_now)
    nodes_before, nodes_now = ({node.node_id: node for node in cycle.nodes} for cycle in (before, latest))
    for node_id in above:
        yield from _differing(node_id, _OF_A_NODE, nodes_before, nodes_now)


def _differing(
    node_id: str,
    figures: Sequence[str],
    before: Mapping[str, Setpoint] | Mapping[str, NodeFigures],
    latest: Mapping[str, Setpoint] | Mapping[str, NodeFigures],
) -> Iterator[Difference]:
    known, now = before.get(node_id), latest.get(node_id)
    for figure in figures:
        was, is_now = getattr(known, figure, None), getattr(now, figure, None)
        if was != is_now:
            yield Difference(node_id, figure, was, is_now)
