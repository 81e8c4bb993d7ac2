"""What a plan tells the world: the figures of every node and connector, reasons, outcome (contract section 7)."""

from collections.abc import Sequence
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
    return [
        min(connector.idle_power_w, connector.max_power_w) if standing is Standing.IDLE else target
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
    tree, demands = situation.tree, situation.demands
    final = wanted(situation, decided)
    overfull = situation.overfull()
    setpoints = tuple(
        _setpoint(situation, decided, index, sendable_w[index], limits_w[index], final[index], overfull)
        for index in range(len(tree.connectors))
    )
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


def _setpoint(
    situation: Situation,
    decided: Targets,
    index: int,
    sendable: Watts,
    limit: Watts,
    final: Watts,
    overfull: Sequence[bool],
) -> Setpoint:
    connector = situation.tree.connectors[index]
    known = situation.demands.readings[index]
    standing = situation.demands.standings[index]
    entry = situation.entries[index]
    told: Watts | None = limit
    target: Watts | None = final
    binding = None
    match standing:
        case Standing.RESERVED:
            reason, target = Reason.RESERVED, None
            told = _reserved_limit(situation, index, overfull)
        case Standing.UNRESPONSIVE:
            reason, target = Reason.UNRESPONSIVE, None
            told = _reserved_limit(situation, index, overfull)
        case Standing.IDLE:
            reason = Reason.IDLE
        case Standing.WANTING:
            binding = _binding_node_id(situation.tree, decided, index)
            reason = _reason(situation, decided, index, sendable)
    return Setpoint(
        connector.charge_point_id,
        connector.connector_id,
        told,
        target,
        entry.last_limit_w,
        known.reading.requested_w if known is not None else None,
        known.reading.power_w if known is not None else None,
        situation.holdings.reserved_w[index],
        known.reading.status if known is not None else None,
        reason,
        binding,
        situation.configuration.settings.setpoint_valid_for_s,
    )


def _reserved_limit(situation: Situation, index: int, overfull: Sequence[bool]) -> Watts | None:
    """The last setpoint again, 0 where what is held breaks a limit above anyhow; nothing if none was ever sent.

    One that has fallen back is told no more than its part of the fallback: more could come on top of it.
    """
    entry, tree = situation.entries[index], situation.tree
    if not entry.standing:
        return None
    node = tree.connectors[index].charge_point
    told = entry.standing[-1].limit_w
    grace = timedelta(seconds=situation.configuration.settings.apply_grace_s)
    if entry.fell_back_at is not None and situation.at >= entry.fell_back_at + grace:
        told = min(told, tree.fallbacks_w[node] // len(tree.connectors_of[node]))
    while node >= 0:
        if overfull[node]:
            return 0
        node = tree.parents[node]
    return told


def _reason(situation: Situation, decided: Targets, index: int, limit: Watts) -> Reason:
    target = decided.targets_w[index]
    if limit < target:
        return Reason.AWAITING_DECREASE
    if not decided.admitted[index]:
        return Reason.BELOW_MINIMUM
    if target < situation.demands.demands_w[index]:
        return Reason.LIMITED
    return Reason.GRANTED


def _binding_node_id(tree: PowerTree, decided: Targets, index: int) -> str | None:
    binding = decided.bindings[index]
    if binding == NOTHING:
        return None
    return tree.connectors[index].node_id if binding == ITSELF else tree.nodes[binding].node_id


def _seen(situation: Situation) -> list[Watts]:
    """What every connector measures; 0 where it is reserved for want of telemetry."""
    return [
        0 if standing is Standing.RESERVED else measured
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
    figures = []
    for index, node in enumerate(tree.nodes):
        limit, meter = situation.limits[index], situation.meters[index]
        known, reserved = situation.background_w[index], holdings.reserved_below_w[index]
        figures.append(
            NodeFigures(
                node.node_id,
                node.node_type,
                node.parent_id,
                limit.mode,
                limit.limit_w,
                limit.kind,
                seen_below[index] if meter is None else meter.power_w,
                known,
                reserved,
                allocated[index],
                None if limit.limit_w is None else limit.limit_w - known - reserved - allocated[index],
                index in constrained,
            )
        )
    return tuple(figures)


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
