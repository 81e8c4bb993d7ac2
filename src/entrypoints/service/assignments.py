"""What members of a group do when partitions come and go."""

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack

from application.ports.bus import Assignment, Partition


class Unconcerned:
    """The Assignment of a consumer that keeps nothing by partition."""

    async def assigned(self, partitions: frozenset[Partition]) -> None:
        pass

    async def revoked(self, partitions: frozenset[Partition]) -> None:
        pass


class Held:
    """The Assignment of a consumer that asks which microgrids lie in its partitions now."""

    def __init__(self, partition_of: Callable[[str], int | None]) -> None:
        self._partition_of = partition_of
        self._numbers: set[int] = set()

    def has(self, microgrid_id: str) -> bool:
        return self._partition_of(microgrid_id) in self._numbers

    async def assigned(self, partitions: frozenset[Partition]) -> None:
        self._numbers |= {each.number for each in partitions}

    async def revoked(self, partitions: frozenset[Partition]) -> None:
        self._numbers -= {each.number for each in partitions}


class BetweenTurns:
    """Tells another Assignment, while no turn is under way: each of `turns` is held for as long as one is."""

    def __init__(self, assignment: Assignment, *turns: asyncio.Lock) -> None:
        self._assignment = assignment
        self._turns = turns

    async def assigned(self, partitions: frozenset[Partition]) -> None:
        async with AsyncExitStack() as stack:
            await self._end_turns(stack)
            await self._assignment.assigned(partitions)

    async def revoked(self, partitions: frozenset[Partition]) -> None:
        async with AsyncExitStack() as stack:
            await self._end_turns(stack)
            await self._assignment.revoked(partitions)

    async def _end_turns(self, stack: AsyncExitStack) -> None:
        for turn in self._turns:
            await stack.enter_async_context(turn)
