"""One charger on a random link, second by second: what it is permitted, beside what the ledger takes it to be.

The gateway keeps the promises of contract section 6 and no more: in order, the newest again when a link comes back,
applied within `apply_grace_s`. Where the charger names cycles, the way down may be dead alone.
"""

from collections import deque
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random

from domain.knowledge import lines
from domain.knowledge.ledger import LedgerEntry
from domain.knowledge.memory import Memory
from domain.knowledge.readings import ChargePointTelemetry, ConnectorReading, Readings
from domain.knowledge.sendings import Sending, recent
from domain.site.configuration import ChargePoint, Circuit, Connector, SiteConfiguration
from domain.site.site import Site

START = datetime(2026, 3, 16, 8, 0, tzinfo=UTC)
RATING = 150_000
AMPERE_W = 690


@dataclass(frozen=True, slots=True)
class Habits:
    """What kind of charger and link one run has."""

    fallback_w: int
    reports: bool
    names: bool
    in_amperes: bool
    lag_s: int
    reading_interval_s: int
    cycle_interval_s: int
    up_s: int
    down_s: int
    idle: bool


def habits(draw: Random) -> Habits:
    """A random charger on a random link."""
    names = draw.random() < 0.3
    return Habits(
        fallback_w=draw.choice([0, 7_000, 30_000, 60_000, RATING]),
        reports=names or draw.random() < 0.6,
        names=names,
        in_amperes=draw.random() < 0.4,
        lag_s=draw.randint(0, 20),
        reading_interval_s=draw.choice([2, 5, 10, 30, 60]),
        cycle_interval_s=draw.choice([1, 5, 5, 10, 40]),
        up_s=draw.choice([30, 120, 600, 4_000]),
        down_s=draw.choice([5, 40, 130, 200, 400]),
        idle=draw.random() < 0.15,
    )


@dataclass(slots=True)
class Link:
    """Up or down for random times; in a named cycle's world the way down can be dead alone."""

    habits: Habits
    draw: Random
    up: bool = True
    down: bool = True
    until: int = 0

    def tick(self, second: int) -> None:
        if second < self.until:
            return
        alive = self.draw.random() < 0.5 or self.until == 0
        mean = self.habits.up_s if alive else self.habits.down_s
        self.until = second + 1 + int(self.draw.expovariate(1 / mean))
        self.up = alive or (self.habits.names and self.draw.random() < 0.5)
        self.down = alive


@dataclass(slots=True)
class Charger:
    """Obeys what reaches it after its lag, falls back when its setpoint has lapsed."""

    habits: Habits
    limit_w: int | None = None
    cycle_seq: int | None = None
    valid_until: int = 0
    pending: deque[tuple[int, int, int, int]] = field(default_factory=deque)
    undelivered: tuple[int, int, int] | None = None
    newest: tuple[int, int, int] | None = None

    def send(self, cycle_seq: int, limit_w: int, valid_until: int) -> None:
        self.undelivered = (cycle_seq, limit_w, valid_until)

    def tick(self, second: int, link: Link, *, came_back: bool) -> None:
        arrived = self.undelivered or (self.newest if came_back else None)
        if link.down and arrived is not None:
            self.newest, self.undelivered = arrived, None
            cycle_seq, limit_w, valid_until = arrived
            if not self.pending and limit_w == self.limit_w and second < self.valid_until:
                # What is in force already needs no applying: the newest cycle that brought it renews it.
                self.cycle_seq, self.valid_until = cycle_seq, valid_until
            else:
                self.pending.append((second + self.habits.lag_s, cycle_seq, limit_w, valid_until))
        while self.pending and self.pending[0][0] <= second:
            _, self.cycle_seq, self.limit_w, self.valid_until = self.pending.popleft()

    def permitted_w(self, second: int) -> int:
        if self.limit_w is None or second >= self.valid_until:
            return self.habits.fallback_w
        if self.habits.in_amperes:
            return self.limit_w // AMPERE_W * AMPERE_W
        return self.limit_w


def first_excess(seed: int, seconds: int) -> str | None:
    """Play one run; what is wrong at the first decision where the charger is permitted more than its exposure."""
    draw = Random(seed)
    kind = habits(draw)
    configuration = SiteConfiguration(
        "depot",
        "Depot",
        1,
        circuits=(Circuit("gc-1", None, "Grid connection", 400_000),),
        charge_points=(ChargePoint("cp-1", "gc-1", RATING, (Connector(1, RATING),), kind.fallback_w),),
    )
    site = Site.of(configuration)
    link, charger, readings = Link(kind, draw), Charger(kind), Readings()
    entry, told, sequence = LedgerEntry(), 0, 0
    sendings: tuple[Sending, ...] = ()
    mail: deque[tuple[int, ChargePointTelemetry]] = deque()
    for second in range(seconds):
        now = START + timedelta(seconds=second)
        was_down = not link.down
        link.tick(second)
        charger.tick(second, link, came_back=was_down and link.down)
        if second % kind.reading_interval_s == 0 and link.up:
            sequence += 1
            mail.append((second + draw.randint(0, 2), _message(kind, charger, now, second, sequence, draw)))
        while mail and mail[0][0] <= second:
            readings.receive(mail.popleft()[1], site.tree, now)
        if second % kind.cycle_interval_s:
            continue
        (line,) = lines.read(site, readings, Memory(ledger={"cp-1/1": entry}, sendings=sendings), now)
        permitted = charger.permitted_w(second)
        if permitted > line.exposure_w:
            return f"seed {seed}, second {second}: permitted {permitted} W, exposure {line.exposure_w} W; {kind}"
        if draw.random() < 0.15:
            told = draw.choice([0, 6_000, 20_000, 50_000, 90_000, 149_999, RATING])
        cycle_seq = len(sendings) + 1 if not sendings else sendings[-1].cycle_seq + 1
        entry = line.entry.sent(told, Sending(cycle_seq, now), sendings)
        sendings = (*recent(sendings, now, site.windows), Sending(cycle_seq, now))
        charger.send(cycle_seq, told, second + configuration.settings.setpoint_valid_for_s)
    return None


def _message(
    kind: Habits, charger: Charger, now: datetime, second: int, sequence: int, draw: Random
) -> ChargePointTelemetry:
    permitted = charger.permitted_w(second)
    lapsed = charger.limit_w is None or second >= charger.valid_until
    reading = ConnectorReading(
        1,
        "Available" if kind.idle else "Charging",
        0 if kind.idle else draw.choice([permitted, permitted, permitted // 2, 0]),
        applied_limit_w=permitted if kind.reports and charger.limit_w is not None else None,
        applied_cycle_seq=charger.cycle_seq if kind.names and not lapsed else None,
    )
    return ChargePointTelemetry("depot", "cp-1", sequence, now, (reading,))
