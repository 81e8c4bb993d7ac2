"""Log records as operators find them on standard error."""

import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
from opentelemetry.sdk.trace import TracerProvider

from adapters.observability.logs import configure_logging
from adapters.observability.tracing import OpenTelemetryTracing

TRACE_ID = "0af7651916cd43dd8448eb211c80319c"
TRACEPARENT = f"00-{TRACE_ID}-b7ad6b7169203331-01"
logger = logging.getLogger("application.worker")


@pytest.fixture(autouse=True)
def root_logger_restored() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    root.handlers = []
    yield
    root.handlers = handlers
    root.setLevel(level)


def written(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    line: dict[str, Any] = json.loads(capsys.readouterr().err)
    return line


def test_a_json_record_is_one_line_with_its_attributes(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("INFO", "json")
    logger.warning("%d readings dropped", 3, extra={"busbar.microgrid.id": "malaga"})
    line = written(capsys)
    assert line.pop("timestamp").endswith("Z")
    assert line == {
        "severity_text": "WARNING",
        "severity_number": 13,
        "scope": "application.worker",
        "body": "3 readings dropped",
        "attributes": {"busbar.microgrid.id": "malaga"},
    }


def test_a_json_record_names_the_trace_it_was_written_in(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("INFO", "json")
    with OpenTelemetryTracing(TracerProvider()).cycle_span("malaga", TRACEPARENT) as traceparent:
        logger.info("decided")
    line = written(capsys)
    assert traceparent == f"00-{line['trace_id']}-{line['span_id']}-01"
    assert line["trace_id"] == TRACE_ID


def test_a_json_record_of_an_exception_is_still_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("INFO", "json")
    try:
        raise KeyError("gc-1")
    except KeyError:
        logger.exception("no such node")
    attributes = written(capsys)["attributes"]
    assert attributes["exception.type"] == "KeyError"
    assert attributes["exception.message"] == "'gc-1'"
    assert "Traceback" in attributes["exception.stacktrace"]


def test_an_attribute_that_json_does_not_know_is_written_as_text(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("INFO", "json")
    logger.info("strange", extra={"strange": {1, 2} - {2}})
    assert written(capsys)["attributes"] == {"strange": "{1}"}


def test_a_console_record_is_a_line_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("INFO", "console")
    with OpenTelemetryTracing(TracerProvider()).cycle_span("malaga", TRACEPARENT):
        logger.info("decided", extra={"cycle_seq": 17})
    line = capsys.readouterr().err
    assert line.endswith(f"Z INFO     application.worker decided cycle_seq=17 trace_id={TRACE_ID}\n")


def test_a_console_record_of_an_exception_shows_the_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("INFO", "console")
    try:
        raise KeyError("gc-1")
    except KeyError:
        logger.exception("no such node")
    first, *rest = capsys.readouterr().err.splitlines()
    assert first.endswith("application.worker no such node")
    assert rest[0] == "Traceback (most recent call last):"


def test_records_below_the_level_are_not_written(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("WARNING", "json")
    logger.info("decided")
    assert capsys.readouterr().err == ""


def test_configuring_again_replaces_and_does_not_double(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("INFO", "json")
    configure_logging("INFO", "console")
    logger.info("decided")
    assert len(capsys.readouterr().err.splitlines()) == 1


@pytest.mark.parametrize("log_format", ["json", "console"])
def test_control_characters_never_reach_the_log_raw(capsys: pytest.CaptureFixture[str], log_format: Any) -> None:
    configure_logging("INFO", log_format)
    asked = "/v1/\x1b[2J\r\n2026 INFO forged\x07\x7f\x9b\u2028\u202e"
    try:
        raise ValueError(asked)
    except ValueError:
        logger.exception("not answered: %s", asked, extra={"path": asked})
    said = capsys.readouterr().err
    assert [each for each in "\x1b\r\x07\x7f\x9b\u2028\u202e" if each in said] == []
    assert "forged" in said
