"""The committed files are what the generators make, and name every type there is."""

import json
from pathlib import Path
from typing import Any

from jsonschema import Draft7Validator

from adapters.messages.registry import READERS, WRITERS
from entrypoints.topics import CONFIGURATION, DEAD_LETTER, EVENTS, TELEMETRY
from tools.contract_files.files import CONTRACTS
from tools.contract_files.schemas import INBOUND, NOTIFIED, OUTBOUND
from tools.reference.pages import FOLDER, pages

UPDATE = "`make contracts` updates the files; look at what it changed."
TYPES = {*READERS, *(event_type for event_type, _ in WRITERS.values())}


def test_the_committed_files_are_those_that_are_made_of_the_wire_models(files: dict[str, str]) -> None:
    committed = {str(path.relative_to(CONTRACTS)): path.read_bytes() for path in _files_below(CONTRACTS)}
    del committed["README.md"]  # written by hand
    del committed["openapi.json"]  # made of the API's routes, and compared where those are tested
    differing = [path for path in files.keys() | committed if committed.get(path) != _bytes(files.get(path))]
    assert differing == [], UPDATE


def test_the_committed_pages_of_the_documentation_are_those_that_are_made() -> None:
    differing = [name for name, text in pages().items() if (FOLDER / name).read_text("utf-8") != text]
    assert differing == [], "`make reference` updates the pages."


def test_every_type_that_is_read_or_written_has_a_schema_and_an_example(files: dict[str, str]) -> None:
    assert set(READERS) == set(INBOUND)
    assert {*INBOUND, *OUTBOUND} == TYPES
    assert {Path(path).stem for path in files if path.startswith("schemas/")} == {*TYPES, *NOTIFIED}
    assert {Path(path).stem for path in files if path.startswith("examples/")} >= TYPES


def test_every_schema_is_one(files: dict[str, str]) -> None:
    for path, text in files.items():
        if path.startswith("schemas/"):
            Draft7Validator.check_schema(json.loads(text))


def test_every_type_lies_on_a_topic_that_the_service_has(document: dict[str, Any]) -> None:
    named = {channel["parameters"]["prefix"]["default"] + "." + name for name, channel in document["channels"].items()}
    assert named == {CONFIGURATION, TELEMETRY, EVENTS, DEAD_LETTER}
    lying = [message for channel in document["channels"].values() for message in channel["messages"]]
    assert sorted(lying) == sorted({*TYPES, "dead-letter"})


def test_only_configurations_are_kept_by_key(document: dict[str, Any]) -> None:
    policies = {
        name: channel["bindings"]["kafka"]["topicConfiguration"]["cleanup.policy"]
        for name, channel in document["channels"].items()
    }
    compacted = [name for name, policy in policies.items() if policy == ["compact"]]
    assert compacted == ["configuration"]


def _bytes(text: str | None) -> bytes | None:
    return None if text is None else text.encode()


def _files_below(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]
