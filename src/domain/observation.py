"""The load observed at nodes and connectors, from which readings, and when they were taken (contract section 7)."""

from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime, timedelta

from domain.power import Watts
from domain.power_tree import PowerTree
from domain.situation import Situation


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """A node of the tree by its index; a connector by its own and its charge point's. Sorts in preorder."""

    node: int
    connector: int = -1

    @property
    def is_connector(self) -> bool:
        return self.connector >= 0


@dataclass(frozen=True, slots=True)
class Observed:
    """What is seen to be drawn at every node and by every connector, in tree order."""

    nodes_w: list[Watts]
    connectors_w: list[Watts]

    def at(self, place: Place) -> Watts:
        return self.connectors_w[place.connector] if place.is_connector else self.nodes_w[place.node]


@dataclass(frozen=True, slots=True)
class Taken:
    """When the fresh readings behind an observation were taken; the instant of the decision where there are none.

    `oldest_at` is that of the oldest with any load in it. `heard`: none of them is unheard yet after a take-over.
    """

    newest_at: datetime
    oldest_at: datetime
    heard: bool


def observe(situation: Situation) -> Observed:
    """The meter's reading where it is fresh, else the sum of the children's; of a stale connector its last reading."""
    tree = situation.tree
    drawn = [0 if known is None else known.reading.power_w for known in situation.demands.readings]
    observed = [0] * len(tree.nodes)
    for connector, power in zip(tree.connectors, drawn, strict=True):
        observed[connector.charge_point] += power
    for index in range(len(observed) - 1, -1, -1):
        meter = situation.meters[index]
        if meter is not None:
            observed[index] = meter.power_w
        if tree.parents[index] >= 0:
            observed[tree.parents[index]] += observed[index]
    return Observed(observed, drawn)


def taken(situation: Situation, place: Place, unheard: AbstractSet[str] = frozenset()) -> Taken:
    """When what is observed here was measured. `unheard` are ids of connectors and of metered circuits."""
    sources = list(_sources(situation, place))
    fresh = [(source.measured_at, source.power_w) for source in sources if source.measured_at is not None]
    newest_at = max((measured_at for measured_at, _ in fresh), default=situation.at)
    oldest_at = min((measured_at for measured_at, power_w in fresh if power_w > 0), default=newest_at)
    return Taken(newest_at, oldest_at, heard=all(source.node_id not in unheard for source in sources))


def find(tree: PowerTree, node_id: str) -> Place | None:
    """Where a node or connector is; None where there is none of this id."""
    if node_id in tree.node_index:
        return Place(tree.node_index[node_id])
    charge_point_id, _, number = node_id.rpartition("/")
    connector = tree.connector_index.get((charge_point_id, int(number))) if charge_point_id else None
    return None if connector is None else Place(tree.connectors[connector].charge_point, connector)


def nodes_below(tree: PowerTree, place: Place) -> range:
    """The nodes at and below a place, in preorder; none for a connector."""
    if place.is_connector:
        return range(0)
    end = place.node + 1
    while end < len(tree.parents) and tree.parents[end] >= place.node:
        end += 1
    return range(place.node, end)


def connectors_below(tree: PowerTree, place: Place) -> list[int]:
    """The connectors at and below a place."""
    if place.is_connector:
        return [place.connector]
    return [connector for node in nodes_below(tree, place) for connector in tree.connectors_of[node]]


@dataclass(frozen=True, slots=True)
class _Source:
    """A reading that an observation is made of, or should be; `measured_at` is null where it is not fresh."""

    node_id: str
    power_w: Watts
    measured_at: datetime | None


def _sources(situation: Situation, place: Place) -> Iterator[_Source]:
    if place.is_connector:
        yield _of_connector(situation, place.connector)
        return
    tree = situation.tree
    measured_until = place.node
    for node in nodes_below(tree, place):
        if node < measured_until:
            continue
        meter = situation.meters[node]
        if meter is not None:
            yield _Source(tree.nodes[node].node_id, meter.power_w, meter.measured_at)
            measured_until = nodes_below(tree, Place(node)).stop
            continue
        if tree.nodes[node].metered:
            yield _Source(tree.nodes[node].node_id, 0, None)
        for connector in tree.connectors_of[node]:
            yield _of_connector(situation, connector)


def _of_connector(situation: Situation, index: int) -> _Source:
    """A reading is fresh while it is young: a live link makes its connector fresh, but says nothing of its age."""
    node_id, known = situation.tree.connectors[index].node_id, situation.demands.readings[index]
    oldest = situation.at - timedelta(seconds=situation.configuration.settings.connector_stale_after_s)
    if known is None:
        return _Source(node_id, 0, None)
    return _Source(node_id, known.reading.power_w, known.measured_at if known.measured_at >= oldest else None)
