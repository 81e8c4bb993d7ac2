"""Whatever others read says what it means: every property, parameter and enumerated value, with units and bounds."""

import re
from collections.abc import Iterator
from typing import Any, TypeAlias

import pytest
import yaml

from domain.site.configuration import Settings
from entrypoints.api.app import new_app

Part: TypeAlias = dict[str, Any]
Documents: TypeAlias = dict[str, Part]

CYCLE = "busbar.cycle.completed.v1"
SAMPLES = {"example", "examples", "default", "const", "enum"}
"""Keywords below which there is data, and no schema."""


@pytest.fixture(scope="module")
def documents(files: dict[str, str], document: Part) -> Documents:
    """Every schema, the AsyncAPI document and the OpenAPI document, by name."""
    found = {path: yaml.safe_load(text) for path, text in files.items() if path.startswith("schemas/")}
    return {**found, "asyncapi.yaml": document, "openapi.json": new_app().openapi()}


def parts(part: Any, where: str = "") -> Iterator[tuple[str, Part]]:
    """Every object of a document with its place, those left out that are samples of data."""
    if isinstance(part, list):
        for index, each in enumerate(part):
            yield from parts(each, f"{where}/{index}")
    if isinstance(part, dict):
        yield where, part
        for key, value in part.items():
            if key not in SAMPLES or where.endswith("/properties"):
                yield from parts(value, f"{where}/{key}")


def in_all(documents: Documents) -> Iterator[tuple[str, Part]]:
    for name, document in documents.items():
        yield from parts(document, name)


def test_every_property_has_a_description(documents: Documents) -> None:
    properties = [
        (f"{where}/{name}", schema)
        for where, part in in_all(documents)
        if where.endswith("/properties")
        for name, schema in part.items()
    ]
    assert len(properties) > 500
    assert [place for place, schema in properties if not schema.get("description", "").strip()] == []


def test_every_enumerated_value_is_described(documents: Documents) -> None:
    enumerations = [(where, part) for where, part in in_all(documents) if "enum" in part]
    assert len(enumerations) > 30
    assert [
        f"{where}: {value}"
        for where, part in enumerations
        for value in part["enum"]
        if f"`{value}`" not in part.get("description", "")
    ] == []


def test_every_shape_is_described(documents: Documents) -> None:
    shapes = [(where, part) for where, part in in_all(documents) if "properties" in part and "title" in part]
    assert len(shapes) > 80
    assert [where for where, part in shapes if not part.get("description")] == []


def test_no_description_says_default_alone(documents: Documents) -> None:
    """Others call the fail-safe so, which is the safe operating capacity here."""
    named = re.compile(r"`[a-z_]*default[a-z_]*`|default capacity", re.IGNORECASE)
    assert [
        where
        for where, part in in_all(documents)
        if "default" in named.sub("", str(part.get("description", ""))).lower()
    ] == []


def test_every_parameter_topic_operation_and_message_is_described(document: Part) -> None:
    paths = new_app().openapi()["paths"]
    assert [
        f"{path} {parameter['name']}"
        for path, operations in paths.items()
        for parameter in operations["get"].get("parameters", [])
        if not parameter.get("description")
    ] == []
    assert [path for path, operations in paths.items() if not operations["get"].get("description")] == []
    assert all(channel["description"] for channel in document["channels"].values())
    assert all(operation["summary"] for operation in document["operations"].values())
    assert all(message["summary"] for message in document["components"]["messages"].values())


def test_a_power_an_energy_and_a_duration_name_their_unit(documents: Documents) -> None:
    units = {"_w": "watts", "_wh": "watt-hours", "_s": "seconds"}
    assert [
        f"{where}/{name}"
        for where, part in in_all(documents)
        if where.endswith("/properties")
        for name, schema in part.items()
        for ending, unit in units.items()
        if re.search(f"[a-z]{ending}$", name) and unit not in schema["description"] and "headroom" not in name
    ] == []


def test_what_may_be_null_says_what_null_means(schemas: dict[str, Part]) -> None:
    """Of what goes out; what comes in may be absent, and null says the same."""
    assert [
        f"{where}/{name}"
        for type_, schema in schemas.items()
        if type_.startswith("busbar.")
        for where, part in parts(schema, type_)
        if where.endswith("/properties")
        for name, each in part.items()
        if "null" in str(each.get("type", each.get("anyOf"))) and "null" not in each["description"].lower()
    ] == []


def test_whole_numbers_have_a_size_and_no_property_is_a_union_where_a_list_of_types_says_it(
    documents: Documents,
) -> None:
    for where, part in in_all(documents):
        is_text_or_number = "/session_id/" in where or where.startswith("openapi.json/paths")
        if not is_text_or_number and "integer" in part.get("type", ()):
            assert part["format"] == "int64", where
        match part.get("anyOf"):
            case [{"type": str()}, {"type": "null"}] if not where.startswith("openapi.json/paths"):
                pytest.fail(f"{where} is a union")


def test_settings_state_their_defaults_and_the_least_they_may_be(schemas: dict[str, Part]) -> None:
    stated = schemas["site.configuration.v1"]["definitions"]["SettingsV1"]["properties"]
    assert {name: part["default"] for name, part in stated.items()} == {
        name: getattr(Settings(), name) for name in Settings.__annotations__
    }
    assert {part["minimum"] for name, part in stated.items() if name.endswith("_s")} == {1}
    assert {part["minimum"] for name, part in stated.items() if name.endswith("_w")} == {0}


def test_a_shape_that_several_messages_have_stands_in_the_document_once(document: Part) -> None:
    shapes = document["components"]["schemas"]
    assert all(
        message["payload"].keys() == {"$ref"}
        for name, message in document["components"]["messages"].items()
        if name != "dead-letter"
    )
    assert {part["$ref"].rpartition("/")[2] for _, part in parts(shapes) if "$ref" in part} <= shapes.keys()
    assert sum("limit_w" in part.get("properties", ()) for _, part in parts(document)) == sum(
        "limit_w" in shape.get("properties", ()) for shape in shapes.values()
    )


def test_the_examples_show_what_differs(examples: dict[str, Part]) -> None:
    cycle = examples[CYCLE]["payload"]
    (node,) = [each for each in cycle["nodes"] if each["node_id"] == "gc-1"]
    figures = [node[name] for name in ("measured_w", "allocated_w", "reserved_w", "background_w")]
    assert len({*figures, 0}) == 5
    assert any(setpoint["limit_w"] is None for setpoint in cycle["setpoints"])
    assert any(setpoint["factor"] != 1000 for setpoint in cycle["setpoints"])

    safe = examples[f"{CYCLE}.safe-mode"]["payload"]
    assert {node["limit_kind"] for node in safe["nodes"] if node["mode"] == "safe"} == {"safe_operating_capacity"}

    names = ("breached.v1", "breached.v1.escalated", "cleared.v1")
    opened, escalated, cleared = (examples[f"busbar.constraint.{name}"]["payload"] for name in names)
    assert (opened["severity"], escalated["severity"]) == ("major", "critical")
    assert opened["breach_id"] == escalated["breach_id"] == cleared["breach_id"]
    assert opened["event_seq"] < escalated["event_seq"] < cleared["event_seq"]


def test_a_client_knows_where_the_api_is_what_it_may_do_with_it_and_where_nothing_is_asked() -> None:
    document = new_app().openapi()
    assert document["info"]["license"]["identifier"] == "Apache-2.0"
    assert [server["variables"]["origin"]["default"] for server in document["servers"]] == ["http://127.0.0.1:8080"]
    security = {path: operations["get"]["security"] for path, operations in document["paths"].items()}
    assert {path for path, asked in security.items() if asked == []} == {
        "/health/live",
        "/health/ready",
        "/metrics",
        "/openapi.json",
    }
    assert all(asked == [{"HTTPBearer": []}, {}] for path, asked in security.items() if path.startswith("/v1/"))


def test_the_bus_has_its_partitions_its_retention_and_its_ways_to_sign_in(document: Part) -> None:
    bindings = {name: channel["bindings"]["kafka"] for name, channel in document["channels"].items()}
    assert {name: binding["partitions"] for name, binding in bindings.items()} == {
        "configuration": 12,
        "telemetry": 12,
        "events": 12,
        "dead-letter": 1,
    }
    day_ms = 24 * 3600 * 1000
    assert {name: binding["topicConfiguration"].get("retention.ms") for name, binding in bindings.items()} == {
        "configuration": None,
        "telemetry": day_ms,
        "events": 7 * day_ms,
        "dead-letter": 14 * day_ms,
    }
    assert "murmur2" in document["info"]["description"]
    named = [each["$ref"].rpartition("/")[2] for each in document["servers"]["kafka-secure"]["security"]]
    assert set(named) == document["components"]["securitySchemes"].keys()
