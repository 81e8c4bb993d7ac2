"""A host's clock that is set, back or forward, and hosts that do not agree: depots go on being decided, in time."""

import signal
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from tests.e2e.stacks import Events, Process, Stack, a_prefix, configuration, readiness, reading
from tests.services.faketime import HostClock
from tests.services.kafka import Broker
from tests.services.postgresql import PostgresqlServer
from tests.services.processes import free_port

INTERVAL_S = 2
IN_TIME_S = 5 * INTERVAL_S
"""On a busy machine. Without a steady clock it would be STEP_S."""

STEP_S = 600
ENDED_S = 30.0
CYCLE_COMPLETED = "busbar.cycle.completed.v1"

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def stack(
    kafka_broker: Broker, postgresql: PostgresqlServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Stack]:
    with postgresql.new_database() as url:
        stack = Stack(tmp_path_factory.mktemp("stack"), kafka_broker.bootstrap_servers, url, a_prefix())
        assert stack.run("migrate").code == 0
        yield stack


def decided_at(events: Events, depot: str) -> list[datetime]:
    """The instants of the depot's cycles, in the order of its stream."""
    cycles = [event["data"] for event in events.all() if event["type"] == CYCLE_COMPLETED and event["subject"] == depot]
    return [datetime.fromisoformat(cycle["decided_at"]) for cycle in sorted(cycles, key=lambda each: each["event_seq"])]


def goes_on(events: Events, depot: str, worker: Process, port: int) -> None:
    """Two more cycles come in time from a worker that says it is ready, and each is later than the one before."""
    known = len(decided_at(events, depot))
    events.wait_for(lambda _: len(decided_at(events, depot)) >= known + 2, IN_TIME_S)
    assert readiness(port)[0] == 200, worker.log.read_text()
    assert all(earlier < later for earlier, later in pairwise(decided_at(events, depot)))


def counts_what_is_measured(stack: Stack, events: Events, depot: str, *, sequence: int, ahead_s: int) -> None:
    """A reading that is new by the clock of the host is in one of the next cycles."""
    power_w = 20_000 + sequence
    said = reading(depot, sequence)
    measured_at = datetime.fromisoformat(said["measured_at"]) + timedelta(seconds=ahead_s)
    said |= {"measured_at": measured_at.isoformat(), "connectors": [{**said["connectors"][0], "power_w": power_w}]}
    stack.publish("telemetry", "charge_point.telemetry.v1", [said])
    events.wait_for(
        lambda so_far: any(
            event["data"]["totals"]["measured_w"] == power_w
            for event in so_far
            if event["type"] == CYCLE_COMPLETED and event["subject"] == depot
        ),
        IN_TIME_S,
    )


@pytest.mark.parametrize(("step_s", "depot"), [(-STEP_S, "set-back"), (STEP_S, "set-forward")])
def test_a_clock_that_is_set_under_a_worker_stops_nothing_nor_does_a_restart(
    stack: Stack, tmp_path: Path, step_s: int, depot: str
) -> None:
    """Holds BUS-11."""
    clock, port = HostClock(tmp_path / "clock"), free_port()
    with stack.running(f"events-{depot}", "events", "--follow", "--from-beginning") as listening:
        events = Events(listening)
        with stack.running(depot, "worker", "--port", str(port), **clock.variables) as worker:
            worker.has_joined()
            stack.publish("configuration", "site.configuration.v1", [configuration(depot)])
            events.wait_for(lambda _: len(decided_at(events, depot)) >= 2)
            counts_what_is_measured(stack, events, depot, sequence=1, ahead_s=0)

            clock.set(step_s)
            goes_on(events, depot, worker, port)
            counts_what_is_measured(stack, events, depot, sequence=2, ahead_s=step_s)
            assert worker.end(signal.SIGTERM) < ENDED_S

        with stack.running(f"{depot}-again", "worker", "--port", str(port), **clock.variables) as worker:
            worker.has_joined()
            goes_on(events, depot, worker, port)
            assert worker.end(signal.SIGTERM) < ENDED_S


def test_who_takes_over_from_a_host_that_was_ahead_goes_on_at_once(stack: Stack, tmp_path: Path) -> None:
    depot, port = "taken-over", free_port()
    ahead = HostClock(tmp_path / "ahead", STEP_S)
    with stack.running("events", "events", "--follow", "--from-beginning") as listening:
        events = Events(listening)
        with stack.running("ahead", "worker", **ahead.variables) as worker:
            worker.has_joined()
            stack.publish("configuration", "site.configuration.v1", [configuration(depot)])
            events.wait_for(lambda _: len(decided_at(events, depot)) >= 2)
            worker.end(signal.SIGTERM)
        reached = decided_at(events, depot)[-1]
        assert reached.timestamp() > time.time() + STEP_S / 2
        with stack.running("right", "worker", "--port", str(port)) as worker:
            worker.has_joined()
            goes_on(events, depot, worker, port)
            counts_what_is_measured(stack, events, depot, sequence=1, ahead_s=0)
            assert worker.end(signal.SIGTERM) < ENDED_S
