"""A connector of a station: its socket, the profiles that are set there, its energy register and its transaction."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from adapters.simulation.pace import Pace
from adapters.simulation.sockets import Socket
from adapters.simulation.stations.profiles import Profile, Profiles


@dataclass(frozen=True, slots=True)
class Transaction:
    """A session that the gateway was told of, and the number that it gave to it."""

    session_id: str
    transaction_id: int


@dataclass(slots=True)
class Bay:
    """`register_ws`: all that ever flowed; `began_ws`: what it was when the session there began."""

    socket: Socket
    profiles: Profiles = field(default_factory=Profiles)
    register_ws: int = 0
    began_ws: int = 0
    transaction: Transaction | None = None
    said: str | None = None
    """The status that the gateway was told last."""
    _session_id: str | None = None
    _told: tuple[int, datetime] | None = None

    @property
    def number(self) -> int:
        """Its OCPP connector id."""
        return self.socket.outlet.key[1]

    @property
    def transaction_id(self) -> int | None:
        """Of the one that runs."""
        return None if self.transaction is None else self.transaction.transaction_id

    def in_force(self, now: datetime) -> Profile | None:
        """The profile that holds at an instant on the wall."""
        return self.profiles.in_force(now, self.transaction_id)

    def news(self, now: datetime, pace: Pace) -> Mapping[str, Any] | None:
        """A setpoint for the charger where another one holds now, by the clock on the wall, than the one it was given.

        One that was taken back has lapsed there and then; what has no end lies beneath it all.
        """
        self.socket.lasting_w = self.profiles.lasting_w(now, self.transaction_id)
        profile = self.in_force(now)
        told = None if profile is None or profile.ends is None else (profile.limit_w(now), profile.ends)
        before, self._told = self._told, told
        if told == before or (told is None and before is not None and now >= before[1]):
            return None
        limit_w, ends = (0, now) if told is None else told
        valid_for_s = (ends - now).total_seconds() * pace.speed
        return {"connector_id": self.number, "limit_w": limit_w, "valid_for_s": valid_for_s}

    def tick(self) -> None:
        """Count what flowed in the second that ended."""
        vehicle = self.socket.vehicle
        session_id = None if vehicle is None else vehicle.visit.session_id
        if session_id != self._session_id:
            self._session_id, self.began_ws = session_id, self.register_ws
        self.register_ws += self.socket.power_w

    def forget_setpoints(self) -> None:
        """Begin anew: what holds without an end survives a reboot."""
        self.profiles.forget_setpoints()
        self._told = None
