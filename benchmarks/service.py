"""What a reading costs on its way through a worker, beside a loop that does nothing with it.

`make bench-service`, or `python -m benchmarks.service [--readings N] [--depots N,N] [--seconds N] [--save]`.
"""

import argparse
import asyncio
import json
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Coroutine, Iterator, Sequence
from contextlib import ExitStack, asynccontextmanager, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import monotonic
from typing import Any

from pydantic_core import from_json
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.database.engine import create_engine
from adapters.kafka.connection import Connection
from adapters.kafka.publisher import KafkaPublisher
from adapters.kafka.reader import KafkaReader, reading
from adapters.messages import envelope, registry
from adapters.messages.configuration import SITE_CONFIGURATION
from adapters.messages.telemetry import CHARGE_POINT_TELEMETRY
from application import event_types
from application.ports.bus import Message
from benchmarks.deployment import PARTITIONS, CpuTimes, Lags, configured, counted, deployed, ended, quantiles
from benchmarks.light_depots import LightDepot, site
from benchmarks.machine import machine
from tests.e2e.stacks import Process, Stack, until

RESULTS = Path(__file__).parent / "results"
CONNECTORS = 50
PUBLISHED_AT_ONCE = 5_000

INTERVAL_S = 1
"""Between cycles, where latency is measured."""

SLOW_DEPOTS = 10
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

    async def work_off(self, workers: Sequence[str], processes: dict[str, Process], count: int) -> dict[str, Any]:
        """Readings as fast as one publisher puts them there, until the workers have none left and all is published."""
        messages = self.readings(count)
        cpu, before, began = CpuTimes(processes), await counted(self.engine), monotonic()
        for first in range(0, count, PUBLISHED_AT_ONCE):
            await self.telemetry.publish(messages[first : first + PUBLISHED_AT_ONCE])
        published_s = monotonic() - began
        while await self.lags.of("worker", "telemetry") or (await counted(self.engine))["waiting"]:
            await asyncio.sleep(0.1)
        elapsed_s, taken, after = monotonic() - began, cpu.taken(), await counted(self.engine)
        cycles = after["committed"] - before["committed"]
        cpu_s = sum(taken[name] for name in workers)
        return {
            "readings": count,
            "published_within_s": round(published_s, 2),
            "elapsed_s": round(elapsed_s, 2),
            "cpu_s": {name: round(seconds, 2) for name, seconds in taken.items()},
            "readings_per_cpu_s": round(count / cpu_s),
            "readings_per_s": round(count / elapsed_s),
            "cycles": cycles,
            "cycles_per_s": round(cycles / elapsed_s, 1),
            "cycles_published": after["published"] - before["published"],
            "readings_per_cycle": round(count / max(1, cycles), 1),
        }

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


async def _throughput(stack: Stack, depots: int, count: int) -> dict[str, Any]:
    """One worker, the bare loop over what it was given, two workers."""
    async with benched(stack, depots, {}) as bench:
        with ExitStack() as running:
            processes = {"worker 1": running.enter_context(stack.running(f"{depots}-1", "worker"))}
            processes["worker 1"].has_joined()
            await bench.configure()
            one = await bench.work_off(["worker 1"], processes, count)
            bare = await asyncio.to_thread(
                bench.bare, count, max(1, count // max(1, one["cycles_published"])), await bench.newest_cycle()
            )
            processes["worker 2"] = running.enter_context(stack.running(f"{depots}-2", "worker"))
            processes["worker 2"].has_joined()
            await asyncio.sleep(5)
            two = await bench.work_off(["worker 1", "worker 2"], processes, count)
            for process in processes.values():
                process.end(signal.SIGTERM)
    return {
        "depots": depots,
        "one worker": one,
        "bare loop": bare,
        "two workers": two,
        "worker / bare": round(one["readings_per_cpu_s"] / bare["readings_per_cpu_s"], 3),
        "two / one": round(two["readings_per_s"] / one["readings_per_s"], 2),
    }


async def _latency(stack: Stack, seconds: int) -> dict[str, Any]:
    """From a reading to the cycle that shows it, then from a message to its echo by the bare loop."""
    settings = {"min_cycle_interval_s": INTERVAL_S, "telemetry_cycle_interval_s": INTERVAL_S}
    async with benched(stack, SLOW_DEPOTS, settings) as bench:
        with stack.running("slow", "worker") as worker:
            worker.has_joined()
            await bench.configure()
            topic = f"{stack.prefix}.events"
            async with reading(bench.connection, topic, range(PARTITIONS), 0) as source:
                ages_s: list[float] = []
                late_s: list[float] = []
                cpu = CpuTimes({"worker": worker})
                rate = await bench.at_a_rate(seconds, _cycles(bench, source, ages_s, late_s))
                cores = cpu.cores()
            worker.end(signal.SIGTERM)
        with bench.bare_loop("echo", 0, 0, b"") as (_, log):
            await asyncio.to_thread(until, lambda: "Joined the group" in log.read_text(), log)
            await asyncio.sleep(5)  # it sends back what is there already
            async with reading(bench.connection, topic, range(PARTITIONS), 0) as source:
                echoes_s: list[float] = []
                bare_rate = await bench.at_a_rate(seconds, _echoes(source, echoes_s))
        p50, p99 = quantiles(ages_s, 0.5, 0.99)
        return {
            "readings_per_s": {"worker": round(rate), "bare loop": round(bare_rate)},
            "cycle_interval_s": INTERVAL_S,
            "cores": cores,
            "readings": len(ages_s),
            "latency_s": {"p50": p50, "p99": p99, "p99 beyond the interval": round(p99 - INTERVAL_S, 4)},
            "cycles": len(late_s),
            "after_due_s": dict(zip(("p50", "p99"), quantiles(late_s, 0.5, 0.99), strict=True)),
            "bare_round_trip_s": dict(zip(("p50", "p99"), quantiles(echoes_s, 0.5, 0.99), strict=True)),
            "violations": sum(depot.violations for depot in bench.depots.values()),
        }


async def _cycles(bench: Bench, source: KafkaReader, ages_s: list[float], late_s: list[float]) -> None:
    """Deliver every cycle; note the ages of what it shows, and how long after the instant it was due it came."""
    decided: dict[str, datetime] = {}
    while True:
        for _, message in await source.receive():
            if envelope.type_of(message) != event_types.CYCLE_COMPLETED or message.value is None:
                continue
            cycle, now = from_json(message.value), datetime.now(UTC)
            microgrid_id = cycle["microgrid_id"]
            ages_s += bench.depots[microgrid_id].obey(cycle, now)
            if microgrid_id in decided:
                due = decided[microgrid_id] + timedelta(seconds=INTERVAL_S)
                late_s.append((now - due).total_seconds())
            decided[microgrid_id] = datetime.fromisoformat(cycle["decided_at"])


async def _echoes(source: KafkaReader, echoes_s: list[float]) -> None:
    while True:
        for _, message in await source.receive():
            if message.value is not None:
                sent_at = datetime.fromisoformat(from_json(message.value)["measured_at"])
                echoes_s.append((datetime.now(UTC) - sent_at).total_seconds())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--readings", type=int, default=200_000, help="how many are worked off")
    parser.add_argument("--depots", default="5,20,200", help=f"numbers of depots of {CONNECTORS} connectors")
    parser.add_argument("--seconds", type=int, default=60, help="how long latency is measured")
    parser.add_argument("--save", action="store_true", help=f"write {RESULTS.name}/service.json and .txt")
    arguments = parser.parse_args()
    throughput = []
    for depots in map(int, arguments.depots.split(",")):
        with deployed() as stack:
            throughput.append(asyncio.run(_throughput(stack, depots, arguments.readings)))
        print(throughput[-1], file=sys.stderr)
    with deployed() as stack:
        latency = asyncio.run(_latency(stack, arguments.seconds))
    results = {
        "machine": machine(),
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "throughput": throughput,
        "latency": latency,
    }
    print(table := text(results))
    if arguments.save:
        RESULTS.mkdir(exist_ok=True)
        (RESULTS / "service.txt").write_text(table + "\n")
        (RESULTS / "service.json").write_text(json.dumps(results, indent=1) + "\n")


def text(results: dict[str, Any]) -> str:
    """The machine, throughput by number of depots, latency."""
    about = results["machine"]
    lines = [
        f"{about['processor']}, {about['cores']} cores, {about['python']}, {about['system']}; {results['measured_at']}"
    ]
    for each in results["throughput"]:
        one, bare, two = each["one worker"], each["bare loop"], each["two workers"]
        lines += ["", f"{each['depots']} depots of {CONNECTORS} connectors, {one['readings']:,} readings worked off"]
        for name, run in (("one worker", one), ("two workers", two)):
            cpu = ", ".join(f"{part} {seconds}" for part, seconds in run["cpu_s"].items())
            lines += [
                f"  {name:12}{run['readings_per_cpu_s']:>9,} readings a CPU second, {run['readings_per_s']:,} a second;"
                f" {run['cycles_per_s']} cycles a second, {run['readings_per_cycle']} readings a cycle,"
                f" {run['cycles_published']} of {run['cycles']} published",
                f"{'':14}CPU seconds: {cpu}",
            ]
        lines += [
            f"  {'bare loop':12}{bare['readings_per_cpu_s']:>9,} readings a CPU second",
            f"  worker / bare loop {each['worker / bare']}; two workers / one, readings a second {each['two / one']}",
        ]
    latency = results["latency"]
    shown, late, echo = latency["latency_s"], latency["after_due_s"], latency["bare_round_trip_s"]
    return "\n".join(
        [
            *lines,
            "",
            f"{RATE} readings a second ({latency['readings_per_s']}), {SLOW_DEPOTS} depots, a cycle a second each:"
            f" {latency['readings']:,} readings, {latency['cycles']:,} cycles",
            f"  reading to CycleCompleted      p50 {shown['p50']:.3f} s, p99 {shown['p99']:.3f} s:"
            f" {shown['p99 beyond the interval']:.3f} s beyond the interval",
            f"  cycle due to CycleCompleted    p50 {late['p50']:.3f} s, p99 {late['p99']:.3f} s",
            f"  bare round trip                p50 {echo['p50']:.3f} s, p99 {echo['p99']:.3f} s",
            f"  cores: {latency['cores']}; violations {latency['violations']}",
        ]
    )


if __name__ == "__main__":
    main()
