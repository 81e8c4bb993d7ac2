"""The life of a long-running process: it waits or refuses, joins a group, anew after a failure, drains at the end."""

import asyncio
import logging
from collections.abc import Callable, Coroutine, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeAlias

from aiokafka.errors import KafkaError

from adapters.database import schema
from adapters.database.engine import answers
from adapters.database.schema import UnreachableDatabase
from adapters.kafka.topics import NotAllowed, UnusableTopics
from adapters.observability import providers
from adapters.observability.gauges import show_distance
from adapters.observability.logs import configure_logging
from application.overtaken import StreamBegun
from application.ports.ownership import Fenced
from application.ports.persistence import ConcurrentChange, StorageUnavailable
from entrypoints import settings as environment
from entrypoints.api.probes import Probes
from entrypoints.api.serve import Operations
from entrypoints.brokers import connection_to
from entrypoints.container import Deployment
from entrypoints.service.beginning import RETRY_S, Announcement, Needs, once_reachable, require_bus, require_database
from entrypoints.service.garbage import collect_now, collect_rarely
from entrypoints.service.health import Health, Source, Turn, Why, nothing_is_wrong
from entrypoints.service.refusals import refusing
from entrypoints.service.standstill import Look, Progress, Standstill, nothing_to_look_for, watch
from entrypoints.service.stopping import stop_by_signal, unless

DRAINING_S = 8.0
"""How long what was begun may take to end. Leaving the group and closing the publishers may take 10 s each."""

STUCK_S = 60.0
"""A turn that takes longer has lost its way: the process joins anew."""


@dataclass(frozen=True, slots=True)
class Joined:
    """A member of a group. The first turn takes work in; the others carry on with it, at the end until all is done.

    `look` is called now and then, and raises where the group has to be joined anew. `why_behind` says what the member
    owes: it is not ready until then.
    """

    source: Source
    turns: Sequence[Turn]
    look: Look = nothing_to_look_for
    why_behind: Why = nothing_is_wrong


Join: TypeAlias = Callable[[], AbstractAsyncContextManager[Joined]]
"""Joins a group and leaves it."""

Member: TypeAlias = Callable[[Deployment], AbstractAsyncContextManager[Joined]]
"""The same, of a deployment."""

_logger = logging.getLogger(__name__)


def run(member: Member, needs: Needs, port: int | None, default_port: int) -> int:
    """Be a member until SIGTERM or Ctrl-C. Raises UnusableSetting where there is no way to begin."""
    settings, database_url = environment.kafka(), environment.database_url()
    configure_logging(settings.log_level, settings.log_format)
    deployment = Deployment(
        database_url=database_url,
        connection=connection_to(settings),
        prefix=settings.topic_prefix,
        keeping=settings.keeping,
    )
    collect_rarely()
    with refusing():
        asyncio.run(_serve(deployment, member, needs, Operations(settings, port, default_port)))
    return 0


def is_foreseen(error: Exception) -> bool:
    """Whether it says all there is to say: database, bus or another member are the reason, and not our code."""
    if isinstance(error, ExceptionGroup):
        return all(map(is_foreseen, error.exceptions))
    away = (StorageUnavailable, UnreachableDatabase, KafkaError, TimeoutError)
    otherwise = (Fenced, ConcurrentChange, Standstill, UnusableTopics, StreamBegun, NotAllowed)
    return isinstance(error, away + otherwise)


def _in_words(error: Exception) -> str:
    if isinstance(error, ExceptionGroup):
        return "; ".join(map(_in_words, error.exceptions))
    return f"{type(error).__name__}: {error}"


async def _serve(deployment: Deployment, member: Member, needs: Needs, operations: Operations) -> None:
    stop = stop_by_signal()
    engine, metrics = deployment.engine(), deployment.metrics()
    # An exporter that cannot be had is refused before anything is begun.
    deployment.tracer_provider()
    show_distance(deployment.meter_provider(), deployment.progress().distances)
    health = Health(lambda: answers(engine), asyncio.get_running_loop().time)
    try:
        async with operations.served(Probes(health.why_not_live, health.why_not_ready, metrics.text)):
            announcement = Announcement(operations.address)
            async with AsyncExitStack() as stack:
                stack.push_async_callback(_let_go, deployment)
                partitions = await unless(stop, _ready(deployment, needs, announcement))
                if partitions is not None:
                    announcement.make()
                    deployment.partitions.override(partitions)
                    lasting = Lasting(health, deployment.progress(), stop)
                    await stay_joined(partial(member, deployment), deployment.database_url(), lasting)
    finally:
        await engine.dispose()


@dataclass(frozen=True, slots=True)
class Lasting:
    """What a process has from its beginning to its end, however often it joins."""

    health: Health
    progress: Progress
    stop: asyncio.Event


async def stay_joined(join: Join, database_url: str, process: Lasting) -> None:
    """Be a member until the process is to stop; after every failure be one anew, once the database answers."""
    while not process.stop.is_set():
        collect_now()
        try:
            await _be_a_member(join, process)
        except Exception as error:
            traceback = None if is_foreseen(error) else error
            _logger.warning("Membership failed, joining again: %s", _in_words(error), exc_info=traceback)
            await unless(process.stop, _recovered(database_url))


async def _be_a_member(join: Join, process: Lasting) -> None:
    health, progress, stop = process.health, process.progress, process.stop
    async with AsyncExitStack() as stack:
        joined = await unless(stop, stack.enter_async_context(join()))
        if joined is not None:
            _logger.info("Joined the group")
            progress.begin_anew()
            stack.callback(progress.begin_anew)
            health.joined(joined.source, joined.turns, lambda: progress.why_standing() or joined.why_behind())
            stack.callback(health.left)
            watching = watch(joined.source, joined.look, progress)
            await _while_watched(watching, take_turns(joined.turns, health, stop))


async def _while_watched(watching: Coroutine[Any, Any, None], working: Coroutine[Any, Any, None]) -> None:
    """Work to its end, unless what watches it raises."""
    tasks = [asyncio.ensure_future(working), asyncio.ensure_future(watching)]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)


async def take_turns(turns: Sequence[Turn], health: Health, stop: asyncio.Event) -> None:
    """Until one of them fails, or the process is to stop and what was begun has ended or took too long."""
    working, stopping = asyncio.ensure_future(_work(turns, health, stop)), asyncio.ensure_future(stop.wait())
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


async def _work(turns: Sequence[Turn], health: Health, stop: asyncio.Event) -> None:
    async with asyncio.TaskGroup() as loops:
        for turn in turns:
            loops.create_task(_repeat(turn, health, stop))
    for turn in turns[1:]:
        while await turn():
            pass


async def _repeat(turn: Turn, health: Health, stop: asyncio.Event) -> None:
    while not stop.is_set():
        async with asyncio.timeout(STUCK_S):
            await health.take(turn)


async def _ready(deployment: Deployment, needs: Needs, announcement: Announcement) -> int:
    """How many partitions the keyed topics have, once database and brokers answer.

    Raises UnusableSetting and UnusableDatabase, NotAllowed, UnusableTopics, KafkaError where waiting does not help.
    """
    await require_database(deployment.database_url(), needs.tables, announcement)
    return await require_bus(deployment.connection(), needs.on_the_bus(deployment.prefix()), announcement)


async def _recovered(database_url: str) -> None:
    """Once the database answers. Its schema is not looked at again: a newer release may have come meanwhile."""
    await asyncio.sleep(RETRY_S)
    await once_reachable(lambda: schema.revisions(database_url))


async def _let_go(deployment: Deployment) -> None:
    """All at once, as each may take its time: what is told to end has 30 s."""
    await asyncio.gather(
        deployment.event_publisher().close(),
        deployment.dead_letter_publisher().close(),
        providers.shut_down(deployment.tracer_provider(), deployment.meter_provider()),
    )
