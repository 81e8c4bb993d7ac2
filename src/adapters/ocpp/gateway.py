"""The gateway: stations on one side, messages on the other; it knows neither the bus nor the service behind it."""

import asyncio
import logging
from collections.abc import Awaitable, Coroutine, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any, Final, Protocol

from websockets.exceptions import ConnectionClosed

from adapters.messages.configuration import read_configuration
from adapters.ocpp.conductor import Conductor
from adapters.ocpp.kept import Kept
from adapters.ocpp.link import Link, Socket
from adapters.ocpp.memory import LinkMemory
from adapters.ocpp.setpoints import NewestCycle, Setpoint
from adapters.ocpp.station import Station
from adapters.ocpp.uplink import Uplink
from application import event_types
from application.ports.bus import EventPublisher, PublishedEvent
from application.ports.chargers import Finding
from application.ports.clock import Clock
from domain.site.configuration import ChargePoint, SiteConfiguration
from domain.site.identifiers import connector_node_id

PING_S: Final = 20
"""A station is pinged at least so often: a ping that is answered shows that its link is up."""

PATIENCE: Final = 3
"""Pings in a row without an answer, and without a frame, before a link is given up."""

_logger = logging.getLogger(__name__)


class PingedSocket(Socket, Protocol):
    """A websocket that can be pinged."""

    async def ping(self) -> Awaitable[float]: ...


class Gateway:
    """Of one microgrid. The core of `busbar gateway ocpp` and of whatever runs it in its own process.

    Give it the events of the bus (`receive`) and sockets (`serve`), and let it `run`: it publishes telemetry.
    """

    def __init__(
        self, configuration: SiteConfiguration, publisher: EventPublisher, clock: Clock, memory: LinkMemory
    ) -> None:
        """Raises UnusableMemory."""
        self.configuration = configuration
        self.uplink = Uplink(configuration.microgrid_id, publisher, clock)
        self._clock = clock
        self._memory = memory
        self._cycle = NewestCycle()
        self._kept = memory.load()
        self._links: dict[str, Link] = {}
        self._stations = {each.charge_point_id: self._station(each) for each in configuration.charge_points}

    def knows(self, charge_point_id: str) -> bool:
        """Whether the configuration has this charge point."""
        return charge_point_id in self._stations

    def findings(self) -> Sequence[Finding]:
        """What every charger was found to do, in the order of the configuration."""
        return [each.finding for each in self._stations.values()]

    def id_tag_of(self, charge_point_id: str, connector_id: int) -> str | None:
        """The id tag of the transaction that runs at a connector; null where none does or it has none."""
        station = self._stations.get(charge_point_id)
        running = None if station is None else station.kept.transactions.get(connector_id)
        return None if running is None else running.id_tag

    @property
    def waits_since(self) -> timedelta | None:
        """Since when something waits for the bus, by the steady clock; None where nothing does."""
        return self.uplink.waits_since

    async def run(self) -> None:
        """Publish what stations say, until cancelled. Raises what the publisher raises."""
        await self.uplink.run()

    def receive(self, event: PublishedEvent) -> None:
        """Take the next event: a cycle is passed on to the stations, a newer configuration is gone by from now on."""
        if event.microgrid_id != self.configuration.microgrid_id:
            return
        try:
            if event.type == event_types.CYCLE_COMPLETED and self._cycle.take(event.stream, event.data):
                for station in self._stations.values():
                    station.changed()
            elif event.type == event_types.CONFIGURATION_APPLIED:
                self._reconfigure(read_configuration(event.data["configuration"]))
        except (LookupError, TypeError, ValueError) as error:
            _logger.warning("An event of type %s cannot be used: %s", event.type, type(error).__name__)

    async def serve(self, charge_point_id: str, socket: PingedSocket) -> None:
        """Live through one link of a station, whatever it does; a newer link of the same station ends it."""
        station = self._stations[charge_point_id]
        if (former := self._links.get(charge_point_id)) is not None:
            await former.close("another link of this station")
        link = Link(station, socket, self._clock)
        self._links[charge_point_id] = link
        self._connected(station)
        _logger.info("%s is connected", charge_point_id)
        conductor = Conductor(link, lambda number: self._wanted(charge_point_id, number), self._clock)
        try:
            await _first_of(link.listen(), conductor.run(), self._ping(link, socket))
        except ConnectionClosed:
            pass
        except Exception:
            _logger.exception("The link of %s failed", charge_point_id)
        finally:
            if self._links.get(charge_point_id) is link:
                del self._links[charge_point_id]
                station.is_linked = False
                station.changed = lambda: None
                _logger.info("%s is not connected any more", charge_point_id)

    async def _ping(self, link: Link, socket: PingedSocket) -> None:
        settings, missed = self.configuration.settings, 0
        quiet_s = settings.setpoint_valid_for_s - settings.refresh_interval_s - settings.apply_grace_s
        interval = timedelta(seconds=max(1, min(PING_S, quiet_s / 3)))
        while missed < PATIENCE:
            await self._clock.sleep_until(self._clock.now() + interval)
            signs = link.signs
            try:
                await asyncio.wait_for(await socket.ping(), interval.total_seconds())
                link.station.alive()
                link.signs += 1
                missed = 0
            except TimeoutError:
                missed = 0 if link.signs > signs else missed + 1
        _logger.info("The link of %s is given up: nothing comes from it", link.id)
        await link.close("no answer to pings")

    def _connected(self, station: Station) -> None:
        """A new link: whatever was told on an earlier one is told again, and what was found wanting is tried again."""
        station.is_linked = True
        abilities = station.kept.abilities
        if abilities.reads_back is False:
            station.kept.abilities = replace(abilities, reads_back=None)
        for outlet in station.outlets.values():
            outlet.standing = outlet.read_back = None

    def _wanted(self, charge_point_id: str, number: int) -> Setpoint | None:
        return self._cycle.setpoints.get(connector_node_id(charge_point_id, number))

    def _station(self, charge_point: ChargePoint) -> Station:
        return Station(
            charge_point,
            self.configuration.settings,
            self._kept.get(charge_point.charge_point_id) or Kept(),
            memory=self._memory,
            uplink=self.uplink,
            clock=self._clock,
        )

    def _reconfigure(self, configuration: SiteConfiguration) -> None:
        if configuration.version <= self.configuration.version:
            return
        self.configuration = configuration
        before, self._stations = self._stations, {}
        for charge_point in configuration.charge_points:
            station = before.get(charge_point.charge_point_id)
            if station is None:
                station = self._station(charge_point)
            else:
                station.reconfigured(charge_point, configuration.settings)
            self._stations[charge_point.charge_point_id] = station
        for charge_point_id, link in list(self._links.items()):
            if charge_point_id not in self._stations:
                _closing(link)


_closings: set[asyncio.Task[None]] = set()


def _closing(link: Link) -> None:
    task = asyncio.ensure_future(link.close("not in the configuration any more"))
    _closings.add(task)
    task.add_done_callback(_closings.discard)


async def _first_of(*works: Coroutine[Any, Any, None]) -> None:
    """Until one of them ends or fails; the others are cancelled."""
    tasks = [asyncio.ensure_future(work) for work in works]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
