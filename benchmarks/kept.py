"""What many depots cost one worker: a cycle where all are decided, and time passing where nothing is due.

`python -m benchmarks.kept [--depots 900,1100] [--idle 10000] [--connectors N] [--seconds N] [--save]`.
"""

import argparse
import asyncio
import json
import signal
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from adapters.database.engine import create_engine
from adapters.kafka.connection import Connection
from adapters.kafka.publisher import KafkaPublisher
from adapters.messages import registry
from adapters.messages.configuration import SITE_CONFIGURATION
from benchmarks.deployment import CpuTimes, configured, counted, deployed
from benchmarks.light_depots import site
from benchmarks.machine import machine
from tests.e2e.stacks import Stack

RESULTS = Path(__file__).parent / "results"
OFTEN = {"refresh_interval_s": 20}
"""Every cycle is published, by time alone."""

RARELY = {"refresh_interval_s": 3600, "setpoint_valid_for_s": 10800, "standby_retry_s": 10800}
SETTLING_S = 10


async def measured(
    stack: Stack, name: str, depots: int, connectors: int, seconds: int, settings: dict[str, int]
) -> Any:
    engine = create_engine(stack.database_url)
    publisher = KafkaPublisher(Connection(stack.bootstrap_servers), f"{stack.prefix}.configuration")
    with stack.running(name, "worker") as worker:
        worker.has_joined()
        sites = [site(f"depot-{number}", connectors, settings) for number in range(depots)]
        await publisher.publish([registry.encode(SITE_CONFIGURATION, each) for each in sites])
        await publisher.close()
        configuring_s = await configured(engine, depots)
        await asyncio.sleep(SETTLING_S)
        cpu, before = CpuTimes({"worker": worker}), await counted(engine)
        await asyncio.sleep(seconds)
        taken, cores, after = cpu.taken(), cpu.cores(), await counted(engine)
        worker.end(signal.SIGTERM)
    await engine.dispose()
    cycles = after["published"] - before["published"]
    each = {part: round(1000 * share / cycles, 2) for part, share in taken.items()} if cycles else {}
    return {
        "depots": depots,
        "configuring_s": round(configuring_s, 1),
        "seconds": seconds,
        "cycles": cycles,
        "cores": cores,
        "ms_a_cycle": each,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--depots", default="900,1100", help="numbers of depots that are decided every 20 s")
    parser.add_argument("--idle", type=int, default=10_000, help="depots of which none is due; 0 for none")
    parser.add_argument("--connectors", type=int, default=10, help="of each depot")
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--save", action="store_true", help=f"write {RESULTS.name}/kept.json")
    arguments = parser.parse_args()
    rows = []
    runs = [(int(each), OFTEN) for each in arguments.depots.split(",") if each]
    for depots, settings in [*runs, *([(arguments.idle, RARELY)] if arguments.idle else [])]:
        with deployed() as stack:
            run = measured(stack, f"of-{depots}", depots, arguments.connectors, arguments.seconds, settings)
            rows.append(asyncio.run(run) | settings)
        print(rows[-1], file=sys.stderr)
    results = {"machine": machine(), "measured_at": datetime.now(UTC).isoformat(timespec="seconds"), "runs": rows}
    print(json.dumps(results, indent=1))
    if arguments.save:
        RESULTS.mkdir(exist_ok=True)
        (RESULTS / "kept.json").write_text(json.dumps(results, indent=1) + "\n")


if __name__ == "__main__":
    main()
