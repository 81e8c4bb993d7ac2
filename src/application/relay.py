"""From the outbox to the bus: publish, then mark. A crash between the two publishes again, with the same ids."""

from datetime import datetime, timedelta

from application.owned_partitions import OwnedPartitions
from application.parking import Parked
from application.ports import Clock, Counters, EventPublisher, PendingEvents, PublicationRefused, Stage

BATCH = 200
KEPT = timedelta(hours=1)
"""How long a published event stays in the outbox."""

PRUNED_EVERY = timedelta(minutes=1)


class Relay:
    """The only publisher of events: for each partition the relay of the worker that owns it.

    A microgrid with an event that the bus refuses is parked: what comes after that event must not overtake it.
    """

    def __init__(
        self,
        pending: PendingEvents,
        publisher: EventPublisher,
        owned: OwnedPartitions,
        clock: Clock,
        counters: Counters,
    ) -> None:
        self._pending = pending
        self._publisher = publisher
        self._owned = owned
        self._clock = clock
        self._counters = counters
        self._pruned_at: datetime | None = None
        self._aside: dict[str, Parked | None] = {}
        """Who is published alone: parked, or None while it is only not known who in a batch was refused."""

    async def turn(self) -> bool:
        """Publish one batch; returns whether there was any."""
        now = self._clock.now()
        if self._pruned_at is None or now - self._pruned_at >= PRUNED_EVERY:
            await self._pending.prune(now - KEPT)
            self._pruned_at = now
        if self._aside:
            self._aside = {each: parked for each, parked in self._aside.items() if each in self._owned.microgrids}
            for microgrid_id, parked in self._aside.items():
                if parked is None or parked.is_over(now):
                    return await self._publish_alone(microgrid_id)
        return await self._publish_together()

    async def _publish_together(self) -> bool:
        microgrids = self._owned.microgrids
        if self._aside:
            microgrids = [each for each in microgrids if each not in self._aside]
        events = await self._pending.pending(microgrids, BATCH)
        if not events:
            return False
        try:
            await self._publisher.publish([event.message for event in events])
        except PublicationRefused:
            self._aside |= dict.fromkeys(event.microgrid_id for event in events)
        else:
            await self._pending.mark_published(events, self._clock.now())
        return True

    async def _publish_alone(self, microgrid_id: str) -> bool:
        """One event after the other, up to the one that is refused."""
        parked = self._aside[microgrid_id]
        for event in await self._pending.pending([microgrid_id], BATCH):
            try:
                await self._publisher.publish([event.message])
            except PublicationRefused as error:
                self._aside[microgrid_id] = parked = Parked.after(parked, self._clock.now())
                self._counters.parked(Stage.PUBLICATION, microgrid_id, error, parked.times)
                return True
            await self._pending.mark_published([event], self._clock.now())
            parked = None
        del self._aside[microgrid_id]
        return True
