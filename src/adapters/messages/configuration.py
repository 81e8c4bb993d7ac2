"""`site.configuration.v1` on the wire (SITE-2, SITE-3).

Shape only. What a configuration means, negative watts and unknown names included, is judged by the domain.
Where a key may be absent, null says the same: no statement.
"""

from dataclasses import replace
from typing import Annotated, Any, Final, NotRequired

from pydantic import FailFast, TypeAdapter
from typing_extensions import TypedDict

from adapters.messages.scalars import ConnectorNumber, Figure, Flag, Id, Integer, Name, Seconds, Text
from adapters.messages.time_zones import time_zones
from domain.site.configuration import ChargePoint, Circuit, Connector, Settings, SiteConfiguration, Strategy

SITE_CONFIGURATION: Final = "site.configuration.v1"


class StrategyV1(TypedDict):
    """How capacity is shared."""

    unit: NotRequired[Text | None]
    order: NotRequired[Text | None]


class SettingsV1(TypedDict):
    """Time constants and tolerances."""

    meter_stale_after_s: NotRequired[Seconds | None]
    connector_stale_after_s: NotRequired[Seconds | None]
    breach_hold_s: NotRequired[Seconds | None]
    min_cycle_interval_s: NotRequired[Seconds | None]
    telemetry_cycle_interval_s: NotRequired[Seconds | None]
    refresh_interval_s: NotRequired[Seconds | None]
    setpoint_valid_for_s: NotRequired[Seconds | None]
    apply_grace_s: NotRequired[Seconds | None]
    apply_tolerance_w: NotRequired[Figure | None]
    background_confirm_s: NotRequired[Seconds | None]
    background_hold_s: NotRequired[Seconds | None]
    usage_window_s: NotRequired[Seconds | None]
    usage_margin_w: NotRequired[Figure | None]
    standby_retry_s: NotRequired[Seconds | None]
    rotation_quantum_s: NotRequired[Seconds | None]


class CircuitV1(TypedDict):
    """A charger circuit; without a parent a grid connection."""

    circuit_id: Id
    parent_id: NotRequired[Id | None]
    name: NotRequired[Name | None]
    """The name of the circuit for people; null: its id."""
    default_capacity_w: NotRequired[Figure | None]
    safe_operating_capacity_w: NotRequired[Figure | None]
    metered: NotRequired[Flag | None]
    generation: NotRequired[Flag | None]


class ConnectorV1(TypedDict):
    """An outlet of a charge point."""

    connector_id: ConnectorNumber
    max_power_w: Figure
    min_power_w: NotRequired[Figure | None]
    idle_power_w: NotRequired[Figure | None]


class ChargePointV1(TypedDict):
    """A charger with its connectors."""

    charge_point_id: Id
    name: NotRequired[Name | None]
    """The name of the charge point for people; null: its id."""
    circuit_id: Id
    max_power_w: Figure
    fallback_power_w: NotRequired[Figure | None]
    connectors: Annotated[list[ConnectorV1], FailFast()]


class SiteConfigurationV1(TypedDict):
    """One version of a site, whole. Of each list the first bad entry is reported, which bounds what is answered."""

    microgrid_id: Id
    workspace_id: NotRequired[Id | None]
    name: NotRequired[Name | None]
    """The name of the microgrid for people; null: its id."""
    time_zone: NotRequired[Text | None]
    """The IANA name of the time zone that instants are shown in to people; everything on the wire is in UTC."""
    version: Integer
    max_import_w: NotRequired[Figure | None]
    strategy: NotRequired[StrategyV1 | None]
    settings: NotRequired[SettingsV1 | None]
    circuits: Annotated[list[CircuitV1], FailFast()]
    charge_points: Annotated[list[ChargePointV1], FailFast()]


_CONFIGURATION: Final = TypeAdapter(SiteConfigurationV1)


def read_configuration(data: object) -> SiteConfiguration:
    """Parsed JSON as a configuration that is still to be judged. Raises pydantic's ValidationError."""
    return configuration_from(_CONFIGURATION.validate_python(data))


def configuration_from(wire: SiteConfigurationV1) -> SiteConfiguration:
    """The configuration that a wire shape states, with every default filled in."""
    return SiteConfiguration(
        wire["microgrid_id"],
        _or_id(wire.get("name"), wire["microgrid_id"]),
        wire["version"],
        wire.get("workspace_id"),
        wire.get("max_import_w"),
        replace(Strategy(), **_stated(wire.get("strategy"))),
        replace(Settings(), **_stated(wire.get("settings"))),
        tuple(map(_circuit, wire["circuits"])),
        tuple(map(_charge_point, wire["charge_points"])),
        _time_zone(wire.get("time_zone")),
    )


def configuration_to(configuration: SiteConfiguration) -> dict[str, Any]:
    """A configuration as pydantic's serialiser writes it: every key, in the order of the contract."""
    charge_points = [_in_order(ChargePointV1, each) for each in configuration.charge_points]
    return _in_order(SiteConfigurationV1, configuration) | {"charge_points": charge_points}


def _in_order(shape: type, value: object) -> dict[str, Any]:
    return {key: getattr(value, key) for key in shape.__annotations__}


def _stated(group: StrategyV1 | SettingsV1 | None) -> dict[str, Any]:
    return {key: value for key, value in (group or {}).items() if value is not None}


def _or_id(name: str | None, identifier: str) -> str:
    return identifier if name is None else name


def _time_zone(stated: str | None) -> str | None:
    """The name of a time zone, UTC where nothing is stated; null where there is no such zone."""
    if stated is None:
        return "UTC"
    return stated if stated in time_zones() else None


def _circuit(wire: CircuitV1) -> Circuit:
    return Circuit(
        wire["circuit_id"],
        wire.get("parent_id"),
        _or_id(wire.get("name"), wire["circuit_id"]),
        wire.get("default_capacity_w"),
        wire.get("safe_operating_capacity_w"),
        wire.get("metered") or False,
        wire.get("generation") or False,
    )


def _charge_point(wire: ChargePointV1) -> ChargePoint:
    return ChargePoint(
        wire["charge_point_id"],
        wire["circuit_id"],
        wire["max_power_w"],
        tuple(map(_connector, wire["connectors"])),
        wire.get("fallback_power_w"),
        _or_id(wire.get("name"), wire["charge_point_id"]),
    )


def _connector(wire: ConnectorV1) -> Connector:
    return Connector(
        wire["connector_id"],
        wire["max_power_w"],
        wire.get("min_power_w") or 0,
        wire.get("idle_power_w") or 0,
    )
