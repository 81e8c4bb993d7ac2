"""`busbar api`: the read side of the configured database, served until it is told to end."""

import asyncio
import logging

from adapters.clock import SystemClock
from adapters.database import rights as database_rights
from adapters.observability import providers
from adapters.observability.logs import configure_logging
from entrypoints import settings as environment
from entrypoints.api.read_side import ReadSide
from entrypoints.api.serve import Api
from entrypoints.container import Container
from entrypoints.service.beginning import require_database
from entrypoints.service.refusals import refusing
from entrypoints.service.stopping import stop_by_signal

PATIENCE_S = 15
"""How long requests may still take at the end."""

_logger = logging.getLogger(__name__)


def run(port: int | None) -> int:
    """Serve; returns the exit code 0 once a signal ended it. Raises UnusableSetting."""
    settings = environment.load()
    url = environment.database_url()
    configure_logging(settings.log_level, settings.log_format)
    with refusing():
        asyncio.run(_serve(Api(settings, port), url))
    return 0


async def _serve(api: Api, url: str) -> None:
    stop = stop_by_signal()
    container = Container(database_url=url)
    telemetry = container.tracer_provider(), container.meter_provider()
    started = asyncio.Event()
    read_side = ReadSide(
        container.read_model(), container.stored_events(), SystemClock(), container.metrics().text, started.is_set
    )
    try:
        async with api.served(read_side, container.requests(), PATIENCE_S):
            _logger.info("serving %s to %s", api.address, api.audience)
            await _run(url, started, stop)
    finally:
        await container.engine().dispose()
        await providers.shut_down(*telemetry)


async def _run(url: str, started: asyncio.Event, stop: asyncio.Event) -> None:
    """Until it is told to stop, or the schema turns out to be an older one. Raises UnusableSetting."""
    stopping = asyncio.create_task(stop.wait())
    starting = asyncio.create_task(_start(url, started))
    try:
        await asyncio.wait((starting, stopping), return_when=asyncio.FIRST_COMPLETED)
        if starting.done():
            starting.result()
            await stopping
    finally:
        starting.cancel()
        stopping.cancel()


async def _start(url: str, started: asyncio.Event) -> None:
    """Wait for the database where it is away, and see whether it is one of this release."""
    await require_database(url, database_rights.API)
    started.set()
