"""A deployment for tests: a database and topics of its own, `busbar migrate` run on both, and who talks to it."""

import asyncio
import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

from adapters.kafka.connection import Connection
from adapters.kafka.publisher import KafkaPublisher
from adapters.messages import registry
from tests.e2e.processes import COMMAND, PATIENCE_S, Ended, Running, run, running

PARTITIONS = 4


@dataclass(frozen=True, slots=True)
class Stack:
    """What every process of a deployment is told, a home for each, and what starts those that go on for a while."""

    home: Path
    bootstrap_servers: str
    database_url: str
    prefix: str
    command: Sequence[str] = tuple(COMMAND)

    @property
    def variables(self) -> dict[str, str]:
        return {
            "BUSBAR_DATABASE_URL": self.database_url,
            "BUSBAR_KAFKA_BOOTSTRAP_SERVERS": self.bootstrap_servers,
            "BUSBAR_TOPIC_PREFIX": self.prefix,
            "BUSBAR_TOPIC_PARTITIONS": str(PARTITIONS),
        }

    def run(self, *arguments: str, **variables: str) -> Ended:
        return run(self.home, *arguments, variables=self.variables | variables)

    @contextmanager
    def running(self, name: str, *arguments: str, **variables: str) -> Iterator["Process"]:
        """`busbar` with these arguments in a home that is named."""
        home = self.home / name
        home.mkdir()
        with running(home, *arguments, variables=self.variables | variables, command=self.command) as process:
            yield Process(process, home / "stderr")

    def publish(self, topic: str, message_type: str, payloads: Sequence[Mapping[str, Any]]) -> None:
        """Put messages on one of the topics."""

        async def send() -> None:
            publisher = KafkaPublisher(Connection(self.bootstrap_servers), f"{self.prefix}.{topic}")
            await publisher.publish([registry.encode(message_type, payload) for payload in payloads])
            await publisher.close()

        asyncio.run(send())


@dataclass(frozen=True, slots=True)
class Process:
    """A process of the deployment, and what it logs."""

    running: Running
    log: Path

    def has_joined(self) -> None:
        """Wait until it is a member of its group."""
        until(lambda: "Joined the group" in self.log.read_text(), self.log)

    def end(self, number: int) -> float:
        return self.running.end(number)

    def ends(self) -> None:
        """Wait until it ends by itself."""
        self.running.wait()

    @property
    def code(self) -> int | None:
        return self.running.process.poll()


@dataclass(slots=True)
class Events:
    """What `busbar events --follow --from-beginning` has printed so far."""

    process: Process

    def all(self) -> list[dict[str, Any]]:
        """The events, without those that came again."""
        out = self.process.running.out
        whole = out[: out.rfind(b"\n") + 1].splitlines()
        return list({event["id"]: event for event in map(json.loads, whole)}.values())

    def wait_for(self, wanted: Callable[[list[dict[str, Any]]], bool], patience_s: float = PATIENCE_S) -> None:
        """Read on until all events so far are as wanted."""
        patient_until = time.monotonic() + patience_s
        while not wanted(self.all()):
            assert time.monotonic() < patient_until, self.all()[-3:]
            self.process.running.read_for(0.2)


def until(holds: Callable[[], bool], log: Path) -> None:
    """Wait for what a process brings about; AssertionError with its log where it does not."""
    patient_until = time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < patient_until, log.read_text()[-3000:]
        time.sleep(0.05)


def readiness(port: int) -> tuple[int, str]:
    """What the process at this port says of itself: status and text; 0 where nothing listens there."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/health/ready", timeout=5) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as refusal:
        return refusal.code, refusal.read().decode()
    except OSError:
        return 0, ""


def configuration(microgrid_id: str, version: int = 1, **changes: Any) -> dict[str, Any]:
    """A depot of one charger whose cycles are published every other second."""
    return {
        "microgrid_id": microgrid_id,
        "name": microgrid_id,
        "version": version,
        "settings": {"refresh_interval_s": 2, "telemetry_cycle_interval_s": 1},
        "circuits": [{"circuit_id": "gc", "parent_id": None, "name": "Grid", "default_capacity_w": 100_000}],
        "charge_points": [
            {
                "charge_point_id": "cp-1",
                "circuit_id": "gc",
                "max_power_w": 180_000,
                "connectors": [{"connector_id": 1, "max_power_w": 150_000}],
            }
        ],
        **changes,
    }


def reading(microgrid_id: str, sequence: int = 1) -> dict[str, Any]:
    """The charger of that depot wants all it can have, now."""
    connector = {"connector_id": 1, "status": "Charging", "power_w": 20_000}
    at = datetime.now(UTC).isoformat().replace("+00:00", "Z")
    head = {"microgrid_id": microgrid_id, "charge_point_id": "cp-1", "sequence": sequence, "measured_at": at}
    return {**head, "connectors": [connector]}


def a_prefix() -> str:
    """Topics that no other test has."""
    return f"test-{uuid4().hex[:12]}"
