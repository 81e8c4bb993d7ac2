"""Chargers of OCPP that connect to the process that balances them."""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from pydantic_core import from_json

from adapters.messages import envelope, registry
from adapters.ocpp.kept import UnusableMemory
from adapters.ocpp.passwords import Passwords
from application.ports.bus import EventPublisher, Message, MessageSource, PublishedEvent
from domain.site.configuration import SiteConfiguration
from entrypoints.container import Container
from entrypoints.ocpp_container import OcppGateway
from entrypoints.run.plan import PlanFile
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

    def id_tag_of(self, charge_point_id: str, connector_id: int) -> str | None: ...

    async def run(self) -> None: ...


class Planned:
    """Publishes what stations say, with what is planned joined to their sessions."""

    def __init__(self, inner: EventPublisher, plan: PlanFile) -> None:
        self._inner = inner
        self._plan = plan
        self.gateway: Gateway | None = None

    async def publish(self, messages: Sequence[Message]) -> None:
        await self._inner.publish([self._joined(message) for message in messages])

    def _joined(self, message: Message) -> Message:
        kind = envelope.type_of(message)
        assert kind is not None
        assert message.value is not None
        assert self.gateway is not None
        return registry.encode(kind, self._plan.joined(from_json(message.value), self.gateway.id_tag_of))


async def serve_stations(
    container: Container, configuration: SiteConfiguration, listening: Listening, folder: Path, plan: PlanFile
) -> None:
    """Serve the stations of a site until cancelled. Raises UnusableSetting where there is no way to begin."""
    publisher = Planned(container.telemetry_publisher(), plan)
    parts = OcppGateway(
        configuration=configuration,
        publisher=publisher,
        clock=container.clock(),
        memory_file=folder / "links.sqlite3",
        passwords=listening.passwords,
    )
    try:
        gateway: Gateway = parts.gateway()
    except UnusableMemory as error:
        raise UnusableSetting(f"The memory of links cannot be used: {error}.") from None
    publisher.gateway = gateway
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
