"""What a site configuration comes to before it is applied: figures of its tree, likely slips, changes of another."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Final

from domain.site.configuration import Fault, SiteConfiguration, SiteWarning
from domain.site.identifiers import connector_node_id
from domain.site.power import Watts
from domain.site.power_tree import PowerTree

KILO: Final = 1000

SLIP: Final = 100
"""A limit this many times below or above the ratings under it is more likely a slip of the unit than meant."""

LEAST_RATING_W: Final = 1000
"""What an outlet for vehicles is rated at least: 6 A on one phase are 1,380 W."""

LEAST_MINIMUM_W: Final = 100

LONGEST_S: Final = 24 * 3600
"""No setting is longer than a day; one that is was likely written in milliseconds."""


@dataclass(frozen=True, slots=True)
class NodeFigures:
    """A node of the derived tree: its limits, and the sums of ratings, fallbacks and connectors at and below it."""

    node_id: str
    node_type: str
    name: str
    depth: int
    limit_w: Watts | None
    safe_limit_w: Watts | None
    ratings_w: Watts
    fallbacks_w: Watts
    connectors: int


@dataclass(frozen=True, slots=True)
class SiteChange:
    """One thing that differs. `before` and `now` are null where there was, or is, no statement or no such node."""

    node_id: str
    field: str
    before: Any
    now: Any


def figures(tree: PowerTree) -> tuple[NodeFigures, ...]:
    """A line a node above the connectors, in preorder."""
    ratings_w, connectors = _summed_connectors(tree)
    depths = [0] * len(tree.nodes)
    for index, parent in enumerate(tree.parents):
        depths[index] = 0 if parent < 0 else depths[parent] + 1
    return tuple(
        NodeFigures(
            node_id=node.node_id,
            node_type=node.node_type.value,
            name=node.name,
            depth=depths[index],
            limit_w=node.default_capacity_w,
            safe_limit_w=node.safe_operating_capacity_w,
            ratings_w=ratings_w[index],
            fallbacks_w=tree.fallbacks_w[index],
            connectors=connectors[index],
        )
        for index, node in enumerate(tree.nodes)
    )


def _summed_connectors(tree: PowerTree) -> tuple[list[Watts], list[int]]:
    """Per node what the connectors below may draw by their ratings and those of their charge points, and how many."""
    ratings_w, connectors = [0] * len(tree.nodes), [0] * len(tree.nodes)
    for index, below in enumerate(tree.connectors_of):
        connectors[index] = len(below)
        if below:
            outlets_w = sum(tree.connectors[each].max_power_w for each in below)
            ratings_w[index] = min(tree.nodes[index].default_capacity_w or 0, outlets_w)
    return tree.summed(ratings_w), tree.summed(connectors)


def slips(configuration: SiteConfiguration, tree: PowerTree) -> tuple[SiteWarning, ...]:
    """What is valid, and likely meant otherwise: the same codes whatever the site."""
    return (*_slips_of_limits(tree), *_slips_of_ratings(configuration), *_slips_of_settings(configuration))


def _slips_of_limits(tree: PowerTree) -> Iterator[SiteWarning]:
    for index, node in enumerate(figures(tree)):
        is_rating = bool(tree.connectors_of[index])
        for word, limit_w in (("limit", node.limit_w), ("safe operating capacity", node.safe_limit_w)):
            if limit_w is None or is_rating or node.ratings_w == 0:
                continue
            if 0 < limit_w <= node.ratings_w // SLIP:
                yield SiteWarning(
                    "likely_kilowatts",
                    node.node_id,
                    f"The {word} of {limit_w} W is below a hundredth of the {node.ratings_w} W rated under it;"
                    f" were {limit_w} kW ({limit_w * KILO} W) meant?",
                )
            elif limit_w >= node.ratings_w * SLIP:
                yield SiteWarning(
                    "likely_milliwatts",
                    node.node_id,
                    f"The {word} of {limit_w} W is a hundred times the {node.ratings_w} W rated under it;"
                    f" were {limit_w // KILO} W meant?",
                )


def _slips_of_ratings(configuration: SiteConfiguration) -> Iterator[SiteWarning]:
    for charge_point in configuration.charge_points:
        identifier = charge_point.charge_point_id
        if 0 < charge_point.max_power_w < LEAST_RATING_W:
            yield _kilowatts(identifier, "rating", charge_point.max_power_w)
        if 0 < charge_point.fallback_w < LEAST_MINIMUM_W:
            yield _kilowatts(identifier, "fallback", charge_point.fallback_w)
        for connector in charge_point.connectors:
            node_id = connector_node_id(identifier, connector.connector_id)
            if 0 < connector.max_power_w < LEAST_RATING_W:
                yield _kilowatts(node_id, "rating", connector.max_power_w)
            if 0 < connector.min_power_w < LEAST_MINIMUM_W:
                yield _kilowatts(node_id, "minimum", connector.min_power_w)


def _kilowatts(node_id: str, word: str, power_w: Watts) -> SiteWarning:
    message = f"The {word} of {power_w} W is less than any vehicle takes; were {power_w} kW meant?"
    return SiteWarning("likely_kilowatts", node_id, message)


def _slips_of_settings(configuration: SiteConfiguration) -> Iterator[SiteWarning]:
    for each in fields(configuration.settings):
        seconds: int = getattr(configuration.settings, each.name)
        if each.name.endswith("_s") and seconds > LONGEST_S:
            message = f"{each.name} is {seconds} s, longer than a day; were milliseconds meant ({seconds // KILO} s)?"
            yield SiteWarning("likely_milliseconds", configuration.microgrid_id, message)


def succession_faults(former: SiteConfiguration, offered: SiteConfiguration) -> tuple[Fault, ...]:
    """Why a valid configuration would be refused where the former one is in force."""
    found = []
    if offered.version <= former.version and offered != former:
        found.append(
            Fault("version_not_newer", "/version", f"Version {former.version} is in force, with other content.")
        )
    if offered.workspace_id != former.workspace_id:
        found.append(Fault("workspace_changed", "/workspace_id", "The workspace of a microgrid cannot change."))
    return tuple(found)


def changes(former: SiteConfiguration, offered: SiteConfiguration) -> tuple[SiteChange, ...]:
    """What differs, node by node: those that go, those that come, and every value that is another one."""
    before, now = _stated(former), _stated(offered)
    places: Sequence[tuple[str, str]] = [*before, *[place for place in now if place not in before]]
    return tuple(
        SiteChange(*place, before=before.get(place), now=now.get(place))
        for place in places
        if before.get(place) != now.get(place)
    )


def _stated(configuration: SiteConfiguration) -> Mapping[tuple[str, str], Any]:
    """Every single statement of a configuration, by node and field."""
    root = configuration.microgrid_id
    stated = {(root, key): getattr(configuration, key) for key in ("name", "version", "max_import_w", "time_zone")}
    for group in (configuration.strategy, configuration.settings):
        stated |= {(root, each.name): getattr(group, each.name) for each in fields(group)}
    for circuit in configuration.circuits:
        stated |= _of_node(circuit.circuit_id, circuit, omitting="circuit_id")
    for charge_point in configuration.charge_points:
        identifier = charge_point.charge_point_id
        stated |= _of_node(identifier, charge_point, omitting="connectors charge_point_id")
        for connector in charge_point.connectors:
            node_id = connector_node_id(identifier, connector.connector_id)
            stated |= _of_node(node_id, connector, omitting="connector_id")
    return stated


def _of_node(node_id: str, stating: Any, omitting: str) -> Mapping[tuple[str, str], Any]:
    named = (each.name for each in fields(stating) if each.name not in omitting.split())
    return {(node_id, name): getattr(stating, name) for name in named}
