"""What a plan tells the world: the figures of every node and connector, reasons, outcome (EVT-8 to EVT-15)."""

from collections.abc import Sequence

from domain.knowledge.demand import Standing
from domain.knowledge.ledger import EXACT
from domain.knowledge.lines import Line
from domain.knowledge.readings import Session
from domain.knowledge.situation import Situation
from domain.sharing import measured, rotation
from domain.sharing.claims import ITSELF, NOTHING
from domain.sharing.plan import (
    Kept,
    NodeFigures,
    Outcome,
    Plan,
    Question,
    Reason,
    Seen,
    ServedSession,
    Setpoint,
    Told,
    Totals,
)
from domain.sharing.rotation import Rotation, ServiceRecord
from domain.sharing.targets import Targets
from domain.site.power import Watts
from domain.values import value

_WHY_NOT = (Reason.GRANTED, Reason.IDLE, Reason.RESERVED, Reason.UNRESPONSIVE)
"""By standing; of who wants, the fill says more."""


@value
class Decision:
    """What was decided, per connector in tree order.

    `wanted_w`: what it is to have in the end; `sendable_w`: what of it may be sent now; `limits_w`: what is sent, which
    differs from that only by small changes that wait. All are watts at the meter, and 0 for reserved and unresponsive
    connectors, which are told what they were told before. `targets_hold`: the certificate found no fault in these
    targets when the same was asked before.
    """

    targets: Targets
    wanted_w: list[Watts]
    sendable_w: list[Watts]
    limits_w: list[Watts]
    targets_hold: bool = False


def wanted_w(situation: Situation, decided: Targets) -> list[Watts]:
    """Per connector, what it is to have in the end: its target, its idle power, 0 where it is told nothing."""
    idle = Standing.IDLE
    return [
        min(line.entry.at_meter(line.connector.idle_power_w), line.rating_w) if line.standing is idle else target
        for line, target in zip(situation.lines, decided.total_w, strict=True)
    ]


def plan(
    situation: Situation,
    decision: Decision,
    memory: Rotation,
    fault: str | None,
    *,
    question: Question,
    before: Plan | None = None,
) -> Plan:
    """The whole plan for what was decided. `memory` has the ranks that were decided by. What is made of the same as in
    the plan `before` it is the same.
    """
    lines, readings_w = situation.lines, [measured.reading_w(line) for line in situation.lines]
    after = rotation.served(memory, situation, decision.targets.targets_w)
    seen, told = _seen(situation, decision.targets, readings_w), _told_by(situation, decision, after)
    kept = None if before is None else before.kept
    if before is None or kept is None:
        nodes, setpoints = [_node(each) for each in seen], [_setpoint(situation, each) for each in told]
    else:
        nodes = [
            same if now[0] is then[0] and now == then else _node(now)
            for same, then, now in zip(before.nodes, kept.seen, seen, strict=True)
        ]
        setpoints = [
            same if now[0] is then[0] and now == then else _setpoint(situation, now)
            for same, then, now in zip(before.setpoints, kept.told, told, strict=True)
        ]
    return Plan(
        outcome=_outcome(situation, decision.targets),
        degraded=situation.silent or any(line.standing >= Standing.RESERVED for line in lines),
        totals=_totals(lines, readings_w, nodes[0]),
        nodes=tuple(nodes),
        setpoints=tuple(setpoints),
        rotation=after,
        fault=fault,
        kept=Kept(question, decision.targets, told, seen) if fault is None else None,
    )


def _totals(lines: Sequence[Line], readings_w: Sequence[Watts | None], root: NodeFigures) -> Totals:
    known_w = [watts for watts in readings_w if watts is not None]
    return Totals(
        requested_w=sum([line.demand_w for line in lines]),
        allocated_w=root.allocated_w,
        measured_w=sum(known_w) if known_w else None,
        reserved_w=root.reserved_w,
        background_w=root.background_w,
    )


def _told_by(situation: Situation, decision: Decision, after: Rotation) -> list[Told]:
    decided, lines = decision.targets, situation.lines
    return list(
        zip(
            lines,
            decision.limits_w,
            decision.wanted_w,
            decision.sendable_w,
            decided.targets_w,
            decided.bindings,
            decided.admitted,
            [after.records.get(line.connector.node_id) for line in lines],
            strict=True,
        )
    )


def _setpoint(situation: Situation, told_by: Told) -> Setpoint:
    line, limit, wanted, _, _, stop, _, record = told_by
    connector, standing, entry = line.connector, line.standing, line.entry
    told: Watts | None = limit if entry.factor == EXACT else _told_w(line, limit)
    target: Watts | None = told if wanted == limit else _told_w(line, wanted)
    binding, reason = None, _WHY_NOT[standing]
    if standing is Standing.WANTING:
        binding = _binding_node_id(situation, line, stop)
        reason = _reason(told_by)
    elif standing is not Standing.IDLE:
        told, target = _told_again_w(situation, line), None
    reading = None if line.known is None else line.known.reading
    session = None if reading is None else reading.session
    return Setpoint(
        charge_point_id=connector.charge_point_id,
        connector_id=connector.connector_id,
        limit_w=told,
        target_w=target,
        previous_limit_w=entry.last_limit_w,
        requested_w=None if reading is None else reading.requested_w,
        measured_w=None if reading is None else line.power_w,
        reserved_w=line.reserved_w,
        status=None if reading is None else reading.status,
        reason=reason,
        binding_node_id=binding,
        valid_for_s=situation.site.configuration.settings.setpoint_valid_for_s,
        factor=entry.factor,
        session=None if session is None else _served(session, record),
    )


def _served(session: Session, record: ServiceRecord | None) -> ServedSession:
    return ServedSession(
        session_id=session.session_id,
        started_at=session.started_at,
        departs_at=session.departs_at,
        energy_needed_wh=session.energy_needed_wh,
        priority=session.priority,
        served_wh=0 if record is None else record.served_wh,
    )


def _last_told_w(situation: Situation, node: int) -> Watts:
    """What the connectors of a charge point were told last, together."""
    return sum([situation.lines[each].entry.last_limit_w or 0 for each in situation.tree.connectors_of[node]])


def _told_w(line: Line, share_w: Watts) -> Watts:
    """The limit that lets it draw its share, not between 0 and its minimum: here shares become what is told (R35)."""
    if line.entry.factor == EXACT:
        return share_w
    told_w, minimum_w = line.entry.to_tell(share_w), line.connector.min_power_w
    return minimum_w if line.minimum_w and 0 < told_w < minimum_w else told_w


def _told_again_w(situation: Situation, line: Line) -> Watts | None:
    """The last setpoint again, 0 where what is held breaks a limit above its charge point anyhow; nothing if none was
    ever sent (R42).

    Where its factor explains what it draws, it is told so much less (R40). One that has fallen back is told no more
    than its part of the fallback: more could come on top of it.
    """
    entry, tree, node = line.entry, situation.tree, line.connector.charge_point
    newest = entry.newest
    if newest is None:
        return None
    told = min(newest.limit_w, line.connector.max_power_w)
    together, rating = _last_told_w(situation, node), tree.nodes[node].default_capacity_w or 0
    if together > rating:
        # Its charge point bears less than when it was told that.
        told = min(told, newest.limit_w * rating // together)
    if entry.explained_at is not None:
        # Told so once: what was sent since the reading that is explained is its answer.
        if newest.first_sent_at >= entry.explained_at:
            return told
        return max(entry.to_tell(told), min(line.connector.min_power_w, told))
    if any(situation.nodes[above].is_overfull for above in tree.path(tree.parents[node])):
        return 0
    if entry.fell_back_at is not None and situation.at >= entry.fell_back_at + situation.windows.grace:
        told = min(told, tree.fallbacks_w[node] // len(tree.connectors_of[node]))
    return told


def _reason(told_by: Told) -> Reason:
    """By the fill of demands; only what waits is judged with spare room, and as it is told."""
    line, _, wanted, sendable, target, _, is_admitted, _ = told_by
    if sendable < wanted and _told_w(line, sendable) < _told_w(line, wanted):
        return Reason.AWAITING_DECREASE
    if not line.demand_w:
        return Reason.STANDBY
    if not is_admitted:
        return Reason.BELOW_MINIMUM
    if target < line.demand_w:
        return Reason.LIMITED
    return Reason.GRANTED


def _binding_node_id(situation: Situation, line: Line, binding: int) -> str | None:
    if binding == NOTHING:
        return None
    return line.connector.node_id if binding == ITSELF else situation.tree.nodes[binding].node_id


def _seen(situation: Situation, decided: Targets, readings_w: Sequence[Watts | None]) -> list[Seen]:
    tree = situation.tree
    allocated_w = [0] * len(tree.nodes)
    for line, target in zip(situation.lines, decided.total_w, strict=True):
        allocated_w[line.connector.charge_point] += target
    constrained = set(decided.bindings)
    measured_w, qualities = measured.measured(situation, readings_w)
    is_constrained = [index in constrained for index in range(len(tree.nodes))]
    return list(zip(situation.nodes, tree.summed(allocated_w), measured_w, is_constrained, qualities, strict=True))


def _node(seen: Seen) -> NodeFigures:
    view, allocated_w, measured_w, is_constrained, quality = seen
    limit_w, background_w, reserved_w = view.limit.limit_w, view.background.cumulative_w, view.held.reserved_w
    return NodeFigures(
        node_id=view.node.node_id,
        node_type=view.node.node_type,
        parent_id=view.node.parent_id,
        mode=view.limit.mode,
        limit_w=limit_w,
        limit_kind=view.limit.kind,
        measured_w=measured_w,
        background_w=background_w,
        reserved_w=reserved_w,
        allocated_w=allocated_w,
        headroom_w=None if limit_w is None else limit_w - background_w - reserved_w - allocated_w,
        constrained=is_constrained,
        quality=quality,
    )


def _outcome(situation: Situation, decided: Targets) -> Outcome:
    held_above_rating = any(line.reserved_w > line.connector.max_power_w for line in situation.lines)
    if held_above_rating or any(view.is_overfull for view in situation.nodes):
        return Outcome.INFEASIBLE
    if any(binding not in (NOTHING, ITSELF) for binding in decided.bindings):
        return Outcome.CURTAILED
    return Outcome.BALANCED
