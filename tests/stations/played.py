"""The chargers of a simulated depot as stations, in the process of a test (CLI-36)."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from adapters.simulation.habits import Chargers
from adapters.simulation.pace import Pace
from adapters.simulation.scenario import own_site
from adapters.simulation.stations.fleet import Stations
from entrypoints.cli.simulate_stations import chargers_alone, in_time
from entrypoints.ocpp_container import OcppStations


@asynccontextmanager
async def played(
    site: Mapping[str, Any],
    url: str,
    passwords: Mapping[str, str] | None = None,
    *,
    speed: float = 1,
    chargers: Chargers = Chargers.REAL,
) -> AsyncIterator[Stations]:
    """Stations that live while inside."""
    parts = OcppStations()
    clock = parts.clock()
    pace = Pace(clock.now().replace(microsecond=0), speed)
    scenario = chargers_alone(own_site(site))
    depot = parts.depot(scenario, 1, pace.start, chargers=chargers, borne_s=scenario.reaction_s)
    stations = parts.stations(depot, url, passwords or {}, pace=pace, seed=1, chargers=chargers)
    works = [
        asyncio.ensure_future(stations.live()),
        asyncio.ensure_future(in_time(stations, pace, clock, None, asyncio.Event())),
    ]
    try:
        yield stations
    finally:
        for work in works:
            work.cancel()
        for ended in await asyncio.gather(*works, return_exceptions=True):
            if isinstance(ended, Exception):
                raise ended
