"""`busbar accept gateway` on a real broker: good gateways are accepted, bad ones fail by their checks (DEPOT-3)."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from xml.etree import ElementTree

import pytest

from adapters.kafka import topics as kafka_topics
from adapters.kafka.connection import Connection
from adapters.kafka.source import consumer_of
from adapters.messages.configuration import read_configuration
from adapters.ocpp.spoken import ALONE
from application.trial.checks import CHECKS, Result, results
from application.trial.findings import Verdict
from entrypoints.accept.gateway.playing import play
from entrypoints.settings import Settings
from tests.e2e.processes import Ended, run, running
from tests.e2e.stacks import a_prefix
from tests.gateways.good import CHARGE_POINTS, Gateway, site
from tests.gateways.on_kafka import live
from tests.gateways.planted import PLANTED
from tests.services.java import java_program
from tests.services.kafka import Broker
from tests.services.processes import free_port
from tests.stations.depot import living
from tests.stations.scripted import Station

SAMPLE = Path(__file__).resolve().parents[2] / "docs/gateway/Gateway.java"
PARTITIONS = 4
SETTINGS = {"setpoint_valid_for_s": 30, "refresh_interval_s": 8, "apply_grace_s": 6}
"""Little, with room for a machine that has much to do: a trial of three minutes."""

LONGEST_S = 500

ON_TOPICS = ("OtherPartition", "NamesStrangers", "Kilowatts", "ZeroForUnknown")
"""Bad ones that are tried here too. Each of all is found out in virtual time (`test_trial_of_a_gateway`)."""


@asynccontextmanager
async def connected(kind: Callable[..., Gateway], broker: Broker, prefix: str) -> AsyncIterator[None]:
    """A gateway on topics of its own, which hears what is published from now on."""
    servers = broker.bootstrap_servers
    await kafka_topics.create_missing(Connection(servers), prefix, PARTITIONS, 1)
    gateway = kind(site(SETTINGS), datetime.now(UTC).replace(microsecond=0), heartbeat_s=2)
    listens = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        lives = group.create_task(live(gateway, servers, prefix, PARTITIONS, listens))
        await listens.wait()
        yield
        lives.cancel()


async def found(broker: Broker, prefix: str) -> dict[str, Result]:
    """What the checks come to for the gateway on topics that are there."""
    settings = Settings(kafka_bootstrap_servers=broker.bootstrap_servers, topic_partitions=PARTITIONS)
    record = await play(settings, prefix, read_configuration(site(SETTINGS)), None)
    return {each.check.name: each for each in results(record)}


async def failing(kind: Callable[..., Gateway], broker: Broker) -> set[str]:
    """The checks that a gateway fails."""
    prefix = a_prefix()
    async with connected(kind, broker, prefix):
        return {name for name, each in (await found(broker, prefix)).items() if each.verdict is Verdict.FAIL}


async def in_the_way_of_the_sample(home: Path, broker: Broker) -> dict[str, tuple[str, ...]]:
    """The checks that the sample in Java does not pass, with what speaks against it."""
    prefix, file = a_prefix(), home / "sample.json"
    file.write_text(json.dumps(site(SETTINGS)))
    await kafka_topics.create_missing(Connection(broker.bootstrap_servers), prefix, PARTITIONS, 1)
    with java_program(SAMPLE, broker.bootstrap_servers, prefix, str(file), log=home / "java.log"):
        return {name: each.failures for name, each in (await found(broker, prefix)).items() if not each.passed}


def accept(home: Path, broker: Broker, prefix: str) -> Ended:
    """The command, with reports."""
    (home / "site.json").write_text(json.dumps(site(SETTINGS)))
    variables = {
        "BUSBAR_KAFKA_BOOTSTRAP_SERVERS": broker.bootstrap_servers,
        "BUSBAR_TOPIC_PARTITIONS": str(PARTITIONS),
    }
    arguments = ("accept", "gateway", "site.json", "--topic-prefix", prefix, "--report", "signed")
    return run(home, *arguments, variables=variables, patience_s=LONGEST_S)


async def test_it_is_refused_where_a_worker_decides(home: Path, kafka_broker: Broker) -> None:
    prefix = a_prefix()
    connection = Connection(kafka_broker.bootstrap_servers)
    await kafka_topics.create_missing(connection, prefix, PARTITIONS, 1)
    worker = consumer_of(connection, f"{prefix}.worker")
    worker.subscribe([f"{prefix}.telemetry"])
    await worker.start()
    try:
        while not worker.assignment():
            await worker.getmany(timeout_ms=50)
        ended = await asyncio.to_thread(accept, home, kafka_broker, prefix)
    finally:
        await worker.stop()
    assert ended.code == 2
    assert ended.complaints == [
        f"busbar: A worker decides on the topics of {prefix!r}; try the gateway under another prefix."
    ]


@pytest.mark.slow
@pytest.mark.timeout(600)
async def test_good_gateways_are_accepted_and_bad_ones_fail_by_their_own_check(
    home: Path, kafka_broker: Broker
) -> None:
    async def accepted() -> Ended:
        prefix = a_prefix()
        async with connected(Gateway, kafka_broker, prefix):
            return await asyncio.to_thread(accept, home, kafka_broker, prefix)

    bad = asyncio.gather(*(failing(PLANTED[name][0], kafka_broker) for name in ON_TOPICS))
    ended, failed, in_the_way = await asyncio.gather(accepted(), bad, in_the_way_of_the_sample(home, kafka_broker))
    assert in_the_way == {}
    assert dict(zip(ON_TOPICS, failed, strict=True)) == {name: set(PLANTED[name][1]) for name in ON_TOPICS}
    assert ended.code == 0, "\n".join(ended.lines)
    assert ended.lines[-1].startswith("The gateway of garage is accepted: pass.")
    report = json.loads((home / "signed/report.json").read_text())
    assert [each["name"] for each in report["checks"]] == [each.name for each in CHECKS]
    suite = ElementTree.fromstring((home / "signed/junit.xml").read_bytes())
    assert [suite.get(key) for key in ("tests", "failures")] == [str(len(CHECKS)), "0"]
    assert ALONE in ended.lines
    assert "Acceptance of the gateway of garage" in (home / "signed/report.html").read_text()


@pytest.mark.slow
@pytest.mark.timeout(600)
async def test_the_gateway_for_ocpp_is_accepted(home: Path, kafka_broker: Broker) -> None:
    prefix, port, file = a_prefix(), free_port(), home / "site.json"
    file.write_text(json.dumps(site(SETTINGS)))
    await kafka_topics.create_missing(Connection(kafka_broker.bootstrap_servers), prefix, PARTITIONS, 1)
    stations = [Station(name, f"ws://127.0.0.1:{port}") for name in CHARGE_POINTS]
    variables = {"BUSBAR_KAFKA_BOOTSTRAP_SERVERS": kafka_broker.bootstrap_servers, "BUSBAR_TOPIC_PREFIX": prefix}
    listening = ("--listen", f"127.0.0.1:{port}", "--port", "0", "--data", str(home / "links"))
    async with living(stations):
        with running(home, "gateway", "ocpp", "--site", str(file), *listening, variables=variables):
            await asyncio.gather(*(station.plug_in() for station in stations[1:]))
            came_to = await found(kafka_broker, prefix)
    assert {name: each.failures for name, each in came_to.items() if not each.passed} == {}
    assert came_to["applied_cycle"].verdict is came_to["read_back"].verdict is Verdict.PASS
