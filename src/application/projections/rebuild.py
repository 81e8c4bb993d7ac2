"""Read models from the events again: after a projection was mended, or where one is parked for want of an event."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from application.ports import PublishedEvent, ReadModelTransactions
from application.projections.projector import Projection, apply


@dataclass(frozen=True, slots=True)
class Missing:
    """Events that are not there any more: the read models go on without them."""

    microgrid_id: str
    first_seq: int
    last_seq: int


class Rebuild:
    """Projects a microgrid's events again from the first it is given, whatever was projected before.

    Rows are written over, none is forgotten first. Projectors may run: one that meets a microgrid here parks it, and
    goes on with it where this ends.
    """

    def __init__(self, transactions: ReadModelTransactions, projections: Sequence[Projection]) -> None:
        self._transactions = transactions
        self._projections = projections
        self._reached: dict[str, int] = {}

    async def project(self, events: Sequence[PublishedEvent]) -> Sequence[Missing]:
        """These events, which follow those before; returns what is missing among them.

        A microgrid's are one or more transactions of their own, so that nobody waits for us in a circle.
        """
        missing = []
        for microgrid_id, own in groupby(sorted(events, key=_microgrid), _microgrid):
            following: list[PublishedEvent] = []
            for event in own:
                reached = self._reached.get(microgrid_id)
                if reached is not None and event.event_seq <= reached:
                    continue
                if reached is None or event.event_seq > reached + 1:
                    await self._apply(following)
                    following = []
                    await self._rewind(microgrid_id, event.event_seq - 1)
                    if reached is not None:
                        missing.append(Missing(microgrid_id, reached + 1, event.event_seq - 1))
                following.append(event)
                self._reached[microgrid_id] = event.event_seq
            await self._apply(following)
        return missing

    async def _apply(self, events: Sequence[PublishedEvent]) -> None:
        if not events:
            return
        async with self._transactions.begin() as changes:
            for event in events:
                await apply(event, self._projections, changes)
            await changes.commit()

    async def _rewind(self, microgrid_id: str, event_seq: int) -> None:
        async with self._transactions.begin() as changes:
            for projection in self._projections:
                await changes.rewind(projection.name, microgrid_id, event_seq)
            await changes.commit()


def _microgrid(event: PublishedEvent) -> str:
    return event.microgrid_id
