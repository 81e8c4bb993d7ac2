"""What a cycle of 50 connectors with its readings costs worker, projector and database, and an event its projector.

Two checkouts are fed in turns, on the same broker and the same database server.
"""

import asyncio
import sys
from collections.abc import Sequence
from contextlib import AsyncExitStack
from typing import Any

from benchmarks.bench import Bench, benched
from benchmarks.deployment import CpuTimes, counted, ended
from tests.e2e.stacks import Process, Stack

DEPOTS = 100
EVERY_S = 5.0
"""Each charger says something so often."""

SETTINGS = {"connector_stale_after_s": 60}
SETTLING_S = 10
TURNS = 2
TOGETHER, APART = "all depots at once", "one depot after the other"
NOW = "now"

Deployed = tuple[Bench, dict[str, Process]]


async def measured(stacks: dict[str, Stack], rounds: int) -> dict[str, Any]:
    """By checkout, the least of some turns of `rounds` rounds each; then, of what is `now`, two workers beside one."""
    async with AsyncExitStack() as exits:
        deployed = {name: await _joined(exits, stack) for name, stack in stacks.items()}
        found: dict[str, dict[str, Any]] = {}
        for is_together in (True, False):
            how = TOGETHER if is_together else APART
            turns: dict[str, list[dict[str, float]]] = {}
            for _ in range(TURNS):
                for name, each in deployed.items():
                    turns.setdefault(name, []).append(await _turn(*each, rounds, is_together))
                    print(how, name, turns[name][-1], file=sys.stderr, flush=True)
            found[how] = {name: _least(each) for name, each in turns.items()}
        two = await _two_workers(exits, *deployed[NOW], rounds)
        found["two workers"] = {"one": found[APART][NOW]["worker ms a cycle"], "two": two["worker ms a cycle"]}
    return found


async def _joined(exits: AsyncExitStack, stack: Stack) -> Deployed:
    bench = await exits.enter_async_context(benched(stack, DEPOTS, SETTINGS))
    processes = {
        name: exits.enter_context(stack.running(name, command))
        for name, command in (("worker", "worker"), ("projector", "project"))
    }
    for process in processes.values():
        await asyncio.to_thread(process.has_joined)
    obeying = asyncio.create_task(bench.obey())
    exits.push_async_callback(ended, obeying)
    await bench.configure()
    await bench.say_all(asyncio.get_running_loop().time(), EVERY_S)
    await asyncio.sleep(SETTLING_S)
    return bench, processes


async def _two_workers(
    exits: AsyncExitStack, bench: Bench, processes: dict[str, Process], rounds: int
) -> dict[str, float]:
    """A second one beside what was measured last."""
    processes = processes | {"worker 2": exits.enter_context(bench.stack.running("worker-2", "worker"))}
    await asyncio.to_thread(processes["worker 2"].has_joined)
    await asyncio.sleep(SETTLING_S)
    return _least([await _turn(bench, processes, rounds, is_together=False) for _ in range(TURNS)])


async def _turn(bench: Bench, processes: dict[str, Process], rounds: int, is_together: bool) -> dict[str, float]:
    cpu, before, events = CpuTimes(processes), await counted(bench.engine), await bench.lags.end("events")
    said, loop = 0, asyncio.get_running_loop()
    began = loop.time()
    for number in range(rounds):
        said += await bench.say_all(began + number * EVERY_S, 0.0 if is_together else EVERY_S)
    await asyncio.sleep(max(0.0, began + rounds * EVERY_S - loop.time()))
    await _done(bench)
    taken, after, events = cpu.taken(), await counted(bench.engine), await bench.lags.end("events") - events
    cycles = after["published"] - before["published"]
    workers_s = sum(seconds for name, seconds in taken.items() if name.startswith("worker"))
    return {
        "worker ms a cycle": 1000 * workers_s / cycles,
        "projector ms an event": 1000 * taken["projector"] / max(1, events),
        "database ms a cycle": 1000 * taken.get("database", 0.0) / cycles,
        "broker ms a cycle": 1000 * taken.get("broker", 0.0) / cycles,
        "readings a cycle": said / cycles,
        "events a cycle": events / cycles,
    }


async def _done(bench: Bench) -> None:
    while (
        await bench.lags.of("worker", "telemetry")
        or await bench.lags.of("projector", "events")
        or (await counted(bench.engine))["waiting"]
    ):
        await asyncio.sleep(0.2)


def _least(turns: Sequence[dict[str, float]]) -> dict[str, float]:
    """Of each CPU time the least; of what was counted the mean."""
    return {name: round((min if " ms " in name else _mean)([each[name] for each in turns]), 2) for name in turns[0]}


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)
