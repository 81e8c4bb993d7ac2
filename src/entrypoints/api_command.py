"""`busbar api`: the read side of the configured database, served until it is told to end."""

import asyncio
import logging
import signal

from entrypoints import settings as environment
from entrypoints.api.read_side import ReadSide
from entrypoints.api.serve import Api
from entrypoints.container import (
    Container,
    UnusableDatabase,
    UnusableExporter,
    log_to_standard_error,
    schema_is_newest,
    system_clock,
)

PATIENCE_S = 15
"""How long requests may still take at the end."""

ASKED_EVERY_S = 1.0

_logger = logging.getLogger(__name__)


def run(port: int | None) -> int:
    """Serve; returns the exit code 0 once a signal ended it. Raises UnusableSetting."""
    settings = environment.load()
    url = environment.database_url()
    log_to_standard_error(settings.log_level, settings.log_format)
    try:
        asyncio.run(_serve(Api(settings, port), url))
    except UnusableDatabase as error:
        raise environment.UnusableSetting(f"The database of BUSBAR_DATABASE_URL cannot be used: {error}.") from None
    except UnusableExporter as error:
        raise environment.UnusableSetting(str(error)) from None
    return 0


async def _serve(api: Api, url: str) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    container = Container(database_url=url)
    meter_provider = container.meter_provider()
    started = asyncio.Event()
    read_side = ReadSide(
        container.read_model(), container.stored_events(), system_clock(), container.metrics().text, started.is_set
    )
    try:
        async with api.served(read_side, PATIENCE_S):
            _logger.info("serving %s to %s", api.address, api.audience)
            await _run(url, started, stop)
    finally:
        await container.engine().dispose()
        meter_provider.shutdown()


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
    while True:
        try:
            if not await schema_is_newest(url):
                raise environment.UnusableSetting(
                    "The database of BUSBAR_DATABASE_URL has not the schema of this release: "
                    "run `busbar migrate` first."
                )
            started.set()
            return
        except OSError as error:
            _logger.warning("the database does not answer: %s", error)
            await asyncio.sleep(ASKED_EVERY_S)
