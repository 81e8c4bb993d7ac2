"""How long it is from a reading to the cycle that shows it, and from a message to its echo by the bare loop."""

import asyncio
import signal
from datetime import UTC, datetime, timedelta
from typing import Any

from pydantic_core import from_json

from adapters.kafka.reader import KafkaReader, reading
from adapters.messages import envelope
from application import event_types
from benchmarks.bench import INTERVAL_S, Bench, benched
from benchmarks.deployment import PARTITIONS, CpuTimes, quantiles
from tests.e2e.stacks import Stack, until

SLOW_DEPOTS = 10


async def measured(stack: Stack, seconds: int) -> dict[str, Any]:
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
