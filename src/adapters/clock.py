"""Clocks: the system's, and a virtual one that stands still until it is advanced or set."""

import asyncio
import heapq
import time
from datetime import UTC, datetime, timedelta
from itertools import count


class SystemClock:
    """The clock on the wall, and the one that counts from when the machine was started."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def steady(self) -> timedelta:
        return timedelta(seconds=time.monotonic())

    async def sleep_until(self, instant: datetime) -> None:
        """Returns at the instant or after it, at once where it is past, but never without yielding to other tasks."""
        while True:
            await asyncio.sleep(max(0.0, (instant - self.now()).total_seconds()))
            if self.now() >= instant:
                return


class VirtualClock:
    """Simulated time. Whoever advances it decides when everything that had to happen before has happened."""

    def __init__(self, start: datetime) -> None:
        """Raises ValueError for an instant without a zone."""
        if start.utcoffset() is None:
            raise ValueError("a clock needs a zone-aware start")
        self._now = start.astimezone(UTC)
        self._steady = timedelta()
        self._sleepers: list[tuple[datetime, int, asyncio.Future[None]]] = []
        self._arrivals = count()

    def now(self) -> datetime:
        return self._now

    def steady(self) -> timedelta:
        return self._steady

    async def sleep_until(self, instant: datetime) -> None:
        """Returns once the clock was advanced to the instant, at once where it is past, but never without yielding."""
        if instant <= self._now:
            await asyncio.sleep(0)
            return
        woken = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (instant, next(self._arrivals), woken))
        await woken

    def advance(self, to: datetime) -> None:
        """Move on and wake who is due, earliest instant first, in order of arrival where instants are equal.

        They run when the caller next yields, and all of them see the new time. Raises ValueError for an earlier
        instant than now.
        """
        if to < self._now:
            raise ValueError(f"time does not run backwards: {to.isoformat()} is before {self._now.isoformat()}")
        self._steady += to - self._now
        self.set(to)

    def set(self, to: datetime) -> None:
        """Set the clock on the wall, forward or back: no time has passed."""
        self._now = to.astimezone(UTC)
        while self._sleepers and self._sleepers[0][0] <= to:
            _, _, woken = heapq.heappop(self._sleepers)
            if not woken.done():
                woken.set_result(None)
