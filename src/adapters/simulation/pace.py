"""Simulated time against the wall: a depot in fast or slow motion, and a service that knows the wall alone."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from adapters.simulation.layout import Payload
from adapters.simulation.times import rfc3339
from adapters.simulation.vehicle import WATT_SECONDS


@dataclass(frozen=True, slots=True)
class Pace:
    """From `start` on, where both clocks agree, `speed` simulated seconds pass in each second on the wall.

    Powers are the same on both sides. An energy is as much smaller on the wall as the time in which they flow is
    shorter.
    """

    start: datetime
    speed: float

    def on_the_wall(self, instant: datetime) -> datetime:
        """When a simulated instant comes."""
        return self.start + (instant - self.start) / self.speed

    def simulated(self, instant: datetime) -> datetime:
        """What time it is in the depot at an instant on the wall."""
        return self.start + (instant - self.start) * self.speed

    def metered_wh(self, energy_ws: int) -> float:
        """What a meter on the wall shows of an energy in watt-seconds."""
        return energy_ws / WATT_SECONDS / self.speed

    def sent(self, payload: Payload) -> Payload:
        """A message of the depot as it goes onto the bus."""
        sent = {**payload, "measured_at": self._date(payload["measured_at"])}
        if "connectors" in payload:
            sent["connectors"] = [self._reading(reading) for reading in payload["connectors"]]
        return sent

    def received(self, cycle: Mapping[str, Any]) -> Mapping[str, Any]:
        """The data of a `CycleCompleted` as the depot takes it: decided and valid in simulated time."""
        setpoints = [{**each, "valid_for_s": each["valid_for_s"] * self.speed} for each in cycle["setpoints"]]
        decided_at = self.simulated(datetime.fromisoformat(cycle["decided_at"]))
        return {**cycle, "decided_at": rfc3339(decided_at), "setpoints": setpoints}

    def _reading(self, reading: Payload) -> Payload:
        session = reading["session"]
        return reading if session is None else {**reading, "session": self._session(session)}

    def _session(self, session: Payload) -> Payload:
        sent = {**session, "started_at": self._date(session["started_at"])}
        if "departs_at" in session:
            sent["departs_at"] = self._date(session["departs_at"])
            sent["energy_needed_wh"] = round(session["energy_needed_wh"] / self.speed)
        return sent

    def _date(self, simulated: str) -> str:
        return rfc3339(self.on_the_wall(datetime.fromisoformat(simulated)))
