"""The newest readings of every microgrid, conflated, and which cycles are due."""

from collections import deque
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from application.parking import Parked
from domain.events import CycleCompleted, Trigger
from domain.knowledge.readings import ChargePointTelemetry, CircuitTelemetry, Readings, Reception, Telemetry
from domain.microgrid import Microgrid
from domain.site.site import Site

NOW = datetime.min.replace(tzinfo=UTC)
"""When a cycle is due that has never been decided."""

CONFLATED = 32
"""How many traces a cycle is linked to, beside that of its newest reading."""


@dataclass(frozen=True, slots=True)
class DueCycle:
    """A cycle that is due now, and why. `traceparent` is of the newest reading, `conflated` of those before it."""

    microgrid_id: str
    readings: Readings
    trigger: Trigger
    traceparent: str | None
    conflated: tuple[str, ...] = ()


@dataclass(slots=True)
class _Box:
    """One microgrid's mail. `soon` and `later` are set while something waits for a cycle."""

    site: Site
    readings: Readings
    decided_at: datetime | None = None
    configured: bool = True
    soon: bool = False
    later: bool = False
    traceparent: str | None = None
    parked: Parked | None = None
    conflated: deque[str] = field(default_factory=lambda: deque(maxlen=CONFLATED))
    wakes_at: datetime | None = None
    degraded: bool = False

    def due(self) -> tuple[datetime, Trigger]:
        """When the next cycle is due, and what will have triggered it; no interval puts off the instant at which room
        has to be made for a fallback (R19).
        """
        interval, trigger = self._interval()
        at = NOW if self.decided_at is None else self.decided_at + interval
        return (self.wakes_at, Trigger.TIMER) if self.wakes_at is not None and self.wakes_at < at else (at, trigger)

    def _interval(self) -> tuple[timedelta, Trigger]:
        windows = self.site.windows
        if self.configured:
            return windows.min_cycle_interval, Trigger.CONFIGURATION
        if self.soon:
            return windows.min_cycle_interval, Trigger.TELEMETRY
        if self.later and windows.telemetry_cycle_interval < windows.refresh_interval:
            return windows.telemetry_cycle_interval, Trigger.TELEMETRY
        return windows.refresh_interval, Trigger.TIMER


class Mailbox:
    """Where readings wait for the next cycle. Grows with chargers, not with messages."""

    def __init__(self) -> None:
        self._boxes: dict[str, _Box] = {}

    def knows(self, microgrid_id: str) -> bool:
        return microgrid_id in self._boxes

    def open(self, microgrid: Microgrid, now: datetime) -> None:
        """Take mail for this microgrid from now on, by its configuration in force; what is there already stays."""
        if microgrid.site is None:
            return
        box = self._boxes.get(microgrid.microgrid_id)
        if box is None:
            self._boxes[microgrid.microgrid_id] = _box(microgrid, microgrid.site, now)
        elif box.site.configuration.version != microgrid.site.configuration.version:
            box.site = microgrid.site
            box.configured = True
            box.parked = None

    def close(self, microgrid_id: str) -> None:
        """Forget a microgrid that somebody else decides now."""
        self._boxes.pop(microgrid_id, None)

    def post(self, telemetry: Telemetry, received_at: datetime, traceparent: str | None = None) -> Reception:
        """Keep what is newer; a change of status or session, or a meter over its limit, makes a cycle due soon."""
        box = self._boxes[telemetry.microgrid_id]
        reception = box.readings.receive(telemetry, box.site.tree, received_at)
        box.later = True
        box.soon = box.soon or reception.news or _over_its_limit(telemetry, box.site)
        if traceparent is not None:
            if box.traceparent is not None:
                box.conflated.append(box.traceparent)
            box.traceparent = traceparent
        return reception

    def due(self, now: datetime) -> list[DueCycle]:
        """The cycles that are due at this instant; each stays due until it is reported `decided` or `failed`."""
        cycles = []
        for microgrid_id, box in self._boxes.items():
            if box.parked is not None and not box.parked.is_over(now):
                continue
            at, trigger = box.due()
            if now >= at:
                cycles.append(DueCycle(microgrid_id, box.readings, trigger, box.traceparent, tuple(box.conflated)))
        return cycles

    def next_due(self) -> datetime | None:
        """When the next cycle is due if nothing more arrives; None where there is nobody to decide for.

        An instant that has passed means now.
        """
        return min(map(_next_due, self._boxes.values()), default=None)

    def degraded(self) -> int:
        """How many microgrids are, by the newest cycle of each that was published since its mail is taken here."""
        return sum(box.degraded for box in self._boxes.values())

    def decided(
        self,
        microgrid_id: str,
        at: datetime,
        published: CycleCompleted | None = None,
        wakes_at: datetime | None = None,
    ) -> None:
        """A cycle was decided on all the mail there is; one that is not published changed nothing that is said.

        `wakes_at`: when the next one is due at the latest, see `Microgrid.wakes_at`.
        """
        box = self._boxes[microgrid_id]
        box.decided_at, box.wakes_at = at, wakes_at
        if published is not None:
            box.degraded = published.degraded
        box.configured = box.soon = box.later = False
        box.traceparent = None
        box.conflated.clear()
        box.parked = None

    def failed(self, microgrid_id: str, at: datetime) -> Parked:
        """A cycle could not be decided: it is due again after a while, or at once with a newer configuration."""
        box = self._boxes[microgrid_id]
        box.parked = Parked.after(box.parked, at)
        return box.parked


def _box(microgrid: Microgrid, site: Site, now: datetime) -> _Box:
    """Empty. Goes on from the last published cycle, so that a take-over alone makes none due."""
    published = microgrid.state.published
    if published is None:
        return _Box(site, Readings())
    decided = published.configuration_version == site.configuration.version
    return _Box(
        site,
        Readings(listening_since=now),
        published.decided_at,
        configured=not decided,
        wakes_at=microgrid.wakes_at(published.decided_at),
    )


def _next_due(box: _Box) -> datetime:
    instant = box.due()[0]
    return instant if box.parked is None else max(instant, box.parked.until)


def _over_its_limit(telemetry: Telemetry, site: Site) -> bool:
    match telemetry:
        case CircuitTelemetry():
            index = site.tree.node_index.get(telemetry.circuit_id)
            capacity = None if index is None else site.tree.nodes[index].default_capacity_w
            return capacity is not None and telemetry.power_w > capacity
        case ChargePointTelemetry():
            return False
