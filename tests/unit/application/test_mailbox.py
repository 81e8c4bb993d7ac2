"""The mailbox: the newest readings of every microgrid, and which cycles are due."""

import pickle
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from adapters.clock import VirtualClock
from application.box import CONFLATED, DueCycle
from application.mailbox import STRANGERS, Mailbox
from domain.events import CycleCompleted, Trigger
from domain.knowledge.readings import Receipt, Reception, Telemetry
from domain.microgrid import Microgrid, MicrogridState
from domain.site.configuration import Settings
from tests.builders import EIGHT, a_cycle_completed, a_microgrid, a_site, a_state
from tests.unit.application.telemetry import a_charger_says, a_meter_says

SETTINGS = Settings(min_cycle_interval_s=2, telemetry_cycle_interval_s=7, refresh_interval_s=40)


def after(seconds: float) -> datetime:
    return EIGHT + timedelta(seconds=seconds)


def configured(version: int = 1, microgrid_id: str = "depot", chargers: int = 2) -> Microgrid:
    """A microgrid that was never decided."""
    site = a_site(microgrid_id, version, chargers, settings=SETTINGS)
    return a_microgrid(microgrid_id, site=site, state=MicrogridState())


def decided_by_another(settings: Settings = SETTINGS) -> Microgrid:
    """A microgrid whose last published cycle was decided on its configuration, forty seconds after eight."""
    site = a_site(settings=settings)
    state = a_state(site)
    assert state.published is not None
    return a_microgrid(site=site, state=replace(state, published=replace(state.published, decided_at=after(40))))


class Kept:
    """A mailbox and its clock."""

    def __init__(self) -> None:
        self.clock = VirtualClock(EIGHT)
        self.mailbox = Mailbox(self.clock)

    def at(self, seconds: float) -> "Kept":
        """So many seconds after eight, if it is not that late yet."""
        if self.clock.now() < after(seconds):
            self.clock.advance(after(seconds))
        return self

    def post(self, telemetry: Telemetry, traceparent: str | None = None) -> Reception:
        return self.mailbox.post(telemetry, traceparent)

    def due(self) -> list[DueCycle]:
        """All that is due; it stays due."""
        cycles = list(self.mailbox.due())
        for cycle in cycles:
            self.mailbox.put_back(cycle)
        return cycles

    def decide(self, published: CycleCompleted | None = None, lapses: datetime | None = None) -> list[str]:
        """Decide all that is due, leaving the microgrids as they are but for what they last received."""
        decided = []
        for cycle in self.mailbox.due():
            microgrid = cycle.microgrid if lapses is None else lapsing(cycle.microgrid, lapses)
            self.mailbox.decided(cycle, microgrid, published)
            decided.append(cycle.microgrid_id)
        return decided

    def due_at(self) -> tuple[float, Trigger]:
        """How many seconds after eight the next cycle is due, and its trigger."""
        due = self.mailbox.next_due()
        assert due is not None
        instant = self.clock.now() + (due - self.clock.steady())
        self.clock.advance(max(self.clock.now(), instant - timedelta(microseconds=1)))
        assert instant <= self.clock.now() or self.due() == []
        self.clock.advance(max(self.clock.now(), instant))
        (cycle,) = self.due()
        return (instant - EIGHT).total_seconds(), cycle.trigger


def lapsing(microgrid: Microgrid, at: datetime) -> Microgrid:
    """A microgrid one of whose connectors received a setpoint that lapses so that room is made at an instant (R19)."""
    assert microgrid.site is not None
    state = a_state(microgrid.site)
    lapses_at = at + microgrid.site.windows.grace
    ledger = {
        node_id: replace(entry, received=entry.received and replace(entry.received, lapses_at=lapses_at))
        for node_id, entry in state.memory.ledger.items()
    }
    assert any(entry.received is not None for entry in ledger.values())
    return replace(microgrid, state=replace(microgrid.state, memory=replace(state.memory, ledger=ledger)))


@pytest.fixture
def kept() -> Kept:
    return Kept()


@pytest.fixture
def decided(kept: Kept) -> Kept:
    """The microgrid was decided at eight, a charger and its meter being known."""
    kept.mailbox.open(configured())
    kept.post(a_charger_says(sequence=1))
    kept.post(a_meter_says(100_000, sequence=1))
    assert kept.decide() == ["depot"]
    return kept


def readings_of(cycle: DueCycle) -> tuple[int, int]:
    return len(cycle.readings.connectors), len(cycle.readings.meters)


def test_a_mailbox_grows_with_chargers_and_not_with_messages(kept: Kept) -> None:
    kept.mailbox.open(configured(chargers=3))
    for sequence in range(1, 201):
        at = after(sequence)
        kept.at(sequence)
        for charger in ("cp-1", "cp-2", "cp-3"):
            kept.post(a_charger_says(sequence, measured_at=at, charge_point_id=charger, power_w=sequence))
        kept.post(a_meter_says(sequence, sequence, at))

    (cycle,) = kept.due()
    assert readings_of(cycle) == (3, 1)
    assert {each.reading.power_w for each in cycle.readings.connectors.values()} == {200}
    assert cycle.readings.meters["gc-1"].power_w == 200


def test_what_is_older_or_unknown_is_not_kept(decided: Kept) -> None:
    again = decided.post(a_charger_says(sequence=1, status="Finishing"))
    strange = decided.post(a_charger_says(charge_point_id="cp-9"))

    assert again.receipts == {Receipt.OUTDATED: 1}
    assert strange.receipts == {Receipt.UNKNOWN: 1}


def test_a_microgrid_that_was_never_decided_is_due_at_once(kept: Kept) -> None:
    kept.mailbox.open(configured())
    assert kept.due_at() == (0, Trigger.CONFIGURATION)


def test_a_microgrid_that_somebody_else_decided_is_due_after_the_refresh_interval(kept: Kept) -> None:
    """Holds EVT-17."""
    kept.at(60).mailbox.open(decided_by_another())
    assert kept.due_at() == (80, Trigger.TIMER)


def test_R19_who_takes_over_makes_room_for_a_fallback_in_time(kept: Kept) -> None:
    """cp-1 last received what was sent at eight: 100 s later room has to be made, were there no refresh before."""
    kept.at(60).mailbox.open(decided_by_another(settings=replace(SETTINGS, refresh_interval_s=90)))
    assert kept.due_at() == (100, Trigger.TIMER)


def test_a_configuration_that_somebody_else_applied_and_did_not_decide_is_due_at_once(kept: Kept) -> None:
    kept.at(60).mailbox.open(replace(decided_by_another(), site=a_site(version=2, settings=SETTINGS)))
    assert [cycle.trigger for cycle in kept.due()] == [Trigger.CONFIGURATION]


def test_without_mail_a_cycle_is_due_after_the_refresh_interval(decided: Kept) -> None:
    """Holds EVT-16, EVT-17."""
    assert decided.due_at() == (40, Trigger.TIMER)


def test_R19_no_interval_puts_off_the_instant_at_which_room_is_made_for_a_fallback(kept: Kept) -> None:
    kept.mailbox.open(configured())
    kept.decide(lapses=after(1))
    kept.at(0.5).post(a_charger_says(2, status="Finishing", measured_at=after(0.5)))
    assert kept.due_at() == (1, Trigger.TIMER)
    kept.decide(lapses=after(100))
    assert kept.due_at() == (41, Trigger.TIMER)


def test_a_reading_without_news_makes_a_cycle_due_after_the_telemetry_interval(decided: Kept) -> None:
    """Holds EVT-16, EVT-17."""
    decided.at(1).post(a_charger_says(2, measured_at=after(1), power_w=50_000))
    assert decided.due_at() == (7, Trigger.TELEMETRY)


@pytest.mark.parametrize(
    "news",
    [
        a_charger_says(2, status="Finishing", measured_at=after(1)),
        a_charger_says(2, session_id="s-2", measured_at=after(1)),
        a_meter_says(4_000_001, 2, after(1)),
    ],
    ids=["a change of status", "a new session", "a meter over its limit"],
)
def test_news_makes_a_cycle_due_after_the_shortest_interval(decided: Kept, news: Telemetry) -> None:
    """Holds EVT-17."""
    decided.at(1).post(news)
    assert decided.due_at() == (2, Trigger.TELEMETRY)


def test_a_meter_at_its_limit_is_a_reading_like_any(decided: Kept) -> None:
    decided.at(1).post(a_meter_says(4_000_000, 2, after(1)))
    assert decided.due_at() == (7, Trigger.TELEMETRY)


def test_news_is_not_forgotten_over_a_reading_without_news(decided: Kept) -> None:
    decided.at(1).post(a_charger_says(2, status="Finishing", measured_at=after(1)))
    decided.at(1.5).post(a_charger_says(3, status="Finishing", measured_at=after(1.5)))
    assert decided.due_at() == (2, Trigger.TELEMETRY)


def test_what_arrives_while_a_cycle_is_decided_is_for_the_next_one(decided: Kept) -> None:
    (cycle,) = decided.at(40).mailbox.due()
    decided.at(41).post(a_charger_says(2, status="Finishing", measured_at=after(41)), "trace-2")
    assert decided.due() == []
    decided.mailbox.decided(cycle, cycle.microgrid)

    assert decided.due_at() == (42, Trigger.TELEMETRY)
    assert [each.traceparent for each in decided.due()] == ["trace-2"]


def test_a_new_configuration_makes_a_cycle_due_after_the_shortest_interval(decided: Kept) -> None:
    """Holds EVT-16, EVT-17."""
    decided.mailbox.open(configured(version=2))
    assert decided.due_at() == (2, Trigger.CONFIGURATION)


def test_the_configuration_in_force_offered_again_makes_nothing_due(decided: Kept) -> None:
    decided.mailbox.open(configured(version=1))
    assert decided.due_at() == (40, Trigger.TIMER)


def test_a_new_configuration_keeps_the_mail_and_is_what_new_mail_is_measured_by(decided: Kept) -> None:
    decided.mailbox.open(configured(version=2, chargers=3))
    reception = decided.post(a_charger_says(charge_point_id="cp-3"))

    (cycle,) = decided.at(2).due()
    assert reception.receipts == {Receipt.KEPT: 1}
    assert readings_of(cycle) == (2, 1)
    assert cycle.microgrid.site == configured(version=2, chargers=3).site


def test_a_refresh_interval_below_the_telemetry_interval_is_kept_to_under_telemetry(kept: Kept) -> None:
    settings = Settings(telemetry_cycle_interval_s=50, refresh_interval_s=40)
    kept.mailbox.open(a_microgrid(site=a_site(settings=settings), state=MicrogridState()))
    kept.decide()
    kept.at(1).post(a_meter_says(2, 2, after(1)))
    assert kept.due_at() == (40, Trigger.TIMER)


def test_a_cycle_stays_due_until_it_is_decided(decided: Kept) -> None:
    decided.at(1).post(a_charger_says(2, status="Finishing", measured_at=after(1)))

    assert len(decided.at(90).due()) == len(decided.due()) == 1

    decided.decide()
    assert decided.at(129).due() == []
    assert decided.due_at() == (130, Trigger.TIMER)


def test_a_cycle_bears_the_trace_of_its_newest_reading(decided: Kept) -> None:
    decided.at(1).post(a_meter_says(2, 2, after(1)), "trace-1")
    decided.at(2).post(a_meter_says(3, 3, after(2)), "trace-2")
    (cycle,) = decided.at(7).mailbox.due()
    assert (cycle.traceparent, cycle.conflated) == ("trace-2", ("trace-1",))

    decided.mailbox.decided(cycle, cycle.microgrid)
    (refresh,) = decided.at(47).due()
    assert (refresh.traceparent, refresh.conflated) == (None, ())


def test_of_many_conflated_messages_a_cycle_bears_the_newest_traces(decided: Kept) -> None:
    for number in range(100):
        decided.post(a_meter_says(1, number + 2, after(1)), f"trace-{number}")
    (cycle,) = decided.at(7).due()
    assert cycle.traceparent == "trace-99"
    assert cycle.conflated == tuple(f"trace-{number}" for number in range(99 - CONFLATED, 99))


def test_microgrids_count_as_degraded_as_their_newest_published_cycles_say(decided: Kept) -> None:
    degraded = replace(a_cycle_completed(), degraded=True)
    second = 0
    for published, expected in ((degraded, 1), (None, 1), (a_cycle_completed(), 0), (degraded, 1)):
        second += 40
        decided.at(second).decide(published)
        assert decided.mailbox.figures().degraded == expected
    decided.mailbox.close("depot")
    assert decided.mailbox.figures().degraded == 0


def test_the_next_cycle_is_the_earliest_of_all_microgrids(kept: Kept) -> None:
    assert kept.mailbox.next_due() is None
    for microgrid_id, decided_at in (("north", 0), ("south", 5)):
        kept.at(decided_at).mailbox.open(configured(microgrid_id=microgrid_id))
        kept.decide()
    kept.post(a_meter_says(1, measured_at=after(5), microgrid_id="south"))
    assert kept.at(11.9).due() == []
    assert [cycle.microgrid_id for cycle in kept.at(12).due()] == ["south"]
    assert [cycle.microgrid_id for cycle in kept.at(40).due()] == ["south", "north"], "the one due first comes first"


def test_many_readings_leave_no_trace_in_what_is_looked_through(kept: Kept) -> None:
    """An hour's refresh, and news every two seconds: what was due once and is no longer is dropped."""
    site = a_site(settings=replace(SETTINGS, refresh_interval_s=3600), chargers=1)
    kept.mailbox.open(a_microgrid(site=site, state=MicrogridState()))
    kept.decide()
    sizes = []
    for turn in range(1, 1001):
        status = "Finishing" if turn % 2 else "Charging"
        kept.at(2 * turn).post(a_charger_says(turn + 1, status=status, measured_at=after(2 * turn)))
        assert kept.decide() == ["depot"]
        sizes.append(len(pickle.dumps(kept.mailbox)))
    assert max(sizes[200:]) < 1.05 * max(sizes[:200])


def test_a_microgrid_without_a_configuration_takes_no_readings_and_is_never_due(kept: Kept) -> None:
    kept.mailbox.open(Microgrid("depot"))

    assert not kept.mailbox.knows("depot")
    assert kept.mailbox.find("depot") == Microgrid("depot")
    assert kept.due() == []


def test_of_microgrids_that_were_never_provisioned_the_newest_are_kept(kept: Kept) -> None:
    for number in range(STRANGERS + 10):
        kept.mailbox.open(Microgrid(f"made-up-{number}"))
    assert len(kept.mailbox.ids) == STRANGERS
    assert kept.mailbox.find("made-up-9") is None
    assert kept.mailbox.find("made-up-10") is not None
    assert not kept.mailbox.has_room_for(1)

    kept.mailbox.open(configured(microgrid_id="made-up-10"))
    assert kept.mailbox.has_room_for(1)


def test_a_closed_mailbox_is_forgotten_with_its_mail(decided: Kept) -> None:
    decided.mailbox.close("depot")
    decided.mailbox.close("depot")
    assert not decided.mailbox.knows("depot")
    assert decided.mailbox.next_due() is None

    decided.mailbox.open(configured())
    (cycle,) = decided.due()
    assert readings_of(cycle) == (0, 0)


# --- clocks that are set -----------------------------------------------------------------------------------

STEPS = [timedelta(minutes=-10), timedelta(minutes=10), timedelta(seconds=-3), timedelta(hours=-30)]


def decided_at_every_second(kept: Kept, seconds: int) -> list[tuple[float, datetime]]:
    """When by the steady clock a cycle was decided, in seconds from now, and the time of its stream."""
    began, decided = kept.clock.steady(), []
    for _ in range(seconds):
        kept.clock.advance(kept.clock.now() + timedelta(seconds=1))
        for cycle in kept.mailbox.due():
            decided.append(((cycle.since - began).total_seconds(), cycle.at))
            kept.mailbox.decided(cycle, cycle.microgrid)
    return decided


@pytest.mark.parametrize("step", STEPS, ids=str)
def test_a_clock_that_is_set_delays_no_cycle_and_turns_no_time_back(decided: Kept, step: timedelta) -> None:
    """Holds BUS-11."""
    decided_at_every_second(decided, 20)
    decided.clock.set(decided.clock.now() + step)
    decided_then = decided_at_every_second(decided, 900)

    assert decided_then[0][0] == 20
    gaps = [later[0] - earlier[0] for earlier, later in pairwise(decided_then)]
    assert all(40 <= gap <= 46 for gap in gaps), gaps
    times = [EIGHT, *(at for _, at in decided_then)]
    assert times == sorted(times)
    passed = [later - earlier for earlier, later in pairwise(times[1:])]
    assert all(timedelta(seconds=40) <= each <= timedelta(seconds=46) for each in passed), "and it does not stand still"


@pytest.mark.parametrize("ahead", [timedelta(minutes=10), timedelta(minutes=-10)], ids=["ahead", "behind"])
def test_who_takes_over_from_a_host_of_another_time_decides_in_time(kept: Kept, ahead: timedelta) -> None:
    """Also who is started again on a host whose clock was set meanwhile."""
    there = decided_by_another()
    assert there.state.published is not None
    decided_there = EIGHT + ahead
    published = replace(there.state.published, decided_at=decided_there)
    kept.mailbox.open(replace(there, state=replace(there.state, published=published)))

    first, *_ = decided_now = decided_at_every_second(kept, 300)
    assert first[0] <= 45
    times = [decided_there, *(at for _, at in decided_now)]
    assert times == sorted(times)
    assert len(decided_now) >= 6


def test_a_stream_that_is_ahead_is_caught_up_with(decided: Kept) -> None:
    decided.clock.set(EIGHT - timedelta(seconds=30))
    decided_at_every_second(decided, 400)
    assert decided.mailbox.time_of("depot") == decided.clock.now()


@pytest.mark.parametrize("step", STEPS, ids=str)
def test_a_reading_is_as_old_as_the_clock_says_that_it_was_received_by(decided: Kept, step: timedelta) -> None:
    decided.clock.set(decided.clock.now() + step)
    taken_at = decided.clock.now() - timedelta(seconds=7)
    reception = decided.post(a_charger_says(5, measured_at=taken_at, charge_point_id="cp-2"))

    assert reception.receipts == {Receipt.KEPT: 1}
    (cycle,) = decided.at(2000).mailbox.due()
    received_at = decided.mailbox.time_of("depot") if step > timedelta() else EIGHT
    kept_reading = cycle.readings.connectors["cp-2", 1]
    age = received_at - kept_reading.measured_at
    assert age == timedelta(seconds=7) if step < timedelta() else kept_reading.measured_at == taken_at


def test_a_reading_of_the_future_is_none_of_the_present_when_a_clock_was_set_back(decided: Kept) -> None:
    decided.clock.set(decided.clock.now() - timedelta(minutes=10))
    for later in (timedelta(seconds=61), timedelta(minutes=9)):
        ahead = a_charger_says(5, measured_at=decided.clock.now() + later, charge_point_id="cp-2")
        assert decided.post(ahead).receipts == {Receipt.FUTURE: 1}
    for extreme in (datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)):
        decided.post(a_charger_says(6, measured_at=extreme, charge_point_id="cp-2"))
