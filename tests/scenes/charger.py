"""A charger box and its vehicles: it obeys after a lag, falls back when what it was told lapses, says what it does."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import NamedTuple, TypeAlias

from domain.knowledge.readings import ChargePointTelemetry, ConnectorReading, Session
from domain.sharing.plan import Setpoint
from domain.site.configuration import ChargePoint, Connector
from tests.scenes.firmware import Firmware
from tests.scenes.vehicle import Flow, Vehicle, as_told

START = datetime(2026, 3, 17, 18, tzinfo=UTC)


def at(second: int) -> datetime:
    """The instant of a second of the run."""
    return START + timedelta(seconds=second)


class Told(NamedTuple):
    """A setpoint, and the seconds of the run in which it begins to be obeyed and lapses."""

    limit_w: int
    obeyed_from: int
    lapses_at: int


@dataclass
class Outlet:
    """One connector: the vehicle on it, the setpoint that it obeys, those that it will."""

    firmware: Firmware
    vehicle: Vehicle | None = None
    session_id: str | None = None
    told: Told | None = None
    pending: deque[Told] = field(default_factory=deque)
    in_force_w: int = 0
    power_w: int = 0
    status: str = "Available"

    def obeyed_w(self, second: int, fallback_w: int) -> int:
        """What would be obeyed now: the newest setpoint whose time has come, or the fallback where it lapsed."""
        while self.pending and self.pending[0].obeyed_from <= second:
            self.told = self.pending.popleft()
        return fallback_w if self.told is None or second >= self.told.lapses_at else self.told.limit_w


Says: TypeAlias = Callable[[ConnectorReading], ConnectorReading]
"""What a charger makes of a true reading."""


def as_it_is(reading: ConnectorReading) -> ConnectorReading:
    return reading


@dataclass(eq=False)
class Charger:
    """A charge point with equal outlets, by their ratings and habits; `station_w` is its own rating.

    It reports every `every_s`, `phase` before others, and every change of a status. `dark`: it has no power itself.
    """

    charge_point_id: str
    rating_w: int
    minimum_w: int = 0
    fallback_w: int = 0
    station_w: int | None = None
    outlet_count: int = 1
    circuit_id: str = "grid"
    lag_s: int = 3
    every_s: int = 5
    phase: int = 0
    reports_limit: bool = False
    requests: bool = False
    firmware: Callable[[], Firmware] = Firmware
    flow: Flow = as_told
    says: Says = as_it_is
    clock: Callable[[int], datetime] = at
    dark: bool = False

    def __post_init__(self) -> None:
        self.outlets = tuple(Outlet(self.firmware()) for _ in range(self.outlet_count))
        self._sequence = self._cycle_seq = self._sessions = 0
        self._said: list[str] | None = None

    @property
    def configured(self) -> ChargePoint:
        connectors = (Connector(number, self.rating_w, self.minimum_w) for number in range(1, len(self.outlets) + 1))
        station_w = self.rating_w if self.station_w is None else self.station_w
        return ChargePoint(self.charge_point_id, self.circuit_id, station_w, tuple(connectors), self.fallback_w)

    @property
    def power_w(self) -> int:
        return sum(outlet.power_w for outlet in self.outlets)

    def arrives(self, vehicle: Vehicle | None = None, outlet: int = 0) -> Vehicle:
        """A vehicle is plugged in; one that takes all that the outlet gives, for ever, where nothing else is said."""
        arrived = vehicle or Vehicle(self.rating_w, self.minimum_w)
        self._sessions += 1
        here = self.outlets[outlet]
        here.vehicle, here.session_id = arrived, f"{self.charge_point_id}-{self._sessions}"
        here.firmware.plugged_in()
        return arrived

    def leaves(self, outlet: int = 0) -> None:
        self.outlets[outlet].vehicle = self.outlets[outlet].session_id = None

    def goes_down(self) -> None:
        """It loses its power, and with it what it was told; it will count its messages from 1 on."""
        self.dark = True
        for outlet in self.outlets:
            outlet.pending.clear()
            outlet.told = None
        self._sequence = self._cycle_seq = 0
        self._said = None

    def comes_up(self) -> None:
        self.dark = False

    def deliver(self, cycle_seq: int, setpoint: Setpoint, second: int) -> None:
        """A setpoint of a cycle that was decided in this second; one of a lower cycle is dropped."""
        if self.dark or cycle_seq < self._cycle_seq or setpoint.limit_w is None:
            return
        self._cycle_seq = cycle_seq
        outlet = self.outlets[setpoint.connector_id - 1]
        outlet.firmware.told(setpoint.limit_w, second)
        outlet.pending.append(Told(setpoint.limit_w, second + self.lag_s, second + setpoint.valid_for_s))

    def tick(self, second: int) -> None:
        """A second passes."""
        for outlet in self.outlets:
            obeyed_w = outlet.obeyed_w(second, self.fallback_w // len(self.outlets))
            outlet.in_force_w = outlet.firmware.in_force_w(obeyed_w, second)
            vehicle = outlet.vehicle
            if vehicle is None:
                outlet.power_w, outlet.status = 0, "Available"
                continue
            outlet.power_w = 0 if self.dark else self.flow(vehicle, min(outlet.in_force_w, self.rating_w))
            vehicle.charged_ws += outlet.power_w
            if outlet.power_w:
                outlet.status = "Charging"
            else:
                outlet.status = "SuspendedEV" if vehicle.full else "SuspendedEVSE"

    def message(self, second: int) -> ChargePointTelemetry | None:
        """What it says in this second, if anything."""
        statuses = [outlet.status for outlet in self.outlets]
        if self.dark or (statuses == self._said and (second + self.phase) % self.every_s):
            return None
        self._said = statuses
        self._sequence += 1
        readings = tuple(self.says(self._reading(number, each)) for number, each in enumerate(self.outlets, start=1))
        return ChargePointTelemetry("depot", self.charge_point_id, self._sequence, self.clock(second), readings)

    def _reading(self, number: int, outlet: Outlet) -> ConnectorReading:
        vehicle = outlet.vehicle
        requested_w = None
        if self.requests and vehicle is not None:
            requested_w = 0 if vehicle.full else vehicle.most_w
        return ConnectorReading(
            number,
            outlet.status,
            outlet.power_w,
            requested_w=requested_w,
            applied_limit_w=outlet.in_force_w if self.reports_limit else None,
            session=None if outlet.session_id is None else Session(outlet.session_id, START),
        )
