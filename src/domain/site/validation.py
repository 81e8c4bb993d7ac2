"""Which faults make a site configuration refused, and which warnings it is accepted with (SITE-7, SITE-8)."""

from collections.abc import Iterator
from dataclasses import fields

from domain.site.configuration import ChargePoint, Circuit, Fault, Order, Settings, SiteConfiguration, SiteWarning, Unit
from domain.site.identifiers import connector_node_id
from domain.site.power import Watts
from domain.site.power_tree import ROOT, NodeType, PowerTree

MAX_DEPTH = 32
"""The deepest circuit: a grid connection is depth 1."""


def faults(configuration: SiteConfiguration) -> tuple[Fault, ...]:
    """Every fault of a configuration, in document order by kind; empty where it is valid."""
    return (
        *_strategy_faults(configuration),
        *_setting_faults(configuration.settings),
        *_time_zone_faults(configuration),
        *_power_faults(configuration),
        *_duplicates(configuration),
        *_circuit_faults(configuration.circuits),
        *_charge_point_faults(configuration),
    )


def _strategy_faults(configuration: SiteConfiguration) -> Iterator[Fault]:
    for key, value, known in (
        ("unit", configuration.strategy.unit, Unit),
        ("order", configuration.strategy.order, Order),
    ):
        if value not in set(known):
            names = ", ".join(known)
            yield Fault("unknown_strategy", f"/strategy/{key}", f"The {key} {value!r} is not one of {names}.")


def _setting_faults(settings: Settings) -> Iterator[Fault]:
    for name in (field.name for field in fields(settings)):
        value: int = getattr(settings, name)
        if name.endswith("_s") and value <= 0:
            yield Fault("invalid_setting", f"/settings/{name}", f"{name} is {value}, it must be above 0.")
        elif value < 0:
            yield Fault("invalid_setting", f"/settings/{name}", f"{name} is {value}, it must not be negative.")
    if settings.refresh_interval_s >= settings.setpoint_valid_for_s:
        yield Fault(
            "invalid_setting",
            "/settings/refresh_interval_s",
            "refresh_interval_s must be below setpoint_valid_for_s, or setpoints lapse between two cycles.",
        )


def _time_zone_faults(configuration: SiteConfiguration) -> Iterator[Fault]:
    if configuration.time_zone is None:
        yield Fault("invalid_setting", "/time_zone", "time_zone names no time zone of the IANA database.")


def _power_faults(configuration: SiteConfiguration) -> Iterator[Fault]:
    for path, value in _powers(configuration):
        if value is not None and value < 0:
            yield Fault("negative_power", path, f"{value} W is negative; only readings may be.")


def _powers(configuration: SiteConfiguration) -> Iterator[tuple[str, Watts | None]]:
    yield "/max_import_w", configuration.max_import_w
    for i, circuit in enumerate(configuration.circuits):
        yield f"/circuits/{i}/default_capacity_w", circuit.default_capacity_w
        yield f"/circuits/{i}/safe_operating_capacity_w", circuit.safe_operating_capacity_w
    for i, charge_point in enumerate(configuration.charge_points):
        yield f"/charge_points/{i}/max_power_w", charge_point.max_power_w
        yield f"/charge_points/{i}/fallback_power_w", charge_point.fallback_power_w
        for j, connector in enumerate(charge_point.connectors):
            place = f"/charge_points/{i}/connectors/{j}"
            yield f"{place}/max_power_w", connector.max_power_w
            yield f"{place}/min_power_w", connector.min_power_w
            yield f"{place}/idle_power_w", connector.idle_power_w


def _duplicates(configuration: SiteConfiguration) -> Iterator[Fault]:
    seen = {configuration.microgrid_id}
    places = [(f"/circuits/{i}/circuit_id", each.circuit_id) for i, each in enumerate(configuration.circuits)]
    places += [
        (f"/charge_points/{i}/charge_point_id", each.charge_point_id)
        for i, each in enumerate(configuration.charge_points)
    ]
    for path, identifier in places:
        if identifier in seen:
            yield Fault("duplicate_id", path, f"The id {identifier} is used twice.")
        seen.add(identifier)
    for i, charge_point in enumerate(configuration.charge_points):
        numbers: set[int] = set()
        for j, connector in enumerate(charge_point.connectors):
            if connector.connector_id in numbers:
                yield Fault(
                    "duplicate_id",
                    f"/charge_points/{i}/connectors/{j}/connector_id",
                    f"Charge point {charge_point.charge_point_id} has two connectors {connector.connector_id}.",
                )
            numbers.add(connector.connector_id)


def _circuit_faults(circuits: tuple[Circuit, ...]) -> Iterator[Fault]:
    parent_of = {each.circuit_id: each.parent_id for each in circuits}
    if not any(each.parent_id is None for each in circuits):
        yield Fault("no_grid_connection", "/circuits", "No circuit is a grid connection (has no parent).")
    depth_of: dict[str, int | None] = {}
    for i, circuit in enumerate(circuits):
        identifier = circuit.circuit_id
        if circuit.parent_id is None:
            if circuit.default_capacity_w is None:
                yield Fault(
                    "grid_connection_without_limit",
                    f"/circuits/{i}/default_capacity_w",
                    f"Grid connection {identifier} needs a default capacity.",
                )
        elif circuit.parent_id not in parent_of:
            yield Fault(
                "unknown_parent",
                f"/circuits/{i}/parent_id",
                f"Circuit {identifier} names the parent {circuit.parent_id}, which does not exist.",
            )
        depth = _depth(identifier, parent_of, depth_of)
        if depth is None:
            yield Fault(
                "circuit_cycle",
                f"/circuits/{i}/parent_id",
                f"Circuit {identifier} is fed in a circle, not by the grid.",
            )
        elif depth > MAX_DEPTH:
            yield Fault(
                "too_deep",
                f"/circuits/{i}/parent_id",
                f"Circuit {identifier} is at depth {depth}; {MAX_DEPTH} is the deepest.",
            )


def _depth(identifier: str, parent_of: dict[str, str | None], known: dict[str, int | None]) -> int | None:
    """The depth of a circuit below the microgrid, None on or below a cycle. Every circuit is walked once."""
    path: list[str] = []
    on_path: set[str] = set()
    here: str | None = identifier
    while here is not None and here in parent_of and here not in known and here not in on_path:
        path.append(here)
        on_path.add(here)
        here = parent_of[here]
    depth: int | None = 0
    if here is not None and here in on_path:
        depth = None
    elif here is not None and here in known:
        depth = known[here]
    for each in reversed(path):
        depth = None if depth is None else depth + 1
        known[each] = depth
    return known[identifier]


def _charge_point_faults(configuration: SiteConfiguration) -> Iterator[Fault]:
    circuits = {each.circuit_id for each in configuration.circuits}
    for i, charge_point in enumerate(configuration.charge_points):
        identifier = charge_point.charge_point_id
        if charge_point.circuit_id not in circuits:
            yield Fault(
                "unknown_circuit",
                f"/charge_points/{i}/circuit_id",
                f"Charge point {identifier} names the circuit {charge_point.circuit_id}, which does not exist.",
            )
        if not charge_point.connectors:
            yield Fault(
                "no_connectors", f"/charge_points/{i}/connectors", f"Charge point {identifier} has no connectors."
            )
        for j, connector in enumerate(charge_point.connectors):
            if connector.min_power_w > connector.max_power_w:
                yield Fault(
                    "minimum_above_maximum",
                    f"/charge_points/{i}/connectors/{j}/min_power_w",
                    f"Connector {identifier}/{connector.connector_id} has a minimum of {connector.min_power_w} W"
                    f" above its maximum of {connector.max_power_w} W.",
                )


def warnings(configuration: SiteConfiguration, tree: PowerTree) -> tuple[SiteWarning, ...]:
    """What somebody ought to know of a valid configuration, in its own order by kind."""
    return (
        *(warning for circuit in configuration.circuits for warning in _circuit_warnings(circuit)),
        *(warning for each in configuration.charge_points for warning in _charge_point_warnings(each)),
        *_capacity_warnings(tree),
        *_setting_warnings(configuration),
    )


def _circuit_warnings(circuit: Circuit) -> Iterator[SiteWarning]:
    default, safe = circuit.default_capacity_w, circuit.safe_operating_capacity_w
    if default is not None and safe is not None and safe > default:
        yield SiteWarning(
            "safe_above_default",
            circuit.circuit_id,
            f"The safe operating capacity of {safe} W is above the default capacity of {default} W.",
        )
    if circuit.metered and safe is None:
        yield SiteWarning(
            "safe_capacity_missing",
            circuit.circuit_id,
            "Metered without a safe operating capacity: while the meter is silent only the fallbacks are allowed.",
        )
    if default is None and safe is None:
        yield SiteWarning("unlimited_circuit", circuit.circuit_id, "States no capacity at all, so it limits nothing.")


def _charge_point_warnings(charge_point: ChargePoint) -> Iterator[SiteWarning]:
    for connector in charge_point.connectors:
        if connector.min_power_w > charge_point.max_power_w:
            yield SiteWarning(
                "minimum_above_charge_point",
                connector_node_id(charge_point.charge_point_id, connector.connector_id),
                f"The minimum of {connector.min_power_w} W is above the rating of its charge point,"
                f" {charge_point.max_power_w} W: it will never be switched on.",
            )


def _capacity_warnings(tree: PowerTree) -> Iterator[SiteWarning]:
    minimums_w = _largest_minimums_w(tree)
    for index, node in enumerate(tree.nodes):
        capacities = [each for each in (node.default_capacity_w, node.safe_operating_capacity_w) if each is not None]
        place = "the microgrid" if index == ROOT else node.node_id
        if capacities and tree.fallbacks_w[index] > min(capacities):
            yield SiteWarning(
                "fallback_exceeds_limit",
                node.node_id,
                f"The fallbacks below {place} sum up to {tree.fallbacks_w[index]} W, above {min(capacities)} W:"
                " the depot is not fail-safe.",
            )
        if capacities and minimums_w[index] > min(capacities) and node.node_type is not NodeType.CHARGE_POINT:
            yield SiteWarning(
                "no_room_for_minimum",
                node.node_id,
                f"A connector below {place} has a minimum of {minimums_w[index]} W, above {min(capacities)} W.",
            )


def _largest_minimums_w(tree: PowerTree) -> list[Watts]:
    """Per node, the largest minimum of a connector below it; 0 where there is none."""
    largest_w = [0] * len(tree.nodes)
    for connector in tree.connectors:
        for node in tree.path(connector.charge_point):
            largest_w[node] = max(largest_w[node], connector.min_power_w)
    return largest_w


def _setting_warnings(configuration: SiteConfiguration) -> Iterator[SiteWarning]:
    settings = configuration.settings
    if settings.apply_grace_s >= settings.setpoint_valid_for_s - settings.refresh_interval_s:
        yield SiteWarning(
            "always_reserved",
            configuration.microgrid_id,
            "apply_grace_s is not below setpoint_valid_for_s less refresh_interval_s: between two renewals every"
            " connector told less than its fallback is reserved.",
        )
