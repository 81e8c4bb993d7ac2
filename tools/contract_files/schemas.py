"""The data of every type of message as a JSON Schema, made from the wire models.

Draft 7, the dialect that AsyncAPI speaks. Keys that are not named are allowed everywhere: readers ignore them, and new
optional ones come within a version.
"""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, ClassVar, Final, TypeAlias

from pydantic import TypeAdapter
from pydantic.json_schema import JsonSchemaMode
from pydantic_core import core_schema

from adapters.messages import configuration as wire
from adapters.messages.configuration import SITE_CONFIGURATION, SiteConfigurationV1
from adapters.messages.envelope import schema_of
from adapters.messages.notices import LOG_ENTRY, LogEntryV1
from adapters.messages.registry import WRITERS
from adapters.messages.retirement import MICROGRID_RETIREMENT, MicrogridRetirementV1
from adapters.messages.telemetry import (
    CHARGE_POINT_TELEMETRY,
    CIRCUIT_TELEMETRY,
    ChargePointTelemetryV1,
    CircuitTelemetryV1,
)
from domain.knowledge.readings import DEFAULT_PRIORITY
from domain.site.configuration import ChargePoint, Circuit, Connector, Settings, SiteConfiguration, Strategy
from entrypoints.api.meaning import MeaningfulSchema

Schema: TypeAlias = dict[str, Any]

DIALECT: Final = "http://json-schema.org/draft-07/schema#"

INBOUND: Final[Mapping[str, Any]] = {
    SITE_CONFIGURATION: SiteConfigurationV1,
    MICROGRID_RETIREMENT: MicrogridRetirementV1,
    CHARGE_POINT_TELEMETRY: ChargePointTelemetryV1,
    CIRCUIT_TELEMETRY: CircuitTelemetryV1,
}
"""A CloudEvents type that comes in -> its wire shape, stated as it is read: a key may be absent that has a default."""

OUTBOUND: Final[Mapping[str, Any]] = {event_type: event for event, (event_type, _) in WRITERS.items()}
"""A CloudEvents type that goes out -> its wire shape, stated as it is written: every key is there, but few."""

NOTIFIED: Final[Mapping[str, Any]] = {LOG_ENTRY: LogEntryV1}
"""A CloudEvents type that a webhook is sent -> its wire shape; it is on no topic."""

DEFAULTS: Final[Mapping[str, Mapping[str, Any]]] = {
    "SettingsV1": asdict(Settings()),
    "StrategyV1": asdict(Strategy()),
    "CircuitV1": {"metered": False, "generation": False},
    "ConnectorV1": {"min_power_w": 0, "idle_power_w": 0},
    "SiteConfigurationV1": {"time_zone": "UTC"},
    "SessionV1": {"priority": DEFAULT_PRIORITY},
}
"""What holds where a key of a shape that comes in is absent or null."""


def schemas() -> dict[str, Schema]:
    """CloudEvents type -> the JSON Schema of its data, the types that come in first."""
    return {name: _schema(name, shape, "validation") for name, shape in INBOUND.items()} | {
        name: _schema(name, shape, "serialization") for name, shape in {**OUTBOUND, **NOTIFIED}.items()
    }


def _schema(name: str, shape: Any, mode: JsonSchemaMode) -> Schema:
    schema = TypeAdapter(shape).json_schema(
        ref_template="#/definitions/{model}", schema_generator=_WireSchema, mode=mode
    )
    definitions = schema.pop("$defs", {})
    for title, part in {schema["title"]: schema, **definitions}.items():
        for key, value in DEFAULTS.get(title, {}).items():
            part["properties"][key]["default"] = value
    stated = {"definitions": definitions} if definitions else {}
    return {"$schema": DIALECT, "$id": schema_of(name), **schema, **stated}


_SAID_WHERE_NEEDED: Final = {"unheard_since", "controls"}
"""What is left out of an event where there is nothing to say."""


class _WireSchema(MeaningfulSchema):
    """What goes out has every key, so that its defaults mean nothing."""

    like: ClassVar[Mapping[type, type]] = {
        wire.StrategyV1: Strategy,
        wire.SettingsV1: Settings,
        wire.CircuitV1: Circuit,
        wire.ConnectorV1: Connector,
        wire.ChargePointV1: ChargePoint,
        wire.SiteConfigurationV1: SiteConfiguration,
    }

    def field_is_required(
        self, field: core_schema.ModelField | core_schema.DataclassField | core_schema.TypedDictField, total: bool
    ) -> bool:
        if field["type"] == "dataclass-field" and field["name"] in _SAID_WHERE_NEEDED:
            return False
        return self.mode == "serialization" or super().field_is_required(field, total)

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> Schema:
        return self.generate_inner(schema["schema"]) if self.mode == "serialization" else super().default_schema(schema)
