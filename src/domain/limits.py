"""The limit in force at every node, its kind and its mode (contract section 4)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from domain.plan import LimitKind, Mode, NodeType
from domain.power import Watts
from domain.power_tree import PowerNode, PowerTree
from domain.telemetry import MeterReading, Readings


@dataclass(frozen=True, slots=True)
class Limit:
    """What may be drawn at a node now; no `limit_w`, no `kind`."""

    limit_w: Watts | None
    kind: LimitKind | None
    mode: Mode


def fresh_meters(tree: PowerTree, readings: Readings, at: datetime, stale_after_s: int) -> list[MeterReading | None]:
    """Per node, the meter reading that may be relied on now."""
    oldest = at - timedelta(seconds=stale_after_s)
    fresh: list[MeterReading | None] = [None] * len(tree.nodes)
    for circuit_id, reading in readings.meters.items():
        index = tree.node_index.get(circuit_id)
        if index is not None and tree.nodes[index].metered and reading.measured_at >= oldest:
            fresh[index] = reading
    return fresh


def in_force(tree: PowerTree, meters: Sequence[MeterReading | None]) -> list[Limit]:
    """The limit in force at every node, in tree order; `meters` are the fresh ones."""
    return [
        _limit(node, meter is not None, tree.fallbacks_w[index])
        for index, (node, meter) in enumerate(zip(tree.nodes, meters, strict=True))
    ]


def _limit(node: PowerNode, has_fresh_meter: bool, fallbacks_below: Watts) -> Limit:
    default, safe = node.default_capacity_w, node.safe_operating_capacity_w
    match node.node_type:
        case NodeType.MICROGRID:
            return Limit(default, None if default is None else LimitKind.MAX_IMPORT, Mode.NORMAL)
        case NodeType.CHARGE_POINT:
            return Limit(default, LimitKind.MAX_POWER, Mode.NORMAL)
    if has_fresh_meter or (safe is None and not node.metered):
        return Limit(default, None if default is None else LimitKind.DEFAULT_CAPACITY, Mode.NORMAL)
    if safe is None:
        safe = fallbacks_below
    return Limit(safe if default is None else min(default, safe), LimitKind.SAFE_OPERATING_CAPACITY, Mode.SAFE)
