"""A depot for the page to show, in which something happens when it is told to, and the API over it."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace

from adapters.clock import VirtualClock
from adapters.database.engine import create_engine
from adapters.database.read_model import SqlReadModel
from adapters.database.stored_events import SqlStoredEvents
from application.ports.clock import Clock
from domain.events import DomainEvent, Trigger
from domain.microgrid import Microgrid
from domain.site.configuration import Settings, SiteConfiguration
from entrypoints.api.app import create_app
from entrypoints.api.auth import Access, Anonymous
from entrypoints.api.feed import Feed
from entrypoints.api.read_side import ReadSide
from entrypoints.api.server import Connections, listen, serving, url
from tests.integration.api.depots import METRICS, add
from tests.unit.domain.depot import Depot, charger, feeder, grid


class ShownDepot:
    """A depot that decides when it is told to; what it announces is published and projected before anything else."""

    def __init__(self, database_url: str, depot: Depot) -> None:
        self.database_url = database_url
        self.clock = VirtualClock(depot.at)
        self._depot = depot

    async def provision(self) -> None:
        """Its configuration is in force."""
        configured = Microgrid(self._depot.configuration.microgrid_id).configure(
            self._depot.configuration, self.clock.now()
        )
        await add(self.database_url, configured.events, self.clock)

    async def configure(self, configuration: SiteConfiguration) -> None:
        """A newer configuration comes into force."""
        change = self._depot.microgrid.configure(configuration, self.clock.now())
        self._depot.configuration, self._depot.microgrid = configuration, change.microgrid
        await add(self.database_url, change.events, self.clock)

    async def decide(self) -> Sequence[DomainEvent]:
        """One cycle on what was heard so far; returns what it announced."""
        change = self._depot.microgrid.run_cycle(self._depot.readings, Trigger.TELEMETRY, self._depot.at)
        self._depot.microgrid = change.microgrid
        await add(self.database_url, change.events, self.clock)
        return change.events

    def later(self, seconds: float) -> None:
        """Time passes, for the depot and for the API."""
        self._depot.later(seconds)
        self.clock.advance(self._depot.at)


class Feeder(ShownDepot):
    """A feeder of 100 kW that binds two connectors of 80 kW each."""

    def __init__(self, database_url: str) -> None:
        self.depot = Depot(
            grid("gc-1", 400_000),
            feeder("f-1", "gc-1", 100_000),
            charger("cp-1", "f-1", 80_000),
            charger("cp-2", "f-1", 80_000),
        )
        super().__init__(database_url, self.depot)

    async def goes_on(self) -> None:
        """The time after which a cycle is published whatever it says; both chargers do as they are told."""
        self.later(40)
        for charge_point in ("cp-1", "cp-2"):
            self.depot.hears(f"{charge_point}/1", 50_000, applied_limit_w=50_000)
        assert await self.decide()


class Building(ShownDepot):
    """A metered grid connection of 200 kW with two chargers that draw 60 kW each, and a building behind the meter."""

    def __init__(self, database_url: str, time_zone: str = "UTC") -> None:
        self.depot = Depot(
            grid("gc-1", 200_000, 180_000, metered=True),
            feeder("f-1", "gc-1", 150_000),
            charger("cp-1", "f-1", 60_000),
            charger("cp-2", "f-1", 60_000),
            settings=Settings(refresh_interval_s=10),
        )
        self.depot.configuration = replace(self.depot.configuration, time_zone=time_zone)
        super().__init__(database_url, self.depot)

    async def draws(self, load_w: int, each_w: int = 60_000) -> list[type]:
        """The meter shows this load, `each_w` of it each charger, a cycle is decided on it; returns the types of what
        was announced.
        """
        self.later(6)
        for charge_point in ("cp-1", "cp-2"):
            self.depot.hears(f"{charge_point}/1", each_w, applied_limit_w=each_w)
        self.depot.meters("gc-1", load_w)
        return [type(event) for event in await self.decide()]


@asynccontextmanager
async def served(database_url: str, clock: Clock, access: Access | None = None, port: int = 0) -> AsyncIterator[str]:
    """The API over a database, on this port or on a free one; gives its address. Without `access` all may ask."""
    engine = create_engine(database_url)
    events = SqlStoredEvents(engine)
    feed, connections = Feed(events), Connections()
    listener = listen("127.0.0.1", port, 0)
    app = create_app(
        ReadSide(SqlReadModel(engine), events, clock, lambda: METRICS, lambda: True),
        feed,
        access or Anonymous(),
        connections.abort,
        hosts=() if access is None else None,
    )
    try:
        async with serving(app, connections, listener, 2):
            try:
                yield url(listener)
            finally:
                feed.close()
    finally:
        await engine.dispose()
