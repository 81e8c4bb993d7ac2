"""A connector of a station as the gateway knows it: what it is about, what it was told and what it shows of that."""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from adapters.ocpp.kept import Kept, Transaction
from adapters.ocpp.registers import Slope
from adapters.ocpp.setpoints import Setpoint, Standing
from domain.knowledge.readings import STATUSES_WITH_DEMAND
from domain.site.configuration import Connector, Settings

SAMPLED: Final = timedelta(seconds=30)
"""Who sent a sample so long ago at most will soon send another, with which news can go up."""

HOLDS_BACK: Final = "SuspendedEVSE"
"""The status of a station that lets nothing flow although a vehicle wants power."""

IMPLAUSIBLE: Final = 10
"""A power so many times the rating is written in another unit than it says: it is not known."""


def tolerance_w(limit_w: int, apply_tolerance_w: int) -> int:
    """How far above its limit a charger may be (specification, words)."""
    return max(apply_tolerance_w, limit_w // 20)


def _bearable_w(standing: Standing, settings: Settings) -> int:
    return standing.told_w + tolerance_w(standing.told_w, settings.apply_tolerance_w)


@dataclass(slots=True)
class Outlet:
    """Of one connector. `kept` is its station's; `read_back` is a limit in watts and when it was read."""

    connector: Connector
    kept: Kept
    slope: Slope = field(default_factory=Slope)
    standing: Standing | None = None
    read_back: tuple[datetime, int | None] | None = None
    refused: Setpoint | None = None
    unanswered_at: datetime | None = None
    measured_at: datetime | None = None
    sampled_at: datetime | None = None
    over_since: datetime | None = None
    found_at: datetime | None = None
    """When it was last found to be over."""
    known_since: datetime | None = None
    """Since when it is known without a break what it was told."""
    replaced: list[tuple[datetime, Standing]] = field(default_factory=list)
    """What stood before, and until when; the latest ones."""
    drawn: deque[tuple[datetime, float]] = field(default_factory=lambda: deque(maxlen=20))
    """What it drew by its newest samples, in watts, and when they were taken."""
    again: bool = False
    """What it was told is told once more, in another way."""
    doubts: int = 0
    """How often whatever it had been told became doubtful: at a boot, with a session, a status."""
    has_news: bool = False
    """A limit read back, a cycle or a refusal that no reading has told of."""

    @property
    def number(self) -> int:
        """Its OCPP connector id."""
        return self.connector.connector_id

    @property
    def transaction(self) -> Transaction | None:
        """The one that runs."""
        return self.kept.transactions.get(self.number)

    @property
    def status(self) -> str | None:
        """As last said; in a transaction of which no status is known a vehicle is there at least."""
        said = self.kept.statuses.get(self.number)
        return said if said is not None or self.transaction is None else "Occupied"

    @property
    def has_demand(self) -> bool:
        """Whether readings of its own are owed."""
        return self.status in STATUSES_WITH_DEMAND

    def tell(self, standing: Standing) -> None:
        """The station accepted this."""
        now = standing.accepted_at
        if self.standing is None:
            self.known_since, self.replaced = now, []
        elif self.standing.told_w != standing.told_w:
            self.replaced = [*self.replaced[-19:], (now, self.standing)]
        self.standing = standing

    def in_force_w(self, at: datetime, grace: timedelta) -> int | None:
        """The highest of what it was told and may still apply (R36); None where that is not known."""
        if self.standing is None or self.known_since is None or at < self.known_since + grace:
            return None
        return max([self.standing.told_w, *(each.told_w for until, each in self.replaced if at < until + grace)])

    def is_sampled(self, now: datetime) -> bool:
        """Whether the next sample is near."""
        return self.sampled_at is not None and now - self.sampled_at <= SAMPLED

    def plausible(self, power_w: float | None) -> float | None:
        """The power, None where it cannot be one of this connector."""
        return None if power_w is None or power_w > IMPLAUSIBLE * self.connector.max_power_w else power_w

    def applied_cycle_seq(self, now: datetime, settings: Settings) -> int | None:
        """The newest cycle whose limit the station accepted, does not contradict and surely has in force."""
        if self.standing is None:
            return None
        read = self.read_back
        if read is None or read[0] < self.standing.accepted_at:
            # Not asked since: it goes by what the station said before.
            if self.kept.abilities.reads_back:
                return None
        elif read[1] is not None and read[1] > _bearable_w(self.standing, settings):
            return None
        named = self._surely_in_force(self.standing, now, settings).setpoint
        return None if now >= named.lapses_at or named.cycle_seq == 0 else named.cycle_seq

    def _surely_in_force(self, standing: Standing, now: datetime, settings: Settings) -> Standing:
        """The newest that the station keeps to. One that accepted a lower limit, and tells it, may still be coming
        down, or even going up to the one before: it keeps to the lower one once it was seen to come down, holds all
        back, or had the grace for it. Without demand nothing flows.
        """
        grace, draws = timedelta(seconds=settings.apply_grace_s), self.has_demand and self.status != HOLDS_BACK
        before = [each for until, each in self.replaced if now < until + grace] if draws else []
        while higher := [each for each in before if each.told_w > _bearable_w(standing, settings)]:
            if self._was_seen_to_come_down(standing, higher[-1].since, _bearable_w(standing, settings)):
                break
            standing = before.pop()
        return standing

    def _was_seen_to_come_down(self, standing: Standing, since: datetime, bearable_w: int) -> bool:
        """Whether it drew more since an instant, and no more by now."""
        drew_more = any(at >= since and watts > bearable_w for at, watts in self.drawn)
        return drew_more and self.drawn[-1][0] >= standing.since and self.drawn[-1][1] <= bearable_w

    def _comes_down(self, read_w: int | None, now: datetime, settings: Settings) -> bool:
        """Whether the station tells the limit that it was told, but may not keep to it yet."""
        standing = self.standing
        return (
            standing is not None
            and read_w is not None
            and read_w <= _bearable_w(standing, settings)
            and self._surely_in_force(standing, now, settings) is not standing
        )

    def reading(self, at: datetime, power_w: float | None, now: datetime, settings: Settings) -> Mapping[str, Any]:
        """Its part of a message, taken at an instant (TEL-1). What was read back is said once, when it is in force."""
        read = self.read_back if self.has_news else None
        tells = read is not None and read[0] <= at and not self._comes_down(read[1], now, settings)
        self.has_news = read is not None and not tells
        self.measured_at = at if self.measured_at is None else max(at, self.measured_at)
        return {
            "connector_id": self.number,
            "status": self.status,
            "power_w": None if power_w is None else round(power_w),
            "requested_w": None,
            "applied_limit_w": read[1] if read is not None and tells else None,
            "applied_cycle_seq": self.applied_cycle_seq(now, settings),
            "refused_cycle_seq": None if self.refused is None else self.refused.cycle_seq,
            "session": self._session(),
        }

    def _session(self) -> Mapping[str, Any] | None:
        if self.transaction is None or self.status == "Available":
            return None
        return {"session_id": str(self.transaction.transaction_id), "started_at": self.transaction.started_at}
