"""A database that was restored under a live bus: what it would decide has been announced already, and otherwise."""

from typing import Final

from application.ports.bus import Assignment, Partition, Withheld
from application.ports.ownership import EventTails, Streams

WHAT_TO_DO: Final = (
    "The bus is ahead of the database in partition {}, as after a restore: nothing is decided there. "
    "Begin a new stream with `busbar migrate --new-stream`."
)


class StreamBegun(Exception):
    """What was withheld may be taken now: the group has to be joined anew."""


class NotOvertaken:
    """The Assignment that takes only partitions in which the bus has no event that the database does not know.

    Such events are of the same stream and of a higher `event_seq`: subscribers have seen those, and would take what is
    decided anew for a repetition.
    """

    def __init__(self, inner: Assignment, tails: EventTails, streams: Streams) -> None:
        self._inner = inner
        self._tails = tails
        self._streams = streams
        self._withheld_in: str | None = None

    async def assigned(self, partitions: frozenset[Partition]) -> None:
        """Raises Withheld, once the others are taken."""
        # The bus first: what is committed meanwhile only adds to the database.
        tails = await self._tails.newest({partition.number for partition in partitions})
        stream = await self._streams.current()
        own = {number: [each for each in events if each.stream == stream] for number, events in tails.items()}
        reached = await self._streams.reached({each.microgrid_id for events in own.values() for each in events})
        ahead = {
            number
            for number, events in own.items()
            if any(each.event_seq > reached.get(each.microgrid_id, 0) for each in events)
        }
        withheld = frozenset(partition for partition in partitions if partition.number in ahead)
        if partitions - withheld:
            await self._inner.assigned(partitions - withheld)
        self._withheld_in = stream if withheld else None
        if withheld:
            raise Withheld(withheld, WHAT_TO_DO.format(", ".join(map(str, sorted(ahead)))))

    async def revoked(self, partitions: frozenset[Partition]) -> None:
        self._withheld_in = None
        await self._inner.revoked(partitions)

    async def look(self) -> None:
        """Raises StreamBegun where partitions are withheld and the database leads another stream by now."""
        if self._withheld_in is not None and await self._streams.current() != self._withheld_in:
            raise StreamBegun
