"""What a plan tells the world: the figures of every node and connector, reasons, outcome (contract section 7)."""

from domain.knowledge.demand import Standing
from domain.knowledge.lines import Line
from domain.knowledge.situation import NodeView, Situation
from domain.sharing import rotation
from domain.sharing.claims import ITSELF, NOTHING
from domain.sharing.plan import NodeFigures, Outcome, Plan, Reason, Setpoint, Totals
from domain.sharing.rotation import Rotation
from domain.sharing.targets import Targets
from domain.site.power import Watts
from domain.values import value

_NOT_SHARING = frozenset({Standing.RESERVED, Standing.UNRESPONSIVE})
_WHY_NOT = {Standing.IDLE: Reason.IDLE, Standing.RESERVED: Reason.RESERVED, Standing.UNRESPONSIVE: Reason.UNRESPONSIVE}


@value
class Decision:
    """What was decided, per connector in tree order.

    `wanted_w`: the limit it is to have in the end; `sendable_w`: what of it may be sent now; `limits_w`: what is sent,
    which differs from that only by small changes that wait. All are 0 for reserved and unresponsive connectors, which
    are told what they were told before.
    """

    targets: Targets
    wanted_w: list[Watts]
    sendable_w: list[Watts]
    limits_w: list[Watts]


def plan(situation: Situation, decision: Decision, memory: Rotation, fault: str | None) -> Plan:
    """The whole plan for what was decided. `memory` has the ranks that were decided by."""
    lines, nodes = situation.lines, _nodes(situation, decision.targets)
    setpoints = tuple([_setpoint(situation, decision, index) for index in range(len(lines))])
    totals = Totals(
        requested_w=sum([line.demand_w for line in lines]),
        allocated_w=nodes[0].allocated_w,
        measured_w=sum([line.seen_w for line in lines]),
        reserved_w=nodes[0].reserved_w,
        background_w=nodes[0].background_w,
    )
    return Plan(
        outcome=_outcome(situation, decision.targets),
        degraded=situation.silent or any(line.standing in _NOT_SHARING for line in lines),
        totals=totals,
        nodes=nodes,
        setpoints=setpoints,
        rotation=rotation.served(memory, situation, [setpoint.target_w for setpoint in setpoints]),
        fault=fault,
    )


def _setpoint(situation: Situation, decision: Decision, index: int) -> Setpoint:
    line = situation.lines[index]
    connector, standing = line.connector, line.standing
    told: Watts | None = decision.limits_w[index]
    target: Watts | None = decision.wanted_w[index]
    binding = None
    if standing is Standing.WANTING:
        binding = _binding_node_id(situation, decision.targets, index)
        reason = _reason(decision, index, line.demand_w)
    else:
        reason = _WHY_NOT[standing]
        if standing in _NOT_SHARING:
            told, target = _told_again_w(situation, line), None
    reading = None if line.known is None else line.known.reading
    return Setpoint(
        charge_point_id=connector.charge_point_id,
        connector_id=connector.connector_id,
        limit_w=told,
        target_w=target,
        previous_limit_w=line.entry.last_limit_w,
        requested_w=None if reading is None else reading.requested_w,
        measured_w=None if reading is None else reading.power_w,
        reserved_w=line.reserved_w,
        status=None if reading is None else reading.status,
        reason=reason,
        binding_node_id=binding,
        valid_for_s=situation.site.configuration.settings.setpoint_valid_for_s,
    )


def _told_again_w(situation: Situation, line: Line) -> Watts | None:
    """The last setpoint again, 0 where what is held breaks a limit above anyhow; nothing if none was ever sent.

    One that has fallen back is told no more than its part of the fallback: more could come on top of it.
    """
    entry, tree, node = line.entry, situation.tree, line.connector.charge_point
    if entry.newest is None:
        return None
    if any(situation.nodes[above].is_overfull for above in tree.path(node)):
        return 0
    told = min(entry.newest.limit_w, line.connector.max_power_w)
    if entry.fell_back_at is not None and situation.at >= entry.fell_back_at + situation.windows.grace:
        told = min(told, tree.fallbacks_w[node] // len(tree.connectors_of[node]))
    return told


def _reason(decision: Decision, index: int, demand_w: Watts) -> Reason:
    target_w = decision.targets.targets_w[index]
    if decision.sendable_w[index] < target_w:
        return Reason.AWAITING_DECREASE
    if not decision.targets.admitted[index]:
        return Reason.BELOW_MINIMUM
    if target_w < demand_w:
        return Reason.LIMITED
    return Reason.GRANTED


def _binding_node_id(situation: Situation, decided: Targets, index: int) -> str | None:
    tree, binding = situation.tree, decided.bindings[index]
    if binding == NOTHING:
        return None
    return tree.connectors[index].node_id if binding == ITSELF else tree.nodes[binding].node_id


def _nodes(situation: Situation, decided: Targets) -> tuple[NodeFigures, ...]:
    tree = situation.tree
    allocated_w, seen_w = [0] * len(tree.nodes), [0] * len(tree.nodes)
    for line, target in zip(situation.lines, decided.targets_w, strict=True):
        allocated_w[line.connector.charge_point] += target
        seen_w[line.connector.charge_point] += line.seen_w
    constrained = set(decided.bindings)
    return tuple(
        [
            _node(view, allocated, seen, is_constrained=index in constrained)
            for index, (view, allocated, seen) in enumerate(
                zip(situation.nodes, tree.summed(allocated_w), tree.summed(seen_w), strict=True)
            )
        ]
    )


def _node(view: NodeView, allocated_w: Watts, seen_w: Watts, *, is_constrained: bool) -> NodeFigures:
    limit_w, background_w, reserved_w = view.limit.limit_w, view.background.cumulative_w, view.held.reserved_w
    return NodeFigures(
        node_id=view.node.node_id,
        node_type=view.node.node_type,
        parent_id=view.node.parent_id,
        mode=view.limit.mode,
        limit_w=limit_w,
        limit_kind=view.limit.kind,
        measured_w=seen_w if view.meter is None else view.meter.power_w,
        background_w=background_w,
        reserved_w=reserved_w,
        allocated_w=allocated_w,
        headroom_w=None if limit_w is None else limit_w - background_w - reserved_w - allocated_w,
        constrained=is_constrained,
    )


def _outcome(situation: Situation, decided: Targets) -> Outcome:
    held_above_rating = any(line.reserved_w > line.connector.max_power_w for line in situation.lines)
    if held_above_rating or any(view.is_overfull for view in situation.nodes):
        return Outcome.INFEASIBLE
    if any(binding not in (NOTHING, ITSELF) for binding in decided.bindings):
        return Outcome.CURTAILED
    return Outcome.BALANCED
