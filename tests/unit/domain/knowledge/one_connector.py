"""One connector through time: what it is told, what it reads, and what it demands."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta

from domain.knowledge import lines
from domain.knowledge.ledger import LedgerEntry
from domain.knowledge.lines import Line
from domain.knowledge.memory import Memory
from domain.knowledge.readings import ConnectorReading, KeptReading, Readings, Session
from domain.knowledge.sendings import Moment, SentSetpoint
from domain.knowledge.usage import UsageMemory
from domain.site.configuration import ChargePoint, Circuit, Connector, Settings, SiteConfiguration
from domain.site.site import Site

EIGHT = datetime(2026, 11, 22, 8, tzinfo=UTC)
RATING_W = 150_000
MINIMUM_W = 6_000
SETTINGS = Settings()
WINDOW_S = SETTINGS.usage_window_s
MARGIN_W = SETTINGS.usage_margin_w
SETPOINT_W = 100_000
"""What the connector was last told, an hour ago, where nothing else is said."""


def site(minimum_w: int = MINIMUM_W, settings: Settings = SETTINGS, before: int = 0) -> Site:
    """A charge point cp-1, with so many before it in the tree."""
    names = [*[f"a-{number}" for number in range(before)], "cp-1"]
    charge_points = tuple(ChargePoint(each, "gc-1", RATING_W, (Connector(1, RATING_W, minimum_w),)) for each in names)
    circuits = (Circuit("gc-1", None, "Grid connection", 4_000_000),)
    return Site.of(
        SiteConfiguration("depot", "Depot", 1, settings=settings, circuits=circuits, charge_points=charge_points)
    )


def told(limit_w: int, second: int = -3600, raised: bool = True, factor: int = 1000) -> LedgerEntry:
    """A connector whose newest setpoint was first sent in this second."""
    sent_at = EIGHT + timedelta(seconds=second)
    return LedgerEntry(setpoints=(SentSetpoint(limit_w, 1, sent_at, raised),), factor=factor)


class Play:
    """One connector through time: `cycle` decides in a second, `read` first brings a reading taken in it."""

    def __init__(self, minimum_w: int = MINIMUM_W, settings: Settings = SETTINGS, before: int = 0) -> None:
        self.site = site(minimum_w, settings, before)
        self.settings = settings
        self.entry = told(SETPOINT_W)
        self.readings = Readings()
        self.memory: Mapping[str, UsageMemory] = {}

    def read(
        self,
        second: int,
        power_w: int | None,
        status: str = "Charging",
        session: str = "s-1",
        requested_w: int | None = None,
    ) -> int:
        """The demand after a reading."""
        at = EIGHT + timedelta(seconds=second)
        reading = ConnectorReading(1, status, power_w, requested_w, session=Session(session))
        self.readings.connectors["cp-1", 1] = KeptReading(reading, at, at, 0, None)
        self.readings.heard_at["cp-1"] = at
        return self.cycle(second)

    def read_all(self, powers_w: Iterable[tuple[int, int]]) -> int:
        """The demand after (second, power) readings."""
        return [self.read(second, power_w) for second, power_w in powers_w][-1]

    def cycle(self, second: int) -> int:
        (line,) = [line for line in self.seen(second) if line.connector.node_id == "cp-1/1"]
        self.memory = {} if line.usage is None else {line.connector.node_id: line.usage}
        return line.demand_w

    def seen(self, second: int) -> list[Line]:
        memory = Memory(ledger={"cp-1/1": self.entry}, usage=self.memory)
        moment = Moment.of(EIGHT + timedelta(seconds=second), self.site.windows, ())
        return lines.read(self.site, self.readings, memory, moment)[0]


def every(interval: int, until: int, power_w: int, since: int = 0) -> list[tuple[int, int]]:
    return [(second, power_w) for second in range(since, until + 1, interval)]


def half_used() -> Play:
    """A connector that has drawn 50 of its 100 kW for a window."""
    play = Play()
    play.read_all(every(5, WINDOW_S, 50_000))
    return play


HALF_USED_W = 55_000 + MARGIN_W
