"""Chargers of OCPP that connect to the process that balances them."""

import asyncio
import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from adapters.messages import registry
from adapters.ocpp.kept import UnusableMemory
from adapters.ocpp.passwords import Passwords
from application.ports.bus import MessageSource, PublishedEvent
from domain.site.configuration import SiteConfiguration
from entrypoints.container import Container
from entrypoints.ocpp_container import OcppGateway
from entrypoints.run.plan import PlanFile
from entrypoints.run.planned import Planned
from entrypoints.service.assignments import Unconcerned
from entrypoints.topics import EVENTS
from entrypoints.unusable import UnusableSetting

BATCH = 500
RESTS_S = 0.05

_logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Listening:
    """Where stations connect, and the file that says by which password."""

    host: str
    port: int
    passwords: Passwords | None


class Gateway(Protocol):
    """What serves the stations, as far as the process has to know."""

    def receive(self, event: PublishedEvent) -> None: ...

    async def run(self) -> None: ...


async def serve_stations(
    container: Container, configuration: SiteConfiguration, listening: Listening, folder: Path, plan: PlanFile
) -> None:
    """Serve the stations of a site until cancelled. Raises UnusableSetting where there is no way to begin."""
    parts = OcppGateway(
        configuration=configuration,
        publisher=Planned(
            container.telemetry_publisher(), plan, lambda *connector: parts.gateway().id_tag_of(*connector)
        ),
        clock=container.clock(),
        memory_file=folder / "links.sqlite3",
        passwords=listening.passwords,
    )
    try:
        gateway: Gateway = parts.gateway()
    except UnusableMemory as error:
        raise UnusableSetting(f"The memory of links cannot be used: {error}.") from None
    events = await container.bus().join("busbar.ocpp", (EVENTS,), registry.read, Unconcerned())
    try:
        async with parts.server().listening(listening.host, listening.port) as port, asyncio.TaskGroup() as tasks:
            _logger.info("Chargers connect to ws://%s:%d/CHARGE_POINT_ID", listening.host, port)
            tasks.create_task(_pass_on(events, gateway))
            tasks.create_task(gateway.run())
    except OSError as error:
        raise UnusableSetting(f"The address of --ocpp cannot be used: {error.strerror or error}.") from None
    finally:
        parts.memory().close()


async def _pass_on(events: MessageSource, gateway: Gateway) -> None:
    while True:
        batch = await events.receive(BATCH)
        for received in batch:
            if isinstance(received.body, PublishedEvent):
                gateway.receive(received.body)
        if batch:
            await events.acknowledge([received.position for received in batch])
        await asyncio.sleep(RESTS_S)
