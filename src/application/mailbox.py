"""What a worker keeps of each microgrid: the aggregate, its newest readings, and when its next cycle is due."""

import heapq
from collections import OrderedDict, deque
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import IntEnum
from itertools import count

from application.parking import Parked
from application.ports.clock import Time
from domain.events import CycleCompleted, Trigger
from domain.knowledge.readings import ChargePointTelemetry, CircuitTelemetry, Readings, Reception, Telemetry
from domain.microgrid import Microgrid
from domain.site.site import Site

CONFLATED = 32
"""How many traces a cycle is linked to, beside that of its newest reading."""

STRANGERS = 256
"""How many microgrids are kept that were never provisioned: anybody can make up as many ids as he likes."""

FAR = timedelta(days=1)


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
class _Box:
    """One microgrid. `decided_at` is the time of its stream at `since` by the steady clock, None if never decided.

    `due_at`: which entry of the heap counts.
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
    is_being_decided: bool = False
    traceparent: str | None = None
    conflated: deque[str] = field(default_factory=lambda: deque(maxlen=CONFLATED))
    degraded: bool = False

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


class Mailbox:
    """The microgrids of a worker. Grows with chargers, not with messages, and what is due is found without a search."""

    def __init__(self, time: Time) -> None:
        self._time = time
        self._boxes: dict[str, _Box] = {}
        self._strangers: OrderedDict[str, Microgrid] = OrderedDict()
        self._numbers = count()
        self._due: list[tuple[timedelta, int, str]] = []
        self.degraded = 0
        """How many microgrids are, by the newest cycle of each that was published since it is kept here."""

    def knows(self, microgrid_id: str) -> bool:
        """Whether there is somebody to take readings for."""
        return microgrid_id in self._boxes

    def find(self, microgrid_id: str) -> Microgrid | None:
        """As it was stored last."""
        box = self._boxes.get(microgrid_id)
        return self._strangers.get(microgrid_id) if box is None else box.microgrid

    @property
    def ids(self) -> Collection[str]:
        """All that are kept."""
        return [*self._boxes, *self._strangers]

    def has_room_for(self, strangers: int) -> bool:
        """Whether so many more microgrids may be kept that were never provisioned."""
        return len(self._strangers) + strangers <= STRANGERS

    def time_of(self, microgrid_id: str) -> datetime:
        """The time of the microgrid's stream."""
        box, now = self._boxes.get(microgrid_id), self._time.now()
        return now if box is None else box.time(now, self._time.steady())

    def open(self, microgrid: Microgrid) -> None:
        """Keep it as it is stored now, and take readings for it, where it has a site; those that are there stay."""
        if microgrid.site is None:
            self._strangers[microgrid.microgrid_id] = microgrid
            if len(self._strangers) > STRANGERS:
                self._strangers.popitem(last=False)
            return
        self._strangers.pop(microgrid.microgrid_id, None)
        box = self._boxes.get(microgrid.microgrid_id)
        if box is None:
            box = self._boxes[microgrid.microgrid_id] = self._box(microgrid, microgrid.site)
        elif box.site.configuration.version != microgrid.site.configuration.version:
            box.site, box.waiting, box.parked = microgrid.site, Waiting.CONFIGURATION, None
        box.microgrid = microgrid
        self._schedule(box)

    def close(self, microgrid_id: str) -> None:
        """Forget a microgrid that somebody else decides now."""
        self._strangers.pop(microgrid_id, None)
        box = self._boxes.pop(microgrid_id, None)
        self.degraded -= box is not None and box.degraded

    def post(self, telemetry: Telemetry, traceparent: str | None = None) -> Reception:
        """Keep what is newer; a change of status or session, or a meter over its limit, makes a cycle due soon.

        How old a reading is, the clock on the wall says at its receipt; from then on it ages with the stream.
        """
        box, now = self._boxes[telemetry.microgrid_id], self._time.now()
        at = box.time(now, self._time.steady())
        if at > now:
            telemetry = replace(telemetry, measured_at=at + min(telemetry.measured_at - now, FAR))
        reception = box.readings.receive(telemetry, box.site.tree, at)
        waiting = Waiting.NEWS if reception.news or _over_its_limit(telemetry, box.site) else Waiting.READING
        if waiting > box.waiting:
            box.waiting = waiting
            self._schedule(box)
        if traceparent is not None:
            if box.traceparent is not None:
                box.conflated.append(box.traceparent)
            box.traceparent = traceparent
        return reception

    def due(self) -> Iterator[DueCycle]:
        """One cycle after the other that is due by now, the earliest first.

        Each that is taken is to be `decided`, or to have `failed`, before its microgrid has another.
        """
        while (at := self.next_due()) is not None and at <= self._time.steady():
            yield self._begin(self._boxes[heapq.heappop(self._due)[2]])

    def next_due(self) -> timedelta | None:
        """When by the steady clock the next cycle is due if nothing more arrives; None where there is none to come."""
        while self._due:
            at, number, microgrid_id = self._due[0]
            box = self._boxes.get(microgrid_id)
            if box is not None and (box.due_at, box.number) == (at, number):
                return at
            heapq.heappop(self._due)
        return None

    def decided(self, cycle: DueCycle, microgrid: Microgrid, published: CycleCompleted | None = None) -> None:
        """The microgrid is stored as it is after the cycle; one that is not published changed nothing that is said."""
        box = self._boxes[cycle.microgrid_id]
        box.microgrid, box.decided_at, box.since, box.slowed = microgrid, cycle.at, cycle.since, cycle.slowed
        box.wakes_at, box.parked, box.is_being_decided = microgrid.wakes_at(cycle.at), None, False
        if published is not None:
            self.degraded += published.degraded - box.degraded
            box.degraded = published.degraded
        self._schedule(box)

    def failed(self, cycle: DueCycle) -> Parked:
        """The cycle could not be decided: it is due again after a while, or at once with a newer configuration."""
        box = self._boxes[cycle.microgrid_id]
        box.parked = Parked.after(box.parked, cycle.since)
        self.put_back(cycle)
        return box.parked

    def put_back(self, cycle: DueCycle) -> None:
        """It is due as before."""
        box = self._boxes[cycle.microgrid_id]
        box.waiting, box.is_being_decided = max(box.waiting, cycle.waiting), False
        traces = [each for each in (*cycle.conflated, cycle.traceparent, *box.conflated, box.traceparent) if each]
        box.traceparent = traces.pop() if traces else None
        box.conflated.clear()
        box.conflated.extend(traces)
        self._schedule(box)

    def _box(self, microgrid: Microgrid, site: Site) -> _Box:
        """Without readings. Goes on from the last published cycle, so that a take-over alone makes none due."""
        published, now, steady = microgrid.state.published, self._time.now(), self._time.steady()
        if published is None:
            return _Box(microgrid, site, next(self._numbers), Readings(), steady)
        at = max(now, published.decided_at)
        is_decided = published.configuration_version == site.configuration.version
        return _Box(
            microgrid,
            site,
            next(self._numbers),
            Readings(listening_since=at),
            since=steady - (at - published.decided_at),
            decided_at=published.decided_at,
            slowed=at > now,
            waiting=Waiting.NOTHING if is_decided else Waiting.CONFIGURATION,
            wakes_at=microgrid.wakes_at(published.decided_at),
        )

    def _begin(self, box: _Box) -> DueCycle:
        now, steady = self._time.now(), self._time.steady()
        at = box.time(now, steady)
        cycle = DueCycle(
            box.microgrid,
            box.readings,
            box.next()[1],
            at,
            since=steady,
            slowed=at > now,
            waiting=box.waiting,
            traceparent=box.traceparent,
            conflated=tuple(box.conflated),
        )
        box.is_being_decided, box.due_at, box.waiting, box.traceparent = True, None, Waiting.NOTHING, None
        box.conflated.clear()
        return cycle

    def _schedule(self, box: _Box) -> None:
        """An entry for every change; those that no longer count are dropped when their turn comes, or are too many."""
        if box.is_being_decided:
            return
        at = box.next()[0] if box.parked is None else max(box.next()[0], box.parked.until)
        if at != box.due_at:
            box.due_at = at
            heapq.heappush(self._due, _entry(box))
        if len(self._due) > 4 * len(self._boxes) + 64:
            self._due = [_entry(each) for each in self._boxes.values() if each.due_at is not None]
            heapq.heapify(self._due)


def _entry(box: _Box) -> tuple[timedelta, int, str]:
    assert box.due_at is not None
    return box.due_at, box.number, box.microgrid.microgrid_id


def _over_its_limit(telemetry: Telemetry, site: Site) -> bool:
    match telemetry:
        case CircuitTelemetry():
            index = site.tree.node_index.get(telemetry.circuit_id)
            capacity = None if index is None else site.tree.nodes[index].default_capacity_w
            return capacity is not None and telemetry.power_w > capacity
        case ChargePointTelemetry():
            return False
