"""Within a version a schema may only grow: what that means, and that the committed ones are kept to it."""

import copy
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tools.contract_files.__main__ import main
from tools.contract_files.compatibility import breaks
from tools.contract_files.files import CONTRACTS, committed_schemas
from tools.contract_files.schemas import INBOUND, NOTIFIED, OUTBOUND

TELEMETRY, CONFIGURATION, CYCLE = "charge_point.telemetry.v1", "site.configuration.v1", "busbar.cycle.completed.v1"

Change = Callable[[dict[str, Any]], object]


def changed(name: str, change: Change) -> list[str]:
    """What is said of the committed schemas when one of them changes so."""
    current = copy.deepcopy(committed_schemas())
    change(current[name])
    return breaks(committed_schemas(), current)


def reading(schema: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = schema["definitions"]["ConnectorReadingV1"]
    return found


def node(schema: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = schema["definitions"]["NodeFigures"]
    return found


def without(schema: dict[str, Any], name: str) -> None:
    del schema["properties"][name]
    if name in schema["required"]:
        schema["required"].remove(name)


def renamed(schema: dict[str, Any], name: str, other: str) -> None:
    schema["properties"][other] = schema["properties"][name]
    without(schema, name)


def test_what_is_committed_breaks_nothing_that_is_made_now(schemas: dict[str, dict[str, Any]]) -> None:
    assert set(committed_schemas()) == {*INBOUND, *OUTBOUND, *NOTIFIED}
    assert breaks(committed_schemas(), schemas) == []


@pytest.mark.parametrize(
    ("name", "change", "said"),
    [
        (TELEMETRY, lambda schema: without(schema, "sequence"), "/sequence: the field is gone"),
        (TELEMETRY, lambda schema: without(reading(schema), "applied_limit_w"), "/connectors/*/applied_limit_w: the"),
        (TELEMETRY, lambda schema: renamed(schema, "measured_at", "at"), "/measured_at: the field is gone"),
        (TELEMETRY, lambda schema: reading(schema)["required"].append("requested_w"), "/connectors/*/requested_w: may"),
        (TELEMETRY, lambda schema: schema["properties"].update(sequence={"type": "string"}), "/sequence: integer"),
        (
            TELEMETRY,
            lambda schema: reading(schema)["properties"]["connector_id"].update(minimum=1),
            "/connectors/*/connector_id: beyond minimum",
        ),
        (
            TELEMETRY,
            lambda schema: reading(schema)["properties"].update(session={"$ref": "#/definitions/SessionV1"}),
            "/connectors/*/session: null",
        ),
        (
            CONFIGURATION,
            lambda schema: schema["properties"]["microgrid_id"].update(pattern="^[a-z]*$"),
            "/microgrid_id: without the pattern",
        ),
        (
            CONFIGURATION,
            lambda schema: schema["properties"]["microgrid_id"].update(enum=["a"]),
            "/microgrid_id: more values",
        ),
        (CYCLE, lambda schema: without(schema, "trigger"), "/trigger: the field is gone"),
        (CYCLE, lambda schema: schema["required"].remove("degraded"), "/degraded: may be absent"),
        (CYCLE, lambda schema: renamed(node(schema), "limit_w", "capacity_w"), "/nodes/*/limit_w: the field is gone"),
        (
            CYCLE,
            lambda schema: node(schema)["properties"].update(
                background_w={"anyOf": [{"type": "integer"}, {"type": "null"}]}
            ),
            "/nodes/*/background_w: null",
        ),
        (CYCLE, lambda schema: schema["definitions"]["Mode"]["enum"].append("island"), "/nodes/*/mode: more values"),
    ],
)
def test_what_takes_something_back_is_a_break(name: str, change: Change, said: str) -> None:
    assert any(each.startswith(f"{name}{said}") for each in changed(name, change)), changed(name, change)


@pytest.mark.parametrize(
    ("name", "change"),
    [
        (TELEMETRY, lambda schema: schema["properties"].update(firmware={"type": "string"})),
        (TELEMETRY, lambda schema: schema["required"].remove("sequence")),
        (TELEMETRY, lambda schema: reading(schema)["properties"]["connector_id"].pop("minimum")),
        (CONFIGURATION, lambda schema: schema.update(description="Said better.")),
        (CYCLE, lambda schema: schema["properties"].update(epoch={"type": "integer"})),
        (CYCLE, lambda schema: schema["definitions"]["Mode"]["enum"].remove("safe")),
    ],
)
def test_what_only_adds_is_none(name: str, change: Change) -> None:
    assert changed(name, change) == []


def test_a_type_does_not_go() -> None:
    rest = {name: schema for name, schema in committed_schemas().items() if name != CYCLE}
    assert breaks(committed_schemas(), rest) == [f"{CYCLE}: the type is gone"]


def test_a_new_type_may_come() -> None:
    former = {name: schema for name, schema in committed_schemas().items() if name != CYCLE}
    assert breaks(former, committed_schemas()) == []


def test_the_files_are_not_made_anew_over_a_break(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    contracts = tmp_path / "contracts"
    shutil.copytree(CONTRACTS, contracts)
    promised = contracts / "schemas" / "circuit.telemetry.v1.json"
    schema = json.loads(promised.read_text("utf-8"))
    schema["properties"]["current_a"] = {"type": "integer"}
    promised.write_text(json.dumps(schema), "utf-8")
    before = promised.read_bytes()

    assert main(contracts) == 1
    assert "circuit.telemetry.v1/current_a: the field is gone" in capsys.readouterr().out
    assert promised.read_bytes() == before


def test_the_files_are_made_where_there_are_none(tmp_path: Path, files: dict[str, str]) -> None:
    assert main(tmp_path) == 0
    assert {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*.*")} == files.keys()
