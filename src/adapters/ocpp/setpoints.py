"""What a station is to obey: the newest cycle alone, and what has come of it in the station."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from domain.site.identifiers import connector_node_id


@dataclass(frozen=True, slots=True)
class Setpoint:
    """A limit in told watts, which holds until it lapses."""

    cycle_seq: int
    limit_w: int
    lapses_at: datetime


@dataclass(frozen=True, slots=True)
class Standing:
    """A setpoint that a station accepted, and what its limit came to in the station's unit.

    `since`: when the station first accepted this limit, which was only renewed after that; `lowered`: it was told more
    before.
    """

    setpoint: Setpoint
    told_w: int
    accepted_at: datetime
    since: datetime
    lowered: bool = False

    @classmethod
    def after(cls, before: "Standing | None", setpoint: Setpoint, told_w: int, now: datetime) -> "Standing":
        """One that was accepted now."""
        if before is not None and before.told_w == told_w:
            return cls(setpoint, told_w, now, before.since, before.lowered)
        return cls(setpoint, told_w, now, now, lowered=before is not None and before.told_w > told_w)


class NewestCycle:
    """The setpoints of the newest cycle of a microgrid, by connector (`cp-1/2`); an older one changes nothing."""

    def __init__(self) -> None:
        self._stream: str | None = None
        self._former: set[str | None] = set()
        self._cycle_seq = 0
        self.setpoints: dict[str, Setpoint] = {}

    def take(self, stream: str, data: Mapping[str, Any]) -> bool:
        """Take the data of a CycleCompleted; whether it is newer. In a new stream cycles are numbered anew, and the
        former one is over: what is read of it once more changes nothing.

        A connector that is told null, or is not listed, keeps the setpoint it has until that lapses.
        """
        if stream in self._former or (stream == self._stream and data["cycle_seq"] <= self._cycle_seq):
            return False
        decided_at = datetime.fromisoformat(data["decided_at"])
        if stream != self._stream:
            self._former.add(self._stream)
        self._stream, self._cycle_seq = stream, data["cycle_seq"]
        for each in data["setpoints"]:
            if each["limit_w"] is not None:
                node_id = connector_node_id(each["charge_point_id"], each["connector_id"])
                lapses_at = decided_at + timedelta(seconds=each["valid_for_s"])
                self.setpoints[node_id] = Setpoint(self._cycle_seq, each["limit_w"], lapses_at)
        return True
