"""The life of a long-running process: it waits or refuses before it joins a group, joins anew after every failure, and
drains when it is told to stop.
"""

import asyncio
import logging
import signal
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from typing import Any, TypeAlias, TypeVar

from entrypoints import settings as environment
from entrypoints.container import (
    Deployment,
    UnreachableDatabase,
    connection_to,
    database_answers,
    log_to_standard_error,
    require_topics,
    schema_is_newest,
    when_reachable,
)
from entrypoints.refusals import OLDER_SCHEMA, refusing

RETRY_S = 1.0

DRAINING_S = 8.0
"""How long what was begun may take to end. Leaving the group and closing the publishers may take 10 s each."""

STUCK_S = 60.0
"""A turn that takes longer has lost its way: the process joins anew."""

Turn: TypeAlias = Callable[[], Awaitable[bool]]
"""One round of a loop: whether there was anything to do. Takes an instant where there was not."""

Member: TypeAlias = Callable[[Deployment], AbstractAsyncContextManager[Sequence[Turn]]]
"""Joins a group and leaves it. The first turn takes work in; the others carry on with it, at the end until all is done.
"""

T = TypeVar("T")

_logger = logging.getLogger(__name__)


def run(member: Member) -> int:
    """Be a member until SIGTERM or Ctrl-C. Raises UnusableSetting where there is no way to begin."""
    settings, database_url = environment.kafka(), environment.database_url()
    log_to_standard_error(settings.log_level, settings.log_format)
    deployment = Deployment(database_url=database_url, connection=connection_to(settings), prefix=settings.topic_prefix)
    with refusing():
        asyncio.run(_live(deployment, member))
    return 0


def stop_by_signal() -> asyncio.Event:
    """An event that SIGTERM or Ctrl-C sets from now on."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    return stop


async def unless(stop: asyncio.Event, work: Coroutine[Any, Any, T]) -> T | None:
    """What the work returns; it is cancelled, and this is None, where the process is to stop first."""
    working, stopping = asyncio.ensure_future(work), asyncio.ensure_future(stop.wait())
    try:
        await asyncio.wait((working, stopping), return_when=asyncio.FIRST_COMPLETED)
        return working.result() if working.done() else None
    finally:
        stopping.cancel()
        working.cancel()
        await asyncio.wait((working,))


async def require_newest_schema(database_url: str) -> None:
    """Once the database answers. Raises UnusableSetting where its schema is an older one, and UnusableDatabase."""
    if not await _once_reachable(lambda: schema_is_newest(database_url)):
        raise environment.UnusableSetting(OLDER_SCHEMA)


async def _live(deployment: Deployment, member: Member) -> None:
    stop = stop_by_signal()
    async with AsyncExitStack() as stack:
        stack.callback(deployment.tracer_provider().shutdown)
        stack.callback(deployment.meter_provider().shutdown)
        partitions = await unless(stop, _ready(deployment))
        if partitions is None:
            return
        deployment.partitions.override(partitions)
        stack.push_async_callback(deployment.engine().dispose)
        stack.push_async_callback(_close_publishers, deployment)
        while not stop.is_set():
            try:
                await _be_a_member(deployment, member, stop)
            except Exception:
                _logger.warning("Membership failed, joining again", exc_info=True)
                await unless(stop, _recovered(deployment))


async def _be_a_member(deployment: Deployment, member: Member, stop: asyncio.Event) -> None:
    async with AsyncExitStack() as stack:
        turns = await unless(stop, stack.enter_async_context(member(deployment)))
        if turns is not None:
            _logger.info("Joined the group")
            await _take_turns(turns, stop)


async def _take_turns(turns: Sequence[Turn], stop: asyncio.Event) -> None:
    """Until one of them fails, or the process is to stop and what was begun has ended or took too long."""
    working, stopping = asyncio.ensure_future(_work(turns, stop)), asyncio.ensure_future(stop.wait())
    try:
        await asyncio.wait((working, stopping), return_when=asyncio.FIRST_COMPLETED)
        await asyncio.wait((working,), timeout=DRAINING_S)
        if working.done():
            working.result()
        else:
            _logger.warning("What was begun did not end within %.0f s and is left", DRAINING_S)
    finally:
        stopping.cancel()
        working.cancel()
        await asyncio.wait((working,))


async def _work(turns: Sequence[Turn], stop: asyncio.Event) -> None:
    async with asyncio.TaskGroup() as loops:
        for turn in turns:
            loops.create_task(_repeat(turn, stop))
    for turn in turns[1:]:
        while await turn():
            pass


async def _repeat(turn: Turn, stop: asyncio.Event) -> None:
    while not stop.is_set():
        async with asyncio.timeout(STUCK_S):
            await turn()


async def _ready(deployment: Deployment) -> int:
    """How many partitions the keyed topics have, once database and brokers answer.

    Raises UnusableSetting and UnusableDatabase, UnusableTopics, KafkaError where waiting does not help.
    """
    await require_newest_schema(deployment.database_url())
    connection, topics = deployment.connection(), deployment.topics()
    keyed = (topics.configuration, topics.telemetry, topics.events)
    partitions: int = await when_reachable(lambda: require_topics(connection, keyed))
    await when_reachable(lambda: require_topics(connection, [topics.dead_letter]))
    return partitions


async def _recovered(deployment: Deployment) -> None:
    """Once the database answers. Its schema is not looked at again: a newer release may have come meanwhile."""
    await asyncio.sleep(RETRY_S)
    await _once_reachable(lambda: database_answers(deployment.database_url()))


async def _once_reachable(ask: Callable[[], Awaitable[T]]) -> T:
    while True:
        try:
            return await ask()
        except UnreachableDatabase as error:
            _logger.warning("The database cannot be reached, trying again: %s", error)
        await asyncio.sleep(RETRY_S)


async def _close_publishers(deployment: Deployment) -> None:
    await asyncio.gather(deployment.event_publisher().close(), deployment.dead_letter_publisher().close())
