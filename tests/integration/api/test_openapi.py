"""The OpenAPI document: committed as it is served, true to its own examples, and nothing in it can be made to fail."""

import json
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from jsonschema_rs import Draft202012Validator
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    allow_header_conformance,
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
    unsupported_method,
)

from entrypoints.api.app import new_app
from tests.integration.api.depots import MICROGRIDS

COMMITTED = Path(__file__).resolve().parents[3] / "contracts" / "openapi.json"
DOCUMENT = new_app().openapi()
EXAMPLES = 60
KNOWN = {"microgrid_id": list(MICROGRIDS), "node_id": ["gc-1", "cp-1", "cp-1/1"], "Last-Event-ID": ["1"]}


def answers() -> list[Any]:
    return [
        pytest.param(media_type, content, id=f"{path} {status}")
        for path, operations in DOCUMENT["paths"].items()
        for status, response in operations["get"]["responses"].items()
        for media_type, content in response.get("content", {}).items()
    ]


def test_the_committed_document_is_the_one_that_is_served() -> None:
    assert json.loads(COMMITTED.read_text(encoding="utf-8")) == DOCUMENT, "run `make openapi`"


def test_every_route_of_the_contract_is_described() -> None:
    one = "/v1/microgrids/{microgrid_id}"
    assert set(DOCUMENT["paths"]) == {
        "/v1/microgrids",
        one,
        f"{one}/overview",
        f"{one}/cycles",
        f"{one}/log",
        f"{one}/sessions",
        f"{one}/cycles/{{cycle_seq}}",
        f"{one}/breaches",
        f"{one}/history/{{node_id}}",
        f"{one}/stream",
        "/health/live",
        "/health/ready",
        "/metrics",
        "/openapi.json",
    }
    assert DOCUMENT["openapi"].startswith("3.1.")


@pytest.mark.parametrize(("media_type", "content"), answers())
def test_an_example_has_the_shape_that_is_described(media_type: str, content: dict[str, Any]) -> None:
    if content["schema"] in ({"type": "object"}, {"type": "string"}) and "example" not in content:
        return  # the document itself, and the text of metrics
    validator = Draft202012Validator({**content["schema"], "components": DOCUMENT["components"]}, validate_formats=True)
    assert [error.message for error in validator.iter_errors(content["example"])] == []
    assert media_type == ("application/problem+json" if "type" in content["example"] else media_type)


def _with_known_ids(document: dict[str, Any]) -> dict[str, Any]:
    """The same document; of ids that are there it says which they are, or nearly all that is tried would be a 404."""
    narrowed: dict[str, Any] = json.loads(json.dumps(document))
    for operations in narrowed["paths"].values():
        for parameter in operations["get"].get("parameters", ()):
            known = KNOWN.get(parameter["name"])
            if known:
                parameter["schema"] = {"anyOf": [{"enum": known}, parameter["schema"]]}
    return narrowed


schema = schemathesis.openapi.from_dict(_with_known_ids(DOCUMENT))


@schema.parametrize()
@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
def test_whatever_is_asked_is_answered_as_it_is_described(case: schemathesis.Case[Any], address: str) -> None:
    case.call_and_validate(
        base_url=address,
        checks=[
            not_a_server_error,
            status_code_conformance,
            content_type_conformance,
            response_schema_conformance,
            response_headers_conformance,
            negative_data_rejection,
            unsupported_method,
            allow_header_conformance,
        ],
    )
