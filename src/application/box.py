"""One microgrid as a worker keeps it, and a cycle of it that is due."""

from collections import deque
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import IntEnum

from application.figures import NO_STANDING, Standing
from application.parking import Parked
from domain.events import Trigger
from domain.knowledge.readings import Readings
from domain.microgrid import Microgrid
from domain.site.site import Site

CONFLATED = 32
"""How many traces a cycle is linked to, beside that of its newest reading."""


class Waiting(IntEnum):
    """What waits for the next cycle, the most urgent of it."""

    NOTHING = 0
    READING = 1
    NEWS = 2
    CONFIGURATION = 3


@dataclass(frozen=True, slots=True)
class DueCycle:
    """A cycle to be decided now, and why. `traceparent` is of the newest reading, `conflated` of those before it.

    `at` is the time of the microgrid's stream, `since` the same instant by the steady clock. `slowed`: the stream is
    ahead of the clock on the wall.
    """

    microgrid: Microgrid
    readings: Readings
    trigger: Trigger
    at: datetime
    since: timedelta
    slowed: bool
    waiting: Waiting
    traceparent: str | None
    conflated: tuple[str, ...] = ()

    @property
    def microgrid_id(self) -> str:
        return self.microgrid.microgrid_id


@dataclass(slots=True)
class Box:
    """One microgrid. `decided_at` is the time of its stream at `since` by the steady clock, None if never decided.

    `due_at`: which entry of the heap counts; `was_due_at`: which did, of a cycle that is being decided.
    """

    microgrid: Microgrid
    site: Site
    number: int
    readings: Readings
    since: timedelta
    decided_at: datetime | None = None
    slowed: bool = False
    waiting: Waiting = Waiting.CONFIGURATION
    wakes_at: datetime | None = None
    parked: Parked | None = None
    due_at: timedelta | None = None
    was_due_at: timedelta | None = None
    is_being_decided: bool = False
    traceparent: str | None = None
    conflated: deque[str] = field(default_factory=lambda: deque(maxlen=CONFLATED))
    standing: Standing = NO_STANDING

    def time(self, now: datetime, steady: timedelta) -> datetime:
        """The time of the stream: that on the wall, unless it would run backwards.

        A stream that is ahead, because a clock was set back, goes on at nine tenths until the wall has caught up.
        """
        return now if self.decided_at is None else max(now, self.decided_at + (steady - self.since) * 9 // 10)

    def next(self) -> tuple[timedelta, Trigger]:
        """When the next cycle is due by the steady clock, and what will have triggered it; no interval puts off the
        instant at which room has to be made for a fallback (R19).
        """
        if self.decided_at is None:
            return self.since, Trigger.CONFIGURATION
        interval, trigger = self._interval()
        if self.wakes_at is not None and self.wakes_at - self.decided_at < interval:
            interval, trigger = self.wakes_at - self.decided_at, Trigger.TIMER
        # Rounded up: by then the stream has come so far.
        return self.since + (-(interval * -10 // 9) if self.slowed else interval), trigger

    def is_undecided(self, steady: timedelta) -> bool:
        """Whether its newest cycle is older than twice the time after which the next one is due in any case."""
        return steady - self.since > 2 * self.site.windows.refresh_interval

    def _interval(self) -> tuple[timedelta, Trigger]:
        windows = self.site.windows
        match self.waiting:
            case Waiting.CONFIGURATION:
                return windows.min_cycle_interval, Trigger.CONFIGURATION
            case Waiting.NEWS:
                return windows.min_cycle_interval, Trigger.TELEMETRY
            case Waiting.READING if windows.telemetry_cycle_interval < windows.refresh_interval:
                return windows.telemetry_cycle_interval, Trigger.TELEMETRY
            case _:
                return windows.refresh_interval, Trigger.TIMER
