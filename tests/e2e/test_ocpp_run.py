"""`busbar run --ocpp`: chargers are balanced by the process that they connect to (CLI-37)."""

import asyncio
import json
import signal
import time
from collections.abc import Callable
from pathlib import Path

from tests.e2e.processes import PATIENCE_S, Running, running
from tests.e2e.test_ocpp_gateway import CAPACITY_W, FALLBACK_W, drawn_w, site, soon
from tests.services.processes import free_port
from tests.stations.depot import living
from tests.stations.scripted import Station


async def test_chargers_share_a_limit_over_a_killed_process_until_it_is_told_to_end(home: Path) -> None:
    (home / "site.json").write_text(json.dumps(site()))
    (home / "plan.csv").write_text("connector,departs_at\ncp-1/1,2030-01-01T05:00:00Z\n")
    page, port = free_port(), free_port()
    stations = [Station(name, f"ws://127.0.0.1:{port}") for name in ("cp-1", "cp-2")]
    arguments = ("--port", str(page), "--data", "data", "--ocpp", f"127.0.0.1:{port}", "--plan", "plan.csv")
    async with living(stations):
        with running(home, "run", "--site", "site.json", *arguments) as first:
            await soon(lambda: all(charger.told for charger in stations))
            # What a charger is told it applies a moment later.
            await asyncio.sleep(1)
            await asyncio.gather(*(charger.plug_in() for charger in stations))
            await soon(lambda: CAPACITY_W * 0.9 < drawn_w(stations) <= CAPACITY_W)
            await asyncio.to_thread(ended, first, first.process.kill)
        await soon(lambda: drawn_w(stations) <= 2 * FALLBACK_W)
        with running(home, "run", "--site", "site.json", *arguments) as again:
            await soon(lambda: CAPACITY_W * 0.9 < drawn_w(stations) <= CAPACITY_W)
            began = time.monotonic()
            await asyncio.to_thread(ended, again, lambda: again.process.send_signal(signal.SIGTERM))
            assert again.process.returncode == 0
            assert time.monotonic() - began < 10
    both = zip(stations[0].bays[0].drawn, stations[1].bays[0].drawn, strict=False)
    assert [one for one, other in both if one[1] + other[1] > CAPACITY_W + 500] == []


def ended(process: Running, told: Callable[[], None]) -> None:
    told()
    process.process.wait(PATIENCE_S)
