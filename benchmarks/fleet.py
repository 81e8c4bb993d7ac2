"""A fleet in real time: whether the service bears it, and what it takes.

`make bench-fleet`, or `python -m benchmarks.fleet [--depots N] [--connectors N] [--minutes N] [--workers N] [--save]`.

Each depot's readings come together once a minute, the depots spread over the minute; every vehicle wants something else
each time, and a site bears half of what its chargers are rated at.
"""

import argparse
import asyncio
import json
import signal
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
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
from benchmarks.deployment import PARTITIONS, CpuTimes, Lags, configured, counted, deployed, ended, quantiles, written
from benchmarks.light_depots import LightDepot, site
from benchmarks.machine import machine
from tests.e2e.stacks import Stack

RESULTS = Path(__file__).parent / "results"
SETTINGS = {"connector_stale_after_s": 150}
ROUND_S = 60.0
SAMPLED_EVERY_S = 5.0


@dataclass(slots=True)
class Minute:
    """What was seen in one minute. Seconds from the sending of a reading to the receipt of the cycle that shows it."""

    readings: int = 0
    cycles: int = 0
    seconds: list[float] = field(default_factory=list)
    worker_lag: int = 0
    projector_lag: int = 0
    outbox: int = 0
    cores: dict[str, float] = field(default_factory=dict)
    cpu_s: dict[str, float] = field(default_factory=dict)

    def row(self) -> dict[str, Any]:
        """The figures, the seconds as quantiles."""
        latency_s = dict(zip(("p50", "p99"), quantiles(self.seconds, 0.5, 0.99), strict=False))
        return {name: value for name, value in asdict(self).items() if name != "seconds"} | {"latency_s": latency_s}


class Fleet:
    """The depots, and what is seen of them."""

    def __init__(self, stack: Stack, depots: int, connectors: int) -> None:
        connection = Connection(stack.bootstrap_servers)
        self._configurations = [site(f"depot-{number}", connectors, SETTINGS) for number in range(depots)]
        self.depots = {each["microgrid_id"]: LightDepot(each, seed) for seed, each in enumerate(self._configurations)}
        self._configuring = KafkaPublisher(connection, f"{stack.prefix}.configuration")
        self._telemetry = KafkaPublisher(connection, f"{stack.prefix}.telemetry")
        self.minute = Minute()

    async def configure(self) -> None:
        await self._configuring.publish([registry.encode(SITE_CONFIGURATION, each) for each in self._configurations])

    async def close(self) -> None:
        await self._configuring.close()
        await self._telemetry.close()

    async def play(self) -> None:
        """One minute: every depot at its instant."""
        began, loop = asyncio.get_running_loop().time(), asyncio.get_running_loop()
        for number, depot in enumerate(self.depots.values()):
            await asyncio.sleep(max(0.0, began + ROUND_S * number / len(self.depots) - loop.time()))
            payloads = depot.play(datetime.now(UTC))
            await self._telemetry.publish([registry.encode(CHARGE_POINT_TELEMETRY, each) for each in payloads])
            self.minute.readings += len(payloads)
        await asyncio.sleep(max(0.0, began + ROUND_S - loop.time()))

    async def watch(self, source: KafkaReader) -> None:
        """Deliver every cycle as it comes; never returns."""
        while True:
            for _, message in await source.receive():
                if envelope.type_of(message) == event_types.CYCLE_COMPLETED and message.value is not None:
                    self._deliver(from_json(message.value))

    def let_lapse(self) -> None:
        """Judge the depots whose setpoints have lapsed."""
        now = datetime.now(UTC)
        for depot in self.depots.values():
            depot.let_lapse(now)

    def _deliver(self, cycle: dict[str, Any]) -> None:
        depot, now = self.depots[cycle["microgrid_id"]], datetime.now(UTC)
        self.minute.seconds += depot.obey(cycle, now)
        self.minute.cycles += 1


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--depots", type=int, default=1_000)
    parser.add_argument("--connectors", type=int, default=50, help="of each depot")
    parser.add_argument("--minutes", type=int, default=10)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--save", action="store_true", help=f"write {RESULTS.name}/fleet.json and .txt")
    arguments = parser.parse_args()
    with deployed() as stack:
        results = asyncio.run(_run(stack, arguments))
    print(table := text(results))
    if arguments.save:
        RESULTS.mkdir(exist_ok=True)
        (RESULTS / "fleet.txt").write_text(table + "\n")
        (RESULTS / "fleet.json").write_text(json.dumps(results, indent=1) + "\n")


async def _run(stack: Stack, arguments: argparse.Namespace) -> dict[str, Any]:
    workers = [f"worker {number + 1}" for number in range(arguments.workers)]
    with ExitStack() as running:
        processes = {name: running.enter_context(stack.running(name, "worker")) for name in workers}
        processes["projector"] = running.enter_context(stack.running("projector", "project"))
        for process in processes.values():
            process.has_joined()
        engine, fleet = create_engine(stack.database_url), Fleet(stack, arguments.depots, arguments.connectors)
        connection, topic = Connection(stack.bootstrap_servers), f"{stack.prefix}.events"
        async with Lags(stack) as lags, reading(connection, topic, range(PARTITIONS), None) as source:
            watching = asyncio.create_task(fleet.watch(source))
            try:
                await fleet.configure()
                configuring_s = await configured(engine, arguments.depots)
                before, published = await written(engine), (await counted(engine))["published"]
                minutes = [
                    await _minute(fleet, lags, engine, CpuTimes(processes), number + 1)
                    for number in range(arguments.minutes)
                ]
            finally:
                await ended(watching)
                await fleet.close()
        committed, after = await counted(engine), await written(engine)
        cycles = max(1, committed["published"] - published)
        await engine.dispose()
        codes = [process.end(signal.SIGTERM) and process.code for process in processes.values()]
    return {
        "machine": machine(),
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "settings": {"depots": arguments.depots, "connectors": arguments.connectors, "workers": arguments.workers}
        | SETTINGS,
        "configuring_s": round(configuring_s, 1),
        "minutes": [minute.row() for minute in minutes],
        "cycles": committed,
        "violations": sum(depot.violations for depot in fleet.depots.values()),
        "lag_grows": _grows(minutes),
        "a_million_connectors": _extrapolated(minutes),
        "wal_bytes_a_cycle": (after["wal"] - before["wal"]) // cycles,
        "database_bytes_a_cycle": (after["database"] - before["database"]) // cycles,
        "exit_codes": codes,
    }


async def _minute(fleet: Fleet, lags: Lags, engine: AsyncEngine, cpu: CpuTimes, number: int) -> Minute:
    minute = fleet.minute = Minute()
    sampling = asyncio.create_task(_sample(fleet, minute, lags, engine))
    try:
        await fleet.play()
    finally:
        await ended(sampling)
    minute.cores, minute.cpu_s = cpu.cores(), cpu.taken()
    print(f"minute {number}: {minute.row()}", file=sys.stderr)
    return minute


async def _sample(fleet: Fleet, minute: Minute, lags: Lags, engine: AsyncEngine) -> None:
    """The largest lags, looked at now and then; never returns."""
    while True:
        minute.worker_lag = max(minute.worker_lag, await lags.of("worker", "telemetry"))
        minute.projector_lag = max(minute.projector_lag, await lags.of("projector", "events"))
        minute.outbox = max(minute.outbox, (await counted(engine))["waiting"])
        fleet.let_lapse()
        await asyncio.sleep(SAMPLED_EVERY_S)


def _grows(minutes: Sequence[Minute]) -> bool | None:
    """Whether the last third of the minutes is worse than the steady ones before; None where there are too few.

    Worse: a median latency or a largest lag that is over one and a half times the largest of the second third.
    """
    third = len(minutes) // 3
    if third == 0:
        return None
    steady, last = minutes[third : 2 * third], minutes[-third:]
    return any(
        min(value(each) for each in last) > 1.5 * max(value(each) for each in steady)
        for value in (_median_s, lambda each: float(each.worker_lag), lambda each: float(each.projector_lag))
    )


def _extrapolated(minutes: Sequence[Minute]) -> dict[str, float]:
    """Cores by part for 10^6 connectors at a reading a minute each, by the CPU time that a reading took in all."""
    taken_s: dict[str, float] = {}
    for minute in minutes:
        for name, seconds in minute.cpu_s.items():
            part = name.partition(" ")[0]
            taken_s[part] = taken_s.get(part, 0.0) + seconds
    readings = sum(minute.readings for minute in minutes)
    return {part: round(seconds / readings * 1_000_000 / ROUND_S, 2) for part, seconds in taken_s.items()}


def _median_s(minute: Minute) -> float:
    return quantiles(minute.seconds, 0.5)[0] if minute.seconds else 0.0


def text(results: dict[str, Any]) -> str:
    """The machine, the settings, a line a minute, and what came of it."""
    about, settings, cycles = results["machine"], results["settings"], results["cycles"]
    lines = [
        f"{about['processor']}, {about['cores']} cores, {about['python']}, {about['system']}; {results['measured_at']}",
        ", ".join(f"{name} {value}" for name, value in settings.items()),
        f"configured and decided once within {results['configuring_s']} s",
        "latency: from a reading to its first CycleCompleted; lags: the largest of the minute, in messages",
        "",
        f"{'minute':>6}{'readings':>10}{'cycles':>8}{'p50 s':>8}{'p99 s':>8}{'worker':>8}{'projector':>10}{'outbox':>8}"
        "  cores",
    ]
    for number, each in enumerate(results["minutes"], 1):
        p50, p99 = (f"{each['latency_s'].get(name, 0):8.2f}" for name in ("p50", "p99"))
        cores = ", ".join(f"{name} {share:.2f}" for name, share in each["cores"].items())
        lines.append(
            f"{number:6}{each['readings']:10,}{each['cycles']:8,}{p50}{p99}{each['worker_lag']:8,}"
            f"{each['projector_lag']:10,}{each['outbox']:8,}  {cores}"
        )
    return "\n".join(
        [
            *lines,
            "",
            f"cycles committed {cycles['committed']:,}, published {cycles['published']:,}",
            f"violations {results['violations']}",
            "cores for 10^6 connectors at a reading a minute: "
            + ", ".join(f"{part} {cores}" for part, cores in results["a_million_connectors"].items()),
            f"bytes a published cycle: {results['wal_bytes_a_cycle']:,} written ahead by the database,"
            f" {results['database_bytes_a_cycle']:,} more in it",
            f"lag grows: {results['lag_grows']}; exit codes {results['exit_codes']}",
        ]
    )


if __name__ == "__main__":
    main()
