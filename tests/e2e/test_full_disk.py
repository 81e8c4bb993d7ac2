"""A disk that is full under a worker on SQLite: it says so, loses and repeats nothing, goes on once there is room."""

import shutil
import signal
import sqlite3
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.databases import sqlite_url
from tests.e2e.stacks import Events, Stack, a_prefix, configuration, readiness, until
from tests.services.kafka import Broker
from tests.services.processes import free_port
from tests.services.small_disk import a_small_disk

INTERVAL_S = 2
CYCLE_COMPLETED = "busbar.cycle.completed.v1"
RECOVERED_S = 30.0
ENDED_S = 30.0


@pytest.mark.slow
def test_a_full_disk_is_said_and_all_goes_on_once_there_is_room(kafka_broker: Broker, tmp_path: Path) -> None:
    with a_small_disk(tmp_path / "disk", mib=1) as disk:
        file, port = disk.path / "busbar.sqlite3", free_port()
        stack = Stack(tmp_path, kafka_broker.bootstrap_servers, sqlite_url(tmp_path / "elsewhere.sqlite3"), a_prefix())
        assert stack.run("migrate").code == 0
        shutil.copy(tmp_path / "elsewhere.sqlite3", file)
        with (
            stack.running("events", "events", "--follow", "--from-beginning") as listening,
            stack.running("worker", "worker", "--port", str(port), BUSBAR_DATABASE_URL=sqlite_url(file)) as worker,
        ):
            events = Events(listening)
            worker.has_joined()
            stack.publish("configuration", "site.configuration.v1", [configuration("depot")])
            events.wait_for(lambda so_far: len(so_far) >= 4)

            disk.fill()
            until(lambda: "disk is full" in worker.log.read_text(), worker.log)
            until(lambda: readiness(port)[0] == 503, worker.log)
            # It tries on. Where a checkpoint leaves room in the database's own log, some more cycles are decided.
            time.sleep(3 * INTERVAL_S)
            events.process.running.read_for(0.2)
            known = len(events.all())

            disk.make_room()
            events.wait_for(lambda so_far: len(so_far) >= known + 2, RECOVERED_S)
            until(lambda: readiness(port)[0] == 200, worker.log)
            assert worker.end(signal.SIGTERM) < ENDED_S
            events.process.running.read_for(1)
            assert worker.code == 0
            assert "Traceback" not in worker.log.read_text()
        committed = rows(file, "SELECT event_seq, ce_type FROM outbox ORDER BY event_seq")
        (state,) = rows(file, "SELECT event_seq, cycle_seq FROM microgrid_state")
        assert [event_seq for event_seq, _ in committed] == list(range(1, state[0] + 1))
        assert [each["data"]["event_seq"] for each in events.all()] == list(range(1, state[0] + 1))
        assert [ce_type for _, ce_type in committed].count(CYCLE_COMPLETED) == state[1]


def rows(file: Path, question: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(file)) as database:
        return database.execute(question).fetchall()
