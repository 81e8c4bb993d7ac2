"""Some depots on a deployment, fed with readings: as fast as can be, or at a rate."""

import asyncio
import json
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pydantic_core import from_json
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.database.engine import create_engine
from adapters.kafka.connection import Connection
from adapters.kafka.publisher import KafkaPublisher
from adapters.kafka.reader import reading
from adapters.messages import envelope, registry
from adapters.messages.configuration import SITE_CONFIGURATION
from adapters.messages.telemetry import CHARGE_POINT_TELEMETRY
from application import event_types
from application.ports.bus import Message
from benchmarks.deployment import PARTITIONS, Lags, configured, counted, ended
from benchmarks.light_depots import LightDepot, site
from benchmarks.machine import cpu_seconds
from tests.e2e.stacks import Stack

CONNECTORS = 50
PUBLISHED_AT_ONCE = 5_000

INTERVAL_S = 1
"""Between cycles, where latency is measured."""

RATE = 500
STEP_S = 0.01


class Bench:
    """Some depots on a deployment of their own, and what is done there."""

    def __init__(self, stack: Stack, engine: AsyncEngine, lags: Lags, depots: int, settings: dict[str, int]) -> None:
        self.stack = stack
        self.engine = engine
        self.lags = lags
        self.connection = Connection(stack.bootstrap_servers)
        self._configurations = [site(f"depot-{number}", CONNECTORS, settings) for number in range(depots)]
        self.depots = {each["microgrid_id"]: LightDepot(each, seed) for seed, each in enumerate(self._configurations)}
        self.telemetry = KafkaPublisher(self.connection, f"{stack.prefix}.telemetry")

    async def configure(self) -> None:
        """Until every depot has had its first cycle."""
        publisher = KafkaPublisher(self.connection, f"{self.stack.prefix}.configuration")
        await publisher.publish([registry.encode(SITE_CONFIGURATION, each) for each in self._configurations])
        await publisher.close()
        await configured(self.engine, len(self.depots))

    def readings(self, count: int) -> list[Message]:
        """So many messages, of all chargers in turns."""
        messages: list[Message] = []
        while len(messages) < count:
            for depot in self.depots.values():
                messages += [registry.encode(CHARGE_POINT_TELEMETRY, each) for each in depot.play(datetime.now(UTC))]
        return messages[:count]

    async def put(self, count: int) -> None:
        """So many readings onto the topic."""
        messages = self.readings(count)
        for first in range(0, count, PUBLISHED_AT_ONCE):
            await self.telemetry.publish(messages[first : first + PUBLISHED_AT_ONCE])

    async def cpu_s(self, command: str, group: str, topic: str) -> float:
        """CPU seconds that a process takes to work off what lies on a topic before it begins.

        That is beyond what the same takes that finds nothing there: a start, taking over, nothing to do.
        """
        taken = [await self.worked_off(f"{command}-{number}", command, group, topic) for number in range(2)]
        return taken[0] - taken[1]

    async def worked_off(self, name: str, command: str, group: str, topic: str) -> float:
        """CPU seconds of such a process from its start until nothing of the topic is left."""
        with self.stack.running(name, command) as process:
            await asyncio.to_thread(process.has_joined)
            await self.is_done(group, topic)
            taken_s = cpu_seconds(process.running.process.pid)
            process.end(signal.SIGTERM)
        return taken_s

    async def is_done(self, group: str, topic: str) -> None:
        """Wait until nothing of the topic is left for the group, and no event that is not published."""
        while await self.lags.of(group, topic) or (await counted(self.engine))["waiting"]:
            await asyncio.sleep(0.2)

    async def say(self, some: slice) -> int:
        """These chargers of every depot, all at once; returns how many readings that is."""
        now = datetime.now(UTC)
        payloads = [each for depot in self.depots.values() for each in depot.play(now, some)]
        await self.telemetry.publish([registry.encode(CHARGE_POINT_TELEMETRY, each) for each in payloads])
        return len(payloads)

    async def say_all(self, began: float, within_s: float) -> int:
        """All chargers, depot after depot within so many seconds from an instant of the loop's clock on."""
        loop, said = asyncio.get_running_loop(), 0
        await asyncio.sleep(max(0.0, began - loop.time()))
        if not within_s:
            return await self.say(slice(None))
        for number, depot in enumerate(self.depots.values()):
            await asyncio.sleep(max(0.0, began + within_s * number / len(self.depots) - loop.time()))
            payloads = depot.play(datetime.now(UTC))
            await self.telemetry.publish([registry.encode(CHARGE_POINT_TELEMETRY, each) for each in payloads])
            said += len(payloads)
        return said

    async def obey(self) -> None:
        """Deliver every cycle as it comes; never returns."""
        async with reading(self.connection, f"{self.stack.prefix}.events", range(PARTITIONS), None) as source:
            while True:
                for _, message in await source.receive():
                    if envelope.type_of(message) == event_types.CYCLE_COMPLETED and message.value is not None:
                        cycle = from_json(message.value)
                        self.depots[cycle["microgrid_id"]].obey(cycle, datetime.now(UTC))

    async def newest_cycle(self) -> bytes:
        """The data of a CycleCompleted, as they lie on the bus."""
        topic = f"{self.stack.prefix}.events"
        async with reading(self.connection, topic, range(PARTITIONS), 10) as source:
            while True:
                for _, message in await source.receive():
                    if envelope.type_of(message) == event_types.CYCLE_COMPLETED and message.value is not None:
                        return message.value

    def bare(self, count: int, every: int, event: bytes) -> dict[str, Any]:
        """The bare loop over the same messages, an event for every so many of them."""
        with self.bare_loop("bare", count, every, event) as (process, log):
            out, _ = process.communicate()
        if process.returncode != 0:
            raise RuntimeError(log.read_text())
        took = json.loads(out)
        return {
            "readings": took["readings"],
            "cpu_s": round(took["cpu_s"], 2),
            "elapsed_s": round(took["elapsed_s"], 2),
            "readings_per_cpu_s": round(took["readings"] / took["cpu_s"]),
        }

    @contextmanager
    def bare_loop(
        self, name: str, count: int, every: int, event: bytes
    ) -> Iterator[tuple["subprocess.Popen[bytes]", Path]]:
        """The process, and what it logs."""
        file, log = self.stack.home / f"{name}.event", self.stack.home / f"{name}.log"
        file.write_bytes(event)
        told = (self.stack.bootstrap_servers, self.stack.prefix, str(count), str(every), str(file))
        with (
            log.open("wb") as stderr,
            subprocess.Popen(
                [sys.executable, "-m", "benchmarks.bare", *told], stdout=subprocess.PIPE, stderr=stderr
            ) as process,
        ):
            try:
                yield process, log
            finally:
                process.terminate()

    async def at_a_rate(self, seconds: int, receive: Coroutine[Any, Any, None]) -> float:
        """RATE readings a second, evenly, `receive` beside it and a little longer; returns the rate as it was."""
        receiving, loop = asyncio.create_task(receive), asyncio.get_running_loop()
        chargers = [(depot, number) for number in range(CONNECTORS) for depot in self.depots.values()]
        step, began = round(RATE * STEP_S), loop.time()
        for turn in range(round(seconds / STEP_S)):
            await asyncio.sleep(max(0.0, began + turn * STEP_S - loop.time()))
            some = [chargers[(turn * step + each) % len(chargers)] for each in range(step)]
            now = datetime.now(UTC)
            payloads = [each for depot, number in some for each in depot.play(now, slice(number, number + 1))]
            await self.telemetry.publish([registry.encode(CHARGE_POINT_TELEMETRY, each) for each in payloads])
        elapsed_s = loop.time() - began
        await asyncio.sleep(2 * INTERVAL_S)
        await ended(receiving)
        return round(seconds / STEP_S) * step / elapsed_s


@asynccontextmanager
async def benched(stack: Stack, depots: int, settings: dict[str, int]) -> AsyncIterator[Bench]:
    engine = create_engine(stack.database_url)
    async with Lags(stack) as lags:
        bench = Bench(stack, engine, lags, depots, settings)
        try:
            yield bench
        finally:
            await bench.telemetry.close()
            await engine.dispose()
