"""The DERMS sample on a real broker keeps what it knows over kills of itself and of workers and a restored database."""

import json
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from application.event_types import CYCLE_COMPLETED
from docs.derms.subscriber import NOW
from tests.databases import sqlite_url
from tests.e2e.processes import COMMAND, PATIENCE_S, environment
from tests.e2e.stacks import Stack, a_prefix, configuration, reading, until
from tests.services.kafka import Broker
from tests.services.postgresql import PostgresqlServer

ROOT = Path(__file__).resolve().parents[2]
DEPOT = "derms-depot"
DATABASE = "busbar.sqlite3"

Backup: TypeAlias = Callable[[], AbstractContextManager[Callable[[], None]]]
"""A copy of the database that nothing uses now; gives what puts it back in its place."""


def migrated(folder: Path, broker: Broker, database_url: str) -> Stack:
    stack = Stack(folder, broker.bootstrap_servers, database_url, a_prefix())
    ended = stack.run("migrate")
    assert (ended.code, ended.err) == (0, b"")
    return stack


@contextmanager
def copied_files(folder: Path) -> Iterator[Callable[[], None]]:
    """Of SQLite."""
    copied = {file: file.read_bytes() for file in folder.glob(f"{DATABASE}*")}

    def put_back() -> None:
        for file in folder.glob(f"{DATABASE}*"):
            file.unlink()
        for file, content in copied.items():
            file.write_bytes(content)

    yield put_back


class Subscriber:
    """The sample as a program, fed by `busbar events`. What it prints is added to one file, over all its lives."""

    def __init__(self, stack: Stack, name: str) -> None:
        self._stack = stack
        self._state = stack.home / f"{name}.json"
        self._printed = stack.home / f"{name}.txt"
        self.log = stack.home / f"{name}.log"

    @property
    def known(self) -> dict[str, Any]:
        """What it knows of the depot."""
        found: dict[str, Any] = json.loads(self._state.read_text()).get(DEPOT, {}) if self._state.exists() else {}
        return found

    @property
    def lines(self) -> dict[tuple[str, str], dict[str, Any]]:
        """What it told, by instant and group: one that was killed may say the last again."""
        told = [json.loads(line) for line in self._printed.read_text().splitlines()]
        return {(line["at"], line["group_id"]): line for line in told}

    @contextmanager
    def listening(self, *options: str) -> Iterator[subprocess.Popen[bytes]]:
        """From the beginning of what the topic still has."""
        home, printed, log = self._stack.home, self._printed.open("ab"), self.log.open("ab")
        variables = environment(home, self._stack.variables)
        arguments = [*COMMAND, "events", "--from-beginning", *options]
        with (
            printed,
            log,
            subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=log, cwd=home, env=variables) as bus,
        ):
            program = [sys.executable, "-m", "docs.derms.subscriber", str(self._state)]
            with subprocess.Popen(program, stdin=bus.stdout, stdout=printed, stderr=log, cwd=ROOT) as listener:
                try:
                    yield listener
                finally:
                    bus.kill()
                    listener.kill()

    def wait_for(self, more: int) -> None:
        """Wait until it has come so many events further in the stream."""
        position = self.known.get("event_seq", 0)
        until(lambda: self.known.get("event_seq", 0) >= position + more, self.log)


def test_a_subscriber_keeps_what_it_knows_over_kills_and_restored_files(kafka_broker: Broker, tmp_path: Path) -> None:
    stack = migrated(tmp_path, kafka_broker, sqlite_url(tmp_path / DATABASE))
    keeps_what_it_knows(stack, partial(copied_files, tmp_path))


@pytest.mark.slow
def test_a_subscriber_keeps_what_it_knows_over_kills_and_a_restored_postgresql(
    kafka_broker: Broker, postgresql: PostgresqlServer, empty_postgresql_url: str, tmp_path: Path
) -> None:
    stack = migrated(tmp_path, kafka_broker, empty_postgresql_url)
    keeps_what_it_knows(stack, partial(postgresql.backup, empty_postgresql_url))


def keeps_what_it_knows(stack: Stack, backup: Backup) -> None:
    """Killed once, its workers twice, the database put back: it knows what one does that nothing happened to."""
    settings = {"refresh_interval_s": 2, "setpoint_valid_for_s": 60, "breach_hold_s": 1}
    # The charger draws more than the site may.
    site: dict[str, Any] = {"max_import_w": 15_000, "settings": settings}
    subscriber, undisturbed = Subscriber(stack, "killed"), Subscriber(stack, "undisturbed")
    sequence = count(1)

    def charge() -> None:
        stack.publish("telemetry", "charge_point.telemetry.v1", [reading(DEPOT, next(sequence))])

    def is_breached() -> bool:
        charge()
        return bool(subscriber.known["breaches"])

    with stack.running("first worker", "worker") as worker:
        stack.publish("configuration", "site.configuration.v1", [configuration(DEPOT, **site)])
        with subscriber.listening("--follow") as listener:
            subscriber.wait_for(4)
            until(is_breached, subscriber.log)
            listener.kill()
        worker.end(signal.SIGKILL)
    with backup() as put_back, subscriber.listening("--follow"):
        with stack.running("second worker", "worker") as worker:
            charge()
            subscriber.wait_for(3)
            worker.end(signal.SIGKILL)
        former = subscriber.known["source"]
        put_back()
        assert stack.run("migrate", "--new-stream").code == 0
        with stack.running("third worker", "worker") as worker:
            charge()
            until(lambda: bool(subscriber.known["source"] != former), subscriber.log)
            subscriber.wait_for(2)
            worker.end(signal.SIGTERM)
    for each in (subscriber, undisturbed):
        with each.listening() as listener:
            listener.wait(PATIENCE_S)

    known = subscriber.known
    assert known["ended"] == [former]
    assert known == undisturbed.known
    assert subscriber.lines == undisturbed.lines
    cycle = newest_cycle(stack)
    assert known["headroom_w"] == {
        DEPOT if each["node_type"] == "microgrid" else f"{DEPOT}/gc": each["headroom_w"]
        for each in cycle["nodes"]
        if each["node_type"] in ("microgrid", "grid_connection")
    }
    assert known["headroom_w"].keys() == {DEPOT, f"{DEPOT}/gc"}
    assert {name: each["limit_w"] for name, each in known["setpoints"].items()} == {
        "cp-1/1": cycle["setpoints"][0]["limit_w"]
    }
    assert {each["node_id"] for each in known["breaches"].values()} == {DEPOT}
    assert all(name in known for name in NOW)
    assert subscriber.log.read_text() == ""


def newest_cycle(stack: Stack) -> dict[str, Any]:
    """The last one on the topic, which alone says what holds now."""
    events = map(json.loads, stack.run("events", "--from-beginning").lines)
    cycles: list[dict[str, Any]] = [each["data"] for each in events if each["type"] == CYCLE_COMPLETED]
    return cycles[-1]
