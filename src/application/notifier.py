"""What happened is sent on: in order a microgrid, at least once, again and again for a day (HOOK-3)."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Final

from application.parking import Parked
from application.ports.clock import Clock
from application.ports.notifying import NotDelivered, Receiver, WaitingNotices
from application.ports.observing import Counters

PATIENCE: Final = timedelta(hours=24)
"""How long a notice is tried for; after that it is tried once more at most."""

AT_ONCE: Final = 8
"""Microgrids whose notices are under way together."""

BATCH: Final = 50
"""Notices of a microgrid before another one has its turn."""


class Notifier:
    """Sends the notices of the microgrids that it owns: each once the one before it is taken or given up.

    What fails for a microgrid is tried again after a second, then after twice as long, up to a minute.
    """

    def __init__(
        self,
        notices: WaitingNotices,
        receiver: Receiver,
        clock: Clock,
        counters: Counters,
        owns: Callable[[str], bool],
    ) -> None:
        self._notices = notices
        self._receiver = receiver
        self._clock = clock
        self._counters = counters
        self._owns = owns
        self._parked: dict[str, Parked] = {}

    async def turn(self) -> bool:
        """Send some; returns whether there was any to be sent now. Raises StorageUnavailable."""
        steady = self._clock.steady()
        waiting = [each for each in await self._notices.microgrids() if self._owns(each)]
        self._parked = {each: parked for each, parked in self._parked.items() if each in waiting}
        ready = [each for each in waiting if each not in self._parked or self._parked[each].is_over(steady)]
        async with asyncio.TaskGroup() as sending:
            for microgrid_id in ready[:AT_ONCE]:
                sending.create_task(self._send(microgrid_id))
        return bool(ready)

    async def _send(self, microgrid_id: str) -> None:
        for notice in await self._notices.of(microgrid_id, BATCH):
            if not self._owns(microgrid_id):
                return
            try:
                await self._receiver.deliver(notice)
            except NotDelivered as error:
                is_given_up = self._clock.now() - notice.waiting_since >= PATIENCE
                parked = Parked.after(self._parked.get(microgrid_id), self._clock.steady())
                self._counters.not_notified(microgrid_id, error, parked.times, is_given_up=is_given_up)
                if not is_given_up:
                    self._parked[microgrid_id] = parked
                    return
            else:
                self._counters.notified()
            self._parked.pop(microgrid_id, None)
            await self._notices.done(notice)
