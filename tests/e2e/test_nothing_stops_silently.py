"""What goes wrong under running processes is seen and mended, or said: topics made anew, a database put back."""

import asyncio
import shutil
import sqlite3
import time
from pathlib import Path

import pytest
from aiokafka.admin import AIOKafkaAdminClient

from adapters.database.packing import unpack
from adapters.kafka.connection import Connection
from adapters.kafka.topics import create_missing
from tests.databases import sqlite_url
from tests.e2e.processes import PATIENCE_S
from tests.e2e.stacks import PARTITIONS, Events, Stack, a_prefix, configuration, readiness, reading, until
from tests.services.kafka import Broker
from tests.services.processes import free_port

MENDED_S = 90.0
CYCLE_COMPLETED = "busbar.cycle.completed.v1"

pytestmark = pytest.mark.slow


@pytest.fixture
def stack(kafka_broker: Broker, tmp_path: Path) -> Stack:
    stack = Stack(tmp_path, kafka_broker.bootstrap_servers, sqlite_url(tmp_path / "busbar.sqlite3"), a_prefix())
    assert stack.run("migrate").code == 0
    return stack


def copy(source: Path, target: Path) -> None:
    """As a backup does it, also under a worker."""
    with sqlite3.connect(source) as from_here, sqlite3.connect(target) as to_there:
        from_here.backup(to_there)


def cycles_of(stream: str | None, events: Events) -> list[int]:
    return [
        event["data"]["event_seq"]
        for event in events.all()
        if event["type"] == CYCLE_COMPLETED and stream in (None, event["source"])
    ]


def test_a_database_put_back_under_a_live_bus_decides_nothing_until_a_new_stream_is_begun(
    stack: Stack, tmp_path: Path
) -> None:
    """Holds BUS-12, CLI-23."""
    database, backup = tmp_path / "busbar.sqlite3", tmp_path / "backup.sqlite3"
    with stack.running("events", "events", "--follow", "--from-beginning") as listening:
        events = Events(listening)
        with stack.running("first", "worker", "--port", str(free_port())) as worker:
            worker.has_joined()
            stack.publish("configuration", "site.configuration.v1", [configuration("depot")])
            stack.publish("telemetry", "charge_point.telemetry.v1", [reading("depot")])
            events.wait_for(lambda seen: len(seen) >= 4)
            copy(database, backup)
            before = len(events.all())
            events.wait_for(lambda seen: len(seen) >= before + 2)
            assert worker.end(15) < PATIENCE_S
        for file in tmp_path.glob("busbar.sqlite3*"):
            file.unlink()
        shutil.copy(backup, database)

        port = free_port()
        with stack.running("second", "worker", "--port", str(port)) as worker:
            until(lambda: "migrate --new-stream" in readiness(port)[1], worker.log)
            assert readiness(port)[0] == 503
            known = len(events.all())
            time.sleep(5)  # more than two refresh intervals
            events.process.running.read_for(1)
            assert len(events.all()) == known
            assert worker.log.read_text().count("The bus is ahead of the database in partition") == 1

            renewed = stack.run("migrate", "--new-stream")
            assert renewed.code == 0
            events.wait_for(lambda seen: len({event["source"] for event in seen}) == 2)
            until(lambda: readiness(port)[0] == 200, worker.log)
            assert worker.end(15) < PATIENCE_S

    former, stream = dict.fromkeys(event["source"] for event in events.all())
    assert stream.removeprefix("urn:busbar:") in renewed.out.decode()
    assert cycles_of(stream, events)[0] <= cycles_of(former, events)[-1]


@pytest.mark.parametrize(("command", "topic"), [("worker", "telemetry"), ("project", "events")])
def test_a_topic_that_is_made_anew_under_a_process_is_read_on(stack: Stack, command: str, topic: str) -> None:
    """Holds BUS-10."""

    async def make_anew() -> None:
        admin = AIOKafkaAdminClient(bootstrap_servers=stack.bootstrap_servers)
        await admin.start()
        await admin.delete_topics([f"{stack.prefix}.{topic}"])
        await admin.close()
        await asyncio.sleep(2)
        await create_missing(Connection(stack.bootstrap_servers), stack.prefix, PARTITIONS, 1)

    def heard() -> bool:
        with sqlite3.connect(stack.home / "busbar.sqlite3") as database:
            if command == "project":
                rows = database.execute("SELECT max(event_seq) FROM projection_positions").fetchall()
                newest = database.execute("SELECT max(event_seq) FROM outbox").fetchall()
                return rows[0][0] is not None and rows[0][0] >= newest[0][0] - 2
            value = database.execute("SELECT value FROM outbox ORDER BY event_seq DESC LIMIT 1").fetchone()
            return value is not None and b'"requested_w":150000' in unpack(value[0])

    port = free_port()
    with stack.running("worker", "worker", "--port", str(port)) as worker:
        worker.has_joined()
        stack.publish("configuration", "site.configuration.v1", [configuration("depot")])
        with stack.running("projector", "project", "--port", str(free_port())) as projector:
            projector.has_joined()
            if command == "project":
                until(heard, projector.log)
            asyncio.run(make_anew())
            if command == "worker":
                until(lambda: readiness(port)[0] == 200, worker.log)
                stack.publish("telemetry", "charge_point.telemetry.v1", [reading("depot")])
            patient_until = time.monotonic() + MENDED_S
            while not heard():
                assert time.monotonic() < patient_until, worker.log.read_text() + projector.log.read_text()
                time.sleep(0.5)
            until(lambda: readiness(port)[0] == 200, worker.log)
