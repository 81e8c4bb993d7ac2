"""Golden examples, and what a demo really says, are as the schemas and the AsyncAPI document state."""

import json
from typing import Any

import pytest

from adapters.messages import registry
from application.ports.bus import Message, PublishedEvent, Retirement, Unreadable
from domain.knowledge.readings import ChargePointTelemetry, CircuitTelemetry
from domain.site.configuration import SiteConfiguration
from tests.contract_files.validation import complaints
from tools.contract_files.examples import EXAMPLES
from tools.contract_files.listening import Heard
from tools.contract_files.schemas import INBOUND, OUTBOUND

TYPES = [*INBOUND, *OUTBOUND]
BODIES: dict[str, type] = {
    "site.configuration.v1": SiteConfiguration,
    "microgrid.retirement.v1": Retirement,
    "charge_point.telemetry.v1": ChargePointTelemetry,
    "circuit.telemetry.v1": CircuitTelemetry,
}


@pytest.mark.parametrize("file", [example.file for example in EXAMPLES])
def test_an_example_is_valid(
    file: str,
    examples: dict[str, dict[str, Any]],
    schemas: dict[str, dict[str, Any]],
    document: dict[str, Any],
) -> None:
    example = examples[file.removesuffix(".json")]
    name = example["headers"]["ce_type"]
    assert complaints(example["payload"], schemas[name]) == []
    assert complaints(example["headers"], document["components"]["messages"][name]["headers"]) == []


@pytest.mark.parametrize("name", TYPES)
def test_an_example_is_read(name: str, examples: dict[str, dict[str, Any]]) -> None:
    example = examples[name]
    headers = tuple((header, text.encode()) for header, text in example["headers"].items())
    body = registry.read(example["topic"], Message(example["key"], headers, json.dumps(example["payload"]).encode()))
    assert isinstance(body, BODIES.get(name, PublishedEvent))


@pytest.mark.parametrize("name", TYPES)
def test_an_example_without_any_of_its_required_fields_is_invalid(
    name: str, examples: dict[str, dict[str, Any]], schemas: dict[str, dict[str, Any]]
) -> None:
    payload = examples[name]["payload"]
    for field in schemas[name]["required"]:
        assert complaints({key: value for key, value in payload.items() if key != field}, schemas[name])


@pytest.mark.parametrize("name", INBOUND)
def test_what_the_schema_of_an_inbound_type_requires_the_reader_requires(
    name: str, examples: dict[str, dict[str, Any]], schemas: dict[str, dict[str, Any]]
) -> None:
    example = examples[name]
    headers = (("ce_type", name.encode()),)
    for field in example["payload"]:
        rest = {key: value for key, value in example["payload"].items() if key != field}
        read = registry.read(example["topic"], Message(example["key"], headers, json.dumps(rest).encode()))
        assert (isinstance(read, BODIES[name])) is (field not in schemas[name]["required"]), field


def test_a_demo_says_every_type_but_a_refusal_and_a_retirement(said: list[Heard]) -> None:
    others = {"busbar.configuration.rejected.v1", "busbar.microgrid.retired.v1", "microgrid.retirement.v1"}
    assert {heard.type for heard in said} == {*TYPES} - others


def test_everything_a_demo_says_is_valid(said: list[Heard], schemas: dict[str, dict[str, Any]]) -> None:
    for heard in said:
        assert complaints(json.loads(heard.message.value or b""), schemas[heard.type]) == []


def test_everything_a_demo_says_has_its_headers_in_order(said: list[Heard], document: dict[str, Any]) -> None:
    for heard in said:
        names = [name for name, _ in heard.message.headers]
        stated = document["components"]["messages"][heard.type]["headers"]
        assert complaints({name: value.decode() for name, value in heard.headers.items()}, stated) == []
        assert names == [name for name in stated["properties"] if name in names]


def test_everything_a_demo_says_lies_on_its_topic_under_its_microgrid(
    said: list[Heard], document: dict[str, Any]
) -> None:
    for heard in said:
        channel = document["channels"][heard.topic.partition(".")[2]]
        assert heard.type in channel["messages"]
        assert heard.message.key == json.loads(heard.message.value or b"")["microgrid_id"]


def test_the_codes_of_a_dead_letter_stand_in_its_headers(document: dict[str, Any]) -> None:
    unreadable = registry.read("busbar.telemetry", Message(None, (), b"?"))
    assert isinstance(unreadable, Unreadable)
    headers = {"dlq_topic": "busbar.telemetry", "dlq_partition": "3", "dlq_offset": "41", "dlq_code": unreadable.code}
    headers["dlq_detail"] = unreadable.detail
    stated = document["components"]["messages"]["dead-letter"]["headers"]
    assert complaints(headers | {"anything": "else"}, stated) == []
    for name in headers:
        assert complaints({key: text for key, text in headers.items() if key != name}, stated)
