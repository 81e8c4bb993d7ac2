"""`busbar run --ocpp`: chargers are balanced by the process that they connect to (CLI-37)."""

import asyncio
import json
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest

from tests.e2e.processes import PATIENCE_S, Running, running
from tests.e2e.test_ocpp_gateway import CAPACITY_W, FALLBACK_W, drawn_w, site, soon
from tests.services.processes import free_port
from tests.stations.depot import living
from tests.stations.scripted import Habits, Station

LAG_S: Final = 8


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


@pytest.mark.slow
async def test_room_goes_to_another_charger_once_a_slow_one_surely_has_its_lower_limit(home: Path) -> None:
    """The slow one is raised and lowered before it has followed: it tells the lower limit at once, goes up, and comes
    down within the grace (DEPOT-4).
    """
    settings = {"telemetry_cycle_interval_s": 1, "refresh_interval_s": 10, "apply_grace_s": 15}
    (home / "site.json").write_text(json.dumps(site() | {"settings": settings}))
    port = free_port()
    slow = Station("cp-1", f"ws://127.0.0.1:{port}", Habits(lag_s=LAG_S))
    other = Station("cp-2", f"ws://127.0.0.1:{port}")
    arguments = ("--port", str(free_port()), "--data", "data", "--ocpp", f"127.0.0.1:{port}")
    async with living([slow, other]):
        with running(home, "run", "--site", "site.json", *arguments):
            await soon(lambda: slow.told and other.told)
            await asyncio.sleep(LAG_S + 1)
            await slow.plug_in()
            await soon(lambda: told_w(slow) > CAPACITY_W * 0.7)
            await other.plug_in()
            await soon(lambda: other.bays[0].watts > CAPACITY_W * 0.4)
            await asyncio.sleep(LAG_S)
    both = zip(slow.bays[0].drawn, other.bays[0].drawn, strict=False)
    over_w = [one[1] + another[1] - CAPACITY_W for one, another in both if one[1] + another[1] > CAPACITY_W + 500]
    print(f"over for {len(over_w) / 10:.1f} s, by {max(over_w, default=0):.0f} W at worst")
    assert over_w == []


def told_w(station: Station) -> float:
    """The limit that holds by its profiles, followed or not."""
    (bay,) = station.bays
    return bay.engine.limit_w(station.now(), bay.transaction_id) or 0


def ended(process: Running, told: Callable[[], None]) -> None:
    told()
    process.process.wait(PATIENCE_S)
