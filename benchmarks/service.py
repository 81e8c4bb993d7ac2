"""What a reading, a cycle and an event cost the service, in units of this machine, beside the code before.

`make bench-service`, or `python -m benchmarks.service [--before PATH] [--readings N] [--depots N,N] [--rounds N]
[--seconds N] [--idle N] [--save]`. PATH is another checkout, with a `.venv` of its own. `--parts` chooses some.
"""

import argparse
import asyncio
import json
import signal
import sys
from contextlib import ExitStack
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks import kept, latency, rounds, statements, steady, steps
from benchmarks.bench import CONNECTORS, benched
from benchmarks.checkouts import HERE, Checkout, least_tuples
from benchmarks.deployment import Servers, counted, servers
from benchmarks.machine import machine
from benchmarks.service_report import text
from benchmarks.units import frozen_value_s
from tests.e2e.stacks import Stack

RESULTS = Path(__file__).parent / "results"
PARTS = ("domain", "steps", "statements", "throughput", "rounds")
"""What the aims are about, in ten minutes."""

MORE_PARTS = ("steady", "kept", "latency")
"""What takes its time by the clock."""

TUPLE_ROUNDS = 2
IN_ROUNDS = 200
NOTHING_BY_TIME = {**kept.RARELY, "connector_stale_after_s": 7200}
"""What is decided follows from readings alone, however long it takes to work them off."""


def main() -> None:
    arguments = _parsed()
    checkouts = [Checkout("now", HERE)]
    if arguments.before is not None:
        checkouts.append(Checkout("before", arguments.before.resolve()))
    results: dict[str, Any] = {
        "machine": machine(),
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "frozen_value_s": frozen_value_s(),
    }
    with servers() as ours:
        for part in arguments.parts.split(","):
            results[part] = _measured(part, ours, checkouts, arguments)
            print(part, results[part], file=sys.stderr)
    print(table := text(results))
    if arguments.save:
        RESULTS.mkdir(exist_ok=True)
        (RESULTS / "service.txt").write_text(table + "\n")
        (RESULTS / "service.json").write_text(json.dumps(results, indent=1) + "\n")


def _parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--before", type=Path, help="a checkout that is measured beside this one")
    parser.add_argument("--parts", default=",".join(PARTS), help=f"some, in this order; also {', '.join(MORE_PARTS)}")
    parser.add_argument("--readings", type=int, default=120_000, help="how many are worked off")
    parser.add_argument("--depots", default="5,20,200", help=f"numbers of depots of {CONNECTORS} connectors")
    parser.add_argument("--rounds", type=int, default=6, help="in which all chargers say something")
    parser.add_argument("--seconds", type=int, default=60, help="how long latency and kept depots are measured")
    parser.add_argument("--idle", type=int, default=10_000, help="depots of which none is due")
    parser.add_argument("--save", action="store_true", help=f"write {RESULTS.name}/service.json and .txt")
    return parser.parse_args()


def _measured(part: str, ours: Servers, checkouts: list[Checkout], arguments: argparse.Namespace) -> Any:
    match part:
        case "domain":
            return least_tuples(checkouts, TUPLE_ROUNDS)
        case "steps":
            with ours.database.migrated() as one, ours.database.migrated() as other:
                return [asyncio.run(steps.measured(one.url, steps.DEPOTS)), asyncio.run(steps.measured(other.url, 1))]
        case "steady":
            with ExitStack() as stack:
                stacks = {each.name: stack.enter_context(ours.deployed(each.command)) for each in checkouts}
                return asyncio.run(steady.measured(stacks, arguments.rounds))
        case "statements":
            return {each.name: _of(each, ours, statements.measured) for each in checkouts}
        case "rounds":
            measure = partial(rounds.measured, depots=IN_ROUNDS, rounds=arguments.rounds)
            return {each.name: _of(each, ours, measure) for each in checkouts}
        case "throughput":
            return [
                _throughput(ours, checkouts, int(depots), arguments.readings) for depots in arguments.depots.split(",")
            ]
        case "kept":
            return _kept(ours, arguments)
        case "latency":
            with ours.deployed() as stack:
                return asyncio.run(latency.measured(stack, arguments.seconds))
    raise ValueError(f"no such part: {part}")


def _of(checkout: Checkout, ours: Servers, measure: Any) -> Any:
    with ours.deployed(checkout.command) as stack:
        return asyncio.run(measure(stack))


def _kept(ours: Servers, arguments: argparse.Namespace) -> list[dict[str, Any]]:
    rows = []
    for depots, settings in ((900, kept.OFTEN), (1100, kept.OFTEN), (arguments.idle, kept.RARELY)):
        with ours.deployed() as stack:
            run = kept.measured(
                stack, f"of-{depots}", depots, connectors=10, seconds=arguments.seconds, settings=settings
            )
            rows.append(asyncio.run(run))
    return rows


def _throughput(ours: Servers, checkouts: list[Checkout], depots: int, count: int) -> dict[str, Any]:
    """One worker of each checkout, and the bare loop over what the first was given."""
    found: dict[str, Any] = {"depots": depots}
    for checkout in checkouts:
        with ours.deployed(checkout.command) as stack:
            found |= asyncio.run(_worked_off(stack, depots, count, checkout.name, is_first=checkout is checkouts[0]))
    return found


async def _worked_off(stack: Stack, depots: int, count: int, name: str, *, is_first: bool) -> dict[str, Any]:
    """Readings that lie there before a worker begins."""
    async with benched(stack, depots, NOTHING_BY_TIME) as bench:
        with stack.running("configured-by", "worker") as worker:
            await asyncio.to_thread(worker.has_joined)
            await bench.configure()
            worker.end(signal.SIGTERM)
        before = await counted(bench.engine)
        await bench.put(count)
        worker_s = await bench.cpu_s("worker", "worker", "telemetry")
        cycles = (await counted(bench.engine))["published"] - before["published"]
        found: dict[str, Any] = {name: {"readings": count, "cycles": cycles, "worker_s": round(worker_s, 2)}}
        if is_first:
            every = max(1, count // max(1, cycles))
            found["bare loop"] = await asyncio.to_thread(bench.bare, count, every, await bench.newest_cycle())
    print(depots, found, file=sys.stderr, flush=True)
    return found


if __name__ == "__main__":
    main()
