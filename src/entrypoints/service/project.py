"""`busbar project`: keeps the read models by the events of its partitions."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from typing import Final

from adapters.database import rights as database_rights
from adapters.kafka.topics import EVENTS
from adapters.messages import registry
from adapters.webhook.hook import Hook
from application.projections.projector import BATCH
from entrypoints import webhook
from entrypoints.container import Deployment
from entrypoints.service import life_cycle
from entrypoints.service.assignments import BetweenTurns, Held
from entrypoints.service.beginning import Needs
from entrypoints.service.life_cycle import Joined

PORT = 8082
GATHERS_S: Final = 0.2
"""How long events gather for the next transaction, which costs as much for one of them as for ten."""

NEEDS = Needs("projector", reads=(EVENTS,), writes=(), tables=database_rights.PROJECTOR)


def run(port: int | None) -> int:
    """Project until SIGTERM or Ctrl-C; returns the exit code. Raises UnusableSetting."""
    return life_cycle.run(partial(_member, webhook.hook()), NEEDS, port, PORT)


@asynccontextmanager
async def _member(hook: Hook | None, deployment: Deployment) -> AsyncIterator[Joined]:
    projecting, held = asyncio.Lock(), Held(deployment.partition_of())
    source = await deployment.join(
        f"{deployment.prefix()}.projector",
        [deployment.topics().events],
        registry.read,
        BetweenTurns(held, projecting),
    )
    notify_at = None if hook is None else deployment.clock().now
    projector = deployment.projector(source=deployment.measured_source(source), notify_at=notify_at)
    forgetting = deployment.forgetting()

    async def project() -> bool:
        async with projecting:
            projected: int = await projector.turn()
            await forgetting.turn()
        if 0 < projected < BATCH:
            await asyncio.sleep(GATHERS_S)
        return projected > 0

    async with AsyncExitStack() as stack:
        stack.push_async_callback(source.close)
        if hook is not None:
            await stack.enter_async_context(webhook.sending(hook, deployment, held.has))
        yield Joined(source, (project,), why_behind=deployment.progress().why_behind)
