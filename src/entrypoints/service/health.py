"""Whether a member of a group is alive and ready, as far as it knows itself."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Protocol, TypeAlias

from application.ports.bus import Offsets, Partition

RECENTLY_S = 10.0
"""Who got on within this time still gets on."""

LOST_S = 75.0
"""A turn is given up after a minute; one that goes on all the same will not end any more."""

ANSWERED_S = 3.0

Turn: TypeAlias = Callable[[], Awaitable[bool]]
"""One round of a loop: whether there was anything to do. Takes an instant where there was not."""

Ask: TypeAlias = Callable[[], Awaitable[bool]]

Why: TypeAlias = Callable[[], str | None]
"""What is wrong, in a sentence, or None."""


def nothing_is_wrong() -> None:
    """All is well, as far as this goes."""


class Source(Protocol):
    """Where a member takes its work from."""

    async def trouble(self) -> str | None: ...

    async def offsets(self) -> Mapping[Partition, Offsets]: ...


class Health:
    """Follows a member through its turns. `database_answers` is asked when somebody asks."""

    def __init__(self, database_answers: Ask, now: Callable[[], float]) -> None:
        self._database_answers = database_answers
        self._now = now
        self._source: Source | None = None
        self._why_behind: Why = nothing_is_wrong
        self._begun: dict[Turn, float] = {}
        self._ended: dict[Turn, float | None] = {}

    def joined(self, source: Source, turns: Sequence[Turn], why_behind: Why = nothing_is_wrong) -> None:
        """A member takes turns from now on. `why_behind` says what it owes, though it takes them."""
        self._source = source
        self._why_behind = why_behind
        self._ended = dict.fromkeys(turns)

    def left(self) -> None:
        """It does not any more. Nothing of it is kept."""
        self._source = None
        self._why_behind = nothing_is_wrong
        self._ended = {}

    async def take(self, turn: Turn) -> None:
        """Take a turn, and remember when."""
        self._begun[turn] = self._now()
        try:
            await turn()
        finally:
            del self._begun[turn]
        self._ended[turn] = self._now()

    def why_not_live(self) -> str | None:
        """None where no turn is stuck."""
        return "A turn is stuck." if any(self._now() - begun > LOST_S for begun in self._begun.values()) else None

    async def why_not_ready(self) -> str | None:
        """None where it is a member that gets on and owes nothing, and brokers and database answer."""
        if self._source is None:
            return "It is not a member of its group."
        if any(ended is None or self._now() - ended > RECENTLY_S for ended in self._ended.values()):
            return "It does not get on."
        if (trouble := await self._source.trouble()) is not None:
            return trouble
        if (behind := self._why_behind()) is not None:
            return behind
        try:
            async with asyncio.timeout(ANSWERED_S):
                answered = await self._database_answers()
        except TimeoutError:
            answered = False
        return None if answered else "The database does not answer."
