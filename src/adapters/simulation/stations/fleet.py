"""All stations of a simulated depot, and the second by second of both."""

import asyncio
from collections.abc import Callable, Mapping
from datetime import datetime
from random import Random
from typing import Final

from adapters.simulation.depot import TICK, Depot
from adapters.simulation.habits import Chargers
from adapters.simulation.pace import Pace
from adapters.simulation.stations.dialects import Dialect, as_people_have_them
from adapters.simulation.stations.station import Station
from adapters.simulation.witness import Missing

NEVER_CONNECTED: Final = "not_connected"


class Stations:
    """The chargers of a depot as stations of a gateway at `url`, with these `passwords` by charge point.

    `clock` is that on the wall. How each speaks is drawn from the seed where chargers are as people have them.
    """

    def __init__(
        self,
        depot: Depot,
        url: str,
        passwords: Mapping[str, str],
        *,
        pace: Pace,
        seed: int,
        chargers: Chargers,
        clock: Callable[[], datetime],
    ) -> None:
        self.depot = depot
        self._pace = pace
        self.by_id: dict[str, Station] = {}
        for name, charger in depot.plant.chargers.items():
            draw = Random(f"{seed}:{depot.configuration['microgrid_id']}:{name}:dialect")
            dialect = as_people_have_them(charger.station, draw) if chargers is Chargers.REAL else Dialect()
            self.by_id[name] = Station(charger, dialect, url, password=passwords.get(name), pace=pace, clock=clock)

    @property
    def now(self) -> datetime:
        """The instant of the last tick."""
        return self.depot.now

    async def live(self) -> None:
        """Connect them and keep them connected, until cancelled."""
        async with asyncio.TaskGroup() as links:
            for station in self.by_id.values():
                links.create_task(station.live())

    def tick(self) -> None:
        """Let a second pass in the depot."""
        depot = self.depot
        wall = self._pace.on_the_wall(depot.now)
        told = (station.delivery(depot.now, wall) for station in self.by_id.values())
        depot.take([delivery for delivery in told if delivery is not None])
        depot.unlinked = frozenset(name for name, station in self.by_id.items() if not station.is_linked)
        payloads = depot.tick(depot.now + TICK)
        for name, station in self.by_id.items():
            station.tick(depot.now, reachable=name not in depot.unreachable)
        for payload in payloads:
            if "charge_point_id" in payload:
                self.by_id[payload["charge_point_id"]].report(self._pace.sent(payload))

    def never_connected(self) -> list[Missing]:
        """The stations that had no link so far, and why."""
        return [
            Missing(NEVER_CONNECTED, name, f"{name} was never connected: {station.trouble or 'there was no time'}.")
            for name, station in self.by_id.items()
            if not station.was_connected
        ]
