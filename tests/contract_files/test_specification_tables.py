"""The tables and examples of the specification say what the code says: codes, defaults, keys and shapes."""

import json
import re
from collections.abc import Iterable
from dataclasses import fields
from typing import Any

import pytest

from adapters.messages.registry import WRITERS
from adapters.messages.telemetry import read_charge_point_telemetry, read_circuit_telemetry
from domain.breaches.constraint import Cause
from domain.breaches.over_limit import Severity
from domain.events import Trigger
from domain.knowledge.limits import LimitKind
from domain.knowledge.readings import Receipt
from domain.sharing.plan import Outcome, Quality, Reason
from domain.site.configuration import Order, Settings, Unit
from entrypoints import settings as environment
from tests.contract_files.validation import complaints
from tests.specification import ROOT, Specification, examples
from tools.contract_files.headers import CODES

SPECIFICATION = Specification()


@pytest.mark.parametrize(
    ("number", "codes"),
    [
        ("TEL-8", set(Receipt) - {Receipt.KEPT}),
        ("FILL-9", {*Unit, *Order}),
        ("EVT-5", {event_type for event_type, _ in WRITERS.values()}),
        ("EVT-10", Quality),
        ("EVT-13", Outcome),
        ("EVT-15", Reason),
        ("BREACH-2", Severity),
        ("BREACH-6", Cause),
        ("BUS-4", CODES),
    ],
)
def test_a_table_has_every_code_once(number: str, codes: Iterable[str]) -> None:
    assert sorted(SPECIFICATION.codes(number)) == sorted(map(str, codes))


def test_a_strategy_can_be_chosen_by_every_unit_and_order(schemas: dict[str, dict[str, Any]]) -> None:
    """The how-to has a row for each, and the schema of a site says which there are."""
    how_to = (ROOT / "docs/how-to/strategy.md").read_text("utf-8")
    rows = re.findall(r"^\| `([a-z_]+)` \|", how_to, re.MULTILINE)
    assert set(rows) - {"unit", "order"} == {*Unit, *Order}
    described = schemas["site.configuration.v1"]["definitions"]["StrategyV1"]["properties"]
    for name, known in (("unit", Unit), ("order", Order)):
        assert set(re.findall("`([a-z_]+)`", described[name]["description"])) == set(known)


def test_every_kind_of_limit_is_in_the_table_of_limits() -> None:
    """Holds LIM-2."""
    assert {row[-1].strip("`") for row in SPECIFICATION.rows("LIM-2")} == set(LimitKind)


def test_every_trigger_is_named() -> None:
    """Holds EVT-16."""
    assert all(f"`{trigger}`" in SPECIFICATION.texts["EVT-16"] for trigger in Trigger)


def test_every_setting_of_a_site_is_there_with_its_default() -> None:
    """Holds SITE-3."""
    stated = {row[0].strip("`"): int(row[1]) for row in SPECIFICATION.rows("SITE-3")}
    assert stated == {each.name: getattr(Settings(), each.name) for each in fields(Settings)}


def test_every_variable_of_a_process_is_there_with_its_default() -> None:
    """Holds ENV-2."""
    stated: dict[str, str] = {}
    for row in SPECIFICATION.rows("ENV-2"):
        names = [name.strip(" `").removeprefix("BUSBAR_").lower() for name in row[0].split(",")]
        defaults = [each.strip(" `") for each in row[1].split(",")]
        stated |= dict(zip(names, defaults if len(defaults) == len(names) else defaults * len(names), strict=True))
    said = {name: _said(field.default) for name, field in environment.Settings.model_fields.items()}
    assert stated | {"http_port": ""} == said
    assert stated["http_port"] == "the port of the command"


def _said(default: object) -> str:
    """A default in the words of the table."""
    if default is None:
        return ""
    return {"()": "none", "False": "false"}.get(str(default), str(default))


@pytest.mark.parametrize("suffix", ["_w", "_wh", "_s"])
def test_every_figure_with_a_unit_is_a_whole_number_or_null(suffix: str, schemas: dict[str, dict[str, Any]]) -> None:
    """Holds CONV-1. Readings alone may come with a fraction, and are rounded (CONV-5)."""
    figures = [
        (name, stated)
        for event_type, schema in schemas.items()
        if "telemetry" not in event_type
        for name, stated in _properties(schema)
        if name.endswith(suffix)
    ]
    assert figures
    assert [name for name, stated in figures if not _types(stated) <= {"integer", "null"}] == []


def _properties(schema: Any) -> Iterable[tuple[str, Any]]:
    """Every property in a schema, at any depth."""
    if isinstance(schema, dict):
        yield from schema.get("properties", {}).items()
        for below in schema.values():
            yield from _properties(below)
    elif isinstance(schema, list):
        for below in schema:
            yield from _properties(below)


def _types(stated: dict[str, Any]) -> set[str]:
    """The types that a value may have."""
    types = stated.get("type", [])
    return {types} if isinstance(types, str) else set(types)


def test_the_configuration_that_is_shown_is_one(schemas: dict[str, dict[str, Any]]) -> None:
    """Holds SITE-2."""
    (shown,) = examples("site-configuration")
    assert complaints(json.loads(shown), schemas["site.configuration.v1"]) == []


def test_the_telemetry_that_is_shown_is_read() -> None:
    """Holds TEL-1, TEL-2."""
    (shown,) = examples("telemetry")
    decoder = json.JSONDecoder()
    charge_point, end = decoder.raw_decode(shown)
    circuit, _ = decoder.raw_decode(shown, end + 1)
    assert read_charge_point_telemetry(charge_point).charge_point_id == "cp-001"
    assert read_circuit_telemetry(circuit).circuit_id == "gc-1"


def test_the_cycle_that_is_shown_is_one(schemas: dict[str, dict[str, Any]]) -> None:
    """Holds EVT-8."""
    (shown,) = examples("events")
    cycle = json.loads(shown)
    schema = schemas["busbar.cycle.completed.v1"]
    assert complaints(cycle, schema) == []
    assert list(cycle) == schema["required"]
