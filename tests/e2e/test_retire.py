"""A depot that closes, on a real broker and a real PostgreSQL, with workers that are killed on the way (CLI-33)."""

import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.stacks import Events, Stack, a_prefix, configuration, reading, until
from tests.services.kafka import Broker
from tests.services.postgresql import PostgresqlServer
from tests.services.processes import free_port

RETIRED = "busbar.microgrid.retired.v1"
REJECTED = "busbar.configuration.rejected.v1"
CYCLE_COMPLETED = "busbar.cycle.completed.v1"


@pytest.fixture
def stack(kafka_broker: Broker, postgresql: PostgresqlServer, tmp_path: Path) -> Iterator[Stack]:
    with postgresql.new_database() as url:
        stack = Stack(tmp_path, kafka_broker.bootstrap_servers, url, a_prefix())
        assert stack.run("migrate").code == 0
        yield stack


def state(stack: Stack) -> str:
    items = json.loads(stack.run("status", "--json").out)["items"]
    return str(items[0]["state"]["code"]) if items else ""


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_depot_is_closed_by_the_next_worker_and_taken_into_use_again_by_the_one_after(stack: Stack) -> None:
    """Holds CLI-33, EVT-6 and SITE-9. Slow: a group waits ten seconds for a member that was killed."""
    site = stack.home / "site.json"
    site.write_text(json.dumps(configuration("depot")))
    with (
        stack.running("projector", "project", "--port", str(free_port())) as projector,
        stack.running("events", "events", "--follow", "--from-beginning") as listening,
    ):
        events = Events(listening)
        with stack.running("first", "worker", "--port", str(free_port())) as worker:
            worker.has_joined()
            assert stack.run("configure", str(site), "--wait", "30s").code == 0
            stack.publish("telemetry", "charge_point.telemetry.v1", [reading("depot")])
            events.wait_for(lambda seen: CYCLE_COMPLETED in [each["type"] for each in seen])
            worker.running.process.kill()
        assert stack.run("retire", "depot").code == 0

        with stack.running("second", "worker", "--port", str(free_port())) as worker:
            events.wait_for(lambda seen: RETIRED in [each["type"] for each in seen])
            worker.running.process.kill()
        until(lambda: state(stack) == "retired", projector.log)

        with stack.running("third", "worker", "--port", str(free_port())) as worker:
            worker.has_joined()
            again = stack.run("retire", "depot", "--wait", "30s")
            assert (again.code, again.out) == (0, b"depot is retired already.\n")
            unknown = stack.run("retire", "nowhere", "--wait", "30s")
            assert (unknown.code, b"unknown_microgrid" in unknown.err) == (1, True)
            same = stack.run("configure", str(site), "--wait", "30s")
            assert (same.code, b"version_not_newer" in same.err) == (1, True)
            events.wait_for(lambda seen: [each["type"] for each in seen].count(REJECTED) == 3)
            known = len(events.all())
            time.sleep(5)  # more than two refresh intervals
            events.process.running.read_for(1)
            assert len(events.all()) == known

            site.write_text(json.dumps(configuration("depot", version=2)))
            assert stack.run("configure", str(site), "--wait", "30s").code == 0
            events.wait_for(lambda seen: seen[-1]["type"] == CYCLE_COMPLETED)
            until(lambda: state(stack) not in ("", "retired"), projector.log)

    seen = [each for each in events.all() if each["subject"] == "depot"]
    assert [each["data"]["event_seq"] for each in seen] == list(range(1, len(seen) + 1))
    assert [each["type"] for each in seen].count(RETIRED) == 1
    cycles = [each["data"]["cycle_seq"] for each in seen if each["type"] == CYCLE_COMPLETED]
    assert cycles == list(range(1, len(cycles) + 1))


def test_an_id_that_no_microgrid_has_is_refused_before_anything_is_sent(stack: Stack) -> None:
    """Holds CLI-33."""
    ended = stack.run("retire", "no such/thing")
    assert (ended.code, ended.out, len(ended.complaints)) == (2, b"", 1)
