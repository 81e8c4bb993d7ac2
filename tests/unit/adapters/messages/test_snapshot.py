"""The lines of `busbar rebalance`."""

import io
import json
from datetime import UTC, datetime
from itertools import chain
from typing import Any

import pytest

from adapters.messages.lines import MAX_LINE_BYTES, LineError, lines, write_error
from adapters.messages.snapshot import (
    Snapshot,
    invalid_configuration,
    read_snapshot,
    write_decision,
)
from domain.breaches.over_limit import OverLimit, Severity
from domain.knowledge.limits import LimitKind
from domain.knowledge.readings import ChargePointTelemetry, CircuitTelemetry
from domain.site.configuration import Fault
from domain.site.power_tree import NodeType
from tests.unit.adapters.messages.examples import ABSENT, SNAPSHOT, Raw, changed, text
from tests.unit.adapters.messages.test_events import CYCLE, CYCLE_DATA

POWER = "/telemetry/1/power_w"
FIVE_MB = 5_000_000


def refused(line: bytes) -> LineError:
    answer = read_snapshot(line)
    assert isinstance(answer, LineError)
    assert answer.message
    return answer


def accepted(line: bytes) -> Snapshot:
    answer = read_snapshot(line)
    assert isinstance(answer, Snapshot)
    return answer


def test_a_line_is_read_whole() -> None:
    snapshot = accepted(text(SNAPSHOT))
    assert snapshot.configuration.microgrid_id == "malaga"
    assert snapshot.at == datetime(2026, 11, 22, 8, 0, 2, tzinfo=UTC)
    assert [type(message) for message in snapshot.telemetry] == [ChargePointTelemetry, CircuitTelemetry]


def test_telemetry_that_does_not_concern_the_site_is_readable() -> None:
    elsewhere = changed(changed(SNAPSHOT, "/telemetry/0/microgrid_id", "perth"), "/telemetry/1/circuit_id", "x")
    assert len(accepted(text(elsewhere)).telemetry) == 2


def test_a_charge_points_message_may_carry_a_circuit_id_that_nobody_asked_for() -> None:
    snapshot = accepted(text(changed(SNAPSHOT, "/telemetry/0/circuit_id", "f-1")))
    assert isinstance(snapshot.telemetry[0], ChargePointTelemetry)


NO_JSON: list[tuple[str, bytes]] = [
    ("an empty line", b""),
    ("blanks", b" \t\r"),
    ("binary", bytes(range(256)) * 20),
    ("five megabytes of garbage", b"x" * FIVE_MB),
    ("five megabytes of zero bytes", bytes(FIVE_MB)),
    ("a JSON text that stops", text(SNAPSHOT)[:-1]),
    ("two JSON texts", text(SNAPSHOT) * 2),
    ("NaN", text(changed(SNAPSHOT, POWER, Raw(b"NaN")))),
    ("infinity", text(changed(SNAPSHOT, POWER, Raw(b"-Infinity")))),
    ("NaN in a key of no interest", text({**SNAPSHOT, "x": Raw(b"NaN")})),
    ("invalid UTF-8", text(SNAPSHOT).replace(b"Malaga", b"M\xe1laga")),
    ("a byte order mark", b"\xef\xbb\xbf" + text(SNAPSHOT)),
    ("UTF-16", text(SNAPSHOT).decode().encode("utf-16")),
    ("100,000 arrays deep", b"[" * 100_000),
    ("100,000 arrays deep in a key of no interest", b'{"x":' + b"[" * 100_000 + b"]" * 100_000 + b"}"),
    ("100,000 objects deep", b'{"configuration":' * 100_000),
    ("five megabytes of brackets", b"[" * FIVE_MB),
]

BAD_SHAPES: list[tuple[str, bytes, str]] = [
    ("null", b"null", ""),
    ("a number of five megabytes", b"9" * FIVE_MB, ""),
    ("a text of five megabytes", b'"%b"' % (b"x" * FIVE_MB), ""),
    ("arrays forty deep", b"[" * 40 + b"]" * 40, ""),
    ("a number too large for a double", text(changed(SNAPSHOT, POWER, Raw(b"1e400"))), POWER),
    ("an integer of thousands of digits", text(changed(SNAPSHOT, POWER, Raw(b"9" * 5000))), POWER),
    ("a lone surrogate", text(changed(SNAPSHOT, "/configuration/name", Raw(b'"\\ud800"'))), "/configuration/name"),
    ("true for a number", text(changed(SNAPSHOT, POWER, True)), POWER),
    ("a string for a number", text(changed(SNAPSHOT, POWER, "12")), POWER),
    ("more watts than there are", text(changed(SNAPSHOT, POWER, 1.5e12)), POWER),
    ("no instant", text(changed(SNAPSHOT, "/at", None)), "/at"),
    ("an instant without a zone", text(changed(SNAPSHOT, "/at", "2026-11-22T08:00:00")), "/at"),
    ("a number for an instant", text(changed(SNAPSHOT, "/at", 1795334400)), "/at"),
    ("a decision at the end of time", text(changed(SNAPSHOT, "/at", "9999-12-31T23:59:59Z")), "/at"),
    ("no telemetry", text(changed(SNAPSHOT, "/telemetry", ABSENT)), "/telemetry"),
    ("telemetry of nothing", text(changed(SNAPSHOT, "/telemetry/1", {})), "/telemetry/1/microgrid_id"),
    ("telemetry that is a text", text(changed(SNAPSHOT, "/telemetry/1", "x")), "/telemetry/1"),
    (
        "a limit of -1, as some chargers say",
        text(changed(SNAPSHOT, "/telemetry/0/connectors/0/applied_limit_w", -1)),
        "/telemetry/0/connectors/0/applied_limit_w",
    ),
    (
        "a malformed configuration",
        text(changed(SNAPSHOT, "/configuration/circuits/1/metered", "yes")),
        "/configuration/circuits/1/metered",
    ),
]


@pytest.mark.parametrize("line", [line for _, line in NO_JSON], ids=[name for name, _ in NO_JSON])
def test_a_line_that_is_no_json_has_no_faults_to_point_at(line: bytes) -> None:
    answer = refused(line)
    assert (answer.code, answer.faults) == ("invalid_json", ())


@pytest.mark.parametrize(
    ("line", "path"), [(line, path) for _, line, path in BAD_SHAPES], ids=[name for name, _, _ in BAD_SHAPES]
)
def test_a_line_of_another_shape_is_pointed_into(line: bytes, path: str) -> None:
    """Holds CLI-18."""
    answer = refused(line)
    assert answer.code == "invalid_snapshot"
    assert answer.faults[0].code == "malformed"
    assert answer.faults[0].path == path


@pytest.mark.parametrize(
    ("number", "watts"), [(b"1.0", 1), (b"1e3", 1000), (b"-0.0", 0), (b"-5", -5), (b"1E12", 10**12)]
)
def test_a_number_with_zero_fraction_is_whole_watts(number: bytes, watts: int) -> None:
    meter = accepted(text(changed(SNAPSHOT, POWER, Raw(number)))).telemetry[1]
    assert isinstance(meter, CircuitTelemetry)
    assert str(meter.power_w) == str(watts)


@pytest.mark.parametrize(
    "extra",
    [b"[" * 40 + b"]" * 40, b"1e400", b"9" * 5000, b'"%b"' % (b"x" * FIVE_MB), b'"\\ud800"'],
    ids=["forty deep", "1e400", "thousands of digits", "five megabytes", "a lone surrogate"],
)
def test_what_stands_under_an_unknown_key_is_ignored(extra: bytes) -> None:
    assert accepted(text({**SNAPSHOT, "x": Raw(extra)})) == accepted(text(SNAPSHOT))


def test_a_list_of_a_million_bad_entries_gives_one_fault() -> None:
    answer = refused(text(changed(SNAPSHOT, "/telemetry", Raw(b"[" + b"0," * 1_000_000 + b"0]"))))
    assert [fault.path for fault in answer.faults] == ["/telemetry/0"]


def test_a_message_counts_the_faults_it_does_not_tell() -> None:
    answer = refused(text(changed(changed(SNAPSHOT, "/at", 1), "/configuration/version", "7")))
    assert answer.message == "/configuration/version: Input should be a valid integer (1 more)."
    assert [fault.path for fault in answer.faults] == ["/configuration/version", "/at"]


# --- streams -----------------------------------------------------------------------------------------------


def test_of_a_name_that_occurs_twice_the_last_counts() -> None:
    """Holds CONV-4."""
    twice = text(SNAPSHOT).replace(b'"at":', b'"at": "2026-11-22T08:00:02Z", "at":')
    assert accepted(twice) == accepted(text(SNAPSHOT))


def test_a_stream_goes_on_after_every_line_that_cannot_be_used() -> None:
    """Holds CLI-18."""
    good = text(SNAPSHOT)
    bad = [line for _, line in NO_JSON if b"\n" not in line] + [line for _, line, _ in BAD_SHAPES]
    stream = io.BytesIO(b"\n".join(chain.from_iterable((line, good) for line in bad)))
    answers = [read_snapshot(line) for line in lines(stream)]
    assert len(answers) == 2 * len(bad)
    assert all(isinstance(answer, LineError) for answer in answers[::2])
    assert all(answer == accepted(good) for answer in answers[1::2])


def test_a_line_of_sixteen_mebibytes_is_read_and_one_byte_more_is_too_long() -> None:
    """Holds CLI-18."""
    good = text(SNAPSHOT)
    longest = good.ljust(MAX_LINE_BYTES)
    stream = io.BytesIO(b"\n".join([longest, longest + b" ", longest + b" " * MAX_LINE_BYTES, good]) + b"\n")
    answers = [read_snapshot(line) for line in lines(stream)]
    assert [answer.code if isinstance(answer, LineError) else "" for answer in answers] == [
        "",
        "line_too_long",
        "line_too_long",
        "",
    ]


class Counting(io.BytesIO):
    """Remembers the largest piece that was asked for."""

    largest = 0

    def readline(self, size: int | None = -1, /) -> bytes:
        piece = super().readline(size)
        self.largest = max(self.largest, len(piece))
        return piece


def test_a_line_without_end_is_never_held_whole() -> None:
    stream = Counting(b"x" * (3 * MAX_LINE_BYTES))
    (line,) = lines(stream)
    assert refused(line).code == "line_too_long"
    assert stream.largest == len(line) == MAX_LINE_BYTES + 1


@pytest.mark.parametrize(
    ("stream", "expected"),
    [
        (b"", []),
        (b"\n", [b""]),
        (b"a", [b"a"]),
        (b"a\n", [b"a"]),
        (b"a\n\nb", [b"a", b"", b"b"]),
        (b"a\r\nb\n", [b"a\r", b"b"]),
    ],
)
def test_lines_end_with_a_line_feed_or_the_stream(stream: bytes, expected: list[bytes]) -> None:
    assert list(lines(io.BytesIO(stream))) == expected


# --- answers -----------------------------------------------------------------------------------------------


def test_a_decision_is_the_event_with_its_breaches_last() -> None:
    """Holds CLI-17."""
    over = OverLimit(
        "gc-1",
        NodeType.GRID_CONNECTION,
        Severity.MAJOR,
        500_000,
        LimitKind.SAFE_OPERATING_CAPACITY,
        612_000,
        112_000,
    )
    assert write_decision(CYCLE, (over,)).decode() == CYCLE_DATA[:-1] + (
        ',"breaches":[{"node_id":"gc-1","node_type":"grid_connection","severity":"major","limit_w":500000,'
        '"limit_kind":"safe_operating_capacity","observed_w":612000,"excess_w":112000}]}'
    )
    assert write_decision(CYCLE, ()).decode() == CYCLE_DATA[:-1] + ',"breaches":[]}'


def test_an_error_is_one_object_on_one_line() -> None:
    error = refused(text(changed(SNAPSHOT, "/at", 7)))
    assert write_error(error) == (
        b'{"error":{"code":"invalid_snapshot",'
        b'"message":"/at: Input should be a time of RFC 3339 with a zone.",'
        b'"faults":[{"code":"malformed","path":"/at",'
        b'"message":"Input should be a time of RFC 3339 with a zone"}]}}'
    )


def test_the_faults_of_a_judged_configuration_point_into_the_line() -> None:
    one = Fault("unknown_parent", "/circuits/2/parent_id", "Circuit f-2 names the parent gc-9.")
    whole = Fault("no_grid_connection", None, "There is no grid connection.")
    error: dict[str, Any] = json.loads(write_error(invalid_configuration([one, whole])))["error"]
    assert error["code"] == "invalid_configuration"
    assert error["message"] == "The configuration has 2 faults."
    assert [fault["path"] for fault in error["faults"]] == [
        "/configuration/circuits/2/parent_id",
        "/configuration",
    ]
    assert invalid_configuration([one]).message == "The configuration has 1 fault."
