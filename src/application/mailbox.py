"""What a worker keeps of each microgrid: the aggregate, its newest readings, and when its next cycle is due."""

import heapq
from collections import OrderedDict
from collections.abc import Collection, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import count
from typing import NamedTuple

from application.box import Box, DueCycle, Waiting
from application.figures import NO_STANDING, Figures, Standing, Sums
from application.parking import Parked
from application.ports.clock import Time
from domain.events import CycleCompleted
from domain.knowledge.readings import ChargePointTelemetry, CircuitTelemetry, Readings, Reception, Telemetry
from domain.microgrid import Microgrid
from domain.site.site import Site

STRANGERS = 256
"""How many microgrids are kept that were never provisioned: anybody can make up as many ids as he likes."""

RETIRED = 64
"""How many retired microgrids are kept, for a configuration that follows. All are stored."""

FAR = timedelta(days=1)


class Moment(NamedTuple):
    """An instant by both clocks."""

    now: datetime
    steady: timedelta


class Mailbox:
    """The microgrids of a worker. Grows with chargers, not with messages, and what is due is found without a search."""

    def __init__(self, time: Time) -> None:
        self._time = time
        self._boxes: dict[str, Box] = {}
        self._strangers: OrderedDict[str, Microgrid] = OrderedDict()
        self._retired: OrderedDict[str, Microgrid] = OrderedDict()
        self._retired_ids: set[str] = set()
        self._numbers = count()
        self._due: list[tuple[timedelta, int, str]] = []
        self._aside: dict[str, Box] = {}
        """Those whose place in the heap does not say for how long they have waited: being decided, or parked."""

        self._sums = Sums()
        self._newest: timedelta | None = None
        self._got_on = time.steady()

    def knows(self, microgrid_id: str) -> bool:
        """Whether there is somebody to take readings for."""
        return microgrid_id in self._boxes

    def find(self, microgrid_id: str) -> Microgrid | None:
        """As it was stored last."""
        box = self._boxes.get(microgrid_id)
        if box is not None:
            return box.microgrid
        return self._strangers.get(microgrid_id) or self._retired.get(microgrid_id)

    @property
    def ids(self) -> Collection[str]:
        """All that are kept."""
        return [*self._boxes, *self._strangers, *self._retired_ids]

    def has_room_for(self, strangers: int) -> bool:
        """Whether so many more microgrids may be kept that were never provisioned."""
        return len(self._strangers) + strangers <= STRANGERS

    def time_of(self, microgrid_id: str) -> datetime:
        """The time of the microgrid's stream."""
        box, now = self._boxes.get(microgrid_id), self._time.now()
        return now if box is None else box.time(now, self._time.steady())

    def open(self, microgrid: Microgrid) -> None:
        """Keep it as it is stored now, and take readings for it, where it is in use; those that are there stay."""
        site = microgrid.decided_site
        if site is None:
            self._keep_aside(microgrid)
            return
        self._strangers.pop(microgrid.microgrid_id, None)
        self._retired.pop(microgrid.microgrid_id, None)
        self._retired_ids.discard(microgrid.microgrid_id)
        box = self._boxes.get(microgrid.microgrid_id)
        if box is None:
            box = self._boxes[microgrid.microgrid_id] = self._box(microgrid, site)
            self._got_on = self._time.steady()
            self._newest = box.since if self._newest is None else max(self._newest, box.since)
            self._now_is(box, Standing.of(microgrid, degraded=False))
        elif box.site.configuration.version != site.configuration.version:
            box.site, box.waiting, box.parked = site, Waiting.CONFIGURATION, None
            if not box.is_being_decided:
                self._aside.pop(microgrid.microgrid_id, None)
        box.microgrid = microgrid
        self._schedule(box)

    def close(self, microgrid_id: str) -> None:
        """Forget a microgrid that somebody else decides now, or nobody."""
        self._strangers.pop(microgrid_id, None)
        self._retired.pop(microgrid_id, None)
        self._retired_ids.discard(microgrid_id)
        self._aside.pop(microgrid_id, None)
        box = self._boxes.pop(microgrid_id, None)
        if box is not None:
            self._now_is(box, NO_STANDING)

    def moment(self) -> Moment:
        """What the clocks show."""
        return Moment(self._time.now(), self._time.steady())

    def post(
        self, telemetry: Telemetry, traceparent: str | None = None, received_at: Moment | None = None
    ) -> Reception:
        """Keep what is newer; a change of status or session, or a meter over its limit, makes a cycle due soon.

        How old a reading is, the clock on the wall says at its receipt, which is now where nothing else is said; from
        then on it ages with the stream.
        """
        box, (now, steady) = self._boxes[telemetry.microgrid_id], received_at or self.moment()
        at = box.time(now, steady)
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
        self._aside.pop(cycle.microgrid_id, None)
        self._newest = self._got_on = cycle.since
        degraded = box.standing.degraded if published is None else published.degraded
        self._now_is(box, Standing.of(microgrid, degraded=degraded))
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
        if box.parked is None:
            self._aside.pop(cycle.microgrid_id, None)
        self._schedule(box)

    def figures(self) -> Figures:
        """How it is now. May be asked from another thread: what is walked over is a copy."""
        steady = self._time.steady()
        waiting = list(self._waiting(steady))
        undecided = [box for box in waiting if box.is_undecided(steady)]
        due_at = [box.was_due_at if box.is_being_decided else box.due_at for box in waiting if box.parked is None]
        return Figures(
            microgrids=len(self._boxes),
            retired=len(self._retired_ids),
            undecided=len(undecided),
            overdue=sum(box.parked is None for box in undecided),
            newest_cycle_age=None if self._newest is None or not self._boxes else steady - self._newest,
            oldest_due_age=max([steady - each for each in due_at if each is not None], default=timedelta()),
            still_for=steady - self._got_on,
            degraded=self._sums.degraded,
            silent_chargers=self._sums.silent_chargers,
            open_breaches=dict(self._sums.open_breaches),
        )

    def _keep_aside(self, microgrid: Microgrid) -> None:
        """One for which there are no cycles: never provisioned, or retired. Its readings are forgotten."""
        self.close(microgrid.microgrid_id)
        kept, most = self._strangers, STRANGERS
        if microgrid.site is not None:
            kept, most = self._retired, RETIRED
            self._retired_ids.add(microgrid.microgrid_id)
        kept[microgrid.microgrid_id] = microgrid
        if len(kept) > most:
            kept.popitem(last=False)

    def _waiting(self, steady: timedelta) -> Iterator[Box]:
        """All that may be late: of the heap no more is looked at than is due."""
        aside, due, places = self._aside.copy(), self._due.copy(), [0]
        yield from aside.values()
        while places:
            place = places.pop()
            if place < len(due) and due[place][0] <= steady:
                places += (2 * place + 1, 2 * place + 2)
                box = self._boxes.get(due[place][2])
                if box is not None and (box.due_at, box.number) == due[place][:2] and due[place][2] not in aside:
                    yield box

    def _now_is(self, box: Box, standing: Standing) -> None:
        self._sums.replace(box.standing, standing)
        box.standing = standing

    def _box(self, microgrid: Microgrid, site: Site) -> Box:
        """Without readings. Goes on from the last published cycle, so that a take-over alone makes none due."""
        published, now, steady = microgrid.state.published, self._time.now(), self._time.steady()
        if published is None:
            return Box(microgrid, site, next(self._numbers), Readings(), steady)
        at = max(now, published.decided_at)
        is_decided = published.configuration_version == site.configuration.version
        return Box(
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

    def _begin(self, box: Box) -> DueCycle:
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
        box.is_being_decided, box.was_due_at, box.due_at = True, box.due_at, None
        box.waiting, box.traceparent = Waiting.NOTHING, None
        self._aside[box.microgrid.microgrid_id] = box
        box.conflated.clear()
        return cycle

    def _schedule(self, box: Box) -> None:
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


def _entry(box: Box) -> tuple[timedelta, int, str]:
    assert box.due_at is not None
    return box.due_at, box.number, box.microgrid.microgrid_id


def _over_its_limit(telemetry: Telemetry, site: Site) -> bool:
    match telemetry:
        case ChargePointTelemetry():  # nearly all there is
            return False
        case CircuitTelemetry():
            index = site.tree.node_index.get(telemetry.circuit_id)
            capacity = None if index is None else site.tree.nodes[index].default_capacity_w
            return capacity is not None and telemetry.power_w > capacity
