"""AsyncAPI's own parser and generator and ajv in its strict mode take the contracts, and would say if they did not."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.contract_files.official_tools import Generated, Judged, Validated, generate, judge, modules, validate
from tools.contract_files.files import CONTRACTS
from tools.contract_files.schemas import INBOUND, NOTIFIED, OUTBOUND

FAULTS = {
    "a shape that is not there": (
        "'#/components/schemas/CycleCompleted'",
        "'#/components/schemas/Gone'",
        "invalid-ref",
    ),
    "a message that is not there": (
        "'#/components/messages/circuit.telemetry.v1'",
        "'#/components/messages/gone'",
        "invalid-ref",
    ),
    "an action that there is not": ("action: receive", "action: listen", "asyncapi-document-resolved"),
    "a shape that is none": ("type: integer", "type: watts", "asyncapi-document-resolved"),
}

METER = "schemas/circuit.telemetry.v1.json"
LANGUAGES = ("go", "java", "typescript")


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> dict[str | None, Judged]:
    """What the parser says by planted fault, and of the document as it is. Asked once: it starts slowly."""
    documents = {None: CONTRACTS / "asyncapi.yaml"} | {
        fault: planted(tmp_path_factory.mktemp("planted"), *of) for fault, (*of, _) in FAULTS.items()
    }
    return dict(zip(documents, judge(*documents.values()), strict=True))


def planted(folder: Path, sound: str, broken: str) -> Path:
    text = (CONTRACTS / "asyncapi.yaml").read_text("utf-8")
    assert sound in text
    document = folder / "asyncapi.yaml"
    document.write_text(text.replace(sound, broken), "utf-8")
    return document


def test_the_official_parser_accepts_the_document(judged: dict[str | None, Judged]) -> None:
    assert judged[None].errors == ()
    assert judged[None].channels == tuple(
        f"{{prefix}}.{name}" for name in ("configuration", "telemetry", "events", "dead-letter")
    )
    assert judged[None].messages == (*INBOUND, *OUTBOUND, "dead-letter")


@pytest.mark.parametrize("fault", FAULTS)
def test_the_official_parser_sees_a_planted_fault(judged: dict[str | None, Judged], fault: str) -> None:
    *_, code = FAULTS[fault]
    assert code in {error.partition(":")[0] for error in judged[fault].errors}


@pytest.fixture(scope="module")
def generated() -> Generated:
    """What the generator makes of the document."""
    return generate(CONTRACTS / "asyncapi.yaml")


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_official_generator_makes_one_named_type_of_every_message_and_shape(
    generated: Generated, schemas: dict[str, dict[str, Any]], document: dict[str, Any], language: str
) -> None:
    made = [name for name, _ in generated[language]]
    on_the_bus = schemas.keys() - set(NOTIFIED)
    assert {schemas[each]["title"] for each in on_the_bus} <= set(made)
    assert [name for name in document["components"]["schemas"] if made.count(name) != 1] == []
    assert [name for name in made if "Anonymous" in name] == []


def test_generated_types_say_what_is_meant_and_what_may_be_null(generated: Generated) -> None:
    setpoint = dict(generated["typescript"])["Setpoint"]
    assert "limitW: number | null;" in setpoint
    assert "validForS: number;" in setpoint
    assert "in seconds from the `decided_at` of the newest cycle that lists it" in setpoint


@pytest.fixture(scope="module")
def validated(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Validated]:
    """What ajv says of the contracts as they are, of a schema that is broken, and of an example that does not fit."""

    def altered(name: str, file: str, change: Callable[[dict[str, Any]], object]) -> Path:
        folder = tmp_path_factory.mktemp(name) / "contracts"
        shutil.copytree(CONTRACTS, folder)
        data = json.loads((folder / file).read_text("utf-8"))
        change(data)
        (folder / file).write_text(json.dumps(data), "utf-8")
        return folder

    folders = {
        "sound": CONTRACTS,
        "unknown keyword": altered("keyword", METER, lambda schema: schema.update(unit="W")),
        "wrong example": altered(
            "example", "examples/circuit.telemetry.v1.json", lambda example: example["payload"].update(power_w="1 kW")
        ),
    }
    return dict(zip(folders, validate(*folders.values()), strict=True))


def test_ajv_takes_every_schema_and_example_in_its_strict_mode(validated: dict[str, Validated]) -> None:
    assert len(validated["sound"].schemas) == len({*INBOUND, *OUTBOUND, *NOTIFIED})
    assert set(validated["sound"].schemas.values()) == {None}
    assert [file for file, errors in validated["sound"].examples.items() if errors] == []


def test_ajv_sees_what_is_wrong(validated: dict[str, Validated]) -> None:
    assert "unit" in (validated["unknown keyword"].schemas["circuit.telemetry.v1.json"] or "")
    (error,) = validated["wrong example"].examples["circuit.telemetry.v1.json"]
    assert error["instancePath"] == "/power_w"


@pytest.mark.parametrize(("in_ci", "outcome"), [("true", pytest.fail.Exception), ("", pytest.skip.Exception)])
def test_without_node_the_check_is_skipped_but_fails_in_continuous_integration(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, in_ci: str, outcome: type[Exception]
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("CI", in_ci)
    with pytest.raises(outcome, match="apt install nodejs npm"):
        modules()
