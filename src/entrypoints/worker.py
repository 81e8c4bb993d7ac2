"""`busbar worker`: decides for the microgrids of its partitions, and publishes what was decided there."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from entrypoints import life_cycle
from entrypoints.assignments import BetweenTurns
from entrypoints.container import Deployment, join_group, read_message
from entrypoints.life_cycle import Joined

PORT = 8081

IDLE_S = 0.5
"""How long the relay waits where nothing is pending, unless a cycle is decided: asking costs as much as publishing."""


def run(port: int | None) -> int:
    """Decide until SIGTERM or Ctrl-C; returns the exit code. Raises UnusableSetting."""
    return life_cycle.run(_member, port, PORT)


@asynccontextmanager
async def _member(deployment: Deployment) -> AsyncIterator[Joined]:
    # Who joins anew knows nothing of what he owned before: others may have decided there meanwhile.
    for remembering in (deployment.mailbox, deployment.owned_partitions, deployment.relay):
        remembering.reset()
    deciding, publishing = asyncio.Lock(), asyncio.Lock()
    topics = deployment.topics()
    not_overtaken = deployment.not_overtaken()
    source = await join_group(
        deployment.connection(),
        f"{deployment.prefix()}.worker",
        (topics.configuration, topics.telemetry),
        read_message,
        BetweenTurns(not_overtaken, deciding, publishing),
    )
    worker, relay = deployment.worker(source=deployment.measured_source(source)), deployment.relay()
    decided = asyncio.Event()

    async def decide() -> bool:
        before = worker.cycles
        async with deciding:
            took: bool = await worker.turn()
        if worker.cycles > before:
            decided.set()
        return took

    async def publish() -> bool:
        decided.clear()
        async with publishing:
            published: bool = await relay.turn()
        if not published:
            with suppress(TimeoutError):
                await asyncio.wait_for(decided.wait(), IDLE_S)
        return published

    try:
        yield Joined(source, (decide, publish), not_overtaken.look)
    finally:
        await source.close()
