"""Gateways that neglect one duty each, by the name of the check that has to find it."""

from collections import deque
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from adapters.simulation.layout import Payload
from tests.gateways.good import CHARGE_POINTS, RATING_W, Gateway

FIRST = CHARGE_POINTS[0]


def readings(payloads: list[Payload], charge_point_id: str | None = None) -> Iterator[Payload]:
    """The readings of all connectors, or of one charge point's."""
    for payload in payloads:
        if charge_point_id in (None, payload.get("charge_point_id")):
            yield from payload.get("connectors", ())


def without(cycle: dict[str, Any], charge_point_id: str) -> dict[str, Any]:
    """A cycle without the setpoints of a charge point."""
    kept = [each for each in cycle["setpoints"] if each["charge_point_id"] != charge_point_id]
    return {**cycle, "setpoints": kept}


def told_w(cycle: Mapping[str, Any], charge_point_id: str) -> int | None:
    """What a cycle tells the first connector of a charge point."""
    return next((each["limit_w"] for each in cycle["setpoints"] if each["charge_point_id"] == charge_point_id), None)


class OtherPartition(Gateway):
    """Has the partitioner of another client."""

    def partition_of(self, key: str, count: int) -> int:
        return (super().partition_of(key, count) + 1) % count


class NamesStrangers(Gateway):
    """Calls a charge point otherwise than the site does."""

    def say(self, payloads: list[Payload], now: datetime) -> list[Payload]:
        return [
            *payloads,
            *({**each, "charge_point_id": "box"} for each in payloads if each.get("charge_point_id") == FIRST),
        ]


class Kilowatts(Gateway):
    """Sends kilowatts for watts."""

    def say(self, payloads: list[Payload], now: datetime) -> list[Payload]:
        for each in readings(payloads, FIRST):
            each["power_w"] = each["power_w"] and each["power_w"] / 1000
        return payloads


class ZeroForUnknown(Gateway):
    """Sends 0 where a charger says nothing of its power."""

    def say(self, payloads: list[Payload], now: datetime) -> list[Payload]:
        for each in readings(payloads, FIRST):
            each["power_w"] = 0
        return payloads


class CopiesLimits(Gateway):
    """Reports what it passed on, not what it read back."""

    passed_on_w: int | None = None

    def obey(self, cycle: dict[str, Any]) -> None:
        self.passed_on_w = told_w(cycle, FIRST) if cycle["setpoints"] else self.passed_on_w
        super().obey(cycle)

    def say(self, payloads: list[Payload], now: datetime) -> list[Payload]:
        for each in readings(payloads, FIRST):
            each["applied_limit_w"] = self.passed_on_w
        return payloads


class Repeats(Gateway):
    """Sends every message again when the next ones come."""

    before: tuple[Payload, ...] = ()

    def say(self, payloads: list[Payload], now: datetime) -> list[Payload]:
        sent, self.before = [*payloads, *self.before], tuple(payloads)
        return sent


class SilentHeartbeats(Gateway):
    """Passes on nothing of a charger at which there is no vehicle."""

    def say(self, payloads: list[Payload], now: datetime) -> list[Payload]:
        return [each for each in payloads if "circuit_id" in each or any(one["session"] for one in each["connectors"])]


class SeldomReads(Gateway):
    """Passes on a reading of a vehicle that charges every 50 s, and bare signs of life in between."""

    def say(self, payloads: list[Payload], now: datetime) -> list[Payload]:
        for each in payloads:
            if each.get("charge_point_id") == FIRST and now.second % 50 >= 10:
                each["connectors"] = []
        return payloads


class Reorders(Gateway):
    """Obeys whatever cycle comes last."""

    count = 10**12

    def obey(self, cycle: dict[str, Any]) -> None:
        self.count += 1
        super().obey({**cycle, "cycle_seq": self.count})


class NeverRenews(Gateway):
    """Passes on nothing but changes."""

    newest, before = 0, list[tuple[str, int]]()

    def obey(self, cycle: dict[str, Any]) -> None:
        told = [(each["charge_point_id"], each["limit_w"]) for each in cycle["setpoints"]]
        if cycle["cycle_seq"] > self.newest and told != self.before:
            super().obey(cycle)
            self.newest, self.before = cycle["cycle_seq"], told


class RenewsForEver(Gateway):
    """Renews what it knows for as long as cycles come, whatever they list."""

    known: tuple[dict[str, Any], ...] = ()

    def obey(self, cycle: dict[str, Any]) -> None:
        self.known = tuple(cycle["setpoints"]) or self.known
        super().obey({**cycle, "setpoints": [*self.known]})


class AppliesLate(Gateway):
    """Passes a cycle on when half of the grace is over once more."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.held = deque[tuple[datetime, dict[str, Any]]]()

    def obey(self, cycle: dict[str, Any]) -> None:
        self.held.append((self.depot.now + timedelta(seconds=1.5 * self.settings["apply_grace_s"]), cycle))

    def tick(self, now: datetime) -> list[Payload]:
        while self.held and self.held[0][0] < now:
            super().obey(self.held.popleft()[1])
        return super().tick(now)


class ZeroIsNoLimit(Gateway):
    """Takes 0 for no limit."""

    def obey(self, cycle: dict[str, Any]) -> None:
        told = [{**each, "limit_w": each["limit_w"] or RATING_W} for each in cycle["setpoints"]]
        super().obey({**cycle, "setpoints": told})


class Disobeys(Gateway):
    """Passes nothing lower on to one charger, and does not say so."""

    highest_w = 0

    def obey(self, cycle: dict[str, Any]) -> None:
        limit_w = told_w(cycle, FIRST)
        if limit_w is not None and limit_w < self.highest_w:
            cycle = self.altered(cycle)
        self.highest_w = max(self.highest_w, limit_w or 0)
        super().obey(cycle)

    def altered(self, cycle: dict[str, Any]) -> dict[str, Any]:
        """What is passed on in place of a cycle that tells less."""
        return without(cycle, FIRST)

    def say(self, payloads: list[Payload], now: datetime) -> list[Payload]:
        for each in readings(payloads, FIRST):
            each["applied_limit_w"] = None
        return payloads


class NamesWhatDidNotArrive(Disobeys):
    """Names the newest cycle as applied, whatever became of it."""

    newest: int | None = None

    def hear(self, event_type: str, data: dict[str, Any]) -> None:
        self.newest = max(self.newest or 0, data.get("cycle_seq", 0)) or None
        super().hear(event_type, data)

    def say(self, payloads: list[Payload], now: datetime) -> list[Payload]:
        for each in readings(super().say(payloads, now), FIRST):
            each["applied_cycle_seq"] = self.newest
        return payloads


class NeverLapses(Gateway):
    """Sets limits without an end."""

    def obey(self, cycle: dict[str, Any]) -> None:
        super().obey({**cycle, "setpoints": [{**each, "valid_for_s": 10**6} for each in cycle["setpoints"]]})


class IgnoresValidity(Gateway):
    """Lets every setpoint hold as long as the first one did."""

    def obey(self, cycle: dict[str, Any]) -> None:
        valid_for_s = self.settings["setpoint_valid_for_s"]
        super().obey({**cycle, "setpoints": [{**each, "valid_for_s": valid_for_s} for each in cycle["setpoints"]]})


class ClockAhead(Gateway):
    """Has a clock that is two minutes ahead."""

    off = timedelta(minutes=2)

    def say(self, payloads: list[Payload], now: datetime) -> list[Payload]:
        for each in payloads:
            each["measured_at"] = (datetime.fromisoformat(each["measured_at"]) + self.off).isoformat()
        return payloads


class ClockBehind(ClockAhead):
    """Has one that is two minutes behind."""

    off = timedelta(minutes=-2)


PLANTED: Final[Mapping[str, tuple[type[Gateway], frozenset[str]]]] = {
    each.__name__: (each, frozenset({check, *others}))
    for each, check, *others in (
        # Nothing of it is heard where a worker would read it.
        (OtherPartition, "partition", "alive"),
        (NamesStrangers, "readable"),
        (Kilowatts, "units"),
        (ZeroForUnknown, "unknown"),
        (CopiesLimits, "read_back"),
        (Repeats, "sequence"),
        (SilentHeartbeats, "alive"),
        (SeldomReads, "readings"),
        (Reorders, "newest"),
        (NeverRenews, "renews"),
        (RenewsForEver, "unlisted"),
        (AppliesLate, "in_time"),
        (ZeroIsNoLimit, "zero"),
        (NamesWhatDidNotArrive, "applied_cycle"),
        (Disobeys, "refusals"),
        (NeverLapses, "lapses"),
        (IgnoresValidity, "valid_for"),
        (ClockAhead, "clock"),
        (ClockBehind, "clock"),
    )
}
"""By its name: what was planted, and the checks that fail, its own first."""
