"""Alerts fire in what they are for: a real Prometheus scrapes real processes, to which it is done.

Waits of minutes and windows of hours are made seconds; thresholds are those of `deploy/alerts.yaml`. What the code as
it is does not do is planted: an allocator that ignores limits. The day that an entry of the log waits is set in it.
"""

import asyncio
import time
from collections.abc import Iterator
from contextlib import ExitStack
from signal import SIGCONT, SIGSTOP
from typing import Any

import httpx
import pytest
import yaml
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from adapters.kafka.connection import Connection
from adapters.kafka.publisher import KafkaPublisher
from application.ports.bus import Message
from tests.e2e.stacks import Stack, a_prefix, until
from tests.e2e.test_seeing_the_service import locked
from tests.e2e.watched import Scene, Telling, a_depot
from tests.faults import recording
from tests.services import kafka
from tests.services.postgresql import PostgresqlServer
from tests.services.processes import free_port
from tests.services.prometheus import RULES, Prometheus, a_prometheus

DEPOTS = tuple(f"depot-{number}" for number in range(8))

REFUSING = """CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'nothing is taken' USING ERRCODE = 'check_violation'; END $$"""
"""Refuses what is written, as a constraint does: each depot fails by itself, and its worker stays a member."""

DAWDLING = """CREATE OR REPLACE FUNCTION dawdle() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN PERFORM pg_sleep({seconds}); RETURN NULL; END $$"""

WRITTEN = {"microgrid_state": "UPDATE", "outbox": "INSERT"}
"""By a cycle, each by one statement."""

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


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
    nobody = {"BUSBAR_WEBHOOK_URL": f"http://127.0.0.1:{free_port()}", "BUSBAR_WEBHOOK_SECRET": "of a test"}
    scene.start("project", "projector", BUSBAR_WEBHOOK_ALLOW_PRIVATE="true", **nobody)
    worker.has_joined()
    depots = [a_depot(each, safe_w=200_000 if each == DEPOTS[0] else None) for each in DEPOTS]
    scene.stack.publish("configuration", "site.configuration.v1", depots)
    scene.prometheus.wait_for("BusbarDepotsDegraded", "BusbarChargersSilent")


def test_nothing_fires_where_all_is_well(scene: Scene) -> None:
    scene.telling.power_w = dict.fromkeys(DEPOTS, 20_000)
    scene.prometheus.wait_for_silence(*(rule["alert"] for rule in rules()))


def test_an_allocator_that_ignores_limits(scene: Scene) -> None:
    """While chargers take part: of those that do not as they are told, as after what follows, it plans nothing."""
    worker, port = scene.start_without_limits("without-limits")
    worker.has_joined()
    scene.prometheus.wait_for("BusbarPlanRefused")
    scene.end(worker, port)


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


def test_a_dead_letter_that_is_not_taken(scene: Scene) -> None:
    asyncio.run(take_nothing_longer(scene.stack, "dead-letter", 100))
    garbage(scene.stack)
    scene.prometheus.wait_for("BusbarDeadLettersRefused")


def test_an_entry_of_the_log_that_a_receiver_has_not_taken_for_a_day(scene: Scene) -> None:
    url = scene.stack.database_url
    scene.stack.publish("configuration", "site.configuration.v1", [a_depot(DEPOTS[1]) | {"version": 2}])
    until(lambda: recording.ask(url, "SELECT count(*) FROM notices")[0][0] > 0, scene.processes["projector"].log)
    recording.execute(url, "UPDATE notices SET waiting_since = waiting_since - interval '25 hours'")
    scene.prometheus.wait_for("BusbarNoticesGivenUp")


def test_a_database_that_takes_its_time(scene: Scene) -> None:
    url = scene.stack.database_url
    recording.execute(url, DAWDLING.format(seconds=0))
    for table, written in WRITTEN.items():
        recording.execute(url, f"CREATE TRIGGER dawdling BEFORE {written} ON {table} EXECUTE FUNCTION dawdle()")
    recording.execute(url, DAWDLING.format(seconds=7))
    try:
        scene.prometheus.wait_for("BusbarWorkerAtItsLimit")
    finally:
        recording.execute(url, DAWDLING.format(seconds=0))
    scene.prometheus.wait_for_silence("BusbarWorkerAtItsLimit")


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
        scene.prometheus.wait_for("BusbarConsumerFallsBehind")


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


def test_no_alert_is_left_out(scene: Scene) -> None:
    assert {rule["alert"] for rule in rules()} == scene.prometheus.fired


def rules() -> list[dict[str, Any]]:
    return [rule for group in yaml.safe_load(RULES.read_text("utf-8"))["groups"] for rule in group["rules"]]


def garbage(stack: Stack) -> None:
    async def send() -> None:
        publisher = KafkaPublisher(Connection(stack.bootstrap_servers), f"{stack.prefix}.telemetry")
        await publisher.publish([Message(DEPOTS[0], (("ce_type", b"charge_point.telemetry.v1"),), b"{")])
        await publisher.close()

    asyncio.run(send())


async def take_nothing_longer(stack: Stack, topic: str, most_bytes: int) -> None:
    """From now on the brokers refuse what is longer."""
    admin = AIOKafkaAdminClient(bootstrap_servers=stack.bootstrap_servers)
    await admin.start()
    try:
        limit = {"max.message.bytes": str(most_bytes)}
        await admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, f"{stack.prefix}.{topic}", limit)])
    finally:
        await admin.close()


def asked_in_vain(prometheus: Prometheus, port: int) -> None:
    """Until it is noticed that the API fails."""
    until_s = time.monotonic() + 240
    while "BusbarRequestsFail" not in prometheus.firing():
        assert time.monotonic() < until_s, prometheus.firing()
        with httpx.Client(timeout=30) as client:
            client.get(f"http://127.0.0.1:{port}/v1/microgrids")
