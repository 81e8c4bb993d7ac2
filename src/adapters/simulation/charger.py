"""A charge point: obeys standing setpoints after a lag, falls back when they lapse, reports what it does."""

from collections import deque
from datetime import datetime, timedelta
from random import Random

from adapters.simulation.delivery import Delivery
from adapters.simulation.habits import Habits
from adapters.simulation.layout import Payload, Station
from adapters.simulation.sharing import shared
from adapters.simulation.sockets import Socket, StandingSetpoint, Status
from adapters.simulation.times import rfc3339
from adapters.simulation.vehicle import Vehicle


class Charger:
    """A charge point with its sockets. The noise on its readings is drawn from `draw`.

    One that `refuses` takes nothing that is new, not even the same limit once more, and says so: the old one stands
    until it lapses.
    """

    def __init__(self, microgrid_id: str, station: Station, habits: Habits, draw: Random | None = None) -> None:
        self.station = station
        self.habits = habits
        self.refuses = False
        self.sockets = tuple(
            Socket(outlet, habits.factor, resets=habits.resets_after_session) for outlet in station.outlets
        )
        self._microgrid_id = microgrid_id
        self._draw = draw or Random(station.charge_point_id)
        self._cycle_seq = 0
        self._refused_cycle_seq: int | None = None
        self._pending: deque[tuple[datetime, list[tuple[Socket, StandingSetpoint]]]] = deque()
        self._reported: dict[Socket, Status] = {}
        self._sequence = 0

    def deliver(self, delivery: Delivery, now: datetime) -> None:
        """Take the setpoints of a cycle. A cycle that is not newer than the last changes nothing.

        They come into force after the lag. A `limit_w` of None says nothing, nor does one for an unknown connector.
        """
        if delivery.cycle_seq <= self._cycle_seq:
            return
        self._cycle_seq = delivery.cycle_seq
        self._refused_cycle_seq = delivery.cycle_seq if self.refuses else None
        if self.refuses:
            return
        told: list[tuple[Socket, StandingSetpoint]] = []
        by_number = {socket.outlet.key[1]: socket for socket in self.sockets}
        for each in delivery.setpoints:
            socket = by_number.get(each["connector_id"])
            if socket is not None and each["limit_w"] is not None:
                limit_w = self.habits.applied_w(each["limit_w"], socket.outlet)
                lapses_at = delivery.decided_at + timedelta(seconds=each["valid_for_s"])
                told.append((socket, StandingSetpoint(limit_w, lapses_at, delivery.cycle_seq)))
        self._pending.append((now + timedelta(seconds=self.habits.lag_s), told))

    def forget_setpoints(self) -> None:
        """Begin anew, without what was told so far."""
        self._pending.clear()
        for socket in self.sockets:
            socket.setpoint = None

    def reconnect(self, *, begins: bool = False) -> None:
        """The link is back: what every socket is about will be reported anew, unless the charger is reticent.

        One that `begins`, at its first link or after a reboot, reports it in any case.
        """
        if begins or not self.habits.reticent:
            self._reported.clear()

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
            for socket in self.sockets
            if socket.status is not self._reported.get(socket) or (due and self._is_metered(socket))
        ]
        if concerned:
            self._reported |= {socket: socket.status for socket in self.sockets}
            listed = concerned if self.habits.plain_ocpp else self.sockets
            return self._message(now, [self._reading(socket, now) for socket in listed])
        if beat % self.habits.heartbeat_interval_s == 0:
            # Who names cycles owes that for empty sockets too.
            named = self.sockets if self.habits.names_cycles and not self.habits.plain_ocpp else ()
            return self._message(now, [self._reading(socket, now) for socket in named])
        return None

    def reading(self, socket: Socket, now: datetime) -> Payload:
        """What is to be said of a socket now; an item of `connectors` (TEL-1)."""
        return self._reading(socket, now)

    def _is_metered(self, socket: Socket) -> bool:
        """Whether it owes readings: where it does not say that a vehicle wants nothing, one may draw at any time."""
        return socket.wanted_w > 0 or (socket.status is Status.SUSPENDED_EV and not self._says_what_is_wanted(socket))

    def _says_what_is_wanted(self, socket: Socket) -> bool:
        return not self.habits.plain_ocpp and (socket.vehicle is None or socket.vehicle.visit.request_is_known)

    def _knows_the_power_of(self, socket: Socket, now: datetime) -> bool:
        if socket.vehicle is None or not self.habits.power_unknown_s:
            return True
        return now >= socket.vehicle.visit.arrives_at + timedelta(seconds=self.habits.power_unknown_s)

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
        return [
            socket.unstoppable_w or socket.drawn_w(told_w) for socket, told_w in zip(self.sockets, within, strict=True)
        ]

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
            "power_w": self._read_w(socket) if self._knows_the_power_of(socket, now) else None,
            "requested_w": None,
            "applied_limit_w": None,
            "applied_cycle_seq": None,
            "refused_cycle_seq": self._refused_cycle_seq,
            "session": None,
        }
        if socket.vehicle is not None:
            visit = socket.vehicle.visit
            reading["session"] = {"session_id": visit.session_id, "started_at": rfc3339(visit.arrives_at)}
        if self._says_what_is_wanted(socket):
            reading["requested_w"] = socket.wanted_w
        if not self.habits.plain_ocpp:
            reading |= self._read_back(socket, now)
            if socket.vehicle is not None:
                reading["session"] |= _plans(socket.vehicle)
        return reading

    def _read_back(self, socket: Socket, now: datetime) -> Payload:
        """What the charger says of the setpoint that it obeys."""
        read_back: Payload = {}
        if self.habits.reads_back:
            read_back["applied_limit_w"] = self._applied_limit_w(socket, now)
        in_force = socket.in_force(now)
        if self.habits.names_cycles and in_force is not None:
            read_back["applied_cycle_seq"] = in_force.cycle_seq
        return read_back

    def _read_w(self, socket: Socket) -> int:
        if not self.habits.noise_percent or not socket.power_w:
            return socket.power_w
        return round(socket.power_w * (1 + self._draw.gauss(0, self.habits.noise_percent / 100)))

    def _message(self, now: datetime, connectors: list[Payload]) -> Payload:
        self._sequence += 1
        return {
            "microgrid_id": self._microgrid_id,
            "charge_point_id": self.station.charge_point_id,
            "sequence": self._sequence,
            "measured_at": rfc3339(now),
            "connectors": connectors,
        }


def _plans(vehicle: Vehicle) -> Payload:
    """What a depot's planning knows of a session."""
    return {
        "departs_at": rfc3339(vehicle.visit.departs_at),
        "energy_needed_wh": vehicle.still_needed_wh,
        "priority": vehicle.visit.priority,
    }
