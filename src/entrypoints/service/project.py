"""`busbar project`: keeps the read models by the events of its partitions."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from adapters.database import rights as database_rights
from adapters.kafka.topics import EVENTS
from adapters.messages import registry
from entrypoints.container import Deployment
from entrypoints.service import life_cycle
from entrypoints.service.assignments import BetweenTurns, Unconcerned
from entrypoints.service.beginning import Needs
from entrypoints.service.life_cycle import Joined

PORT = 8082

NEEDS = Needs("projector", reads=(EVENTS,), writes=(), tables=database_rights.PROJECTOR)


def run(port: int | None) -> int:
    """Project until SIGTERM or Ctrl-C; returns the exit code. Raises UnusableSetting."""
    return life_cycle.run(_member, NEEDS, port, PORT)


@asynccontextmanager
async def _member(deployment: Deployment) -> AsyncIterator[Joined]:
    projecting = asyncio.Lock()
    source = await deployment.join(
        f"{deployment.prefix()}.projector",
        [deployment.topics().events],
        registry.read,
        BetweenTurns(Unconcerned(), projecting),
    )
    projector, forgetting = deployment.projector(source=deployment.measured_source(source)), deployment.forgetting()

    async def project() -> bool:
        async with projecting:
            projected: bool = await projector.turn()
            await forgetting.turn()
        return projected

    try:
        yield Joined(source, (project,), why_behind=deployment.progress().why_behind)
    finally:
        await source.close()
