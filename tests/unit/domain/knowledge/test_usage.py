"""What a connector leaves unused it does not demand."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random

import pytest

from domain.knowledge import lines
from domain.knowledge.ledger import NEVER_SENT, LedgerEntry
from domain.knowledge.lines import Line
from domain.knowledge.memory import Memory
from domain.knowledge.readings import ConnectorReading, KeptReading, Readings, Session
from domain.knowledge.sendings import SentSetpoint
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


def site(minimum_w: int = MINIMUM_W, settings: Settings = SETTINGS) -> Site:
    charge_point = ChargePoint("cp-1", "gc-1", RATING_W, (Connector(1, RATING_W, minimum_w),))
    circuits = (Circuit("gc-1", None, "Grid connection", 4_000_000),)
    return Site.of(
        SiteConfiguration("depot", "Depot", 1, settings=settings, circuits=circuits, charge_points=(charge_point,))
    )


def told(limit_w: int, second: int = -3600, raised: bool = True) -> LedgerEntry:
    """A connector whose newest setpoint was first sent in this second."""
    sent_at = EIGHT + timedelta(seconds=second)
    return LedgerEntry(setpoints=(SentSetpoint(limit_w, 1, sent_at, raised),))


class Play:
    """One connector through time: `cycle` decides in a second, `read` first brings a reading taken in it."""

    def __init__(self, minimum_w: int = MINIMUM_W, settings: Settings = SETTINGS) -> None:
        self.site = site(minimum_w, settings)
        self.settings = settings
        self.entry = told(SETPOINT_W)
        self.readings = Readings()
        self.memory: Mapping[str, UsageMemory] = {}

    def read(
        self,
        second: int,
        power_w: int,
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
        (line,) = self.seen(second)
        self.memory = {} if line.usage is None else {line.connector.node_id: line.usage}
        return line.demand_w

    def seen(self, second: int) -> list[Line]:
        memory = Memory(ledger={"cp-1/1": self.entry}, usage=self.memory)
        return lines.read(self.site, self.readings, memory, EIGHT + timedelta(seconds=second))


def every(interval: int, until: int, power_w: int, since: int = 0) -> list[tuple[int, int]]:
    return [(second, power_w) for second in range(since, until + 1, interval)]


def half_used() -> Play:
    """A connector that has drawn 50 of its 100 kW for a window."""
    play = Play()
    play.read_all(every(5, WINDOW_S, 50_000))
    return play


HALF_USED_W = 55_000 + MARGIN_W


def test_after_a_window_below_its_setpoint_it_demands_a_tenth_and_a_margin_more_than_it_draws() -> None:
    play = Play()
    assert play.read_all(every(5, WINDOW_S - 5, 50_000)) == RATING_W
    assert play.read(WINDOW_S, 50_000) == HALF_USED_W


def test_a_reading_a_minute_is_enough() -> None:
    play = Play()
    assert [play.read(second, 50_000) for second in (0, 60, 120)] == [RATING_W, RATING_W, HALF_USED_W]


def test_time_without_a_reading_does_not_fill_the_window() -> None:
    play = Play()
    play.read(0, 50_000)
    play.read(60, 50_000)
    assert play.cycle(WINDOW_S + 5) == RATING_W


def test_the_highest_power_of_the_window_counts() -> None:
    play = Play()
    play.read_all([*every(5, 60, 50_000), (65, 70_000), *every(5, WINDOW_S, 50_000, since=70)])
    assert play.read(WINDOW_S + 5, 50_000) == 77_000 + MARGIN_W


def test_a_peak_is_forgotten_when_the_window_has_left_it_behind() -> None:
    play = Play()
    play.read(0, 80_000)
    assert play.read_all(every(5, 2 * WINDOW_S, 50_000, since=5)) == HALF_USED_W


@pytest.mark.parametrize("seed", range(30))
def test_peaks_cover_the_window_and_at_most_half_as_much_again(seed: int) -> None:
    draw, second = Random(seed), 0
    window_s, interval = draw.choice([(120, 5), (120, 20), (120, 60), (30, 60)])
    play = Play(settings=replace(SETTINGS, usage_window_s=window_s))
    powers: dict[int, int] = {}
    for _ in range(200):
        powers[second] = draw.randrange(20_000, 80_000)
        demand_w = play.read(second, powers[second])
        if second >= window_s:
            least, most = (
                max(power for taken, power in powers.items() if taken >= second - span) * 11 // 10 + MARGIN_W
                for span in (window_s, window_s * 3 // 2)
            )
            assert least <= demand_w <= most
        second += draw.randint(interval // 2, interval)


def test_one_reading_at_nine_tenths_restores_full_demand() -> None:
    play = half_used()
    assert play.read(WINDOW_S + 5, 89_999) < RATING_W
    assert play.read(WINDOW_S + 10, 90_000) == RATING_W
    assert play.read(WINDOW_S + 15, 50_000) == RATING_W


def test_a_new_session_restores_full_demand() -> None:
    assert half_used().read(WINDOW_S + 5, 50_000, session="s-2") == RATING_W


def test_a_connector_that_says_what_it_wants_is_believed() -> None:
    play = half_used()
    assert play.read(WINDOW_S + 5, 50_000, requested_w=120_000) == 120_000
    assert play.memory == {}


def test_never_less_than_its_minimum() -> None:
    play = Play(minimum_w=20_000)
    assert play.read_all(every(5, WINDOW_S, 1_000)) == 20_000


def test_never_more_than_its_rating() -> None:
    play = Play()
    play.entry = told(RATING_W)
    assert play.read_all(every(5, WINDOW_S, 134_000)) == RATING_W


def test_a_first_cycle_has_no_such_history() -> None:
    play = Play()
    play.entry = NEVER_SENT
    assert play.read_all(every(5, 2 * WINDOW_S, 50_000)) == RATING_W


def test_who_is_told_nothing_may_flow_leaves_nothing_unused() -> None:
    play = Play()
    play.entry = told(0)
    assert play.read_all(every(5, 2 * WINDOW_S, 0)) == RATING_W
    assert play.memory == {}


def test_readings_before_a_raise_can_have_been_obeyed_show_nothing_unused() -> None:
    play, grace = Play(), SETTINGS.apply_grace_s
    play.entry = told(SETPOINT_W, second=0)
    play.read_all(every(5, grace - 5, 50_000))
    assert play.memory == {}
    play.read(grace, 50_000)
    assert play.read(grace + WINDOW_S - 5, 50_000) == RATING_W
    assert play.read(grace + WINDOW_S, 50_000) == HALF_USED_W


def test_a_vehicle_that_follows_its_raises_slowly_is_not_cut_back() -> None:
    play = Play()
    for second in range(0, 600, 5):
        step = second // 60
        play.entry = told(30_000 + 10_000 * step, second=60 * step)
        assert play.read(second, 20_000 + 10_000 * step + min(10_000, second % 60 * 300)) == RATING_W


def test_a_raise_does_not_make_what_was_unused_wanted() -> None:
    play = half_used()
    play.entry = told(140_000, second=WINDOW_S)
    assert play.read(WINDOW_S + 5, 50_000) == HALF_USED_W


def test_a_vehicle_at_a_lowered_setpoint_demands_in_full_again() -> None:
    play = half_used()
    play.entry = told(52_000, second=WINDOW_S + 1, raised=False)
    assert play.cycle(WINDOW_S + 2) == HALF_USED_W, "the last reading was taken before"
    assert play.read(WINDOW_S + 5, 50_000) == RATING_W


def test_a_demand_cut_to_its_usage_stays_while_the_usage_does() -> None:
    play = half_used()
    for second in range(WINDOW_S + 5, 10 * WINDOW_S, 5):
        play.entry = told(HALF_USED_W, second=WINDOW_S, raised=False)
        assert play.read(second, 50_000) == HALF_USED_W


def test_a_vehicle_that_suspends_itself_keeps_only_its_minimum_or_the_margin() -> None:
    play = Play(minimum_w=0)
    readings = [play.read(second, 0, status="SuspendedEV") for second in range(0, WINDOW_S + 1, 60)]
    assert readings[-1] == MARGIN_W
    play.entry = told(MARGIN_W, second=WINDOW_S, raised=False)
    assert play.read(WINDOW_S + 60, MARGIN_W) == RATING_W, "it has begun again"


def test_a_vehicle_that_its_charger_holds_back_demands_in_full() -> None:
    play = Play(minimum_w=0)
    readings = [play.read(second, 0, status="SuspendedEVSE") for second in range(0, 2 * WINDOW_S, 60)]
    assert readings == [RATING_W] * 4
    play = half_used()
    assert play.read(WINDOW_S + 5, 0, status="SuspendedEVSE") == RATING_W


def test_a_reading_counts_once_however_many_cycles_see_it() -> None:
    play = Play()
    play.read(0, 50_000)
    memory = play.memory
    assert [play.cycle(second) for second in range(5, 90, 5)] == [RATING_W] * 17
    assert play.memory == memory


def test_who_leaves_or_is_lost_from_sight_begins_anew() -> None:
    play = half_used()
    play.read(WINDOW_S + 5, 0, status="Finishing")
    assert play.memory == {}
    play = half_used()
    play.cycle(WINDOW_S + SETTINGS.connector_stale_after_s + 1)
    assert play.memory == {}


def test_who_is_not_heard_yet_after_a_take_over_keeps_what_is_known() -> None:
    play = half_used()
    play.readings = Readings(listening_since=EIGHT + timedelta(seconds=WINDOW_S))
    play.cycle(WINDOW_S + 5)
    assert play.read(WINDOW_S + 60, 50_000) == HALF_USED_W


def test_the_window_is_a_setting() -> None:
    play = Play(settings=replace(SETTINGS, usage_window_s=30))
    assert play.read_all(every(10, 20, 50_000)) == RATING_W
    assert play.read(30, 50_000) == HALF_USED_W
