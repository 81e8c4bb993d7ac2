"""A deployment that Prometheus watches, and chargers that tell whatever a test wants told."""

import asyncio
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from adapters.kafka.connection import Connection
from adapters.kafka.publisher import KafkaPublisher
from adapters.messages import registry
from application.ports.bus import Message
from tests.e2e.stacks import Process, Stack, configuration, until
from tests.faults.ablations import NO_LIMITS
from tests.faults.stage import ROOT
from tests.services.kafka import Broker
from tests.services.processes import free_port, listens
from tests.services.prometheus import Prometheus


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
        running = self.stack.running(name, command, "--port", str(port), **variables)
        return self.watched(command, name, self.opened.enter_context(running), port)

    def start_without_limits(self, name: str) -> tuple[Process, int]:
        """A worker whose allocator ignores them."""
        command, port = (sys.executable, "-m", "tests.faults.worker", "--ablation", NO_LIMITS), free_port()
        running = replace(self.stack, command=command).running(name, "--port", str(port), PYTHONPATH=str(ROOT))
        return self.watched("worker", name, self.opened.enter_context(running), port)

    def watched(self, command: str, name: str, process: Process, port: int) -> tuple[Process, int]:
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
