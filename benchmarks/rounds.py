"""What a cycle with its readings costs a worker that goes on, and an event the projector that finds it on its topic.

All chargers of all depots say something at once; the next time once all of that is decided and published. So the depots
are decided as often as there are rounds, whatever a cycle takes, and nothing waits for a clock. The configurations'
events, and those of the first rounds, are projected before: what is counted are cycles, nearly all.
"""

import asyncio
import signal
import sys
from typing import Any

from benchmarks.bench import Bench, benched
from benchmarks.deployment import counted, ended
from benchmarks.kept import RARELY
from benchmarks.machine import cpu_seconds
from tests.e2e.stacks import Stack

SETTINGS = {**RARELY, "telemetry_cycle_interval_s": 1, "connector_stale_after_s": 7200}
"""What is decided follows from readings alone."""

APART_S = 1.1
"""From one round to the next at least: before that no depot is due again."""

FIRST_ROUNDS = 2
"""That do not count: depots are decided for the first time with all readings, then with setpoints in force."""


async def measured(stack: Stack, depots: int, rounds: int) -> dict[str, Any]:
    """CPU seconds of the worker for these rounds, and of the projector for their events, with what was counted."""
    async with benched(stack, depots, SETTINGS) as bench:
        obeying = asyncio.create_task(bench.obey())
        with stack.running("in-rounds", "worker") as worker:
            await asyncio.to_thread(worker.has_joined)
            await bench.configure()
            await _rounds(bench, FIRST_ROUNDS)
            await bench.worked_off("projected-before", "project", "projector", "events")
            before, taken_s = await _so_far(bench), cpu_seconds(worker.running.process.pid)
            readings = await _rounds(bench, rounds)
            after, worker_s = await _so_far(bench), cpu_seconds(worker.running.process.pid) - taken_s
            worker.end(signal.SIGTERM)
        await ended(obeying)
        projector_s = await bench.cpu_s("project", "projector", "events")
    return {
        "depots": depots,
        "readings": readings,
        "cycles": after["cycles"] - before["cycles"],
        "events": after["events"] - before["events"],
        "worker_s": round(worker_s, 2),
        "projector_s": round(projector_s, 2),
    }


async def _rounds(bench: Bench, count: int) -> int:
    """So many; returns how many readings that were."""
    loop, readings = asyncio.get_running_loop(), 0
    for number in range(count):
        again_at = loop.time() + APART_S
        readings += await bench.say(slice(None))
        await bench.is_done("worker", "telemetry")
        print(f"round {number + 1} of {count}", file=sys.stderr, flush=True)
        await asyncio.sleep(again_at - loop.time())
    return readings


async def _so_far(bench: Bench) -> dict[str, int]:
    return {"cycles": (await counted(bench.engine))["published"], "events": await bench.lags.end("events")}
