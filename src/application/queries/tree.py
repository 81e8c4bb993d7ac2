"""A microgrid's tree down to its connectors, each node with its latest figures and its state in a word."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from operator import attrgetter
from typing import Final

from application.queries.rows import StatusRow
from domain.breaches.over_limit import margin_w
from domain.events import CycleCompleted, TreeNode
from domain.knowledge.limits import LimitKind, Mode
from domain.sharing.plan import NodeFigures, Quality, Reason, Setpoint
from domain.site.configuration import ChargePoint, Circuit, Connector
from domain.site.identifiers import connector_node_id
from domain.site.power import Watts
from domain.site.power_tree import NodeType
from domain.values import value

HELD_BACK: Final = (Reason.LIMITED, Reason.BELOW_MINIMUM, Reason.AWAITING_DECREASE)
"""Why a connector gets less than it wants."""

TAKES_LESS_BELOW: Final = 90
"""A vehicle that draws less of what its connector is told, in percent, takes less than it may (as in R31)."""


class NodeState(StrEnum):
    """How a node is, in a word; the first that fits."""

    UNDECIDED = "undecided"
    """Nothing was decided yet."""
    OVER_LIMIT = "over_limit"
    """A breach of the node is open, or its latest load is over its limit by so much that one may open."""
    STALE = "stale"
    """The connector is not heard, and room is held for it."""
    UNRESPONSIVE = "unresponsive"
    """The connector draws more than it was told, and room is held for it."""
    SAFE = "safe"
    """The node's true load is not known: its safe operating capacity is in force."""
    HELD_BACK = "held_back"
    """The connector gets less than it wants, and its vehicle takes what it gets."""
    AT_LIMIT = "at_limit"
    """The node's limit binds."""
    IDLE = "idle"
    """The connector has no demand."""
    NORMAL = "normal"
    """None of the others."""


_REASON_STATES: Final = dict.fromkeys(HELD_BACK, NodeState.HELD_BACK) | {
    Reason.GRANTED: NodeState.NORMAL,
    Reason.STANDBY: NodeState.IDLE,
    Reason.IDLE: NodeState.IDLE,
    Reason.UNRESPONSIVE: NodeState.UNRESPONSIVE,
}


def is_silent(setpoint: Setpoint, charge_point: NodeFigures) -> bool:
    """Whether a connector is not heard (R7): held for, and more than its being about to fall back is the reason."""
    return setpoint.reason is Reason.RESERVED and charge_point.quality in (Quality.MISSING, Quality.ESTIMATED)


def is_held_back(setpoint: Setpoint) -> bool:
    """Whether limits hold a connector down: it gets less than it wants, and the vehicle takes what it gets."""
    return setpoint.reason in HELD_BACK and not takes_less(setpoint)


def takes_less(setpoint: Setpoint) -> bool:
    """Whether a vehicle takes less than it may, so that what it is told now is not what holds it down.

    What was told the cycle before counts where that is lower: a raise has yet to come through.
    """
    told_w, former_w, power_w = setpoint.limit_w, setpoint.previous_limit_w, setpoint.measured_w
    if setpoint.reason not in HELD_BACK or not told_w or power_w is None or setpoint.status == "SuspendedEVSE":
        return False
    least_w = told_w if former_w is None else min(told_w, former_w)
    return power_w * 100 < least_w * setpoint.factor // 1000 * TAKES_LESS_BELOW


@value
class Node:
    """A node or connector now, in watts. Figures are null before its first cycle.

    `measured_w` is null where nothing measured it, of a connector that is not heard too; `held_w` is what is held
    beside that, without what the reading may have in it already.
    `rating_w`: what it bears, the limit in force where nothing is said of that. A connector's limit is its rating, its
    `allocated_w` its target; only connectors have a `setpoint`, only circuits capacities.
    """

    node_id: str
    node_type: NodeType
    parent_id: str | None
    name: str
    state: NodeState
    rating_w: Watts | None
    default_capacity_w: Watts | None = None
    safe_operating_capacity_w: Watts | None = None
    mode: Mode | None = None
    limit_w: Watts | None = None
    limit_kind: LimitKind | None = None
    measured_w: Watts | None = None
    background_w: Watts | None = None
    reserved_w: Watts | None = None
    held_w: Watts | None = None
    allocated_w: Watts | None = None
    headroom_w: Watts | None = None
    constrained: bool | None = None
    quality: Quality | None = None
    setpoint: Setpoint | None = None


_KNOWN_OF_A_NODE: Final = attrgetter("mode", "limit_w", "limit_kind", "measured_w", "background_w", "reserved_w")
_DECIDED_OF_A_NODE: Final = attrgetter("allocated_w", "headroom_w", "constrained", "quality")
"""What figures have before and after `held_w` in a node, in its order."""


@dataclass(frozen=True, slots=True)
class Tree:
    """The nodes in preorder, connectors after their charge points; the microgrid is the first."""

    nodes: Sequence[Node]

    @property
    def connectors(self) -> Sequence[Node]:
        connector = NodeType.CONNECTOR
        return [node for node in self.nodes if node.node_type is connector]

    @property
    def above_connectors(self) -> Sequence[Node]:
        return [node for node in self.nodes if node.node_type is not NodeType.CONNECTOR]

    @property
    def setpoints(self) -> Sequence[tuple[Node, Setpoint]]:
        """The connectors that were told something, with that."""
        return [(node, node.setpoint) for node in self.nodes if node.setpoint is not None]

    def path(self, node_id: str) -> Sequence[Node]:
        """The node and every one above it, the microgrid last; nothing where there is no such node."""
        by_id = {node.node_id: node for node in self.nodes}
        path, above = [], by_id.get(node_id)
        while above is not None:
            path.append(above)
            above = None if above.parent_id is None else by_id[above.parent_id]
        return path

    def of_the_site(self, figure: Callable[[Node], Watts | None]) -> Watts | None:
        """The microgrid's figure; where it has none the sum of its grid connections', null where one of them lacks."""
        own = figure(self.nodes[0])
        if own is not None:
            return own
        grid_connection = NodeType.GRID_CONNECTION
        figures = [figure(node) for node in self.nodes if node.node_type is grid_connection]
        known = [each for each in figures if each is not None]
        return sum(known) if known and len(known) == len(figures) else None


def tree_of(row: StatusRow, in_breach: Collection[str] = (), *, connectors: bool = True) -> Tree:
    """The tree that a row shows, with its connectors or without; `in_breach` are the nodes and connectors with an open
    breach.
    """
    return Tree(list(_nodes(row, in_breach, connectors=connectors)))


def _nodes(row: StatusRow, in_breach: Collection[str], *, connectors: bool) -> Iterator[Node]:
    cycle = row.latest_cycle
    figures = {} if cycle is None else {each.node_id: each for each in cycle.nodes}
    setpoints = {} if cycle is None or not connectors else {_node_id(each): each for each in cycle.setpoints}
    drawn_w = {} if cycle is None else _drawn_w(cycle, figures)
    circuits = {each.circuit_id: each for each in row.configuration.circuits}
    charge_points = {each.charge_point_id: each for each in row.configuration.charge_points}
    for known in row.nodes:
        charge_point = charge_points.get(known.node_id)
        own = figures.get(known.node_id)
        yield _node(
            known,
            charge_point,
            circuits.get(known.node_id),
            own,
            drawn_w=drawn_w.get(known.node_id, 0),
            in_breach=in_breach,
        )
        if charge_point is not None and connectors:
            for connector in sorted(charge_point.connectors, key=lambda each: each.connector_id):
                node_id = connector_node_id(known.node_id, connector.connector_id)
                yield _connector(node_id, connector, setpoints.get(node_id), known.node_id, own, in_breach=in_breach)


def _node_id(setpoint: Setpoint) -> str:
    return connector_node_id(setpoint.charge_point_id, setpoint.connector_id)


def _node(
    known: TreeNode,
    charge_point: ChargePoint | None,
    circuit: Circuit | None,
    figures: NodeFigures | None,
    *,
    drawn_w: Watts,
    in_breach: Collection[str],
) -> Node:
    capacity_w = None if circuit is None else circuit.default_capacity_w
    safe_w = None if circuit is None else circuit.safe_operating_capacity_w
    rating_w = capacity_w if charge_point is None else charge_point.max_power_w
    own = (known.node_id, known.node_type, known.parent_id, known.name)
    if figures is None:
        return Node(*own, NodeState.UNDECIDED, rating_w, capacity_w, safe_w)
    state, held = _state(figures, in_breach), held_w(figures, drawn_w)
    configured = (*own, state, rating_w or figures.limit_w, capacity_w, safe_w)
    return Node(*(*configured, *_KNOWN_OF_A_NODE(figures), held, *_DECIDED_OF_A_NODE(figures)))


def _state(figures: NodeFigures, in_breach: Collection[str]) -> NodeState:
    limit_w = figures.limit_w
    if figures.node_id in in_breach or _is_over(figures.node_type, figures.measured_w, limit_w):
        return NodeState.OVER_LIMIT
    if figures.mode is Mode.SAFE:
        return NodeState.SAFE
    return NodeState.AT_LIMIT if figures.constrained else NodeState.NORMAL


def _is_over(node_type: NodeType, measured_w: Watts | None, limit_w: Watts | None) -> bool:
    """Whether a load is so far over a limit that it may become a breach; one that nobody measured is not."""
    if measured_w is None or limit_w is None or measured_w <= limit_w:
        return False
    return measured_w > limit_w + margin_w(node_type, limit_w)


def held_w(node: NodeFigures, drawn_w: Watts) -> Watts:
    """What is held at a node and is in no reading yet, where connectors that share draw so much below it.

    Background, what they draw and what is reserved make the load at most; what of that is measured already is not held
    on top. Of a load that nothing measured all that is reserved is held.
    """
    if node.measured_w is None:
        return node.reserved_w
    return min(node.reserved_w, max(0, node.background_w + drawn_w + node.reserved_w - node.measured_w))


def _drawn_w(cycle: CycleCompleted, figures: Mapping[str, NodeFigures]) -> dict[str, Watts]:
    """Per node, what the connectors draw for which nothing is reserved."""
    drawn_w = dict.fromkeys(figures, 0)
    for each in cycle.setpoints:
        if not each.reserved_w:
            drawn_w[each.charge_point_id] += measured_w(each, figures[each.charge_point_id]) or 0
    for node in reversed(cycle.nodes):  # in preorder: what is below a node is added up before it
        if node.parent_id is not None:
            drawn_w[node.parent_id] += drawn_w[node.node_id]
    return drawn_w


def measured_w(setpoint: Setpoint, charge_point: NodeFigures) -> Watts | None:
    """What a connector is known to draw now; a setpoint shows the last reading of one that is not heard too."""
    return None if is_silent(setpoint, charge_point) else setpoint.measured_w


def _connector(
    node_id: str,
    connector: Connector,
    setpoint: Setpoint | None,
    parent_id: str,
    parent: NodeFigures | None,
    *,
    in_breach: Collection[str],
) -> Node:
    own = (node_id, NodeType.CONNECTOR, parent_id, node_id)
    rating_w = connector.max_power_w
    if setpoint is None or parent is None:
        return Node(*own, NodeState.UNDECIDED, rating_w, limit_w=rating_w, limit_kind=LimitKind.MAX_POWER)
    silent = is_silent(setpoint, parent)
    known_w = None if silent else setpoint.measured_w
    if node_id in in_breach or _is_over(NodeType.CONNECTOR, known_w, rating_w):
        state = NodeState.OVER_LIMIT
    elif silent:
        state = NodeState.STALE
    else:
        state = NodeState.NORMAL if takes_less(setpoint) else _REASON_STATES.get(setpoint.reason, NodeState.NORMAL)
    return Node(
        *own,
        state,
        rating_w,
        mode=Mode.NORMAL,
        limit_w=rating_w,
        limit_kind=LimitKind.MAX_POWER,
        measured_w=known_w,
        reserved_w=setpoint.reserved_w,
        held_w=max(0, setpoint.reserved_w - (known_w or 0)),
        allocated_w=setpoint.target_w,
        constrained=node_id == setpoint.binding_node_id,
        quality=Quality.MISSING if known_w is None else Quality.OK,
        setpoint=setpoint,
    )
