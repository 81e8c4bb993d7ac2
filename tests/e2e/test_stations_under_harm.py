"""Ten minutes of a depot under `busbar run --ocpp`, in real time, measured at its stations (CLI-36, CLI-37).

Links are cut, stations rebooted, and the process is killed twice with sessions running: once until every station has to
fall back, once for a moment.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import ExitStack, asynccontextmanager
from datetime import datetime, timedelta
from itertools import cycle
from pathlib import Path
from typing import Any, Final

import pytest
from pydantic_core import to_json

from adapters.simulation.stations.fleet import Stations
from adapters.simulation.stations.station import Station
from tests.e2e.processes import running
from tests.e2e.stacks import configuration
from tests.services.processes import free_port
from tests.stations.played import played

CHARGERS: Final = 8
CAPACITY_W: Final = 80_000
FALLBACK_W: Final = 4_600
VALID_S: Final = 60
REACTION_S: Final = 30

MINUTE: Final = 60
CUT_EVERY_S: Final = 13
REBOOTED_EVERY_S: Final = 31


def site() -> dict[str, Any]:
    """Chargers that could draw 176 kW together on a connection of 80."""
    connectors = [{"connector_id": 1, "max_power_w": 22_000, "min_power_w": 4_140}]
    charger = {"circuit_id": "gc", "max_power_w": 22_000, "fallback_power_w": FALLBACK_W, "connectors": connectors}
    return configuration(
        "harm",
        settings={"setpoint_valid_for_s": VALID_S, "refresh_interval_s": 15, "apply_grace_s": 15},
        circuits=[{"circuit_id": "gc", "parent_id": None, "name": "Grid", "default_capacity_w": CAPACITY_W}],
        charge_points=[{"charge_point_id": f"cp-{number}", **charger} for number in range(1, CHARGERS + 1)],
    )


class Processes:
    """`busbar run` in a folder of its own, one after another."""

    def __init__(self, home: Path) -> None:
        self.port = free_port()
        self._home = home
        self._stack = ExitStack()
        (home / "site.json").write_bytes(to_json(site()))

    async def begin(self) -> None:
        """Start one."""
        arguments = ("--data", "data", "--port", str(free_port()), "--ocpp", f"127.0.0.1:{self.port}")
        self._stack.enter_context(running(self._home, "run", "--site", "site.json", *arguments))

    async def kill(self) -> None:
        """End it with signal 9."""
        await asyncio.to_thread(self._stack.close)


@pytest.mark.slow
@pytest.mark.timeout(900)
async def test_no_limit_is_exceeded_beyond_the_reaction_whatever_links_stations_and_process_suffer(home: Path) -> None:
    processes = Processes(home)
    await processes.begin()
    async with played(site(), f"ws://127.0.0.1:{processes.port}") as stations, _harm(stations):
        began = stations.now
        await _until(stations, began + timedelta(seconds=2.5 * MINUTE))
        assert _drawn_w(stations) > CHARGERS / 2 * FALLBACK_W
        running_before = _transactions(stations)
        await processes.kill()
        killed = stations.now
        fell_back_s = await _fallen_back(stations, killed)
        print(f"All stations fell back {fell_back_s:.1f} s after the process was killed; {VALID_S} s are valid.")
        assert fell_back_s <= VALID_S + 5
        await _until(stations, killed + timedelta(seconds=VALID_S + 15))
        await processes.begin()
        await _until(stations, began + timedelta(seconds=6 * MINUTE))
        assert running_before.items() <= _transactions(stations).items()
        assert _drawn_w(stations) > CHARGERS / 2 * FALLBACK_W
        await processes.kill()
        await processes.begin()
        await _until(stations, began + timedelta(seconds=10 * MINUTE))
        summary, account = stations.depot.summary(), stations.depot.account()
        print(summary, account["true_overloads"])
        assert stations.never_connected() == []
        assert running_before.items() <= _transactions(stations).items()
    await processes.kill()
    assert (summary.limit_violations, summary.violations) == (0, ())
    drawn = {each["node_id"]: each["longest_s"] for each in account["true_overloads"]}
    # What a connector draws above its own rating is its meter's affair.
    assert drawn.get("gc", 0) <= REACTION_S


@asynccontextmanager
async def _harm(stations: Stations) -> AsyncIterator[None]:
    """While inside, one link after another is cut and one station after another rebooted."""
    works = [
        asyncio.ensure_future(_each(stations, CUT_EVERY_S, lambda name: stations.by_id[name].cut())),
        asyncio.ensure_future(_each(stations, REBOOTED_EVERY_S, lambda name: stations.by_id[name].reboot())),
    ]
    try:
        yield
    finally:
        for work in works:
            work.cancel()
        await asyncio.gather(*works, return_exceptions=True)


async def _each(stations: Stations, every_s: float, harm: Callable[[str], None]) -> None:
    for name in cycle(stations.by_id):
        await asyncio.sleep(every_s)
        harm(name)


async def _until(stations: Stations, instant: datetime) -> None:
    while stations.now < instant:  # noqa: ASYNC110
        await asyncio.sleep(0.2)


async def _fallen_back(stations: Stations, killed: datetime) -> float:
    """Wait until every station has fallen back; returns how many seconds that took."""
    while not all(_has_fallen_back(each, stations) for each in stations.by_id.values()):  # noqa: ASYNC110
        await asyncio.sleep(0.2)
    return (stations.now - killed).total_seconds()


def _drawn_w(stations: Stations) -> int:
    return sum(socket.power_w for socket in stations.depot.plant.sockets)


def _transactions(stations: Stations) -> dict[str, int]:
    """The number of the transaction that runs at a station, where one does."""
    numbers = {name: station.bays[0].transaction_id for name, station in stations.by_id.items()}
    return {name: number for name, number in numbers.items() if number is not None}


def _has_fallen_back(station: Station, stations: Stations) -> bool:
    (bay,) = station.bays
    limit_w = bay.socket.limit_w(stations.now)
    return bay.socket.in_force(stations.now) is None and limit_w is not None and limit_w <= FALLBACK_W
