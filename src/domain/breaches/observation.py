"""The load observed at nodes and connectors, from which readings, and when they were taken (contract section 7)."""

from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple

from domain.knowledge.lines import Line
from domain.knowledge.situation import Situation
from domain.site.power import Watts
from domain.site.power_tree import PowerTree
from domain.values import value


class Place(NamedTuple):
    """A node of the tree by its index; a connector by its own and its charge point's. Sorts in preorder."""

    node: int
    connector: int = -1

    @property
    def is_connector(self) -> bool:
        return self.connector >= 0


@value
class Observed:
    """What is seen to be drawn at every node and by every connector of a situation, in tree order."""

    situation: Situation
    nodes_w: list[Watts]
    connectors_w: list[Watts]

    def at(self, place: Place) -> Watts:
        return self.connectors_w[place.connector] if place.is_connector else self.nodes_w[place.node]


@value
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
    drawn = [line.power_w for line in situation.lines]
    observed = [0] * len(tree.nodes)
    for line, power in zip(situation.lines, drawn, strict=True):
        observed[line.connector.charge_point] += power
    for index in range(len(observed) - 1, -1, -1):
        meter = situation.nodes[index].meter
        if meter is not None:
            observed[index] = meter.power_w
        if tree.parents[index] >= 0:
            observed[tree.parents[index]] += observed[index]
    return Observed(situation, observed, drawn)


def taken(situation: Situation, place: Place) -> Taken:
    """When the load observed at a place was measured, and whether it is heard of already."""
    sources = list(_sources(situation, place))
    fresh = [(source.measured_at, source.power_w) for source in sources if source.measured_at is not None]
    newest_at = max([measured_at for measured_at, _ in fresh], default=situation.at)
    oldest_at = min([measured_at for measured_at, power_w in fresh if power_w > 0], default=newest_at)
    return Taken(newest_at, oldest_at, heard=all(source.node_id not in situation.unheard for source in sources))


def find(tree: PowerTree, node_id: str) -> Place | None:
    """Where a node or connector is; None where there is none of this id."""
    if node_id in tree.node_index:
        return Place(tree.node_index[node_id])
    charge_point_id, _, number = node_id.rpartition("/")
    connector = tree.connector_index.get((charge_point_id, int(number))) if charge_point_id else None
    return None if connector is None else Place(tree.connectors[connector].charge_point, connector)


def nodes_below(tree: PowerTree, place: Place) -> range:
    """The nodes at and below a place, in preorder; none for a connector."""
    return range(0) if place.is_connector else tree.below(place.node)


def connectors_below(tree: PowerTree, place: Place) -> list[int]:
    """The connectors at and below a place."""
    if place.is_connector:
        return [place.connector]
    return [connector for node in nodes_below(tree, place) for connector in tree.connectors_of[node]]


@value
class _Source:
    """A reading that an observation is made of, or should be; `measured_at` is null where it is not fresh."""

    node_id: str
    power_w: Watts
    measured_at: datetime | None


def _sources(situation: Situation, place: Place) -> Iterator[_Source]:
    oldest = situation.at - situation.windows.connector_stale_after
    if place.is_connector:
        yield _of_connector(situation.lines[place.connector], oldest)
        return
    tree = situation.tree
    measured_until = place.node
    for node in nodes_below(tree, place):
        if node < measured_until:
            continue
        view = situation.nodes[node]
        if view.meter is not None:
            yield _Source(view.node.node_id, view.meter.power_w, view.meter.measured_at)
            measured_until = tree.below(node).stop
            continue
        if view.is_silent:
            yield _Source(view.node.node_id, 0, None)
        for connector in tree.connectors_of[node]:
            yield _of_connector(situation.lines[connector], oldest)


def _of_connector(line: Line, oldest: datetime) -> _Source:
    """A reading is fresh while it is young: a live link makes its connector fresh, but says nothing of its age."""
    known = line.known
    measured_at = known.measured_at if known is not None and known.measured_at >= oldest else None
    return _Source(line.connector.node_id, line.power_w, measured_at)
