"""A connector of a charge point: what it was told, what is plugged into it, and the power that flows."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from adapters.simulation.habits import PER_MILLE
from adapters.simulation.layout import Outlet
from adapters.simulation.vehicle import PREPARATION, Vehicle

SUSPENSION = timedelta(seconds=60)
"""How long a full vehicle counts as suspending before its transaction ends."""

LONG_AGO = datetime.min.replace(tzinfo=UTC)
FOR_EVER = datetime.max.replace(tzinfo=UTC)


class Status(StrEnum):
    """What OCPP calls the states of a connector."""

    AVAILABLE = "Available"
    PREPARING = "Preparing"
    CHARGING = "Charging"
    SUSPENDED_EVSE = "SuspendedEVSE"
    SUSPENDED_EV = "SuspendedEV"
    FINISHING = "Finishing"


@dataclass(frozen=True, slots=True)
class StandingSetpoint:
    """A limit that holds until it lapses, whatever is plugged in; None for the cycle of one that nobody decided."""

    limit_w: int
    lapses_at: datetime
    cycle_seq: int | None = None


class Socket:
    """A connector: its setpoint in force, the vehicle on it and the power that flows.

    Limits and `wanted_w` are in watts as they are told; what flows of them is `factor` per mille. One that is `stuck`
    lets its whole rating flow into whatever is plugged in, and reports as if it obeyed. When a session ends, the
    setpoint of one that `resets` stands no longer, and one that `forgets` has no limit at all until it is told one.
    `lasting_w`: a limit of its own without an end, which holds where no setpoint does.
    """

    __slots__ = (
        "_full_since",
        "_takes_w",
        "factor",
        "forgets",
        "lasting_w",
        "outlet",
        "power_w",
        "resets",
        "setpoint",
        "status",
        "stuck",
        "times_forgotten",
        "vehicle",
        "wanted_w",
    )

    def __init__(self, outlet: Outlet, factor: int = PER_MILLE, *, resets: bool = False) -> None:
        self.outlet = outlet
        self.factor = factor
        self.resets = resets
        self.forgets = False
        self.times_forgotten = 0
        self.setpoint: StandingSetpoint | None = None
        self.lasting_w: int | None = None
        self.vehicle: Vehicle | None = None
        self.status = Status.AVAILABLE
        self.wanted_w = 0
        self.power_w = 0
        self.stuck = False
        self._takes_w = 0
        self._full_since: datetime | None = None

    def plug_in(self, vehicle: Vehicle) -> None:
        """Connect a vehicle to an empty socket."""
        self.vehicle = vehicle
        self._full_since = None

    def unplug(self) -> None:
        """Free the socket. Its setpoint stands, unless it resets or forgets it."""
        self.vehicle = None
        self.wanted_w = self.power_w = 0
        if self.forgets:
            self.setpoint = StandingSetpoint(self.outlet.max_power_w, FOR_EVER)
            self.times_forgotten += 1
        elif self.resets and self.setpoint is not None:
            self.setpoint = replace(self.setpoint, lapses_at=LONG_AGO)

    def in_force(self, now: datetime) -> StandingSetpoint | None:
        """The setpoint in force; None where none ever came or the last one has lapsed."""
        return None if self.setpoint is None or now >= self.setpoint.lapses_at else self.setpoint

    def limit_w(self, now: datetime) -> int | None:
        """The limit in force; None where none ever came or the last one has lapsed, and none lasts."""
        setpoint = self.in_force(now)
        return self.lasting_w if setpoint is None else setpoint.limit_w

    def ask(self) -> None:
        """Learn what the vehicle could take in this second, and what the connector has to be told for that."""
        self._takes_w = 0 if self.vehicle is None else self.vehicle.acceptance_w()
        told_w = self._takes_w * self._told_per_taken * PER_MILLE // self.factor
        self.wanted_w = min(max(told_w, self.minimum_w), self.outlet.max_power_w) if told_w else 0

    def drawable_w(self, now: datetime) -> int:
        """What the vehicle would use of a limit in this second if nothing limited it."""
        if self.vehicle is None or now < self.vehicle.visit.arrives_at + PREPARATION:
            return 0
        return self.wanted_w

    def drawn_w(self, told_w: int) -> int:
        """What flows where the charger lets so much through."""
        return min(told_w * self.factor // PER_MILLE // self._told_per_taken, self._takes_w)

    @property
    def unstoppable_w(self) -> int:
        """What flows whatever the limit; 0 unless the connector is stuck."""
        return min(self.outlet.max_power_w, self.vehicle.missing_ws) if self.stuck and self.vehicle is not None else 0

    @property
    def minimum_w(self) -> int:
        """Told less than this the vehicle draws nothing at all."""
        return 0 if self.vehicle is None else self.vehicle.visit.min_power_w * self._told_per_taken

    def flow(self, power_w: int, now: datetime) -> None:
        """Let this power flow for one second and take the status that follows."""
        self.power_w = power_w
        if self.vehicle is not None and power_w:
            self.vehicle.charge(power_w)
        self.status = self._status_at(now)

    @property
    def _told_per_taken(self) -> int:
        """A limit is meant for three phases; a vehicle on one of them uses a third of it."""
        return 1 if self.vehicle is None else 3 // self.vehicle.visit.phases

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
        suspends = self.vehicle.visit.enough_wh is not None or now < self._full_since + SUSPENSION
        return Status.SUSPENDED_EV if suspends else Status.FINISHING
