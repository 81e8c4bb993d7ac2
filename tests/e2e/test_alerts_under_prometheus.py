"""Alerts fire in what they are for: a real Prometheus scrapes real processes, to which it is done.

Waits of minutes and windows of hours are made seconds; thresholds are those of `deploy/alerts.yaml`. What no process
can be brought to in minutes is played by promtool alone (`tests/deployment/test_alerts.py`): `NOT_HERE`.
"""

import asyncio
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from signal import SIGCONT, SIGSTOP
from typing import Any

import httpx
import pytest
import yaml

from adapters.kafka.connection import Connection
from adapters.kafka.publisher import KafkaPublisher
from adapters.messages import registry
from application.ports.bus import Message
from tests.e2e.stacks import Process, Stack, a_prefix, configuration, until
from tests.e2e.test_seeing_the_service import locked
from tests.faults import recording
from tests.services import kafka
from tests.services.kafka import Broker
from tests.services.postgresql import PostgresqlServer
from tests.services.processes import free_port, listens
from tests.services.prometheus import RULES, Prometheus, a_prometheus

NOT_HERE = {
    "BusbarPlanRefused": "the allocator makes no wrong plan",
    "BusbarDeadLettersRefused": "the topic takes whatever the others take",
    "BusbarNoticesGivenUp": "it takes a day",
    "BusbarWorkerAtItsLimit": "it takes more depots than there are here",
    "BusbarConsumerFallsBehind": "so does this, but beside a database that is locked it may fire too",
}
DEPOTS = tuple(f"depot-{number}" for number in range(8))

REFUSING = """CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'nothing is taken' USING ERRCODE = 'check_violation'; END $$"""
"""Refuses what is written, as a constraint does: each depot fails by itself, and its worker stays a member."""

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


def reading(microgrid_id: str, sequence: int, power_w: int = 20_000, age_s: float = 0) -> dict[str, Any]:
    at = (datetime.now(UTC) - timedelta(seconds=age_s)).isoformat().replace("+00:00", "Z")
    head = {"microgrid_id": microgrid_id, "charge_point_id": "cp-1", "sequence": sequence, "measured_at": at}
    return {**head, "connectors": [{"connector_id": 1, "status": "Charging", "power_w": power_w}]}


def a_depot(microgrid_id: str, safe_w: int | None = None) -> dict[str, Any]:
    """It is over its limit of 100 kW where its charger draws 150."""
    grid = {"circuit_id": "gc", "parent_id": None, "default_capacity_w": 100_000, "safe_operating_capacity_w": safe_w}
    settings = {"refresh_interval_s": 2, "telemetry_cycle_interval_s": 1, "breach_hold_s": 2, "apply_grace_s": 2}
    return configuration(microgrid_id, circuits=[grid], settings=settings)


@dataclass(slots=True)
class Telling:
    """What chargers say every half second: power and age of their readings, by depot."""

    stack: Stack
    power_w: dict[str, int] = field(default_factory=dict)
    age_s: float = 0

    @contextmanager
    def going_on(self) -> Iterator[None]:
        ending = threading.Event()

        async def tell() -> None:
            publisher, sequence = KafkaPublisher(Connection(self.stack.bootstrap_servers), self.topic), 0
            while not ending.is_set():
                sequence += 1
                await publisher.publish(
                    [encoded(reading(each, sequence, w, self.age_s)) for each, w in dict(self.power_w).items()]
                )
                await asyncio.sleep(0.5)
            await publisher.close()

        thread = threading.Thread(target=lambda: asyncio.run(tell()))
        thread.start()
        try:
            yield
        finally:
            ending.set()
            thread.join()

    @property
    def topic(self) -> str:
        return f"{self.stack.prefix}.telemetry"


def encoded(payload: dict[str, Any]) -> Message:
    return registry.encode("charge_point.telemetry.v1", payload)


@dataclass(slots=True)
class Scene:
    """A deployment that is watched."""

    stack: Stack
    broker: Broker
    prometheus: Prometheus
    telling: Telling
    opened: ExitStack
    ports: dict[int, str] = field(default_factory=dict)
    processes: dict[str, Process] = field(default_factory=dict)

    def process(self, name: str) -> "subprocess.Popen[bytes]":
        return self.processes[name].running.process

    def start(self, command: str, name: str, **variables: str) -> tuple[Process, int]:
        port = free_port()
        process = self.opened.enter_context(self.stack.running(name, command, "--port", str(port), **variables))
        until(lambda: listens(port), process.log)
        self.processes[name] = process
        self.ports[port] = {"project": "projector"}.get(command, command)
        self.prometheus.scrape(self.ports)
        return process, port

    def end(self, process: Process, port: int) -> None:
        """For good: nobody looks for it any more."""
        process.running.process.kill()
        del self.ports[port]
        self.prometheus.scrape(self.ports)


@pytest.fixture(scope="module")
def scene(postgresql: PostgresqlServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """A worker, a projector and an API that serve depots of which nobody has heard; then all tests in their order."""
    folder = tmp_path_factory.mktemp("alerts")
    with ExitStack() as opened:
        url = opened.enter_context(postgresql.new_database())
        broker = opened.enter_context(kafka.broker())
        stack = Stack(folder, broker.bootstrap_servers, url, a_prefix())
        assert stack.run("migrate").code == 0
        prometheus = opened.enter_context(a_prometheus(folder / "prometheus"))
        telling = Telling(stack)
        opened.enter_context(telling.going_on())
        yield Scene(stack, broker, prometheus, telling, opened)


def test_a_worker_that_is_no_member_of_its_group(scene: Scene) -> None:
    away = scene.start("worker", "away", BUSBAR_KAFKA_BOOTSTRAP_SERVERS=f"127.0.0.1:{free_port()}")
    scene.prometheus.wait_for("BusbarNoWorker", "BusbarNotReady")
    scene.end(*away)


def test_chargers_that_nobody_hears(scene: Scene) -> None:
    worker, _ = scene.start("worker", "first")
    scene.start("project", "projector")
    worker.has_joined()
    depots = [a_depot(each, safe_w=200_000 if each == DEPOTS[0] else None) for each in DEPOTS]
    scene.stack.publish("configuration", "site.configuration.v1", depots)
    scene.prometheus.wait_for("BusbarDepotsDegraded", "BusbarChargersSilent")


def test_nothing_fires_where_all_is_well(scene: Scene) -> None:
    scene.telling.power_w = dict.fromkeys(DEPOTS, 20_000)
    scene.prometheus.wait_for_silence(*(rule["alert"] for rule in rules()))


def test_loads_over_their_limits(scene: Scene) -> None:
    scene.telling.power_w |= dict.fromkeys(DEPOTS[:2], 150_000)
    scene.prometheus.wait_for("BusbarMajorBreach", "BusbarCriticalBreach")
    scene.telling.power_w |= dict.fromkeys(DEPOTS[:2], 20_000)


def test_messages_and_readings_that_cannot_be_used(scene: Scene) -> None:
    scene.telling.power_w["nowhere"] = 20_000
    scene.prometheus.wait_for("BusbarReadingsUnusable")
    del scene.telling.power_w["nowhere"]
    garbage(scene.stack)
    scene.prometheus.wait_for("BusbarDeadLetters")
    scene.telling.age_s = 100
    scene.prometheus.wait_for("BusbarReadingsOld")
    scene.telling.age_s = 0


def test_a_worker_that_stands_still(scene: Scene) -> None:
    worker = scene.process("first")
    worker.send_signal(SIGSTOP)
    scene.prometheus.wait_for("BusbarProcessDown")
    time.sleep(8)
    worker.send_signal(SIGCONT)
    scene.prometheus.wait_for("BusbarMessagesLate")


def test_a_database_that_refuses_what_is_decided(scene: Scene) -> None:
    url = scene.stack.database_url
    recording.execute(url, REFUSING)
    recording.execute(url, "CREATE TRIGGER refusing BEFORE INSERT ON outbox EXECUTE FUNCTION refuse()")
    try:
        scene.prometheus.wait_for("BusbarDepotsUndecided", "BusbarCyclesTooOld", "BusbarDepotParked")
    finally:
        recording.execute(url, "DROP TRIGGER refusing ON outbox")
    scene.prometheus.wait_for_silence("BusbarDepotsUndecided", "BusbarCyclesTooOld")


def test_requests_that_fail(scene: Scene) -> None:
    _, port = scene.start("api", "api")
    with locked(scene.stack.database_url, "microgrid_status"):
        asked_in_vain(scene.prometheus, port)


def test_depots_that_no_worker_knows_and_two_that_believe_in_the_same_one(scene: Scene) -> None:
    worker, port = scene.start("worker", "second")
    worker.has_joined()
    scene.prometheus.wait_for_silence("BusbarDepotsUndecided", "BusbarDepotsMissing")
    patient_until = time.monotonic() + 400
    while "BusbarOwnershipDisputed" not in scene.prometheus.fired:
        assert time.monotonic() < patient_until
        worker.running.process.send_signal(SIGSTOP)
        scene.prometheus.wait_for("BusbarDepotsMissing")
        time.sleep(15)  # the other one takes its partitions over
        worker.running.process.send_signal(SIGCONT)
        for _ in range(30):
            scene.prometheus.firing()
            time.sleep(0.5)
    scene.end(worker, port)


def test_a_broker_that_is_away(scene: Scene) -> None:
    scene.broker.kill()
    scene.prometheus.wait_for("BusbarOutboxWaits")
    scene.broker.start()


def test_no_alert_is_left_out_that_processes_can_be_brought_to(scene: Scene) -> None:
    assert {rule["alert"] for rule in rules()} - scene.prometheus.fired <= NOT_HERE.keys()


def rules() -> list[dict[str, Any]]:
    return [rule for group in yaml.safe_load(RULES.read_text("utf-8"))["groups"] for rule in group["rules"]]


def garbage(stack: Stack) -> None:
    async def send() -> None:
        publisher = KafkaPublisher(Connection(stack.bootstrap_servers), f"{stack.prefix}.telemetry")
        await publisher.publish([Message(DEPOTS[0], (("ce_type", b"charge_point.telemetry.v1"),), b"{")])
        await publisher.close()

    asyncio.run(send())


def asked_in_vain(prometheus: Prometheus, port: int) -> None:
    """Until it is noticed that the API fails."""
    until_s = time.monotonic() + 240
    while "BusbarRequestsFail" not in prometheus.firing():
        assert time.monotonic() < until_s, prometheus.firing()
        with httpx.Client(timeout=30) as client:
            client.get(f"http://127.0.0.1:{port}/v1/microgrids")
