"""Partitions come and go between turns."""

import asyncio

from application.ports.bus import Partition
from entrypoints.service.assignments import BetweenTurns

PARTITIONS = frozenset({Partition("busbar.telemetry", 0)})


class Told:
    """An Assignment that remembers what it was told."""

    def __init__(self) -> None:
        self.of: list[str] = []

    async def assigned(self, partitions: frozenset[Partition]) -> None:
        self.of.append(f"assigned {len(partitions)}")

    async def revoked(self, partitions: frozenset[Partition]) -> None:
        self.of.append(f"revoked {len(partitions)}")


async def test_nothing_comes_or_goes_while_any_turn_is_under_way() -> None:
    for tell, word in ((BetweenTurns.assigned, "assigned 1"), (BetweenTurns.revoked, "revoked 1")):
        for under_way in (0, 1):
            told, turns = Told(), (asyncio.Lock(), asyncio.Lock())
            async with turns[under_way]:
                telling = asyncio.ensure_future(tell(BetweenTurns(told, *turns), PARTITIONS))
                await asyncio.sleep(0.01)
                assert told.of == []
            await telling
            assert told.of == [word]
            assert not any(turn.locked() for turn in turns)
