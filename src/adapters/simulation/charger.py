"""A charge point: obeys standing setpoints after a lag, falls back when they lapse, reports what it does."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from adapters.simulation.delivery import Delivery
from adapters.simulation.layout import Outlet, Payload, Station
from adapters.simulation.times import rfc3339
from adapters.simulation.vehicle import PREPARATION, Vehicle

SUSPENSION = timedelta(seconds=60)
"""How long a full vehicle counts as suspending before its transaction ends."""

AMPERE_W = 690
"""One ampere on each of three phases of 230 V."""


class Status(StrEnum):
    """What OCPP calls the states of a connector."""

    AVAILABLE = "Available"
    PREPARING = "Preparing"
    CHARGING = "Charging"
    SUSPENDED_EVSE = "SuspendedEVSE"
    SUSPENDED_EV = "SuspendedEV"
    FINISHING = "Finishing"


@dataclass(frozen=True, slots=True)
class Habits:
    """How one charger behaves, within what chargers in the field do.

    `lag_s`: from receiving a setpoint to obeying it. `phase` (seconds) shifts its periodic messages against its
    neighbours'. `whole_amperes`: it rounds limits down to them. `plain_ocpp`: it reports what OCPP 1.6 has and no
    more: neither what the vehicle could take nor the limit in force, and an empty socket only when it changes.
    """

    lag_s: int = 3
    phase: int = 0
    report_interval_s: int = 5
    heartbeat_interval_s: int = 30
    whole_amperes: bool = False
    plain_ocpp: bool = False


@dataclass(frozen=True, slots=True)
class StandingSetpoint:
    """A limit that holds until it lapses, whatever is plugged in."""

    limit_w: int
    lapses_at: datetime


class Socket:
    """A connector: its setpoint in force, the vehicle on it and the power that flows.

    One that is `stuck` lets its whole rating flow into whatever is plugged in, and reports as if it obeyed.
    """

    __slots__ = ("_full_since", "outlet", "power_w", "setpoint", "status", "stuck", "vehicle", "wanted_w")

    def __init__(self, outlet: Outlet) -> None:
        self.outlet = outlet
        self.setpoint: StandingSetpoint | None = None
        self.vehicle: Vehicle | None = None
        self.status = Status.AVAILABLE
        self.wanted_w = 0
        self.power_w = 0
        self.stuck = False
        self._full_since: datetime | None = None

    def plug_in(self, vehicle: Vehicle) -> None:
        """Connect a vehicle to an empty socket."""
        self.vehicle = vehicle
        self._full_since = None

    def unplug(self) -> None:
        """Free the socket. Its setpoint stands."""
        self.vehicle = None
        self.wanted_w = self.power_w = 0

    def limit_w(self, now: datetime) -> int | None:
        """The setpoint in force; None where none ever came or the last one has lapsed."""
        if self.setpoint is None or now >= self.setpoint.lapses_at:
            return None
        return self.setpoint.limit_w

    def ask(self) -> None:
        """Learn what the vehicle could take in this second."""
        self.wanted_w = 0 if self.vehicle is None else min(self.vehicle.acceptance_w(), self.outlet.max_power_w)

    def drawable_w(self, now: datetime) -> int:
        """What the vehicle would draw in this second if nothing limited it."""
        if self.vehicle is None or now < self.vehicle.visit.arrives_at + PREPARATION:
            return 0
        return self.wanted_w

    @property
    def unstoppable_w(self) -> int:
        """What flows whatever the limit; 0 unless the connector is stuck."""
        return min(self.outlet.max_power_w, self.vehicle.missing_ws) if self.stuck and self.vehicle is not None else 0

    @property
    def minimum_w(self) -> int:
        """Below this the vehicle draws nothing at all."""
        return 0 if self.vehicle is None else self.vehicle.visit.min_power_w

    def flow(self, power_w: int, now: datetime) -> None:
        """Let this power flow for one second and take the status that follows."""
        self.power_w = power_w
        if self.vehicle is not None and power_w:
            self.vehicle.charge(power_w)
        self.status = self._status_at(now)

    def _status_at(self, now: datetime) -> Status:
        if self.vehicle is None:
            return Status.AVAILABLE
        if self.power_w:
            return Status.CHARGING
        if now < self.vehicle.visit.arrives_at + PREPARATION:
            return Status.PREPARING
        if self.wanted_w:
            return Status.SUSPENDED_EVSE
        self._full_since = self._full_since or now
        return Status.SUSPENDED_EV if now < self._full_since + SUSPENSION else Status.FINISHING


class Charger:
    """A charge point with its sockets."""

    def __init__(self, microgrid_id: str, station: Station, habits: Habits) -> None:
        self.station = station
        self.habits = habits
        self.sockets = tuple(Socket(outlet) for outlet in station.outlets)
        self._microgrid_id = microgrid_id
        self._cycle_seq = 0
        self._pending: deque[tuple[datetime, list[tuple[Socket, StandingSetpoint]]]] = deque()
        self._reported: list[Status | None] = [None] * len(self.sockets)
        self._sequence = 0

    def deliver(self, delivery: Delivery, now: datetime) -> None:
        """Take the setpoints of a cycle. A cycle that is not newer than the last changes nothing.

        They come into force after the lag. A `limit_w` of None says nothing, nor does one for an unknown connector.
        """
        if delivery.cycle_seq <= self._cycle_seq:
            return
        self._cycle_seq = delivery.cycle_seq
        told: list[tuple[Socket, StandingSetpoint]] = []
        by_number = {socket.outlet.key[1]: socket for socket in self.sockets}
        for each in delivery.setpoints:
            socket = by_number.get(each["connector_id"])
            if socket is not None and each["limit_w"] is not None:
                limit_w = each["limit_w"] // AMPERE_W * AMPERE_W if self.habits.whole_amperes else each["limit_w"]
                lapses_at = delivery.decided_at + timedelta(seconds=each["valid_for_s"])
                told.append((socket, StandingSetpoint(limit_w, lapses_at)))
        self._pending.append((now + timedelta(seconds=self.habits.lag_s), told))

    def reconnect(self) -> None:
        """The link is back: what every socket is about will be reported anew."""
        self._reported = [None] * len(self.sockets)

    def tick(self, now: datetime) -> int:
        """Let one second pass; returns the power that flowed through it, in watts."""
        while self._pending and self._pending[0][0] <= now:
            for socket, setpoint in self._pending.popleft()[1]:
                socket.setpoint = setpoint
        for socket in self.sockets:
            socket.ask()
        powers = self._powers(now)
        for socket, power_w in zip(self.sockets, powers, strict=True):
            socket.flow(power_w, now)
        return sum(powers)

    def report(self, now: datetime, second: int) -> Payload | None:
        """The message due in this second of the run, if any: on change, every few seconds, or a heartbeat."""
        beat = second + self.habits.phase
        due = beat % self.habits.report_interval_s == 0
        concerned = [
            socket
            for socket, reported in zip(self.sockets, self._reported, strict=True)
            if socket.status is not reported or (due and socket.wanted_w)
        ]
        if concerned:
            self._reported = [socket.status for socket in self.sockets]
            listed = concerned if self.habits.plain_ocpp else self.sockets
            return self._message(now, [self._reading(socket, now) for socket in listed])
        if beat % self.habits.heartbeat_interval_s == 0:
            return self._message(now, [])
        return None

    def _powers(self, now: datetime) -> list[int]:
        """What every socket draws: within its setpoint or its part of the fallback, together within the rating.

        Nothing holds a stuck one.
        """
        powers = [socket.drawable_w(now) for socket in self.sockets]
        if not any(powers):
            return powers
        minimums = [socket.minimum_w for socket in self.sockets]
        fallen_back: list[int] = []
        for index, socket in enumerate(self.sockets):
            limit_w = socket.limit_w(now)
            if limit_w is None:
                fallen_back.append(index)
            else:
                powers[index] = min(powers[index], limit_w)
        parts = shared(
            self.station.fallback_w,
            [powers[index] for index in fallen_back],
            [minimums[index] for index in fallen_back],
        )
        for index, part in zip(fallen_back, parts, strict=True):
            powers[index] = part
        within = shared(self.station.max_power_w, powers, minimums)
        return [socket.unstoppable_w or power for socket, power in zip(self.sockets, within, strict=True)]

    def _applied_limit_w(self, socket: Socket, now: datetime) -> int | None:
        """The limit in force, read back. In fallback that is all each connector could draw without the others."""
        if socket.setpoint is None:
            return None
        limit_w = socket.limit_w(now)
        return min(self.station.fallback_w, socket.outlet.max_power_w) if limit_w is None else limit_w

    def _reading(self, socket: Socket, now: datetime) -> Payload:
        reading: Payload = {
            "connector_id": socket.outlet.key[1],
            "status": socket.status.value,
            "power_w": socket.power_w,
            "requested_w": None,
            "applied_limit_w": None,
            "applied_cycle_seq": None,
            "session": None,
        }
        if socket.vehicle is not None:
            visit = socket.vehicle.visit
            reading["session"] = {"session_id": visit.session_id, "started_at": rfc3339(visit.arrives_at)}
        if not self.habits.plain_ocpp:
            reading["requested_w"] = socket.wanted_w
            reading["applied_limit_w"] = self._applied_limit_w(socket, now)
            if socket.vehicle is not None:
                reading["session"] |= _plans(socket.vehicle)
        return reading

    def _message(self, now: datetime, connectors: list[Payload]) -> Payload:
        self._sequence += 1
        return {
            "microgrid_id": self._microgrid_id,
            "charge_point_id": self.station.charge_point_id,
            "sequence": self._sequence,
            "measured_at": rfc3339(now),
            "connectors": connectors,
        }


def shared(total_w: int, wanted_w: Sequence[int], minimums_w: Sequence[int]) -> list[int]:
    """Split a power among those who want some: equally where it is scarce, nobody between 0 and the own minimum.

    Where the minimums do not fit, the last one goes without. All in watts; the result is in the order given.
    """
    wanted = [want if want >= least else 0 for want, least in zip(wanted_w, minimums_w, strict=True)]
    while sum(wanted) > total_w:
        given = _equally(total_w, wanted)
        short = [index for index, want in enumerate(wanted) if want and given[index] < minimums_w[index]]
        if not short:
            return given
        wanted[short[-1]] = 0
    return wanted


def _equally(total_w: int, wanted_w: Sequence[int]) -> list[int]:
    given = [0] * len(wanted_w)
    for taken, index in enumerate(sorted(range(len(wanted_w)), key=wanted_w.__getitem__)):
        given[index] = min(wanted_w[index], total_w // (len(wanted_w) - taken))
        total_w -= given[index]
    return given


def _plans(vehicle: Vehicle) -> Payload:
    """What a depot's planning knows of a session."""
    return {
        "departs_at": rfc3339(vehicle.visit.departs_at),
        "energy_needed_wh": vehicle.still_needed_wh,
        "priority": vehicle.visit.priority,
    }
