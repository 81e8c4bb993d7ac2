"""What connectors are told in a trial: as much as fits the site for all of them at once, a third of it, nothing."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from typing import TypeAlias

from domain.site.configuration import Settings
from domain.site.power import Watts
from domain.site.power_tree import PlacedConnector, PowerTree

Key: TypeAlias = tuple[str, int]
"""A connector: the id of its charge point, and its number there."""

BEYOND_PERCENT = 10
"""How far a charger that keeps to a limit may be beyond it: chargers draw up to 6 % more than they are told, and read
it with some noise.
"""


class Tells(StrEnum):
    """What the connectors are told in a step of a trial."""

    HIGH = "high"
    LOW = "low"
    ZERO = "zero"
    NOTHING = "nothing"
    """Cycles go on, and list no connector."""
    SILENCE = "silence"
    """There are no cycles."""


@dataclass(frozen=True, slots=True)
class Rungs:
    """What one connector is told, in watts. All high rungs together keep to every capacity of the site."""

    connector: PlacedConnector
    high_w: Watts
    low_w: Watts
    tolerance_w: Watts

    def told_w(self, tells: Tells) -> Watts | None:
        """The setpoint; None where the connector is not listed."""
        return {Tells.HIGH: self.high_w, Tells.LOW: self.low_w, Tells.ZERO: 0}.get(tells)

    def kept_w(self, limit_w: Watts) -> Watts:
        """The most that is drawn, and reported, where this limit is kept."""
        return limit_w + max(self.tolerance_w, limit_w * BEYOND_PERCENT // 100)

    @property
    def fallen_w(self) -> Watts:
        """The most that is drawn where the charger has fallen back."""
        return self.kept_w(self.connector.fallback_w)


def rungs(tree: PowerTree, settings: Settings) -> Mapping[Key, Rungs]:
    """Those of every connector of a site. Where a circuit states no safe capacity its other loads are not known."""
    below = [0] * len(tree.nodes)
    for connector in tree.connectors:
        below[connector.charge_point] += connector.max_power_w
    ratings_w = tree.summed(below)
    return {
        (each.charge_point_id, each.connector_id): _rungs(tree, ratings_w, each, settings.apply_tolerance_w)
        for each in tree.connectors
    }


def _rungs(tree: PowerTree, ratings_w: list[Watts], connector: PlacedConnector, tolerance_w: Watts) -> Rungs:
    share = Fraction(1)
    for index in tree.path(connector.charge_point):
        node = tree.nodes[index]
        for capacity_w in (node.default_capacity_w, node.safe_operating_capacity_w):
            if capacity_w is not None and ratings_w[index]:
                share = min(share, Fraction(capacity_w, ratings_w[index]))
    high_w = int(connector.max_power_w * share)
    if high_w < connector.min_power_w:
        high_w = 0
    low_w = min(high_w, max(connector.min_power_w, high_w // 3))
    return Rungs(connector, high_w, low_w, tolerance_w)
