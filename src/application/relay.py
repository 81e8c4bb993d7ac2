"""From memory to the bus, once an event is committed: publish, then mark. A crash between the two publishes again, with
the same ids, out of the outbox.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import islice

from application.parking import Parked
from application.ports.bus import EventPublisher, PublicationRefused
from application.ports.clock import Clock
from application.ports.observing import Counters, Stage
from application.ports.persistence import PendingEvent, PendingEvents

BATCH = 200
AT_HAND = 2000
"""How many events wait in memory at most, while the bus is slow or away. Those beyond wait in the outbox alone."""

KEPT = timedelta(hours=1)
"""How long a published event stays in the outbox."""

PRUNED_EVERY = timedelta(minutes=1)


class Relay:
    """The only publisher of events: for each partition the relay of the worker that owns it.

    A microgrid is *behind* while the outbox holds events of it that are not at hand: then all of its events are read
    from there, in order. A microgrid with an event that the bus refuses is parked: what comes after that event must not
    overtake it.
    """

    def __init__(self, pending: PendingEvents, publisher: EventPublisher, clock: Clock, counters: Counters) -> None:
        self._pending = pending
        self._publisher = publisher
        self._clock = clock
        self._counters = counters
        self.handed = asyncio.Event()
        """Set where there is something new since the last turn."""

        self._pruned_at: timedelta | None = None
        self._at_hand: deque[PendingEvent] = deque()
        self._unmarked: dict[tuple[str, int], PendingEvent] = {}
        self._behind: dict[str, int] = {}
        """With the newest event that is known to be committed."""

        self._alone: dict[str, Parked | None] = {}
        """Of those behind, who is published alone: parked, or None while it is only not known who was refused."""

        self._refused: dict[str, datetime] = {}
        """When the event was written that the bus refuses."""

    def resume(self, newest: Mapping[str, int]) -> None:
        """Take over the streams of these microgrids, which have come so far: the outbox may hold a rest of them."""
        self._behind |= {microgrid_id: event_seq for microgrid_id, event_seq in newest.items() if event_seq}
        self._at_hand = deque(event for event in self._at_hand if event.microgrid_id not in self._behind)

    def hand(self, events: Iterable[PendingEvent]) -> None:
        """These are committed, and follow what was handed before."""
        self.handed.set()
        for event in events:
            if event.microgrid_id in self._behind:
                self._behind[event.microgrid_id] = event.event_seq
            elif len(self._at_hand) >= AT_HAND:
                self._fall_behind([event])
            else:
                self._at_hand.append(event)

    def forget(self, is_lost: Callable[[str], bool]) -> None:
        """Somebody else publishes the events of these microgrids now, out of the outbox."""
        self._behind = {each: event_seq for each, event_seq in self._behind.items() if not is_lost(each)}
        self._alone = {each: parked for each, parked in self._alone.items() if not is_lost(each)}
        self._refused = {each: since for each, since in self._refused.items() if not is_lost(each)}
        self._at_hand = deque(event for event in self._at_hand if not is_lost(event.microgrid_id))

    async def turn(self) -> bool:
        """Publish one batch; returns whether there was any."""
        self.handed.clear()
        await self._prune()
        steady = self._clock.steady()
        for microgrid_id, parked in self._alone.items():
            if parked is None or parked.is_over(steady):
                return await self._publish_alone(microgrid_id)
        events = [*await self._from_the_outbox(), *islice(self._at_hand, BATCH)]
        self._tell_what_waits(events)
        if events:
            await self._publish(events)
        return bool(events)

    @property
    def unmarked(self) -> Collection[PendingEvent]:
        """What is published, and pending all the same as far as the outbox knows."""
        return list(self._unmarked.values())

    def marked(self, events: Iterable[PendingEvent]) -> None:
        """A transaction that marked them was committed."""
        for event in events:
            self._unmarked.pop(event.key, None)

    async def mark(self) -> None:
        """Mark what is published now, for want of a transaction that could do it by the way."""
        if events := self.unmarked:
            await self._pending.mark_published(events, self._clock.now())
            self.marked(events)

    async def _prune(self) -> None:
        steady = self._clock.steady()
        if self._pruned_at is None or steady - self._pruned_at >= PRUNED_EVERY:
            await self._pending.prune(self._clock.now() - KEPT)
            self._pruned_at = steady

    async def _from_the_outbox(self) -> Sequence[PendingEvent]:
        behind = {each: event_seq for each, event_seq in self._behind.items() if each not in self._alone}
        if not behind:
            return []
        await self.mark()
        events = await self._pending.pending(behind, BATCH)
        if len(events) < BATCH:
            # Nobody else commits events of theirs: who was handed none meanwhile has no more than these.
            for microgrid_id, event_seq in behind.items():
                if self._behind.get(microgrid_id) == event_seq:
                    del self._behind[microgrid_id]
        return events

    async def _publish(self, events: Sequence[PendingEvent]) -> None:
        try:
            await self._publisher.publish([event.message for event in events])
        except BaseException as error:
            self._fall_behind(events)
            if not isinstance(error, PublicationRefused):
                raise
            self._alone |= dict.fromkeys(event.microgrid_id for event in events)
        else:
            published = {event.key: event for event in events}
            self._unmarked |= published
            self._at_hand = deque(event for event in self._at_hand if event.key not in published)

    async def _publish_alone(self, microgrid_id: str) -> bool:
        """One event after the other, up to the one that is refused."""
        await self.mark()
        parked = self._alone[microgrid_id]
        for event in await self._pending.pending([microgrid_id], BATCH):
            try:
                await self._publisher.publish([event.message])
            except PublicationRefused as error:
                self._alone[microgrid_id] = parked = Parked.after(parked, self._clock.steady())
                self._refused[microgrid_id] = event.created_at
                self._counters.parked(Stage.PUBLICATION, microgrid_id, error, parked.times)
                return True
            await self._pending.mark_published([event], self._clock.now())
            parked = None
        del self._alone[microgrid_id]
        self._refused.pop(microgrid_id, None)
        return True

    def _tell_what_waits(self, events: Sequence[PendingEvent]) -> None:
        self._counters.waiting(min([*self._refused.values(), *(event.created_at for event in events)], default=None))

    def _fall_behind(self, events: Iterable[PendingEvent]) -> None:
        """All events of their microgrids are read from the outbox, from the oldest on that is not marked."""
        for event in events:
            self._behind[event.microgrid_id] = max(event.event_seq, self._behind.get(event.microgrid_id, 0))
        for event in self._at_hand:
            if event.microgrid_id in self._behind:
                self._behind[event.microgrid_id] = max(event.event_seq, self._behind[event.microgrid_id])
        self._at_hand = deque(event for event in self._at_hand if event.microgrid_id not in self._behind)
