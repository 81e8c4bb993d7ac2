"""How long the oldest event has been waiting to be published: it grows while the bus is away."""

from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TypeAlias

from opentelemetry.metrics import CallbackOptions, MeterProvider, Observation

from adapters.observability import names
from application.ports import Clock, PendingEvent, PendingEvents

ASKED_EVERY = timedelta(seconds=1)

Oldest: TypeAlias = Callable[[Collection[str]], Awaitable[datetime | None]]
"""When the oldest pending event of these microgrids was written."""


class MeasuredPendingEvents:
    """PendingEvents that shows the age of the oldest one of the microgrids it is asked for."""

    def __init__(self, inner: PendingEvents, oldest: Oldest, clock: Clock, provider: MeterProvider) -> None:
        self._inner = inner
        self._ask_for_oldest = oldest
        self._clock = clock
        self._oldest: datetime | None = None
        self._asked_at: datetime | None = None
        provider.get_meter(names.SERVICE).create_observable_gauge(
            names.OUTBOX_AGE, [self._observe], "s", "Age of the oldest event that is not known to be published"
        )

    async def pending(self, microgrids: Collection[str], limit: int) -> Sequence[PendingEvent]:
        events = await self._inner.pending(microgrids, limit)
        if not events:
            self._oldest = None
        elif self._oldest is None or self._asked_at is None or self._clock.now() - self._asked_at >= ASKED_EVERY:
            self._oldest, self._asked_at = await self._ask_for_oldest(microgrids), self._clock.now()
        return events

    async def mark_published(self, events: Sequence[PendingEvent], at: datetime) -> None:
        await self._inner.mark_published(events, at)

    async def republish_after(self, positions: Mapping[str, int]) -> int:
        return await self._inner.republish_after(positions)

    async def prune(self, published_before: datetime) -> int:
        return await self._inner.prune(published_before)

    def _observe(self, _options: CallbackOptions) -> Iterable[Observation]:
        oldest = self._oldest
        yield Observation(0.0 if oldest is None else max(0.0, (self._clock.now() - oldest).total_seconds()))
