"""The limit in force at every node, its kind and its mode (LIM-2)."""

from enum import StrEnum
from functools import lru_cache

from domain.knowledge.meters import Meters
from domain.site.power import Watts
from domain.site.power_tree import NodeType, PowerNode, PowerTree
from domain.values import value


class Mode(StrEnum):
    """Whether a node's true load is known (`normal`) or has to be assumed (`safe`)."""

    NORMAL = "normal"
    """The node's true load is known, or the node has nothing lower for when it is not: its standing limit is in force.
    """
    SAFE = "safe"
    """The node's true load is not known: its safe operating capacity is in force."""


class LimitKind(StrEnum):
    """Which statement of the configuration the limit in force comes from."""

    MAX_IMPORT = "max_import"
    """The microgrid's `max_import_w`."""
    DEFAULT_CAPACITY = "default_capacity"
    """A circuit's `default_capacity_w`: the standing limit while its true load is known."""
    SAFE_OPERATING_CAPACITY = "safe_operating_capacity"
    """The lower of both capacities of a circuit while its true load is not known; where none is configured for that,
    what the chargers below fall back to.
    """
    MAX_POWER = "max_power"
    """The rating of a charge point or connector."""


@value
class Limit:
    """What may be drawn at a node now; no `limit_w`, no `kind`."""

    limit_w: Watts | None
    kind: LimitKind | None
    mode: Mode


def in_force(tree: PowerTree, meters: Meters) -> list[Limit]:
    """The limit in force at every node, in tree order; a node whose meter is last known goes on as it was."""
    charge_point = NodeType.CHARGE_POINT
    return [
        _rating(node.default_capacity_w)
        if node.node_type is charge_point
        else _limit(node, meter is not None or index in meters.last_known, tree.fallbacks_w[index])
        for index, (node, meter) in enumerate(zip(tree.nodes, meters.readings, strict=True))
    ]


@lru_cache(maxsize=1024)
def _rating(limit_w: Watts | None) -> Limit:
    """That of a charge point: the same one in every cycle, so that what is made of it is known to be so too."""
    return Limit(limit_w, LimitKind.MAX_POWER, Mode.NORMAL)


def _limit(node: PowerNode, is_known: bool, fallbacks_below: Watts) -> Limit:
    default, safe = node.default_capacity_w, node.safe_operating_capacity_w
    if node.node_type is NodeType.MICROGRID:
        return Limit(default, None if default is None else LimitKind.MAX_IMPORT, Mode.NORMAL)
    if is_known or (safe is None and not node.metered):
        return Limit(default, None if default is None else LimitKind.DEFAULT_CAPACITY, Mode.NORMAL)
    if safe is None:
        safe = fallbacks_below
    return Limit(safe if default is None else min(default, safe), LimitKind.SAFE_OPERATING_CAPACITY, Mode.SAFE)
