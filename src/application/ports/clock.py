"""What time it is, and waiting for it."""

from datetime import datetime, timedelta
from typing import Protocol


class Time(Protocol):
    """Time as the service sees it, by two clocks, real or simulated."""

    def now(self) -> datetime:
        """UTC, zone-aware, by the clock on the wall: it can be set, forward and back."""
        ...

    def steady(self) -> timedelta:
        """Since some instant, by a clock that nobody sets: it only runs on."""
        ...


class Clock(Time, Protocol):
    """Time that can be waited for."""

    async def sleep_until(self, instant: datetime) -> None:
        """Returns at an instant on the wall, at once where it is past, but never without letting others run."""
        ...
