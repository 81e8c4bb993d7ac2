"""From the outbox to the bus: publish, then mark. A crash between the two publishes again, with the same ids."""

from datetime import datetime, timedelta

from application.owned_partitions import OwnedPartitions
from application.ports import Clock, EventPublisher, PendingEvents

BATCH = 200
KEPT = timedelta(hours=1)
"""How long a published event stays in the outbox."""

PRUNED_EVERY = timedelta(minutes=1)


class Relay:
    """The only publisher of events: for each partition the relay of the worker that owns it."""

    def __init__(self, pending: PendingEvents, publisher: EventPublisher, owned: OwnedPartitions, clock: Clock) -> None:
        self._pending = pending
        self._publisher = publisher
        self._owned = owned
        self._clock = clock
        self._pruned_at: datetime | None = None

    async def turn(self) -> bool:
        """Publish one batch; returns whether there was any."""
        now = self._clock.now()
        if self._pruned_at is None or now - self._pruned_at >= PRUNED_EVERY:
            await self._pending.prune(now - KEPT)
            self._pruned_at = now
        events = await self._pending.pending(self._owned.microgrids, BATCH)
        if not events:
            return False
        await self._publisher.publish([event.message for event in events])
        await self._pending.mark_published(events, now)
        return True
