"""Why a load is over a limit, and who has a part in it (BREACH-6)."""

from domain.breaches.constraint import Cause, Contributor
from domain.breaches.observation import Observed, Place, connectors_below, measured_at, nodes_below
from domain.knowledge.demand import Standing
from domain.knowledge.lines import Line
from domain.site.power import Watts


def explain(observed: Observed, place: Place, limit_w: Watts, former_w: Watts) -> tuple[Cause, tuple[Contributor, ...]]:
    """The first cause of a load over this limit that fits, and the contributors to it, the largest first.

    `former_w`: what a configuration lowered the limit from just before the load was seen; 0 where none did.
    """
    situation, load_w = observed.situation, observed.at(place)
    background_w = 0 if place.is_connector else situation.nodes[place.node].background.cumulative_w
    below = [situation.lines[each] for each in connectors_below(situation.tree, place)]
    # A reading that is stale proves nothing. Who is reserved because it is about to fall back may well be seen (R17).
    seen = [line for line in below if measured_at(situation, line) is not None]
    over = [line for line in seen if _over_w(line) > 0]
    disobeying = [line for line in over if _over_w(line) > situation.windows.tolerance_of(line.told_w)]
    unseen = [
        *_silent_meters(observed, place),
        *[_connector(line) for line in below if line.standing is Standing.RESERVED],
    ]
    if load_w <= former_w:
        cause, contributors = Cause.LIMIT_LOWERED, _directly_below(observed, place)
    elif disobeying and sum(map(_over_w, over)) >= load_w - limit_w:
        cause, contributors = Cause.SETPOINT_NOT_HONOURED, [_connector(line) for line in disobeying]
    elif load_w - background_w <= limit_w:
        cause, contributors = Cause.UNMANAGED_LOAD, _background_parts(observed, place)
    elif unseen:
        cause, contributors = Cause.STALE_TELEMETRY, unseen
    else:
        cause, contributors = Cause.UNKNOWN, _directly_below(observed, place)
    return cause, tuple(sorted(contributors, key=lambda each: -each.observed_w))


def _over_w(line: Line) -> Watts:
    """What a connector draws above what it was told (R44); negative where that is less."""
    return (line.power_w or 0) - line.told_w


def _silent_meters(observed: Observed, place: Place) -> list[Contributor]:
    situation = observed.situation
    return [_node(observed, node) for node in nodes_below(situation.tree, place) if situation.nodes[node].is_silent]


def _background_parts(observed: Observed, place: Place) -> list[Contributor]:
    """The nodes at which there is background that is not counted below them already."""
    situation = observed.situation
    below = nodes_below(situation.tree, place)
    own_w = {node: situation.nodes[node].background.cumulative_w for node in below}
    for node in below[1:]:
        own_w[situation.tree.parents[node]] -= situation.nodes[node].background.cumulative_w
    return [
        Contributor(situation.tree.nodes[node].node_id, watts, None, None) for node, watts in own_w.items() if watts > 0
    ]


def _directly_below(observed: Observed, place: Place) -> list[Contributor]:
    """The nodes or connectors directly below that draw anything; a connector stands for itself."""
    tree, lines = observed.situation.tree, observed.situation.lines
    nodes = [
        _node(observed, node)
        for node in nodes_below(tree, place)
        if tree.parents[node] == place.node and observed.nodes_w[node] > 0
    ]
    connectors = [place.connector] if place.is_connector else tree.connectors_of[place.node]
    return nodes + [_connector(lines[each]) for each in connectors if (lines[each].power_w or 0) > 0]


def _node(observed: Observed, node: int) -> Contributor:
    view = observed.situation.nodes[node]
    return Contributor(view.node.node_id, observed.nodes_w[node], view.limit.limit_w, view.held.exposed_w)


def _connector(line: Line) -> Contributor:
    return Contributor(line.connector.node_id, line.power_w or 0, line.told_w, line.exposure_w)
