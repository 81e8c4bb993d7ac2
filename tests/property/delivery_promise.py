"""Chargers on links that keep the promise of SEND-2 and no more: what each may draw by what reached it.

It knows nothing of the domain: its memory is of messages delivered, not of setpoints sent.
"""

import sys
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import product

VALID_FOR = timedelta(seconds=120)
APPLY_GRACE = timedelta(seconds=20)
HOLDS_FOR = VALID_FOR + APPLY_GRACE
"""So long after its newest setpoint a connector that was taken from a place counts there (R21)."""


@dataclass(frozen=True, slots=True)
class Told:
    """A setpoint as it travels."""

    cycle_seq: int
    limit_w: int
    sent_at: datetime

    def is_valid(self, at: datetime) -> bool:
        return at < self.sent_at + VALID_FOR


@dataclass(frozen=True, slots=True)
class Underway:
    """A setpoint between the gateway and the charger, applied at the latest when the grace is over."""

    told: Told
    apply_by: datetime


@dataclass(frozen=True, slots=True)
class Stay:
    """Where a connector counts, with what it was told between two cycles, both included, and until when.

    One that a configuration has taken away goes on counting there; one that is there has no end.
    """

    node_ids: frozenset[str]
    from_seq: int
    to_seq: int = sys.maxsize
    until: datetime | None = None

    def counts(self, told: Told | None) -> bool:
        """Whether what it may be told counts here: a fallback always does."""
        return told is None or self.from_seq <= told.cycle_seq <= self.to_seq


@dataclass(slots=True)
class Outlet:
    """A connector as its hardware: what is in force, what is on its way, where the configurations had it."""

    max_power_w: int
    in_force: Told | None = None
    underway: list[Underway] = field(default_factory=list)
    newest: Told | None = None
    waiting: bool = False
    place: Stay | None = None
    former: list[Stay] = field(default_factory=list)
    is_known_to_name: bool = False

    def told(self, told: Told) -> None:
        """The gateway has something new for it."""
        self.newest, self.waiting = told, True

    def pass_on(self, at: datetime) -> None:
        """The gateway passes the newest on, also one that it has passed on before."""
        if self.newest is not None:
            self.underway.append(Underway(self.newest, at + APPLY_GRACE))
        self.waiting = False

    def lose(self) -> None:
        """What is on its way is lost."""
        self.waiting = False
        self.underway = []

    def apply(self, message: Underway, *, stays: bool = False) -> None:
        """What is on its way arrives, in any order, perhaps to arrive again; never one of a lower cycle."""
        if not stays:
            self.underway.remove(message)
        if self.in_force is None or message.told.cycle_seq >= self.in_force.cycle_seq:
            self.in_force = message.told

    def pass_time(self, at: datetime) -> None:
        """Apply what the grace is over for."""
        for message in sorted(self.underway, key=lambda each: each.apply_by):
            if message.apply_by <= at:
                self.apply(message)
        self.former = [stay for stay in self.former if stay.until is None or at < stay.until]

    def put(self, node_ids: frozenset[str], existing: Collection[str], last_seq: int) -> None:
        """A configuration has it below these nodes now, of those that exist; below none: not at all."""
        old, self.place = self.place, None
        if node_ids:
            self.place = Stay(node_ids, last_seq + 1 if old is None else old.from_seq)
        if old is not None and self.newest is not None and self.newest.cycle_seq >= old.from_seq:
            left = (old.node_ids - node_ids).intersection(existing)
            self.former.append(Stay(left, old.from_seq, last_seq, self.newest.sent_at + HOLDS_FOR))

    @property
    def was_told_here(self) -> bool:
        """Whether it was told anything since a configuration brought it where it is."""
        return self.place is not None and self.newest is not None and self.newest.cycle_seq >= self.place.from_seq

    def valid(self, at: datetime) -> Told | None:
        """What is in force; None where nothing ever came or it has lapsed."""
        return self.in_force if self.in_force is not None and self.in_force.is_valid(at) else None

    def options(self, at: datetime) -> list[Told | None]:
        """What it is on now, then what may come; None stands for its fallback."""
        last_seq = 0 if self.in_force is None else self.in_force.cycle_seq
        coming = [message.told for message in self.underway]
        if self.newest is not None and self.waiting:
            coming.append(self.newest)
        return [self.valid(at), *(told for told in coming if told.cycle_seq > last_seq and told.is_valid(at))]


@dataclass(frozen=True, slots=True)
class _Choice:
    """What an outlet may be on, and whether it counts at the node in question."""

    number: int
    told: Told | None
    counts: bool


@dataclass(slots=True)
class Station:
    """A charge point and its link. `names`: it reports the cycle it follows, so its way down need not be reliable.

    Its fallback is one figure for all of it: it leaves it for all outlets at once, as far as something came for them.
    """

    charge_point_id: str
    max_power_w: int
    outlets: dict[int, Outlet]
    names: bool = False
    reports: bool = True
    ampere_w: int = 1
    fallback_w: int = 0
    up: bool = True
    down: bool = True

    def told(self, number: int, told: Told, at: datetime) -> None:
        """A cycle lists this for an outlet."""
        self.outlets[number].told(told)
        if self.down:
            self.outlets[number].pass_on(at)

    def link(self, up: bool, down: bool, at: datetime) -> None:
        """The link changes. Messages come up only over a link that passes on setpoints, unless it names them."""
        if up and not down and not self.may_lose:
            up = False
        came_back = down and not self.down
        self.up, self.down = up, down
        if came_back:
            for outlet in self.outlets.values():
                outlet.pass_on(at)

    def apply(self, number: int, which: int, at: datetime, *, stays: bool) -> None:
        """Something on its way to an outlet arrives; where the charge point fell back, the rest of that cycle too."""
        underway = self.outlets[number].underway
        message = underway[which % len(underway)]
        if any(outlet.valid(at) is None for outlet in self.outlets.values()):
            for other in self.outlets.values():
                for each in [each for each in other.underway if each.told.cycle_seq == message.told.cycle_seq]:
                    other.apply(each)
        else:
            self.outlets[number].apply(message, stays=stays)

    @property
    def may_lose(self) -> bool:
        """Whether setpoints may get lost on a link that passes messages on: once it is known that it names them."""
        return self.names and all(outlet.is_known_to_name for outlet in self.outlets.values())

    def own_fallback_w(self, number: int) -> int:
        """What one outlet may fall back to while the others draw nothing."""
        return min(self.fallback_w, self.outlets[number].max_power_w)

    def in_force_w(self, number: int, at: datetime) -> int:
        """The most that an outlet may draw now while the others draw nothing."""
        return self._value_w(number, self.outlets[number].valid(at))

    def most_w(self, number: int, at: datetime) -> int:
        """The most that an outlet may be permitted now or by what is on its way, told where it is now."""
        outlet = self.outlets[number]
        return max(
            (
                self._value_w(number, told)
                for told in outlet.options(at)
                if outlet.place is not None and outlet.place.counts(told)
            ),
            default=0,
        )

    def most_at_w(self, node_id: str, at: datetime, new: dict[int, Told]) -> int:
        """The most that it may be permitted at a node in any order of any of what it is told; `new`: just now."""
        now: list[_Choice] = []
        later: list[list[_Choice]] = []
        for number, outlet in self.outlets.items():
            stays = [stay for stay in (outlet.place, *outlet.former) if stay is not None and node_id in stay.node_ids]
            current, *coming = (
                _Choice(number, told, counts=any(stay.counts(told) for stay in stays))
                for told in [*outlet.options(at), *([new[number]] if number in new else [])]
            )
            now.append(current)
            later.append(coming)
        fallen_back = any(each.told is None for each in now)
        choices = [
            [*(() if coming and fallen_back else (current,)), *coming]
            for current, coming in zip(now, later, strict=True)
        ]
        return max(self._together_w(chosen) for chosen in (now, *product(*choices)))

    def _together_w(self, chosen: Iterable[_Choice]) -> int:
        counted = [each for each in chosen if each.counts]
        told_w = sum(self._value_w(each.number, each.told) for each in counted if each.told is not None)
        fallen_back_w = sum(self.own_fallback_w(each.number) for each in counted if each.told is None)
        return min(self.max_power_w, told_w + min(self.fallback_w, fallen_back_w))

    def _value_w(self, number: int, told: Told | None) -> int:
        """Chargers that set whole amperes round down to them."""
        return self.own_fallback_w(number) if told is None else told.limit_w // self.ampere_w * self.ampere_w
