"""Read models from the events again: after a projection was mended, or where one is parked for want of an event."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from application.ports.bus import PublishedEvent
from application.ports.read_side import Reached, ReadModelTransactions
from application.projections.keeping import AS_A_RULE, Keeping
from application.projections.projector import FactOf, Projection, apply, gathering


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

    def __init__(
        self,
        transactions: ReadModelTransactions,
        projections: Sequence[Projection],
        fact_of: FactOf,
        keeping: Keeping = AS_A_RULE,
    ) -> None:
        self._transactions = transactions
        self._projections = projections
        self._fact_of = fact_of
        self._keeping = keeping
        self._reached: dict[str, PublishedEvent] = {}
        self._ended: set[tuple[str, str]] = set()
        """Microgrids and streams of theirs that another one followed."""

    async def project(self, events: Sequence[PublishedEvent]) -> Sequence[Missing]:
        """These events, which follow those before; returns what is missing among them.

        A microgrid's are one or more transactions of their own, so that nobody waits for us in a circle.
        """
        missing = []
        for microgrid_id, own in groupby(sorted(events, key=_microgrid), _microgrid):
            following: list[PublishedEvent] = []
            for event in own:
                reached = self._reached.get(microgrid_id)
                if self._was_before(event, reached):
                    continue
                if reached is None or (event.stream, event.event_seq) != (reached.stream, reached.event_seq + 1):
                    await self._apply(following)
                    following = []
                    await self._rewind(event)
                    if reached is not None and reached.stream == event.stream:
                        missing.append(Missing(microgrid_id, reached.event_seq + 1, event.event_seq - 1))
                    elif reached is not None:
                        self._ended.add((microgrid_id, reached.stream))
                following.append(event)
                self._reached[microgrid_id] = event
            await self._apply(following)
        return missing

    async def _apply(self, events: Sequence[PublishedEvent]) -> None:
        if not events:
            return
        async with self._transactions.begin() as changes:
            gathered = await gathering(events, changes)
            for event in events:
                apply(event, self._fact_of, self._projections, gathered)
            await gathered.write(changes, self._keeping)
            await changes.commit()

    def _was_before(self, event: PublishedEvent, reached: PublishedEvent | None) -> bool:
        if reached is None or reached.stream != event.stream:
            return (event.microgrid_id, event.stream) in self._ended
        return event.event_seq <= reached.event_seq

    async def _rewind(self, event: PublishedEvent) -> None:
        async with self._transactions.begin() as changes:
            await changes.positions([event.microgrid_id])
            before = Reached(event.stream, event.event_seq - 1)
            await changes.put_positions({(each.name, event.microgrid_id): before for each in self._projections})
            await changes.commit()


def _microgrid(event: PublishedEvent) -> str:
    return event.microgrid_id
