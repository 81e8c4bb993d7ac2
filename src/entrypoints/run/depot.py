"""A real depot, balanced until the process is told to end."""

import asyncio
import logging
from collections.abc import AsyncIterator, Coroutine, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from typing import Any

from adapters.database import migrations
from adapters.database.engine import answers
from adapters.messages import registry
from adapters.observability import providers
from application.ports.bus import PublishedEvent
from entrypoints.api.beside import served_beside
from entrypoints.api.serve import Api
from entrypoints.container import Container
from entrypoints.run import site_file
from entrypoints.run.member import joined
from entrypoints.run.site_file import SiteFile
from entrypoints.service.assignments import Unconcerned
from entrypoints.service.health import Health
from entrypoints.service.life_cycle import Lasting, stay_joined
from entrypoints.service.standstill import Progress
from entrypoints.topics import EVENTS
from entrypoints.unusable import UnusableSetting

BATCH = 500
LOOKS_EVERY_S = 0.2

_logger = logging.getLogger(__name__)


@asynccontextmanager
async def opened(container: Container) -> AsyncIterator[None]:
    """With a database of the newest schema; closed in order at the end."""
    await migrations.upgrade(container.database_url())
    async with AsyncExitStack() as stack:
        stack.push_async_callback(container.engine().dispose)
        stack.push_async_callback(providers.shut_down, container.tracer_provider(), container.meter_provider())
        yield


async def balance(
    container: Container, api: Api, site: SiteFile, inputs: Sequence[Coroutine[Any, Any, None]], stop: asyncio.Event
) -> None:
    """Balance the depot of a site file, served by the API, until told to stop; the inputs bring its telemetry.

    Raises UnusableSetting where one of them cannot begin.
    """
    engine, steady = container.engine(), asyncio.get_running_loop().time
    process = Lasting(Health(lambda: answers(engine), steady), Progress(steady), stop)
    with served_beside(api, container):
        _logger.info("serving %s to %s", api.address, api.audience)
        try:
            async with asyncio.TaskGroup() as beside:
                tasks = [beside.create_task(each) for each in (*inputs, site.keep_offering(), _tell(container))]
                await stay_joined(partial(joined, container), container.database_url(), process)
                for task in tasks:
                    task.cancel()
        except* UnusableSetting as unusable:
            raise unusable.exceptions[0] from None


async def _tell(container: Container) -> None:
    """Log what becomes of the configurations that are offered."""
    source = await container.bus().join("busbar.site-file", (EVENTS,), registry.read, Unconcerned())
    while True:
        batch = await source.receive(BATCH)
        for received in batch:
            if isinstance(received.body, PublishedEvent):
                site_file.tell(received.body)
        await source.acknowledge([received.position for received in batch])
        await asyncio.sleep(LOOKS_EVERY_S)
