"""The worker and the projector of a process that has the bus within itself."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager

from adapters.messages import registry
from application.owned_partitions import OwnedPartitions
from application.ports.bus import MessageSource, Offsets, Partition
from entrypoints import webhook
from entrypoints.container import PROJECTIONS, Container
from entrypoints.service.assignments import BetweenTurns, Unconcerned
from entrypoints.service.health import Turn
from entrypoints.service.life_cycle import Joined
from entrypoints.service.standstill import require_deciding, why_overdue
from entrypoints.service.worker import Loops
from entrypoints.topics import CONFIGURATION, EVENTS, TELEMETRY

RESTS_S = 0.02
"""How long a loop rests that found nothing to do: the bus within tells nobody that something came."""


class Within:
    """A source that is there as long as the process is."""

    async def trouble(self) -> str | None:
        return None

    async def offsets(self) -> Mapping[Partition, Offsets]:
        return {}


@asynccontextmanager
async def joined(container: Container) -> AsyncIterator[Joined]:
    """A worker and a projector, made anew, for as long as none of their turns fails."""
    membership, bus = container.membership(), container.bus()
    owned: OwnedPartitions = membership.owned_partitions()
    locks = [asyncio.Lock() for _ in range(3)]
    # The bus died with the process before: what that had not projected is published again.
    names = [projection.name for projection in PROJECTIONS]
    await container.pending_events().republish_after(await container.read_model().projected(names))
    async with AsyncExitStack() as stack:
        worker = await bus.join(
            "busbar.worker",
            (CONFIGURATION, TELEMETRY),
            registry.read,
            BetweenTurns(owned, *locks),
        )
        stack.push_async_callback(worker.close)
        events = await bus.join("busbar.projector", (EVENTS,), registry.read, Unconcerned())
        stack.push_async_callback(events.close)
        loops = Loops(membership.intake(source=worker), membership.cycles(), membership.relay(), locks)
        if (hook := container.hook()) is not None:
            await stack.enter_async_context(webhook.sending(hook, container, lambda _: True))

        async def look() -> None:
            require_deciding(owned.figures())

        stack.enter_context(container.gauges().of(owned.figures))
        turns = (rested(loops.take_in), loops.decide, loops.publish, rested(_projecting(container, events)))
        yield Joined(Within(), turns, look, lambda: why_overdue(owned.figures()))


def _projecting(container: Container, events: MessageSource) -> Callable[[], Awaitable[bool]]:
    notify_at = None if container.hook() is None else container.clock().now
    projector, forgetting = container.projector(source=events, notify_at=notify_at), container.forgetting()

    async def project() -> bool:
        projected: int = await projector.turn()
        await forgetting.turn()
        return projected > 0

    return project


def rested(turn: Callable[[], Awaitable[bool]]) -> Turn:
    """The same turn, with a rest after one that found nothing to do."""

    async def take() -> bool:
        found = await turn()
        if not found:
            await asyncio.sleep(RESTS_S)
        return found

    return take
