"""The lines of `busbar replay`."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic_core import from_json

from adapters.database.stored_state import read_back
from adapters.messages.envelope import structured
from adapters.messages.lines import MAX_LINE_BYTES, LineError
from adapters.messages.registry import write
from adapters.messages.replay import LONGEST_GAP, answers, read_input, write_event, write_message, write_time_mark
from application.ports.bus import MalformedConfiguration
from application.replay import BEGINNING, Happening, Input, Replay, TakeOver, TimeMark
from domain.knowledge.readings import ChargePointTelemetry, CircuitTelemetry
from domain.site.configuration import SiteConfiguration
from tests.unit.adapters.messages.examples import (
    CHARGE_POINT_TELEMETRY,
    CIRCUIT_TELEMETRY,
    CONFIGURATION,
    Raw,
    changed,
    text,
)
from tests.unit.adapters.messages.test_events import CYCLE

AT = datetime(2026, 11, 22, 8, tzinfo=UTC)
MARK: dict[str, Any] = {"at": "2026-11-22T08:00:00Z"}


def message(message_type: str, data: Any, **more: Any) -> dict[str, Any]:
    return {**MARK, "type": message_type, "data": data, **more}


CONFIGURED = message("site.configuration.v1", CONFIGURATION)


def accepted(line: dict[str, Any]) -> Happening:
    given = read_input(text(line), AT)
    assert isinstance(given, Input), given
    assert given.at == AT
    return given.happening


def refused(line: bytes) -> LineError:
    answer = read_input(line, AT)
    assert isinstance(answer, LineError)
    assert answer.message
    return answer


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        (CONFIGURED, SiteConfiguration),
        (message("charge_point.telemetry.v1", CHARGE_POINT_TELEMETRY), ChargePointTelemetry),
        (message("circuit.telemetry.v1", CIRCUIT_TELEMETRY), CircuitTelemetry),
        (message("circuit.telemetry.v1", CIRCUIT_TELEMETRY, id="m-1"), CircuitTelemetry),
        (message("circuit.telemetry.v1", CIRCUIT_TELEMETRY, id=None, take_over=None, note=[]), CircuitTelemetry),
        ({**MARK, "take_over": True}, TakeOver),
        (MARK, TimeMark),
        ({**MARK, "take_over": False, "type": None, "data": None}, TimeMark),
    ],
)
def test_a_line_says_what_happens_at_its_instant(line: dict[str, Any], kind: type) -> None:
    """Holds CLI-19."""
    assert type(accepted(line)) is kind


def test_an_instant_may_be_the_one_of_the_line_before_and_of_any_zone() -> None:
    given = read_input(b'{"at": "2026-11-22T16:00:00+08:00"}', AT)
    assert given == Input(AT, TimeMark())


@pytest.mark.parametrize(
    ("line", "path"),
    [
        ({}, "/at"),
        ({"at": "2026-11-22T08:00:00"}, "/at"),
        ({"at": 1_795_334_400}, "/at"),
        ({"at": "2026-11-22T07:59:59.999Z"}, "/at"),
        ({**MARK, "take_over": "yes"}, "/take_over"),
        ({**MARK, "take_over": 1}, "/take_over"),
        ({**CONFIGURED, "take_over": True}, "/take_over"),
        ({**MARK, "type": "site.configuration.v1", "take_over": True}, "/take_over"),
        ({**MARK, "data": {}, "take_over": True}, "/take_over"),
        ({**MARK, "data": {}}, "/type"),
        ({**CONFIGURED, "type": 7}, "/type"),
        ({**CONFIGURED, "type": "busbar.cycle.completed.v1"}, "/type"),
        ({**CONFIGURED, "id": 7}, "/id"),
        ({**MARK, "type": "circuit.telemetry.v1"}, "/data"),
        (message("circuit.telemetry.v1", []), "/data"),
        (changed(message("circuit.telemetry.v1", CIRCUIT_TELEMETRY), "/data/power_w", "912 kW"), "/data/power_w"),
        (message("site.configuration.v1", {"name": "Malaga"}), "/data/microgrid_id"),
        ([], ""),
        (None, ""),
    ],
)
def test_a_line_of_another_shape_is_refused_with_the_place(line: Any, path: str) -> None:
    error = refused(text(line))
    assert error.code == "invalid_snapshot"
    assert path in {fault.path or "" for fault in error.faults}
    assert all(fault.code == "malformed" for fault in error.faults)


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (b"", "invalid_json"),
        (b"\xff", "invalid_json"),
        (b'{"at": NaN}', "invalid_json"),
        (b"[" * 100_000, "invalid_json"),
        (b" " * (MAX_LINE_BYTES + 1), "line_too_long"),
    ],
)
def test_a_line_that_is_no_json_or_too_long_is_refused(line: bytes, code: str) -> None:
    assert refused(line).code == code


def test_a_malformed_configuration_that_names_its_microgrid_is_not_refused_but_answered() -> None:
    body = accepted(changed(CONFIGURED, "/data/charge_points/0/max_power_w", "180 kW"))
    assert isinstance(body, MalformedConfiguration)
    assert (body.microgrid_id, body.version) == ("malaga", 7)
    assert [fault.path for fault in body.faults] == ["/charge_points/0/max_power_w"]


def test_the_digest_of_a_malformed_configuration_is_of_its_content_alone() -> None:
    def digest(version: int, **more: Any) -> str:
        body = accepted(message("site.configuration.v1", {"microgrid_id": "malaga", "version": version}, **more))
        assert isinstance(body, MalformedConfiguration)
        return body.digest

    assert digest(1) == digest(1, id="m-1") != digest(2)


@pytest.mark.parametrize(
    "strange",
    [r'"\ud800"', "9" * 5000, "1e999", "-0.0", "[" * 900 + "]" * 900, '{"a":' * 900 + "1" + "}" * 900],
    ids=lambda each: each[:8],
)
def test_whatever_a_malformed_configuration_says_it_is_answered(strange: str) -> None:
    body = accepted(message("site.configuration.v1", {"microgrid_id": "malaga", "name": Raw(strange.encode())}))
    assert isinstance(body, MalformedConfiguration)


def test_nesting_near_the_limit_of_the_parser_is_answered_or_refused() -> None:
    kinds = set()
    for depth in range(800, 1000):
        nested = Raw(b"[" * depth + b"]" * depth)
        line = text(message("site.configuration.v1", {"microgrid_id": "malaga", "name": nested}))
        kinds.add(type(read_input(line, AT)))
    assert kinds == {Input, LineError}


def test_a_line_is_at_most_a_year_after_the_one_before() -> None:
    """Holds CLI-19. The first may be of any time."""
    latest = AT + LONGEST_GAP
    assert read_input(write_time_mark(latest), AT) == Input(latest, TimeMark())
    assert isinstance(read_input(write_time_mark(latest), BEGINNING), Input)
    refusal = refused(write_time_mark(latest + timedelta(seconds=1)))
    assert [fault.path for fault in refusal.faults] == ["/at"]


def test_an_event_is_written_as_a_worker_publishes_it_but_for_its_stream() -> None:
    """Holds CLI-21."""
    published = write(CYCLE, stream="replay", workspace_id="tenant")
    written = json.loads(write_event(CYCLE, "tenant"))
    assert written == json.loads(structured(published, from_json(published.value or b"")))
    assert (written["id"], written["source"]) == ("replay/malaga/41", "urn:busbar:replay")
    assert (written["workspaceid"], written["sequence"]) == ("tenant", "41")
    assert "traceparent" not in written


def test_what_is_recorded_can_be_read() -> None:
    value = text(CIRCUIT_TELEMETRY)
    for known in ("m-1", None):
        assert read_input(write_message(AT, known, "circuit.telemetry.v1", value), AT) == Input(
            AT, accepted(message("circuit.telemetry.v1", CIRCUIT_TELEMETRY)), known
        )
    assert read_input(write_time_mark(AT), AT) == Input(AT, TimeMark())


def test_a_time_mark_is_answered_with_what_is_due_next() -> None:
    """Holds CLI-21."""

    def answered(seconds: int, **more: Any) -> list[Any]:
        at = (AT + timedelta(seconds=seconds)).isoformat().replace("+00:00", "Z")
        found, used = answers(replay, text({"at": at, **more}))
        assert used
        return [json.loads(each) for each in found]

    replay = Replay(read_back)
    assert answered(0) == [{"at": "2026-11-22T08:00:00Z", "next_due": None}]
    offered = changed(CONFIGURATION, "/workspace_id", "tenant")
    events = answered(1, type="site.configuration.v1", id="m-1", data=offered)
    assert [(event["time"], event["workspaceid"]) for event in events] == [("2026-11-22T08:00:01Z", "tenant")] * 2
    applied = events[1]["data"]
    assert (applied["request_id"], applied["applied_at"]) == ("m-1", "2026-11-22T08:00:01Z")
    assert [event["type"] for event in events] == [
        "busbar.microgrid.provisioned.v1",
        "busbar.configuration.applied.v1",
    ]
    cycle, mark = answered(2)
    assert (cycle["type"], cycle["time"]) == ("busbar.cycle.completed.v1", "2026-11-22T08:00:01Z")
    assert mark == {"at": "2026-11-22T08:00:02Z", "next_due": "2026-11-22T08:00:42Z"}


def test_a_line_that_cannot_be_used_changes_nothing() -> None:
    replay = Replay(read_back)
    later = {**message("site.configuration.v1", {}), "at": "2026-11-22T09:00:00Z"}
    (error,), used = answers(replay, text(later))
    assert not used
    assert list(json.loads(error)) == ["error"]
    assert answers(replay, text(MARK))[1]
