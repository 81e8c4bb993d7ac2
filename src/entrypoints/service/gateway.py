"""`busbar gateway ocpp`: chargers of OCPP 1.6 on one side, the bus of a deployment on the other."""

import asyncio
import logging
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Final, Protocol

from aiokafka.errors import KafkaError

from adapters.kafka import topics as kafka_topics
from adapters.kafka.connection import when_reachable
from adapters.kafka.reader import reading
from adapters.kafka.rights import Use
from adapters.memory.partitioning import partition_of
from adapters.messages import registry
from adapters.observability import providers as telemetry
from adapters.observability.logs import configure_logging
from adapters.ocpp.kept import UnusableMemory
from adapters.ocpp.passwords import Passwords
from application.ports.bus import PublicationRefused, PublishedEvent
from application.ports.clock import Time
from domain.site.configuration import SiteConfiguration
from entrypoints import settings as environment
from entrypoints.api.probes import Probes
from entrypoints.api.serve import Operations
from entrypoints.brokers import connection_to
from entrypoints.container import Deployment
from entrypoints.ocpp_container import OcppGateway
from entrypoints.service.refusals import refusing
from entrypoints.service.stopping import stop_by_signal, unless
from entrypoints.unusable import UnusableSetting

PORT: Final = 8083

HISTORY: Final = 2000
"""How many earlier events of the partition are looked at for the newest cycle and the configuration in force."""

RETRY_S: Final = 1.0
RECENTLY: Final = timedelta(seconds=10)
"""Events were asked for so lately while the gateway gets on."""

_logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is served where, as it stands on the command line. `data`: the folder of the link memory."""

    configuration: SiteConfiguration
    host: str
    port: int
    passwords: Passwords | None
    data: Path


def run(wanted: Wanted, operations_port: int | None) -> int:
    """Serve until SIGTERM or Ctrl-C; returns the exit code. Raises UnusableSetting where there is no way to begin."""
    settings = environment.kafka()
    configure_logging(settings.log_level, settings.log_format)
    deployment = Deployment(connection=connection_to(settings), prefix=settings.topic_prefix)
    with refusing():
        asyncio.run(_serve(deployment, wanted, Operations(settings, operations_port, PORT)))
    return 0


class Gateway(Protocol):
    """What is served, as far as the process has to know."""

    @property
    def waits_since(self) -> timedelta | None: ...

    def receive(self, event: PublishedEvent) -> None: ...

    async def run(self) -> None: ...


class Following:
    """Passes on the events of a microgrid, and knows how it gets on. `caught_up`: what was there has been read."""

    def __init__(self, deployment: Deployment, gateway: Gateway, clock: Time) -> None:
        self._deployment = deployment
        self._gateway = gateway
        self._clock = clock
        self._asked_at: timedelta | None = None
        self.caught_up = asyncio.Event()

    async def run(self, partition: int) -> None:
        """Until cancelled; begins again with the newest events whenever the brokers fail."""
        while True:
            try:
                await self._read(partition)
            except KafkaError as error:
                _logger.warning("The events cannot be read, trying again: %s", error)
            self._asked_at = None
            await asyncio.sleep(RETRY_S)

    async def why_not_ready(self) -> str | None:
        """None where events arrive and what stations say is published."""
        now = self._clock.steady()
        if self._asked_at is None or now - self._asked_at > RECENTLY:
            return "The events of the bus are not read."
        waits_since = self._gateway.waits_since
        if waits_since is not None and now - waits_since > RECENTLY:
            return "What stations say is not published."
        return None

    async def _read(self, partition: int) -> None:
        topic = self._deployment.topics().events
        async with reading(self._deployment.connection(), topic, [partition], HISTORY) as reader:
            while True:
                for _, message in await reader.receive():
                    event = registry.read(topic, message)
                    if isinstance(event, PublishedEvent):
                        self._gateway.receive(event)
                self._asked_at = self._clock.steady()
                if not self.caught_up.is_set() and await reader.caught_up():
                    self.caught_up.set()


async def _serve(deployment: Deployment, wanted: Wanted, operations: Operations) -> None:
    stop, clock = stop_by_signal(), deployment.clock()
    parts = OcppGateway(
        configuration=wanted.configuration,
        publisher=deployment.telemetry_publisher(),
        clock=clock,
        memory_file=wanted.data / "links.sqlite3",
        passwords=wanted.passwords,
    )
    # An exporter that cannot be had is refused before anything is begun.
    deployment.tracer_provider(), deployment.meter_provider()
    try:
        gateway: Gateway = parts.gateway()
    except UnusableMemory as error:
        raise UnusableSetting(f"The memory of links cannot be used: {error}.") from None
    following = Following(deployment, gateway, clock)
    probes = Probes(lambda: None, following.why_not_ready, deployment.metrics().text)
    async with operations.served(probes):
        _logger.info("Health and metrics are served at %s", operations.address)
        topics = deployment.topics()
        use = Use([topics.events], [topics.telemetry])
        count = await unless(stop, when_reachable(lambda: kafka_topics.require(deployment.connection(), use)))
        if count is not None:
            partition = partition_of(wanted.configuration.microgrid_id, count)
            await unless(stop, _live(parts, wanted, following, partition))
    await deployment.telemetry_publisher().close()
    await telemetry.shut_down(deployment.tracer_provider(), deployment.meter_provider())
    parts.memory().close()


async def _live(parts: OcppGateway, wanted: Wanted, following: Following, partition: int) -> None:
    """Let stations in once the newest cycle is known: an older one is not theirs to obey."""
    reads = asyncio.ensure_future(following.run(partition))
    try:
        await following.caught_up.wait()
        async with parts.server().listening(wanted.host, wanted.port) as port:
            _logger.info("Chargers connect to ws://%s:%d/CHARGE_POINT_ID", wanted.host, port)
            await _publishing(parts.gateway())
    except OSError as error:
        raise UnusableSetting(f"The address of --listen cannot be used: {error.strerror or error}.") from None
    finally:
        reads.cancel()
        await asyncio.wait((reads,))


async def _publishing(gateway: Gateway) -> None:
    while True:
        try:
            await gateway.run()
        except PublicationRefused as error:
            _logger.warning("Messages of stations are refused by the bus and given up: %s", error)
