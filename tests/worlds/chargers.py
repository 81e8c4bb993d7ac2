"""Chargers and the gateways before them: they obey what reaches them, each by its habits, and say what they do."""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from random import Random

from tests.worlds.habits import NEVER, Habits, Outage, Span


@dataclass(frozen=True, slots=True)
class Told:
    """What one cycle tells one connector."""

    limit_w: int
    lapses_at: int


@dataclass(frozen=True, slots=True)
class Sending:
    """What one cycle tells the connectors of one charger, by their numbers."""

    cycle_seq: int
    told: Mapping[int, Told]


@dataclass(slots=True)
class Outlet:
    """A connector: what is in force in it, the vehicle at it (no session: none) and what that draws; `idle_w`: what it
    takes without one; `named`: it has said of a cycle that it applied it.
    """

    number: int
    rating_w: int
    minimum_w: int
    idle_w: int = 0
    told: Told | None = None
    cycle_seq: int | None = None
    refused_cycle_seq: int | None = None
    session: str | None = None
    since: int = 0
    wanted_w: int = 0
    drawn_w: int = 0
    status: str = "Available"
    named: bool = False

    def obeys(self, second: int) -> bool:
        """Whether a setpoint is in force."""
        return self.told is not None and second < self.told.lapses_at


@dataclass(slots=True)
class Elsewhere:
    """Nodes below which a charger is, while the configuration has it elsewhere (until `until`).

    Nobody could count there on more than `most_w`, which it had been told before.
    """

    node_ids: frozenset[str]
    most_w: int
    until: int = NEVER


@dataclass(slots=True)
class Charger:
    """One charger on its link. `permitted_w` and what is drawn are as of the last `tick`.

    `arrived_at`, `gone_at`: between these it is there. `reached`: its link takes what is sent; `speaks`: and what it
    says. `configured`: something is sent to it; `lost`: but the newest that was did not arrive. `refused`: it has
    something to say of that.
    """

    identifier: str
    rating_w: int
    fallback_w: int
    outlets: list[Outlet]
    habits: Habits
    outages: tuple[Outage, ...] = ()
    refusals: tuple[Span, ...] = ()
    arrived_at: int = 0
    gone_at: int = NEVER
    reached: bool = True
    speaks: bool = True
    permitted_w: int = 0
    refused: bool = False
    configured: bool = True
    lost: bool = False
    elsewhere: Elsewhere | None = None
    newest: Sending | None = None
    changes_at: int = 0
    waiting: bool = False
    passed_seq: int = 0
    pending: deque[tuple[int, Sending]] = field(default_factory=deque)
    again: deque[tuple[int, Sending]] = field(default_factory=deque)

    def send(self, sending: Sending) -> None:
        """Hand a sending to the gateway, which passes it on a second later, or when the link is back."""
        self.newest, self.waiting = sending, True

    def tick(self, second: int, draw: Random) -> bool:
        """The link, what arrives by it, what is applied, what lapses; whether what is permitted may have changed."""
        self._link(second)
        if self.waiting and self.reached and self.newest is not None:
            self.waiting = False
            is_lost = second < self.habits.loses_until_s and draw.random() < self.habits.loses
            # Who has named no cycle so far is counted on to receive what is sent (SEND-2).
            self.lost = is_lost and all(each.named for each in self.outlets)
            if not self.lost:
                self._pass_on(self.newest, second)
                if self.habits.repeats and draw.random() < self.habits.repeats:
                    self.again.append((second + 1 + draw.randrange(15), self.newest))
        while self.again and self.again[0][0] <= second:
            self._pass_on(self.again.popleft()[1], second)
        if second < self.changes_at:
            return False
        while self.pending and self.pending[0][0] <= second:
            self._apply(self.pending.popleft()[1], second)
        lapses = [each.told.lapses_at for each in self.outlets if each.told is not None and each.obeys(second)]
        self.changes_at = min([NEVER, *lapses, *(due for due, _ in self.pending)])
        self.permitted_w = self.permits_w(second)
        return True

    def permits_w(self, second: int) -> int:
        """What it may draw by what is in force: setpoints, and its fallback for connectors without one."""
        if not self.arrived_at <= second < self.gone_at:
            return 0
        return self._within(
            {each.number: each.told.limit_w for each in self.outlets if each.told is not None and each.obeys(second)}
        )

    @property
    def refuses(self) -> bool:
        """Whether it refused what it was told last."""
        return any(each.refused_cycle_seq is not None for each in self.outlets)

    @property
    def highest_w(self) -> int:
        """The most that it may be permitted by what it was sent so far."""
        told = [sending.told for _, sending in self.pending] + ([self.newest.told] if self.newest else [])
        return max([self.permitted_w, *(self._within({n: t.limit_w for n, t in each.items()}) for each in told)])

    def heeds_w(self, second: int) -> int:
        """The same, had the newest setpoints arrived that were sent to it; what has lapsed is no less for that."""
        if not self.arrived_at <= second < self.gone_at:
            return 0
        newest = {} if self.newest is None else self.newest.told
        return self._within(
            {
                each.number: min(each.told.limit_w, newest[each.number].limit_w if each.number in newest else NEVER)
                for each in self.outlets
                if each.told is not None and each.obeys(second)
            }
        )

    def draws(self, second: int) -> bool:
        """The vehicles take what they want of it; whether a status changed."""
        left_w, fallback_w, changed = self.rating_w, self.fallback_w, False
        for each in self.outlets:
            wanted_w, minimum_w = (each.idle_w, 0) if each.session is None else (each.wanted_w, each.minimum_w)
            drawn_w = min(wanted_w, each.rating_w, left_w)
            if self.habits.ignores:
                minimum_w = 0
            elif each.told is not None and each.obeys(second):
                drawn_w = min(drawn_w, int(self._rounded(each.told.limit_w) * self.habits.factor))
            else:
                drawn_w = min(drawn_w, fallback_w)
            if drawn_w < minimum_w:
                drawn_w = 0
            if not each.obeys(second):
                fallback_w -= drawn_w
            left_w -= drawn_w
            each.drawn_w, before = drawn_w, each.status
            each.status = _status(each)
            changed = changed or each.status != before
        return changed

    def reported_w(self, outlet: Outlet, second: int) -> int | None:
        """The limit that is read back from it."""
        if not self.habits.reports or outlet.told is None:
            return None
        if self.habits.ignores:
            return outlet.rating_w
        if outlet.obeys(second):
            return self._rounded(outlet.told.limit_w) // self.habits.reads_back_w * self.habits.reads_back_w
        return min(self.fallback_w, outlet.rating_w)

    def _rounded(self, limit_w: int) -> int:
        return limit_w // self.habits.step_w * self.habits.step_w

    def _within(self, limits_w: Mapping[int, int]) -> int:
        told_w = sum(map(self._rounded, limits_w.values()))
        untold_w = sum(each.rating_w for each in self.outlets if each.number not in limits_w)
        return told_w + min(self.fallback_w, untold_w, max(0, self.rating_w - told_w))

    def _link(self, second: int) -> None:
        there = self.arrived_at <= second < self.gone_at
        dead = next((each for each in self.outages if second in each), None)
        reached = there and dead is None
        self.speaks = there and (dead is None or dead.down_alone)
        if reached and not self.reached:
            # The newest comes again when a link is back; who names cycles is promised nothing.
            self.waiting = self.waiting or not self.habits.names
        self.reached = reached
        if second in (self.arrived_at, self.gone_at):
            self.changes_at = second

    def _pass_on(self, sending: Sending, second: int) -> None:
        if sending.cycle_seq < self.passed_seq:
            return
        self.passed_seq = sending.cycle_seq
        if any(second in each for each in self.refusals):
            sending = self._refused(sending, second)
        if not self.pending and all(self._renews(each, sending.told.get(each.number), second) for each in self.outlets):
            # What is in force already needs no applying.
            self._apply(sending, second)
            self.changes_at = second
        else:
            self.pending.append((second + self.habits.lag_s, sending))
            self.changes_at = min(self.changes_at, second + self.habits.lag_s)

    def _refused(self, sending: Sending, second: int) -> Sending:
        """What is left of a sending where it refuses what is new."""
        kept = {}
        for each in self.outlets:
            told = sending.told.get(each.number)
            if told is not None and self._renews(each, told, second):
                kept[each.number] = told
            elif told is not None:
                each.refused_cycle_seq = sending.cycle_seq
                self.refused = True
        return Sending(sending.cycle_seq, kept)

    def _apply(self, sending: Sending, second: int) -> None:
        for each in self.outlets:
            told = sending.told.get(each.number)
            if told is not None:
                each.told, each.cycle_seq = told, sending.cycle_seq
                if (each.refused_cycle_seq or 0) < sending.cycle_seq:
                    each.refused_cycle_seq = None

    def _renews(self, outlet: Outlet, told: Told | None, second: int) -> bool:
        in_force = outlet.told
        return in_force is not None and told is not None and outlet.obeys(second) and told.limit_w == in_force.limit_w


def _status(outlet: Outlet) -> str:
    if outlet.session is None:
        return "Available"
    if outlet.drawn_w:
        return "Charging"
    return "SuspendedEVSE" if outlet.wanted_w else "SuspendedEV"
