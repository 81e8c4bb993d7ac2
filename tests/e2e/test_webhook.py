"""Entries of the log reach a receiver that is away, fails and is slow, and outlive a projector that is killed."""

import asyncio
import json
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import httpx
import pytest

from adapters.kafka.connection import Connection
from adapters.kafka.publisher import KafkaPublisher
from adapters.messages import registry
from docs.webhook_receiver import Receiver, Taken, serve
from domain.events import ConfigurationApplied, DomainEvent, MicrogridProvisioned
from domain.site.site import Site
from tests.builders import a_configuration
from tests.e2e.processes import running
from tests.e2e.stacks import Stack, a_prefix
from tests.e2e.test_run import SITE
from tests.services.kafka import Broker
from tests.services.postgresql import PostgresqlServer
from tests.services.processes import free_port

SECRET = "whsec-of-a-test"
DEPOTS = ("depot-1", "depot-2")
PATIENCE_S = 180.0


class Remembering(Receiver):
    """The sample, which remembers what it took, and fails or dawdles where it is told to."""

    entries: ClassVar[list[tuple[str, int]]] = []
    fails = False
    dawdles_s = 0.0
    taken = Taken()

    def handle_entry(self, event: dict[str, Any]) -> None:
        version = int(event["data"]["sentence"].split()[1])
        Remembering.entries.append((event["subject"], version))

    def answer(self, status: int) -> None:
        time.sleep(Remembering.dawdles_s)
        super().answer(500 if Remembering.fails else status)


@contextmanager
def receiving(port: int, receiver: type[Receiver] = Remembering) -> Iterator[ThreadingHTTPServer]:
    server = serve(port, SECRET.encode(), receiver)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture
def stack(kafka_broker: Broker, postgresql: PostgresqlServer, tmp_path: Path) -> Iterator[Stack]:
    with postgresql.new_database() as url:
        stack = Stack(tmp_path, kafka_broker.bootstrap_servers, url, a_prefix())
        assert stack.run("migrate").code == 0
        yield stack


def publish(stack: Stack, events: Sequence[DomainEvent]) -> None:
    """As a worker would."""

    async def send() -> None:
        publisher = KafkaPublisher(Connection(stack.bootstrap_servers), f"{stack.prefix}.events")
        await publisher.publish([registry.write(event, stream="a-stream") for event in events])
        await publisher.close()

    asyncio.run(send())


def versions(first: int, last: int) -> list[DomainEvent]:
    """Configurations of these versions in every depot, each an entry of its log."""
    events: list[DomainEvent] = []
    for microgrid_id in DEPOTS:
        for version in range(first, last + 1):
            configuration = replace(a_configuration(version=version), microgrid_id=microgrid_id)
            at = datetime.now(UTC)
            if version == 1:
                events.append(MicrogridProvisioned.of(configuration, 1, at))
            events.append(ConfigurationApplied.of(Site.of(configuration), version + 1, at, None))
    return events


def wait_for(last: int) -> None:
    """Until every depot's entries up to this version are taken."""
    wait_until(lambda: all((depot, last) in Remembering.entries for depot in DEPOTS))


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_every_entry_is_taken_once_and_in_order_whatever_happens_on_the_way(stack: Stack) -> None:
    """Holds HOOK-1 to HOOK-4. Slow: an answer that takes too long takes ten seconds, a killed member as long."""
    port = free_port()
    hook = {
        "BUSBAR_WEBHOOK_URL": f"http://127.0.0.1:{port}/busbar",
        "BUSBAR_WEBHOOK_SECRET": SECRET,
        "BUSBAR_WEBHOOK_ALLOW_PRIVATE": "true",
    }
    with stack.running("first", "project", "--port", str(free_port()), **hook) as projector:
        projector.has_joined()
        with receiving(port):
            publish(stack, versions(1, 3))
            wait_for(3)
        publish(stack, versions(4, 6))  # nobody listens
        time.sleep(3)
        assert "does not take a notice" in projector.log.read_text()
        with receiving(port):
            wait_for(6)
            Remembering.fails = True
            publish(stack, versions(7, 8))
            time.sleep(3)
            Remembering.fails = False
            wait_for(8)
            Remembering.dawdles_s = 11
            publish(stack, versions(9, 10))
            time.sleep(12)
            projector.running.process.kill()
        Remembering.dawdles_s = 0
    publish(stack, versions(11, 12))
    with (
        stack.running("second", "project", "--port", str(free_port()), **hook) as projector,
        receiving(port),
    ):
        wait_for(12)
        log = projector.log.read_text()
    assert SECRET not in log
    for depot in DEPOTS:
        assert [version for of, version in Remembering.entries if of == depot] == list(range(1, 13))


class Applied(Receiver):
    """The sample, which remembers the sentences of configurations that came into force."""

    sentences: ClassVar[list[str]] = []
    taken = Taken()

    def handle_entry(self, event: dict[str, Any]) -> None:
        if event["data"]["code"] == "configuration_applied":
            Applied.sentences.append(event["data"]["sentence"])


def test_a_depot_on_one_machine_tells_after_a_kill_what_nobody_had_taken(home: Path) -> None:
    """Holds HOOK-1."""
    site, hook_port, port = home / "site.json", free_port(), free_port()
    site.write_text(json.dumps(SITE))
    variables = {
        "BUSBAR_WEBHOOK_URL": f"http://127.0.0.1:{hook_port}",
        "BUSBAR_WEBHOOK_SECRET": SECRET,
        "BUSBAR_WEBHOOK_ALLOW_PRIVATE": "true",
    }
    command = ("run", "--site", str(site), "--port", str(port), "--data", str(home / "data"))
    with running(home, *command, variables=variables) as killed:
        entries_of(port, 1)
        killed.process.kill()
        killed.wait()
    with running(home, *command, variables=variables), receiving(hook_port, Applied):
        wait_until(lambda: len(Applied.sentences) == 1)
        site.write_text(json.dumps(SITE | {"version": 2}))
        wait_until(lambda: len(Applied.sentences) == 2)
        entries_of(port, 2)
    assert [sentence.split()[1] for sentence in Applied.sentences] == ["1", "2"]


def entries_of(port: int, count: int) -> None:
    """Wait until the log tells of so many configurations."""
    address = f"http://127.0.0.1:{port}/v1/microgrids/garage/log?code=configuration_applied"

    def told() -> bool:
        try:
            answer = httpx.get(address, timeout=10)
        except httpx.TransportError:
            return False
        return answer.status_code == 200 and len(answer.json()["items"]) == count

    wait_until(told)


def wait_until(holds: Callable[[], bool]) -> None:
    until = time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < until
        time.sleep(0.05)
