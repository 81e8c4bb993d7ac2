"""Telemetry sent line by line onto a real broker, and what nobody could read there, listed line by line."""

import json
import os
import signal
import subprocess
from base64 import b64encode
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.databases import sqlite_url
from tests.e2e.processes import COMMAND, environment, run
from tests.e2e.stacks import Events, Stack, a_prefix, configuration, reading, until
from tests.services.kafka import Broker
from tests.services.processes import free_port


@pytest.fixture(scope="module")
def stack(kafka_broker: Broker, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A worker runs in it, that knows the depots `north` and `south`."""
    home = tmp_path_factory.mktemp("sending")
    stack = Stack(home, kafka_broker.bootstrap_servers, sqlite_url(home / "busbar.sqlite3"), a_prefix())
    assert stack.run("migrate").code == 0
    with stack.running("worker", "worker", "--port", str(free_port())) as worker:
        worker.has_joined()
        for microgrid_id in ("north", "south"):
            (home / "site.json").write_text(json.dumps(configuration(microgrid_id)))
            assert stack.run("configure", "site.json", "--wait", "60s").code == 0
        yield stack


def lines(*payloads: Any) -> bytes:
    return b"".join(json.dumps(each).encode() + b"\n" for each in payloads)


@pytest.fixture(scope="module")
def events(stack: Stack) -> Iterator[Events]:
    with stack.running("events", "events", "--follow", "--from-beginning") as listening:
        yield Events(listening)


def draws(microgrid_id: str, power_w: int) -> Callable[[list[dict[str, Any]]], bool]:
    """Whether the newest cycle of a depot knows that its connector draws so much."""

    def known(events: list[dict[str, Any]]) -> bool:
        cycles = [each["data"] for each in events if each["type"] == "busbar.cycle.completed.v1"]
        own = [cycle for cycle in cycles if cycle["microgrid_id"] == microgrid_id]
        return bool(own) and own[-1]["setpoints"][0]["measured_w"] == power_w

    return known


def letters(stack: Stack, *arguments: str) -> list[dict[str, Any]]:
    ended = stack.run("dead-letters", *arguments)
    assert (ended.code, ended.complaints) == (0, [])
    return [json.loads(line) for line in ended.lines]


def test_what_is_sent_is_decided_on_and_unusable_lines_are_named(stack: Stack, events: Events) -> None:
    """Holds CLI-31."""
    meter = {**reading("north"), "circuit_id": "gc", "power_w": "much"}
    del meter["connectors"], meter["charge_point_id"]
    (stack.home / "said.jsonl").write_bytes(lines(reading("north"), meter) + b"{\n" + lines(reading("south"))[:-1])
    ended = stack.run("send", "said.jsonl")

    assert (ended.code, ended.complaints) == (2, [])
    told = [json.loads(line) for line in ended.lines]
    assert [(each["line"], each["error"]["code"]) for each in told] == [(2, "invalid_snapshot"), (3, "invalid_json")]
    assert told[0]["error"]["faults"][0]["path"] == "/power_w"
    events.wait_for(draws("north", 20_000))
    events.wait_for(draws("south", 20_000))
    assert letters(stack) == []


def test_a_line_that_was_written_is_sent_though_the_next_does_not_come(stack: Stack, events: Events) -> None:
    """Holds CLI-31."""
    with subprocess.Popen(
        [*COMMAND, "send", "-"],
        cwd=stack.home,
        env=environment(stack.home, stack.variables),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as sending:
        assert sending.stdin is not None
        said = reading("north", 2)
        said["connectors"][0]["power_w"] = 30_000
        sending.stdin.write(lines(said))
        sending.stdin.flush()
        events.wait_for(draws("north", 30_000))
        sending.stdin.close()
        assert sending.wait(30) == 0


def test_what_the_brokers_do_not_take_is_named_and_the_rest_is_sent(stack: Stack, events: Events) -> None:
    """Holds CLI-31."""
    huge = {**reading("north", 3), "noise": b64encode(os.urandom(11 * 2**20)).decode()}
    said = reading("south", 3)
    said["connectors"][0]["power_w"] = 40_000
    (stack.home / "huge.jsonl").write_bytes(lines(huge, said))
    ended = stack.run("send", "huge.jsonl")

    assert ended.code == 2
    assert [(each["line"], each["error"]["code"]) for each in map(json.loads, ended.lines)] == [(1, "refused")]
    events.wait_for(draws("south", 40_000))


def test_without_a_bus_nothing_is_read(home: Path) -> None:
    """Holds CLI-31."""
    ended = run(home, "send", "-", stdin=lines(reading("north")))
    assert (ended.code, ended.out) == (2, b"")
    (complaint,) = ended.complaints
    assert "BUSBAR_KAFKA_BOOTSTRAP_SERVERS" in complaint


def test_what_nobody_could_read_is_listed_with_its_code_what_is_wrong_and_its_place(stack: Stack) -> None:
    """Holds CLI-32."""
    wrong = reading("north", 4)
    wrong["connectors"][0]["power_w"] = "much"
    stack.publish("telemetry", "charge_point.telemetry.v1", [wrong, {**reading("south", 4), "sequence": None}])
    until(lambda: len(letters(stack)) == 2, stack.home / "worker" / "stderr")

    north, south = sorted(letters(stack), key=lambda each: each["key"])
    assert (north["code"], north["key"], north["topic"]) == ("malformed", "north", f"{stack.prefix}.telemetry")
    assert "/connectors/0/power_w" in north["detail"]
    assert {type(north["partition"]), type(north["offset"])} == {int}
    assert letters(stack, "--microgrid", "south") == [south]
    assert letters(stack, "--microgrid", "elsewhere") == []

    with stack.running("following", "dead-letters", "--follow", "--microgrid", "south") as following:
        following.running.read_until('"south"')
        stack.publish("telemetry", "meter.telemetry.v1", [{"microgrid_id": "south"}])
        following.running.read_until("unknown_type")
        assert following.end(signal.SIGTERM) < 30
        assert following.code == 0
    assert b"north" not in following.running.out
