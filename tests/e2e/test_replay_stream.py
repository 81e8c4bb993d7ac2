"""`busbar replay` as a pipe, and what `busbar demo --record` writes for it."""

import json
import sqlite3
import subprocess
import time
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from adapters.database.packing import unpack
from tests.e2e.processes import COMMAND, PATIENCE_S, Ended, environment, run

SMALL = ("--scenario", "joondalup-small")
FAULTY = ("--scenario", "leichhardt-mixed", "--fault", "limit-below-minimums")
TAKEN_OVER = (*SMALL, "--fault", "take-overs")
"""A depot that gets newer configurations meanwhile, and is over its limits."""

QUARTER = ("--for", "15m", "--seed", "1")
CYCLE_COMPLETED = "busbar.cycle.completed.v1"


def line_of(value: Mapping[str, Any]) -> bytes:
    return json.dumps(value).encode() + b"\n"


def events_in(ended: Ended) -> list[dict[str, Any]]:
    """The events of an output, without what is answered to time marks."""
    return [answer for answer in map(json.loads, ended.lines) if "specversion" in answer]


def kept_in(database: Path) -> list[dict[str, Any]]:
    """The events that a worker put into its outbox."""
    with closing(sqlite3.connect(database)) as connection:
        rows = connection.execute("SELECT headers, value FROM outbox ORDER BY event_seq").fetchall()
    return [{**dict(json.loads(headers)), "data": json.loads(unpack(value))} for headers, value in rows]


class Recorded:
    """A run of a demo: where its messages are written down, and where its database is."""

    def __init__(self, home: Path, *of: str) -> None:
        self.home = home
        self.file = home / "run.jsonl"
        variables = {"BUSBAR_DATABASE_URL": f"sqlite+aiosqlite:///{home / 'run.sqlite3'}"}
        ended = run(home, "demo", "--headless", "--json", *QUARTER, *of, "--record", "run.jsonl", variables=variables)
        # Whatever the verdict: this is about what was decided, not about how well.
        assert ended.code in (0, 1), ended.err
        self.summary = json.loads(ended.out)

    @property
    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.file.read_bytes().splitlines()]

    def replayed(self, *options: Any, **more: Any) -> Ended:
        return run(self.home, "replay", *options, **more)


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Mapping[tuple[str, ...], Recorded]:
    wanted = (SMALL, FAULTY, TAKEN_OVER)
    homes = [tmp_path_factory.mktemp("home") for _ in wanted]
    with ThreadPoolExecutor(2) as pool:
        return dict(zip(wanted, pool.map(lambda home, of: Recorded(home, *of), homes, wanted), strict=True))


@pytest.fixture
def small(recorded: Mapping[tuple[str, ...], Recorded]) -> Recorded:
    return recorded[SMALL]


@pytest.mark.parametrize("of", [SMALL, FAULTY, TAKEN_OVER], ids=["plain", "under a fault", "under take-overs"])
def test_a_recorded_depot_replayed_gives_the_events_of_its_run(
    recorded: Mapping[tuple[str, ...], Recorded], of: tuple[str, ...]
) -> None:
    record = recorded[of]
    ended = record.replayed("run.jsonl")
    assert (ended.code, ended.complaints) == (0, [])

    events, published = events_in(ended), kept_in(record.home / "run.sqlite3")
    assert len(events) == sum(record.summary["events"].values()) > 20
    assert [event["data"] for event in events] == [each["data"] for each in published]
    for name in ("specversion", "type", "subject", "time", "dataschema", "sequence"):
        assert [event.get(name) for event in events] == [each.get(f"ce_{name}") for each in published], name
    assert {event["source"] for event in events} == {"urn:busbar:replay"}
    assert [event["id"] for event in events] == [f"replay/{event['subject']}/{event['sequence']}" for event in events]
    assert {event["datacontenttype"] for event in events} == {"application/json"}
    assert not any("traceparent" in event for event in events)


def test_a_recording_holds_every_message_with_its_instant_and_ends_with_a_time_mark(small: Recorded) -> None:
    """Holds CLI-13."""
    configuration, *telemetry, mark = small.lines
    assert (configuration["at"], configuration["type"]) == ("2026-03-16T08:00:00Z", "site.configuration.v1")
    assert {line["type"] for line in telemetry} == {"charge_point.telemetry.v1", "circuit.telemetry.v1"}
    assert all(list(line) == ["at", "id", "type", "data"] for line in (configuration, *telemetry))
    assert [line["at"] for line in telemetry] == sorted(line["at"] for line in telemetry)
    assert mark == {"at": "2026-03-16T08:15:00Z"}


def test_a_live_demo_is_recorded_too(home: Path) -> None:
    live = ("demo", *SMALL, "--speed", "100000", "--for", "60s", "--json")
    ended = run(home, *live, "--record", "live.jsonl")
    assert ended.code == 0, ended.err
    replayed = run(home, "replay", "live.jsonl")
    assert replayed.code == 0
    assert len(events_in(replayed)) == sum(json.loads(ended.lines[-1])["events"].values())
    assert json.loads(replayed.lines[-1])["at"] == "2026-03-16T08:01:00Z"


def test_a_recording_that_cannot_be_written_is_bad_usage(home: Path) -> None:
    ended = run(home, "demo", "--headless", "--for", "1s", *SMALL, "--record", "no/such/folder.jsonl")
    assert (ended.code, ended.lines) == (2, [])
    (complaint,) = ended.complaints
    assert "no/such/folder.jsonl" in complaint


def test_a_file_a_pipe_and_line_by_line_give_the_same_bytes(small: Recorded, home: Path) -> None:
    """Holds CLI-21."""
    from_file = small.replayed("run.jsonl")
    piped = small.replayed("-", stdin=small.file.read_bytes())
    assert from_file == piped == small.replayed(stdin=small.file.read_bytes())

    with (home / "answers").open("wb") as answers:
        process = subprocess.Popen(
            [*COMMAND, "replay"],
            stdin=subprocess.PIPE,
            stdout=answers,
            cwd=home,
            env=environment(home),
            bufsize=0,
        )
        assert process.stdin is not None
        for line in small.file.read_bytes().splitlines(keepends=True):
            process.stdin.write(line)
        process.stdin.close()
        assert process.wait(PATIENCE_S) == 0
    assert (home / "answers").read_bytes() == from_file.out


def test_what_a_line_leads_to_is_said_before_the_next_line_is_sent(small: Recorded) -> None:
    """Holds CLI-21."""
    configuration = small.lines[0]
    with subprocess.Popen(
        [*COMMAND, "replay", "-"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=small.home,
        env=environment(small.home),
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None

        def answers(line: Mapping[str, Any], count: int) -> list[Any]:
            assert process.stdin is not None
            assert process.stdout is not None
            process.stdin.write(line_of(line))
            process.stdin.flush()
            return [json.loads(process.stdout.readline()) for _ in range(count)]

        provisioned, applied = answers(configuration, 2)
        assert [provisioned["data"]["event_seq"], applied["data"]["event_seq"]] == [1, 2]
        cycle, mark = answers({"at": configuration["at"]}, 2)
        assert (cycle["type"], cycle["time"]) == (CYCLE_COMPLETED, configuration["at"])
        assert mark == {"at": configuration["at"], "next_due": "2026-03-16T08:00:40Z"}
        (error,) = answers({"at": "2026-03-16T07:59:59Z"}, 1)
        assert list(error) == ["error"]
        cycle, mark = answers({"at": mark["next_due"]}, 2)
        assert (cycle["time"], mark["next_due"]) == ("2026-03-16T08:00:40Z", "2026-03-16T08:01:20Z")
        process.stdin.close()
        assert process.wait(PATIENCE_S) == 2


def test_a_take_over_goes_on_from_the_stored_state_and_is_seen_in_what_follows(small: Recorded) -> None:
    """Holds CLI-20."""
    lines = small.lines
    middle = len(lines) // 2
    taken_over = [*lines[:middle], {"at": lines[middle]["at"], "take_over": True}, *lines[middle:]]
    plain = events_in(small.replayed("run.jsonl"))
    ended = small.replayed(stdin=b"".join(map(line_of, taken_over)))
    assert ended.code == 0
    events = events_in(ended)

    before = [event for event in plain if event.get("time", "") < lines[middle]["at"]]
    assert 2 < len(before) < len(plain)
    assert events[: len(before)] == before
    assert events != plain
    assert [event["id"] for event in events] == [f"replay/joondalup-small/{seq}" for seq in range(1, len(events) + 1)]
    for cycle in events[len(before) :]:
        assert cycle["type"] == CYCLE_COMPLETED


def test_two_microgrids_in_one_stream_get_the_events_that_each_gets_alone(
    recorded: Mapping[tuple[str, ...], Recorded], small: Recorded
) -> None:
    """Holds CLI-19."""
    other = recorded[FAULTY]
    lines = sorted([*small.lines, *other.lines], key=lambda line: line["at"])
    mixed = small.replayed(stdin=b"".join(map(line_of, lines)))
    assert mixed.code == 0
    events = events_in(mixed)
    for each, name in ((small, "joondalup-small"), (other, "leichhardt-mixed")):
        assert [event for event in events if event["subject"] == name] == events_in(each.replayed("run.jsonl"))
    instants = [event["time"] for event in events if event["type"] == CYCLE_COMPLETED]
    assert instants == sorted(instants)


BAD_LINES: list[tuple[str, bytes, str]] = [
    ("an empty line", b"", "invalid_json"),
    ("half a line", b'{"at": "2026-03-16T08:00:0', "invalid_json"),
    ("no JSON", b"x" * 1000, "invalid_json"),
    ("more than 16 MiB", b" " * (16 * 2**20 + 1), "line_too_long"),
    ("no object", b"[]", "invalid_snapshot"),
    ("no instant", b"{}", "invalid_snapshot"),
    ("an instant without a zone", b'{"at": "2026-03-16T09:00:00"}', "invalid_snapshot"),
    ("an instant before that of the last line", b'{"at": "2026-03-16T07:59:59Z"}', "invalid_snapshot"),
    ("a type nobody knows", b'{"at": "2026-03-16T09:00:00Z", "type": "x", "data": {}}', "invalid_snapshot"),
    ("a type without data", b'{"at": "2026-03-16T09:00:00Z", "type": "circuit.telemetry.v1"}', "invalid_snapshot"),
    ("data without a type", b'{"at": "2026-03-16T09:00:00Z", "data": {}}', "invalid_snapshot"),
    (
        "malformed telemetry",
        b'{"at": "2026-03-16T09:00:00Z", "type": "circuit.telemetry.v1", "data": {"microgrid_id": "joondalup-small"}}',
        "invalid_snapshot",
    ),
    (
        "a malformed configuration of nobody",
        b'{"at": "2026-03-16T09:00:00Z", "type": "site.configuration.v1", "data": {"version": 7}}',
        "invalid_snapshot",
    ),
    (
        "a take-over and a message",
        b'{"at": "2026-03-16T09:00:00Z", "type": "circuit.telemetry.v1", "data": {}, "take_over": true}',
        "invalid_snapshot",
    ),
    ("an id that is no text", b'{"at": "2026-03-16T09:00:00Z", "id": 7}', "invalid_snapshot"),
]


def test_a_line_that_cannot_be_used_is_answered_and_changes_nothing_else(small: Recorded) -> None:
    first, *others = small.file.read_bytes().splitlines(keepends=True)
    spoilt = first + b"".join(line + b"\n" for _, line, _ in BAD_LINES) + b"".join(others)
    ended = small.replayed(stdin=spoilt)
    assert (ended.code, ended.complaints) == (2, [])

    clean = small.replayed("run.jsonl").lines
    errors = [json.loads(line)["error"] for line in ended.lines[2 : 2 + len(BAD_LINES)]]
    assert ended.lines[:2] + ended.lines[2 + len(BAD_LINES) :] == clean
    assert [error["code"] for error in errors] == [code for _, _, code in BAD_LINES]
    for error in errors:
        assert list(error) == ["code", "message", "faults"]
        assert error["message"]
        assert all(list(fault) == ["code", "path", "message"] for fault in error["faults"])
        assert bool(error["faults"]) is (error["code"] == "invalid_snapshot")


def test_a_malformed_configuration_of_a_known_name_is_answered_with_a_refusal(home: Path) -> None:
    offered = {"at": "2026-03-16T08:00:00Z", "id": "m-1", "type": "site.configuration.v1"}
    ended = run(home, "replay", stdin=line_of({**offered, "data": {"microgrid_id": "depot", "version": 3}}) * 2)
    assert ended.code == 0
    (event,) = events_in(ended)
    assert (event["id"], event["type"]) == ("replay/depot/1", "busbar.configuration.rejected.v1")
    assert (event["data"]["version"], event["data"]["request_id"]) == (3, "m-1")
    assert event["data"]["rejected_at"] == event["time"] == "2026-03-16T08:00:00Z"


def test_a_stream_without_lines_says_nothing(home: Path) -> None:
    assert run(home, "replay", "-") == Ended(0, b"", b"")


def test_a_file_that_is_not_there_is_answered_in_one_line(home: Path) -> None:
    ended = run(home, "replay", "missing.jsonl")
    assert (ended.code, ended.lines) == (2, [])
    (complaint,) = ended.complaints
    assert "missing.jsonl" in complaint


def test_a_replay_needs_no_database_and_leaves_nothing_behind(small: Recorded, home: Path) -> None:
    """Holds CLI-19."""
    variables = {"BUSBAR_DATABASE_URL": "mysql://nowhere/busbar", "TMPDIR": str(home)}
    assert run(home, "replay", stdin=small.file.read_bytes(), variables=variables).code == 0
    assert list(home.iterdir()) == []


def busy_depot(seconds: int) -> Iterable[dict[str, Any]]:
    """Ten dual chargers over their grid connection, each heard every five seconds, and a time mark every second."""
    begin = datetime(2026, 11, 22, 8, tzinfo=UTC)

    def at(second: int) -> str:
        return (begin + timedelta(seconds=second)).isoformat()

    connectors = [{"connector_id": number, "max_power_w": 150_000} for number in (1, 2)]
    yield {
        "at": at(0),
        "type": "site.configuration.v1",
        "data": {
            "microgrid_id": "depot",
            "name": "Depot",
            "version": 1,
            "circuits": [{"circuit_id": "gc-1", "name": "Grid", "default_capacity_w": 1_000_000, "metered": True}],
            "charge_points": [
                {
                    "charge_point_id": f"cp-{number}",
                    "circuit_id": "gc-1",
                    "max_power_w": 180_000,
                    "connectors": connectors,
                }
                for number in range(10)
            ],
        },
    }
    for second in range(1, seconds + 1):
        head = {"microgrid_id": "depot", "sequence": second, "measured_at": at(second)}
        for number in range(second % 5, 10, 5):
            readings = [
                {
                    "connector_id": each,
                    "status": "Charging",
                    "power_w": 40_000 + 7 * second % 5000,
                    "applied_limit_w": 50_000,
                }
                for each in (1, 2)
            ]
            data = {**head, "charge_point_id": f"cp-{number}", "connectors": readings}
            yield {"at": at(second), "type": "charge_point.telemetry.v1", "data": data}
        yield {
            "at": at(second),
            "type": "circuit.telemetry.v1",
            "data": {**head, "circuit_id": "gc-1", "power_w": 850_000},
        }
        yield {"at": at(second)}


def test_ten_thousand_seconds_of_twenty_connectors_take_less_than_a_minute(home: Path) -> None:
    lines = b"".join(map(line_of, busy_depot(10_000)))
    began = time.monotonic()
    ended = run(home, "replay", stdin=lines)
    took_s = time.monotonic() - began
    assert ended.code == 0
    assert len(ended.lines) - len(events_in(ended)) == 10_000
    assert len(events_in(ended)) >= 10_000 // 40
    assert took_s < 60
