"""The load observed at nodes and connectors, from which readings, and when they were taken (BREACH-1)."""

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

    `oldest_at` is that of the oldest with any load in it. `fresh`: there are any. `whole`: everything that the load is
    made of is fresh and known. `heard`: nothing of it is unheard yet after a take-over.
    """

    newest_at: datetime
    oldest_at: datetime
    fresh: bool
    whole: bool
    heard: bool


def observe(situation: Situation) -> Observed:
    """The meter's reading where it is relied on, else the sum of the children's; of a stale connector its last reading.

    Power that is not known adds nothing (R4).
    """
    tree = situation.tree
    drawn = [line.power_w or 0 for line in situation.lines]
    observed = [0] * len(tree.nodes)
    for line, power in zip(situation.lines, drawn, strict=True):
        observed[line.connector.charge_point] += power
    nodes, parents = situation.nodes, tree.parents
    for index in range(len(observed) - 1, -1, -1):
        meter = nodes[index].meter
        if meter is not None:
            observed[index] = meter.power_w
        if index:
            observed[parents[index]] += observed[index]
    return Observed(situation, observed, drawn)


def taken(situation: Situation, place: Place) -> Taken:
    """When the load observed at a place was measured, and how much of it is seen."""
    parts = list(_parts(situation, place))
    fresh = [(part.measured_at, part.power_w) for part in parts if part.measured_at is not None]
    newest_at = max([measured_at for measured_at, _ in fresh], default=situation.at)
    oldest_at = min([measured_at for measured_at, power_w in fresh if power_w > 0], default=newest_at)
    return Taken(
        newest_at,
        oldest_at,
        fresh=bool(fresh),
        whole=all(part.seen for part in parts),
        heard=all(part.node_id not in situation.unheard for part in parts),
    )


def measured_at(situation: Situation, line: Line) -> datetime | None:
    """When the power of a connector was measured; None where it is not known, or that reading is not young any more.

    A live link may make a connector fresh, but says nothing of the age of its reading.
    """
    known, oldest = line.known, situation.at - situation.windows.connector_stale_after
    if known is None or line.power_w is None or known.measured_at < oldest:
        return None
    return known.measured_at


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
class _Part:
    """What an observation is made of; `measured_at` is null where there is no fresh reading of it.

    `seen`: its draw is fresh and known. An empty socket need not repeat that (R7).
    """

    node_id: str
    power_w: Watts
    measured_at: datetime | None
    seen: bool


def _parts(situation: Situation, place: Place) -> Iterator[_Part]:
    if place.is_connector:
        yield _connector(situation, place.connector)
        return
    tree = situation.tree
    measured_until = place.node
    for node in nodes_below(tree, place):
        if node < measured_until:
            continue
        view = situation.nodes[node]
        if view.meter is not None:
            yield _Part(view.node.node_id, view.meter.power_w, view.meter.measured_at, seen=True)
            measured_until = tree.below(node).stop
            continue
        if view.is_silent:
            # The limit of the node itself leaves room for what its meter does not show; those above do not.
            yield _Part(view.node.node_id, 0, None, seen=node == place.node)
        for connector in tree.connectors_of[node]:
            yield _connector(situation, connector)


def _connector(situation: Situation, connector: int) -> _Part:
    line = situation.lines[connector]
    is_seen = line.power_w is not None and not line.silent
    return _Part(line.connector.node_id, line.power_w or 0, measured_at(situation, line), seen=is_seen)
