"""AsyncAPI's own parser accepts the document, and would say if it should not."""

import shutil
from pathlib import Path

import pytest

from tests.contract_files.official_parser import Judged, judge, modules
from tools.contract_files.files import CONTRACTS
from tools.contract_files.schemas import INBOUND, OUTBOUND

FAULTS = {
    "a schema that is not there": (
        "asyncapi.yaml",
        "./schemas/busbar.cycle.completed.v1.json",
        "./schemas/gone.json",
        "invalid-ref",
    ),
    "a message that is not there": (
        "asyncapi.yaml",
        "'#/components/messages/circuit.telemetry.v1'",
        "'#/components/messages/gone'",
        "invalid-ref",
    ),
    "an action that there is not": (
        "asyncapi.yaml",
        "action: receive",
        "action: listen",
        "asyncapi-document-resolved",
    ),
    "a schema that is none": (
        "schemas/circuit.telemetry.v1.json",
        '"type": "integer"',
        '"type": "watts"',
        "asyncapi-document-resolved",
    ),
}


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> dict[str | None, Judged]:
    """What the parser says by planted fault, and of the document as it is. Asked once: it starts slowly."""
    documents = {None: CONTRACTS / "asyncapi.yaml"} | {
        fault: planted(tmp_path_factory.mktemp("planted") / "contracts", *of) for fault, (*of, _) in FAULTS.items()
    }
    return dict(zip(documents, judge(*documents.values()), strict=True))


def planted(contracts: Path, file: str, sound: str, broken: str) -> Path:
    shutil.copytree(CONTRACTS, contracts)
    text = (contracts / file).read_text("utf-8")
    assert sound in text
    (contracts / file).write_text(text.replace(sound, broken), "utf-8")
    return contracts / "asyncapi.yaml"


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


@pytest.mark.parametrize(("in_ci", "outcome"), [("true", pytest.fail.Exception), ("", pytest.skip.Exception)])
def test_without_node_the_check_is_skipped_but_fails_in_continuous_integration(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, in_ci: str, outcome: type[Exception]
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("CI", in_ci)
    with pytest.raises(outcome, match="apt install nodejs npm"):
        modules()
