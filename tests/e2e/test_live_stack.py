"""The service as its users run it: processes of `busbar` on a real broker and a real PostgreSQL."""

import asyncio
import json
import signal
import subprocess
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from adapters.database.engine import create_engine
from adapters.database.schema import is_newest
from adapters.database.tables import breaches, cycles, microgrid_status, node_history, projection_positions
from adapters.kafka.connection import Connection
from adapters.kafka.reader import reading as reading_topic
from adapters.kafka.rights import Use
from adapters.kafka.topics import create_missing, require
from tests.e2e.processes import COMMAND, PATIENCE_S, environment
from tests.e2e.stacks import PARTITIONS, Events, Stack, a_prefix, configuration, reading, until
from tests.services import kafka, postgresql
from tests.services.kafka import Broker
from tests.services.postgresql import PostgresqlServer
from tests.services.processes import free_port

PLAYED = ("--scenario", "joondalup-small")
CYCLE_COMPLETED = "busbar.cycle.completed.v1"
ENDED_S = 30.0
TAKEN_OVER_S = 20.0
"""As BUS-9 has it."""

AWAY_S = 3.0
RECOVERED_S = 30.0


@pytest.fixture(scope="module")
def stack(
    kafka_broker: Broker, postgresql: PostgresqlServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Stack]:
    """A migrated deployment for the tests of this file. Each has microgrids of its own."""
    with postgresql.new_database() as url:
        stack = Stack(tmp_path_factory.mktemp("stack"), kafka_broker.bootstrap_servers, url, a_prefix())
        migrated = stack.run("migrate")
        assert (migrated.code, migrated.out, migrated.err) == (0, b"", b"")
        yield stack


@pytest.fixture
def site(tmp_path: Path) -> Path:
    return tmp_path / "site.json"


def write(site: Path, content: object) -> str:
    site.write_text(json.dumps(content))
    return str(site)


def epochs(stack: Stack) -> dict[int, int]:
    """The epoch of every partition that was ever claimed."""

    async def ask() -> dict[int, int]:
        engine = create_engine(stack.database_url)
        async with engine.connect() as connection:
            rows = (await connection.execute(text("SELECT partition, epoch FROM partition_epochs"))).all()
        await engine.dispose()
        return {row.partition: row.epoch for row in rows}

    return asyncio.run(ask())


def sequences(events: list[dict[str, Any]]) -> dict[str, list[int]]:
    """`event_seq` by microgrid, as they came."""
    found: dict[str, list[int]] = {}
    for event in events:
        found.setdefault(event["subject"], []).append(event["data"]["event_seq"])
    return found


def longer_than(count: int, events: list[dict[str, Any]]) -> bool:
    return len(events) > count


def test_migrate_makes_schema_and_topics_as_often_as_one_likes(stack: Stack) -> None:
    """Holds CLI-23."""
    assert stack.run("migrate").code == 0
    assert asyncio.run(is_newest(stack.database_url))
    connection = Connection(stack.bootstrap_servers)
    assert asyncio.run(create_missing(connection, stack.prefix, PARTITIONS, 1)) == []
    keyed = [f"{stack.prefix}.{name}" for name in ("configuration", "telemetry", "events")]
    assert asyncio.run(require(connection, Use(keyed))) == PARTITIONS
    assert asyncio.run(require(connection, Use([f"{stack.prefix}.dead-letter"]))) == 1


@pytest.mark.parametrize("command", ["worker", "project"])
def test_a_process_refuses_an_older_schema_in_a_sentence(stack: Stack, home: Path, command: str) -> None:
    """Holds CLI-22."""
    nothing = f"sqlite+aiosqlite:///{home / 'nothing.sqlite3'}"
    ended = stack.run(command, BUSBAR_DATABASE_URL=nothing)
    assert (ended.code, ended.out) == (2, b"")
    (complaint,) = ended.complaints
    assert "busbar migrate" in complaint


def test_a_worker_refuses_missing_topics_in_a_sentence(stack: Stack) -> None:
    ended = stack.run("worker", BUSBAR_TOPIC_PREFIX=a_prefix())
    assert (ended.code, ended.out) == (2, b"")
    (complaint,) = ended.complaints
    assert "BUSBAR_TOPIC_PREFIX" in complaint
    assert "busbar migrate" in complaint


def test_a_worker_started_without_brokers_waits_and_can_be_ended(stack: Stack) -> None:
    """Holds CLI-22."""
    away = f"127.0.0.1:{free_port()}"
    with stack.running("waiting", "worker", BUSBAR_KAFKA_BOOTSTRAP_SERVERS=away) as worker:
        until(lambda: "cannot be reached" in worker.log.read_text(), worker.log)
        assert worker.code is None
        assert worker.end(signal.SIGTERM) < ENDED_S
        assert worker.code == 0


@pytest.mark.parametrize("command", ["worker", "project", "migrate"])
@pytest.mark.parametrize(
    ("variable", "value"),
    [("BUSBAR_KAFKA_SASL_PASSWORD", "battery-staple"), ("BUSBAR_KAFKA_SASL_MECHANISM", "SCRAM-SHA-256")],
)
def test_credentials_that_the_brokers_refuse_are_refused_in_a_sentence(
    stack: Stack, kafka_broker: Broker, command: str, variable: str, value: str
) -> None:
    credentials = {
        "BUSBAR_KAFKA_BOOTSTRAP_SERVERS": kafka_broker.sasl_bootstrap_servers,
        "BUSBAR_KAFKA_SECURITY_PROTOCOL": "SASL_PLAINTEXT",
        "BUSBAR_KAFKA_SASL_USERNAME": kafka.USERNAME,
        "BUSBAR_KAFKA_SASL_PASSWORD": kafka.PASSWORD,
    }
    assert stack.run("migrate", **credentials).code == 0
    ended = stack.run(command, **credentials | {variable: value})
    assert (ended.code, ended.out) == (2, b"")
    complaint = ended.complaints[-1]
    assert variable in complaint
    assert not {value, kafka.PASSWORD} & set(ended.err.decode().split())
    assert "Traceback" not in ended.err.decode()


def test_what_cannot_be_offered_is_refused_in_a_sentence(stack: Stack, site: Path) -> None:
    for content in ("no JSON", '{"version": 1}'):
        site.write_text(content)
        ended = stack.run("configure", str(site), "--wait", "1s")
        assert (ended.code, ended.out) == (2, b"")
        (complaint,) = ended.complaints
        assert str(site) in complaint


def test_a_configuration_with_warnings_is_not_published_where_told_to_be_strict(stack: Stack, site: Path) -> None:
    """Holds CLI-25."""
    slip = write(site, configuration("strict", max_import_w=10))
    ended = stack.run("configure", slip, "--strict")
    assert ended.code == 1
    assert "likely_kilowatts" in ended.err.decode()
    assert stack.run("configure", slip, "--wait", "1s").code == 3


def test_a_configuration_that_nobody_answers_ends_in_time(stack: Stack, site: Path) -> None:
    """Holds CLI-24."""
    unanswered = stack.run("configure", write(site, configuration("unanswered")), "--wait", "1s")
    assert unanswered.code == 3, unanswered.err


def test_from_a_configuration_to_the_status_of_a_depot(stack: Stack, site: Path) -> None:
    """Holds CLI-24, CLI-26."""
    with (
        stack.running("worker", "worker") as worker,
        stack.running("projector", "project") as projector,
        stack.running("events", "events", "--follow", "--from-beginning", "--microgrid", "depot") as printing,
        stack.running("simulation", "simulate", *PLAYED, "--for", "12s", "--json") as simulation,
    ):
        worker.has_joined()
        for version, content, code in (
            (2, configuration("depot", 2), 0),
            (2, configuration("depot", 2), 0),
            (1, configuration("depot", 1), 3),
            (3, configuration("depot", 3, circuits=[]), 1),
            (4, configuration("depot", 4, charge_points="none"), 1),
        ):
            ended = stack.run("configure", write(site, content), "--wait", "15s")
            assert ended.code == code, (version, ended.out, ended.err)
            assert ("no_grid_connection" in str(ended.err)) == (version == 3)
            assert ("malformed" in str(ended.err)) == (version == 4)

        stack.publish("telemetry", "charge_point.telemetry.v1", [reading("depot")])
        events = Events(printing)

        def decided(so_far: list[dict[str, Any]]) -> bool:
            cycles = [event["data"] for event in so_far if event["type"] == CYCLE_COMPLETED]
            return any(cycle["totals"]["measured_w"] == 20_000 for cycle in cycles)

        events.wait_for(decided)
        assert [event["type"] for event in events.all()][:2] == [
            "busbar.microgrid.provisioned.v1",
            "busbar.configuration.applied.v1",
        ]
        for event in events.all():
            assert event["specversion"] == "1.0"
            assert event["id"].endswith(f"/depot/{event['data']['event_seq']}")
            assert event["source"].startswith("urn:busbar:")
            assert event["datacontenttype"] == "application/json"
        seqs = sequences(events.all())["depot"]
        assert seqs == list(range(1, len(seqs) + 1))

        def projected() -> bool:
            ended = stack.run("status", "depot", "--json")
            return ended.code == 0 and json.loads(ended.out)["latest_cycle"]["totals"]["measured_w"] == 20_000

        until(projected, projector.log)

        simulation.ends()
        summary = json.loads(simulation.running.out)
        assert (simulation.code, summary["limit_violations"], summary["simulated_s"]) == (0, 0, 12)
        assert summary["cycles_published"] == summary["events"][CYCLE_COMPLETED] > 0
        assert summary["energy_delivered_wh"] > 0

        for process in (worker, projector, printing):
            assert process.end(signal.SIGTERM) < ENDED_S
            assert process.code == 0, process.log.read_text()
        assert "Traceback" not in worker.log.read_text() + projector.log.read_text()

    pending = stack.run("events", "--from-beginning", "--microgrid", "depot")
    assert pending.code == 0
    printed = [json.loads(line)["data"]["event_seq"] for line in pending.lines]
    assert sorted(set(printed)) == list(range(1, max(printed) + 1))
    assert max(printed) >= max(seqs)
    assert asyncio.run(unpublished(stack)) == 0

    assert stack.run("rebuild", "depot").code == 0
    shown = status(stack, "depot")
    assert shown["latest_cycle"]["event_seq"] <= max(printed)
    asyncio.run(forget(stack, "depot"))
    assert stack.run("status", "depot").code != 0
    rebuilt = stack.run("rebuild")
    assert (rebuilt.code, rebuilt.out, rebuilt.err) == (0, b"", b"")
    assert status(stack, "depot") == shown


def status(stack: Stack, microgrid_id: str) -> dict[str, Any]:
    """What the read models show of a microgrid, but for how old it is."""
    shown: dict[str, Any] = json.loads(stack.run("status", microgrid_id, "--json").out)
    del shown["as_of"], shown["state"]
    return shown


async def forget(stack: Stack, microgrid_id: str) -> None:
    """Empty the read models of a microgrid."""
    engine = create_engine(stack.database_url)
    async with engine.begin() as connection:
        for table in (microgrid_status, cycles, breaches, node_history, projection_positions):
            await connection.execute(table.delete().where(table.c.microgrid_id == microgrid_id))
    await engine.dispose()


async def unpublished(stack: Stack) -> int:
    """How many committed events no relay has published."""
    engine = create_engine(stack.database_url)
    async with engine.connect() as connection:
        count = (await connection.execute(text("SELECT count(*) FROM outbox WHERE published_at IS NULL"))).scalar_one()
    await engine.dispose()
    return int(count)


async def latest_reading(stack: Stack) -> datetime:
    """The newest `measured_at` of all telemetry."""
    topic = f"{stack.prefix}.telemetry"
    measured: list[str] = []
    async with reading_topic(Connection(stack.bootstrap_servers), topic, range(PARTITIONS), None) as reader:
        while not await reader.caught_up():
            measured += [json.loads(message.value or b"")["measured_at"] for _, message in await reader.receive()]
    return max(map(datetime.fromisoformat, measured))


@pytest.mark.slow
def test_a_depot_in_fast_motion_is_balanced_on_the_wall_and_again_by_the_next_run(stack: Stack) -> None:
    """Holds CLI-15."""
    fast = ("simulate", "--scenario", "elizabeth-quay", "--speed", "10", "--json")
    with stack.running("balancing", "worker") as worker:
        worker.has_joined()
        for first, seconds in ((True, 80), (False, 40)):
            ended = stack.run(*fast, "--for", f"{seconds}s")
            summary = json.loads(ended.out)
            assert (ended.code, summary["limit_violations"], summary["simulated_s"]) == (0, 0, seconds), ended.err
            assert ("busbar.microgrid.provisioned.v1" in summary["events"]) == first
            assert summary["cycles_published"] > 0
            assert summary["energy_delivered_wh"] > 0
            assert asyncio.run(latest_reading(stack)) <= datetime.now(UTC)


def test_events_end_quietly_where_nobody_reads_on(stack: Stack) -> None:
    with subprocess.Popen(
        [*COMMAND, "events", "--from-beginning"],
        cwd=stack.home,
        env=environment(stack.home, stack.variables),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as printing:
        assert printing.stdout is not None
        printing.stdout.close()
        printing.stdout = None
        _, complaints = printing.communicate(timeout=PATIENCE_S)
    assert (printing.returncode, complaints) == (1, b"")


def test_of_two_workers_one_is_killed_and_the_other_decides_its_microgrids(stack: Stack) -> None:
    """Holds BUS-9."""
    depots = [f"twin-{number}" for number in range(8)]
    with (
        stack.running("one", "worker") as one,
        stack.running("another", "worker") as another,
        stack.running("watching", "events", "--follow", "--from-beginning") as watching,
    ):
        one.has_joined()
        another.has_joined()
        stack.publish("configuration", "site.configuration.v1", [configuration(depot) for depot in depots])
        events = Events(watching)
        events.wait_for(lambda so_far: set(depots) <= {e["subject"] for e in so_far if e["type"] == CYCLE_COMPLETED})
        before = epochs(stack)

        one.end(signal.SIGKILL)
        killed = time.monotonic()
        events.wait_for(lambda _: time.monotonic() > killed + 1)
        known = sequences(events.all())
        events.wait_for(lambda _: time.monotonic() > killed + 4)
        going_on = {depot for depot in depots if sequences(events.all())[depot] != known[depot]}
        assert set() < going_on < set(depots)

        events.wait_for(
            lambda so_far: all(sequences(so_far)[depot] != known[depot] for depot in depots),
            killed + TAKEN_OVER_S - time.monotonic(),
        )
        after = epochs(stack)
        assert after.keys() == before.keys() == set(range(PARTITIONS))
        assert all(after[number] > before[number] for number in after)
        for depot in depots:
            seqs = sequences(events.all())[depot]
            assert seqs == list(range(1, len(seqs) + 1))

        assert another.end(signal.SIGTERM) < ENDED_S
        assert another.code == 0, another.log.read_text()


@pytest.mark.slow
def test_a_worker_outlives_its_broker_and_its_database(tmp_path: Path) -> None:
    """Holds CLI-22."""
    with kafka.broker() as broker, postgresql.a_process() as database:
        url = database.url.set(drivername="postgresql+asyncpg").render_as_string(hide_password=False)
        stack = Stack(tmp_path, broker.bootstrap_servers, url, a_prefix())
        assert stack.run("migrate").code == 0
        with (
            stack.running("worker", "worker") as worker,
            stack.running("watching", "events", "--follow", "--from-beginning") as watching,
        ):
            worker.has_joined()
            stack.publish("configuration", "site.configuration.v1", [configuration("depot")])
            events = Events(watching)
            events.wait_for(bool)
            for go_away, come_back in ((database.crash, database.start), (broker.kill, broker.start)):
                go_away()
                time.sleep(AWAY_S)
                assert worker.code is None, worker.log.read_text()
                come_back()
                known = len(events.all()) + 1
                events.wait_for(partial(longer_than, known), RECOVERED_S)
            seqs = sequences(events.all())["depot"]
            assert seqs == list(range(1, len(seqs) + 1))
            broker.kill()
            time.sleep(2)
            assert worker.end(signal.SIGTERM) < ENDED_S
            assert worker.code == 0, worker.log.read_text()
