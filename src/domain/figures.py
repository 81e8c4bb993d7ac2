"""What a plan tells the world: the figures of every node and connector, reasons, outcome (contract section 7)."""

from collections.abc import Iterator, Sequence
from datetime import timedelta

from domain import exposure
from domain.allocation import ITSELF, NOTHING
from domain.demand import Standing
from domain.plan import NodeFigures, Outcome, Plan, Reason, Setpoint, Totals
from domain.power import Watts
from domain.power_tree import PowerTree
from domain.situation import Situation
from domain.targets import Targets

_NOT_SHARING = frozenset({Standing.RESERVED, Standing.UNRESPONSIVE})


def wanted(situation: Situation, decided: Targets) -> list[Watts]:
    """Per connector, the limit it is to have in the end: its target, its idle power, 0 where it is told nothing."""
    idle = Standing.IDLE
    return [
        min(connector.idle_power_w, connector.max_power_w) if standing is idle else target
        for connector, standing, target in zip(
            situation.tree.connectors, situation.demands.standings, decided.targets_w, strict=True
        )
    ]


def plan(
    situation: Situation,
    decided: Targets,
    sendable_w: Sequence[Watts],
    limits_w: Sequence[Watts],
    fault: str | None,
) -> Plan:
    """The whole plan for what was decided, what of it could be sent now, and what is sent; per connector.

    What is sent differs from what could be only where a small change waits.
    """
    demands = situation.demands
    final = wanted(situation, decided)
    overfull = situation.overfull
    setpoints = tuple(_setpoints(situation, decided, sendable_w, limits_w, final, overfull))
    nodes = _nodes(situation, decided)
    root = nodes[0]
    totals = Totals(
        requested_w=sum(demands.demands_w),
        allocated_w=root.allocated_w,
        measured_w=sum(_seen(situation)),
        reserved_w=root.reserved_w,
        background_w=root.background_w,
    )
    return Plan(
        outcome=_outcome(situation, decided, overfull),
        degraded=situation.silent or any(each in _NOT_SHARING for each in demands.standings),
        totals=totals,
        nodes=nodes,
        setpoints=setpoints,
        fault=fault,
    )


def _setpoints(
    situation: Situation,
    decided: Targets,
    sendable_w: Sequence[Watts],
    limits_w: Sequence[Watts],
    final_w: Sequence[Watts],
    overfull: Sequence[bool],
) -> Iterator[Setpoint]:
    tree, demands = situation.tree, situation.demands
    valid_for_s = situation.configuration.settings.setpoint_valid_for_s
    wanting, idle, reserved = Standing.WANTING, Standing.IDLE, Standing.RESERVED
    idle_reason = Reason.IDLE
    told: Watts | None
    target: Watts | None
    for index, (connector, known, standing, entry, sendable, limit, final, held) in enumerate(
        zip(
            tree.connectors,
            demands.readings,
            demands.standings,
            situation.entries,
            sendable_w,
            limits_w,
            final_w,
            situation.holdings.reserved_w,
            strict=True,
        )
    ):
        told, target, binding = limit, final, None
        if standing is wanting:
            binding = _binding_node_id(tree, decided, index)
            reason = _reason(decided, index, sendable, demands.demands_w[index])
        elif standing is idle:
            reason = idle_reason
        else:
            reason = Reason.RESERVED if standing is reserved else Reason.UNRESPONSIVE
            told, target = _reserved_limit(situation, index, overfull), None
        reading = None if known is None else known.reading
        yield Setpoint(
            connector.charge_point_id,
            connector.connector_id,
            told,
            target,
            entry.last_limit_w,
            None if reading is None else reading.requested_w,
            None if reading is None else reading.power_w,
            held,
            None if reading is None else reading.status,
            reason,
            binding,
            valid_for_s,
        )


def _reserved_limit(situation: Situation, index: int, overfull: Sequence[bool]) -> Watts | None:
    """The last setpoint again, 0 where what is held breaks a limit above anyhow; nothing if none was ever sent.

    One that has fallen back is told no more than its part of the fallback: more could come on top of it.
    """
    entry, tree = situation.entries[index], situation.tree
    if not entry.standing:
        return None
    node = tree.connectors[index].charge_point
    told = min(entry.standing[-1].limit_w, tree.connectors[index].max_power_w)
    grace = timedelta(seconds=situation.configuration.settings.apply_grace_s)
    if entry.fell_back_at is not None and situation.at >= entry.fell_back_at + grace:
        told = min(told, tree.fallbacks_w[node] // len(tree.connectors_of[node]))
    while node >= 0:
        if overfull[node]:
            return 0
        node = tree.parents[node]
    return told


def _reason(decided: Targets, index: int, limit: Watts, demand: Watts) -> Reason:
    target = decided.targets_w[index]
    if limit < target:
        return Reason.AWAITING_DECREASE
    if not decided.admitted[index]:
        return Reason.BELOW_MINIMUM
    if target < demand:
        return Reason.LIMITED
    return Reason.GRANTED


def _binding_node_id(tree: PowerTree, decided: Targets, index: int) -> str | None:
    binding = decided.bindings[index]
    if binding == NOTHING:
        return None
    return tree.connectors[index].node_id if binding == ITSELF else tree.nodes[binding].node_id


def _seen(situation: Situation) -> list[Watts]:
    """What every connector measures; 0 where it is reserved for want of telemetry."""
    reserved = Standing.RESERVED
    return [
        0 if standing is reserved else measured
        for standing, measured in zip(situation.demands.standings, situation.holdings.measured_w, strict=True)
    ]


def _nodes(situation: Situation, decided: Targets) -> tuple[NodeFigures, ...]:
    tree, holdings = situation.tree, situation.holdings
    allocated_at, seen_at = [0] * len(tree.nodes), [0] * len(tree.nodes)
    for connector, target, seen in zip(tree.connectors, decided.targets_w, _seen(situation), strict=True):
        allocated_at[connector.charge_point] += target
        seen_at[connector.charge_point] += seen
    allocated, seen_below = exposure.summed(tree, allocated_at), exposure.summed(tree, seen_at)
    constrained = set(decided.bindings)
    return tuple(
        NodeFigures(
            node.node_id,
            node.node_type,
            node.parent_id,
            limit.mode,
            limit.limit_w,
            limit.kind,
            seen if meter is None else meter.power_w,
            known,
            reserved,
            given,
            None if limit.limit_w is None else limit.limit_w - known - reserved - given,
            index in constrained,
        )
        for index, (node, limit, meter, known, reserved, given, seen) in enumerate(
            zip(
                tree.nodes,
                situation.limits,
                situation.meters,
                situation.background_w,
                holdings.reserved_below_w,
                allocated,
                seen_below,
                strict=True,
            )
        )
    )


def _outcome(situation: Situation, decided: Targets, overfull: Sequence[bool]) -> Outcome:
    held_above_rating = any(
        reserved > connector.max_power_w
        for connector, reserved in zip(situation.tree.connectors, situation.holdings.reserved_w, strict=True)
    )
    if held_above_rating or any(overfull):
        return Outcome.INFEASIBLE
    if any(binding not in (NOTHING, ITSELF) for binding in decided.bindings):
        return Outcome.CURTAILED
    return Outcome.BALANCED
