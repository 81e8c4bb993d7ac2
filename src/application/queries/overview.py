"""What does an operator have to know of this microgrid? Its tree down to the connectors, each with its state in a word,
and four answers: which limit binds, how much is left, who is held back, what the last breach was."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter

from application.queries.breaches import Breach
from application.queries.explanation import asked_again_within_s
from application.queries.rows import CycleHead, StatusRow
from application.queries.sessions import NotReady
from application.queries.state import State
from application.queries.status import AsOf, as_of, state_of
from application.queries.tree import Node, NodeState, is_held_back, tree_of
from domain.knowledge.controlled import ControlledCharger
from domain.knowledge.limits import LimitKind
from domain.sharing.plan import Reason, Setpoint
from domain.site.configuration import SiteWarning
from domain.site.power import Watts
from domain.values import value


@value
class HeldBack:
    """A connector that gets less than it wants, in watts, and the node whose limit is why."""

    node_id: str
    wants_w: Watts | None
    gets_w: Watts | None
    reason: Reason
    binding_node_id: str | None


@dataclass(frozen=True, slots=True)
class Binding:
    """A limit that binds, in watts, and how many connectors it binds."""

    node_id: str
    limit_w: Watts | None
    limit_kind: LimitKind | None
    connectors: int


@dataclass(frozen=True, slots=True)
class Overview:
    """A microgrid as its page shows it. `nodes` in preorder, connectors after their charge points."""

    microgrid_id: str
    name: str
    state: State
    not_ready: NotReady | None
    as_of: AsOf
    time_zone: str
    stale_after_s: int
    asked_again_within_s: int
    warnings: Sequence[SiteWarning]
    latest_cycle: CycleHead | None
    load_w: Watts | None
    limit_w: Watts | None
    headroom_w: Watts | None
    over_limit: int
    charging: int
    offline: int
    connectors: int
    binding: Sequence[Binding]
    held_back: Sequence[HeldBack]
    open_breaches: Sequence[Breach]
    last_breach: Breach | None
    nodes: Sequence[Node]
    controls: Sequence[ControlledCharger]


def overview(
    row: StatusRow,
    open_breaches: Sequence[Breach],
    last_breach: Breach | None,
    late: NotReady | None,
    now: datetime,
) -> Overview:
    """What the page shows of the microgrid that this row and these breaches are of, with those of its vehicles that are
    `late`; no session of the row is looked at.
    """
    latest, tree = row.latest_cycle, tree_of(row, {each.node_id for each in open_breaches})
    states = Counter(map(attrgetter("state"), tree.nodes))
    setpoints = tree.setpoints
    return Overview(
        microgrid_id=row.microgrid_id,
        name=row.name,
        state=state_of(row.glance, now),
        not_ready=late,
        time_zone=row.configuration.time_zone or "UTC",
        as_of=as_of(row, now),
        stale_after_s=2 * row.configuration.settings.refresh_interval_s,
        asked_again_within_s=asked_again_within_s(row),
        warnings=row.warnings,
        latest_cycle=None if latest is None else CycleHead.of(latest),
        load_w=tree.nodes[0].measured_w,
        limit_w=tree.of_the_site(lambda node: node.limit_w),
        headroom_w=tree.of_the_site(lambda node: node.headroom_w),
        over_limit=states[NodeState.OVER_LIMIT],
        charging=sum(each.status == "Charging" and node.state is not NodeState.STALE for node, each in setpoints),
        offline=states[NodeState.STALE],
        connectors=len(tree.connectors),
        binding=_binding(tree.nodes, setpoints),
        held_back=_held_back(setpoints),
        open_breaches=sorted(open_breaches, key=lambda each: -each.excess_w),
        last_breach=last_breach,
        nodes=tree.nodes,
        controls=() if latest is None else latest.controls,
    )


def _binding(nodes: Sequence[Node], setpoints: Sequence[tuple[Node, Setpoint]]) -> list[Binding]:
    """The one that binds most connectors first."""
    bound = Counter(each.binding_node_id for _, each in setpoints)
    binding = [
        Binding(node.node_id, node.limit_w, node.limit_kind, bound[node.node_id]) for node in nodes if node.constrained
    ]
    return sorted(binding, key=lambda each: -each.connectors)


def _held_back(setpoints: Sequence[tuple[Node, Setpoint]]) -> list[HeldBack]:
    return [
        HeldBack(node.node_id, each.requested_w, each.limit_w, each.reason, each.binding_node_id)
        for node, each in setpoints
        if is_held_back(each)
    ]
