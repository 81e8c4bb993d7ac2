"""What an event makes of how a microgrid stands: what holds from it on, and since when."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import timedelta

from application.projections.judgement import judged
from application.queries.rows import CycleHead
from application.queries.standing import Condition, ConditionCode, Fall, OpenBreach, Place, Standing
from application.queries.tree import HELD_BACK, is_silent
from domain.breaches.constraint import Constraint, ConstraintBreached
from domain.events import ConfigurationApplied, CycleCompleted, MicrogridRetired
from domain.knowledge.limits import Mode
from domain.sharing.plan import NodeFigures, Outcome, Reason, Setpoint
from domain.site.identifiers import connector_node_id
from domain.site.power import Watts
from domain.site.power_tree import NodeType

_WANTING = (*HELD_BACK, Reason.GRANTED)


def configured(before: Standing | None, event: ConfigurationApplied) -> Standing:
    """With the configuration that is in force now."""
    place = Place.of(event.configuration)
    if before is None:
        before = Standing(event_seq=event.event_seq, place=place, version=event.version)
    after = replace(before, event_seq=event.event_seq, place=place, version=event.version, retired_at=None)
    return judged(after, event.applied_at)


def retired(before: Standing, event: MicrogridRetired) -> Standing:
    """With nothing that holds any more."""
    left = replace(before, conditions=(), falls=(), breaches=(), stopped=())
    return judged(replace(left, event_seq=event.event_seq, retired_at=event.retired_at), event.retired_at)


def breached(before: Standing, event: ConstraintBreached) -> Standing:
    """With a breach that opened, or became critical."""
    others = [each for each in before.breaches if each.breach_id != event.breach_id]
    known = [each.opened_at for each in before.breaches if each.breach_id == event.breach_id]
    opened_at = known[0] if known else event.observed_at or event.decided_at
    breach = OpenBreach(event.breach_id, event.node_id, event.excess_w, opened_at)
    return judged(replace(before, event_seq=event.event_seq, breaches=(*others, breach)), event.decided_at)


def cleared(before: Standing, event: Constraint) -> Standing:
    """Without a breach that is over."""
    left = tuple(each for each in before.breaches if each.breach_id != event.breach_id)
    return judged(replace(before, event_seq=event.event_seq, breaches=left), event.decided_at)


def decided(before: Standing, cycle: CycleCompleted) -> Standing:
    """As a cycle has it. What held before goes on since it began."""
    at = cycle.decided_at
    began = {(each.code, each.node_id): each.since for each in before.conditions if each.since <= at}
    found = [replace(each, since=began.get((each.code, each.node_id), at)) for each in _conditions(cycle)]
    upper = [node for node in cycle.nodes if node.node_type is not NodeType.CHARGE_POINT]
    was_heard = any(each.status is not None for each in cycle.setpoints) or cycle.nodes[0].measured_w is not None
    after = replace(
        before,
        event_seq=cycle.event_seq,
        head=CycleHead.of(cycle),
        limits_w={node.node_id: node.limit_w for node in upper},
        conditions=tuple(found),
        falls=tuple(_falls(before, cycle, upper)),
        breaches=tuple(_measured_again(each, cycle) for each in before.breaches),
        was_heard=before.was_heard or was_heard or cycle.unheard_since is not None,
        unheard_since=cycle.unheard_since,
        stopped=tuple(_stopped_for_good(before, cycle, found)),
    )
    return judged(after, at)


def _conditions(cycle: CycleCompleted) -> Iterator[Condition]:
    """What holds in a cycle, as if it began with it."""
    at, figures = cycle.decided_at, {node.node_id: node for node in cycle.nodes}
    if cycle.outcome is Outcome.INFEASIBLE:
        fullest = max(cycle.nodes, key=_too_much_w)
        taken_w = _taken_w(fullest) if _too_much_w(fullest) > 0 else None
        yield Condition(ConditionCode.INFEASIBLE, fullest.node_id, at, taken_w)
    held_w: dict[str, Watts] = {}
    for each in cycle.setpoints:
        node_id = connector_node_id(each.charge_point_id, each.connector_id)
        if is_silent(each, figures[each.charge_point_id]):
            held_w[each.charge_point_id] = held_w.get(each.charge_point_id, 0) + each.reserved_w
        elif each.reason is Reason.UNRESPONSIVE:
            yield Condition(ConditionCode.NOT_HONOURED, node_id, at, _too_much_drawn_w(each))
        elif each.limit_w == 0 and each.reason in HELD_BACK:
            yield Condition(ConditionCode.STOPPED, node_id, at, because_of=each.binding_node_id)
    for charge_point_id, watts in held_w.items():
        yield Condition(ConditionCode.CHARGER_SILENT, charge_point_id, at, watts)
    for node in cycle.nodes:
        if node.mode is Mode.SAFE:
            yield Condition(ConditionCode.SAFE_MODE, node.node_id, at, quality=node.quality)


def _too_much_w(node: NodeFigures) -> Watts:
    return 0 if node.limit_w is None else _taken_w(node) - node.limit_w


def _taken_w(node: NodeFigures) -> Watts:
    """What a node carries at most, as it is held or measured."""
    return max(node.background_w + node.reserved_w, node.measured_w or 0)


def _too_much_drawn_w(setpoint: Setpoint) -> Watts | None:
    """What it draws over what it was told, by its own factor; null where it draws no more, or nobody knows."""
    if setpoint.measured_w is None or setpoint.limit_w is None:
        return None
    over_w = setpoint.measured_w - setpoint.limit_w * setpoint.factor // 1000
    return over_w if over_w > 0 else None


def _falls(before: Standing, cycle: CycleCompleted, nodes: list[NodeFigures]) -> Iterator[Fall]:
    """The limits that a configuration lowered with this cycle, and those that fell before and have not come back."""
    known = {each.node_id: each for each in before.falls if each.at <= cycle.decided_at}
    is_new = before.head is not None and before.head.configuration_version != cycle.configuration_version
    for node in nodes:
        limit_w, former_w = node.limit_w, before.limits_w.get(node.node_id)
        if limit_w is None:
            continue
        if is_new and former_w is not None and limit_w < former_w and node.mode is Mode.NORMAL:
            yield Fall(node.node_id, former_w, limit_w, cycle.decided_at, cycle.configuration_version)
        elif node.node_id in known and limit_w < known[node.node_id].from_w:
            yield known[node.node_id]


def _measured_again(breach: OpenBreach, cycle: CycleCompleted) -> OpenBreach:
    node = next((each for each in cycle.nodes if each.node_id == breach.node_id), None)
    if node is None or node.limit_w is None or node.measured_w is None:
        return breach
    return replace(breach, excess_w=node.measured_w - node.limit_w)


def _stopped_for_good(before: Standing, cycle: CycleCompleted, conditions: list[Condition]) -> Iterator[str]:
    """The connectors that are stopped for longer than a turn of theirs, or with all others below a node that want. They
    are until they are told more than 0.
    """
    stopped = {each.node_id: each for each in conditions if each.code is ConditionCode.STOPPED}
    if not stopped:
        return
    turn = timedelta(seconds=before.place.rotation_quantum_s)
    at, parents = cycle.decided_at, {node.node_id: node.parent_id for node in cycle.nodes}
    wanting, without = Counter[str](), Counter[str]()
    above: dict[str, list[str]] = {}
    for each in cycle.setpoints:
        if each.reason not in _WANTING:
            continue
        node_id = connector_node_id(each.charge_point_id, each.connector_id)
        above[node_id] = list(_ancestors(parents, parents.get(each.charge_point_id)))
        wanting.update(above[node_id])
        if node_id in stopped and each.target_w == 0:
            without.update(above[node_id])
    for node_id, condition in stopped.items():
        has_lasted = at - condition.since > turn or node_id in before.stopped
        if has_lasted or any(wanting[node] == without[node] for node in above[node_id]):
            yield node_id


def _ancestors(parents: Mapping[str, str | None], node_id: str | None) -> Iterator[str]:
    while node_id is not None:
        yield node_id
        node_id = parents.get(node_id)
