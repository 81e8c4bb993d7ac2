"""`busbar worker`: decides for the microgrids of its partitions, and publishes what was decided there."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from adapters.database import rights as database_rights
from adapters.kafka.topics import CONFIGURATION, DEAD_LETTER, EVENTS, TELEMETRY
from adapters.messages import registry
from application.cycles import Cycles
from application.intake import Intake
from application.overtaken import NotOvertaken
from application.owned_partitions import OwnedPartitions
from application.relay import Relay
from entrypoints.container import Deployment
from entrypoints.service import life_cycle
from entrypoints.service.assignments import BetweenTurns
from entrypoints.service.beginning import Needs
from entrypoints.service.life_cycle import Joined
from entrypoints.service.standstill import require_deciding, why_overdue

PORT = 8081

NEEDS = Needs(
    "worker", reads=(CONFIGURATION, TELEMETRY, EVENTS), writes=(EVENTS, DEAD_LETTER), tables=database_rights.WORKER
)
"""What was published it reads to see whether the bus is ahead of the database."""

GATHERS_S = 0.04
"""How long messages gather where few came, and cycles where all that were due are decided: a fetch, an acknowledgement
and a transaction cost as much for one as for ten. Well below the 100 ms within which what is due is to be decided.
"""

IDLE_S = 0.5
"""How long what is published waits for a transaction that marks it by the way."""


def run(port: int | None) -> int:
    """Decide until SIGTERM or Ctrl-C; returns the exit code. Raises UnusableSetting."""
    return life_cycle.run(_member, NEEDS, port, PORT)


class Loops:
    """The three loops of a worker. `locks`: each is held while a turn of one of them is under way."""

    def __init__(self, intake: Intake, cycles: Cycles, relay: Relay, locks: Sequence[asyncio.Lock]) -> None:
        self._intake = intake
        self._cycles = cycles
        self._relay = relay
        self._taking_in, self._deciding, self._publishing = locks

    async def take_in(self) -> bool:
        async with self._taking_in:
            found = await self._intake.turn()
        if not self._intake.is_behind:
            await asyncio.sleep(GATHERS_S)
        return found

    async def decide(self) -> bool:
        async with self._deciding:
            decided = await self._cycles.turn()
        if not self._cycles.is_due():
            await asyncio.sleep(GATHERS_S)
        return decided

    async def publish(self) -> bool:
        async with self._publishing:
            published = await self._relay.turn()
        if not published:
            try:
                await asyncio.wait_for(self._relay.handed.wait(), IDLE_S)
            except TimeoutError:
                async with self._publishing:
                    await self._relay.mark()
        return published


@asynccontextmanager
async def _member(deployment: Deployment) -> AsyncIterator[Joined]:
    membership, topics = deployment.membership(), deployment.topics()
    owned: OwnedPartitions = membership.owned_partitions()
    not_overtaken: NotOvertaken = deployment.not_overtaken(owned)
    locks = [asyncio.Lock() for _ in range(3)]
    source = await deployment.join(
        f"{deployment.prefix()}.worker",
        (topics.configuration, topics.telemetry),
        registry.read,
        BetweenTurns(not_overtaken, *locks),
    )
    intake = membership.intake(source=deployment.measured_source(source))
    loops = Loops(intake, membership.cycles(), membership.relay(), locks)

    async def look() -> None:
        await not_overtaken.look()
        require_deciding(owned.figures())

    try:
        with deployment.gauges().of(owned.figures):
            turns = (loops.take_in, loops.decide, loops.publish)
            yield Joined(source, turns, look, lambda: why_overdue(owned.figures()))
    finally:
        await source.close()
