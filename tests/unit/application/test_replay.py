"""The service in virtual time: what comes in at which instant, and the events it leads to."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from adapters.database.stored_state import read_back
from application.ports.bus import MalformedConfiguration
from application.replay import Happening, Input, Replay, TakeOver, TimeMark
from domain.events import (
    ConfigurationApplied,
    ConfigurationRejected,
    CycleCompleted,
    DomainEvent,
    MicrogridProvisioned,
    Trigger,
)
from domain.knowledge.limits import Mode
from domain.microgrid import MicrogridState
from domain.site.configuration import Fault, Settings
from tests.builders import EIGHT, a_configuration, a_site, a_state
from tests.unit.application.telemetry import a_charger_says, a_meter_says

SETTINGS = Settings(min_cycle_interval_s=2, telemetry_cycle_interval_s=7, refresh_interval_s=40)
CONFIGURATION = a_configuration(settings=SETTINGS)
MALFORMED = MalformedConfiguration("depot", 1, (Fault("malformed", "/name", "Field required"),), "5f2c")


def after(seconds: float) -> datetime:
    return EIGHT + timedelta(seconds=seconds)


class Told:
    """A replay, told what happens so many seconds after eight."""

    def __init__(self, read_back: Callable[[MicrogridState], MicrogridState] = read_back) -> None:
        self.replay = Replay(read_back)

    def __call__(self, seconds: float, happening: Happening) -> list[DomainEvent]:
        return list(self.replay.play(Input(after(seconds), happening)))

    def due_after(self) -> float | None:
        due = self.replay.next_due()
        return None if due is None else (due - EIGHT).total_seconds()


def decided(events: list[DomainEvent]) -> list[tuple[str, float, Trigger]]:
    """Of every cycle the microgrid, how many seconds after eight it ran, and its trigger."""
    return [
        (event.microgrid_id, (event.decided_at - EIGHT).total_seconds(), event.trigger)
        for event in events
        if isinstance(event, CycleCompleted)
    ]


@pytest.fixture
def told() -> Told:
    return Told()


@pytest.fixture
def going_on(told: Told) -> Told:
    """A depot that was decided at eight, by its configuration and one reading."""
    told(0, CONFIGURATION)
    told(0, a_charger_says(power_w=50_000))
    told(0, TimeMark())
    return told


def test_a_configuration_is_answered_at_once_and_decided_when_time_goes_on(told: Told) -> None:
    assert [type(event) for event in told(0, CONFIGURATION)] == [MicrogridProvisioned, ConfigurationApplied]
    assert told.due_after() == 0
    assert decided(told(3, a_meter_says(100_000, measured_at=after(3)))) == [("depot", 0, Trigger.CONFIGURATION)]


def test_a_cycle_waits_for_all_that_arrives_at_its_instant(told: Told) -> None:
    told(0, CONFIGURATION)
    assert told(0, a_charger_says(power_w=50_000)) == []
    (cycle,) = told(0, TimeMark())
    assert isinstance(cycle, CycleCompleted)
    assert cycle.totals.measured_w == 50_000


def test_a_message_finds_decided_what_was_due_strictly_before_it(going_on: Told) -> None:
    """Holds CLI-20."""
    assert decided(going_on(40, a_charger_says(2, measured_at=after(40)))) == []
    assert decided(going_on(40.001, a_charger_says(3, measured_at=after(40)))) == [("depot", 40, Trigger.TELEMETRY)]


def test_a_time_mark_finds_decided_what_is_due_by_then(going_on: Told) -> None:
    """Holds CLI-20."""
    assert going_on(39.999, TimeMark()) == []
    assert decided(going_on(40, TimeMark())) == [("depot", 40, Trigger.TIMER)]


def test_every_cycle_runs_at_the_instant_it_is_due(going_on: Told) -> None:
    """At 100 s room has to be made for the fallback of who was heard at eight (R19)."""
    assert [seconds for _, seconds, _ in decided(going_on(130, TimeMark()))] == [40, 80, 100]
    assert going_on.due_after() == 140


def test_the_next_cycle_is_the_one_that_is_due_if_nothing_more_arrives(going_on: Told) -> None:
    assert going_on.due_after() == 40
    going_on(1, a_charger_says(2, measured_at=after(1)))
    assert going_on.due_after() == 7
    going_on(1, a_charger_says(3, "Finishing", measured_at=after(1)))
    assert going_on.due_after() == 2
    going_on(1.5, replace(CONFIGURATION, version=2))
    assert going_on.due_after() == 2


def test_what_is_overdue_is_due_now_and_not_before(going_on: Told) -> None:
    going_on(30, a_charger_says(2, "Finishing", measured_at=after(30)))
    assert going_on.due_after() == 30
    assert decided(going_on(90, TimeMark()))[0] == ("depot", 30, Trigger.TELEMETRY)


def test_nothing_is_due_where_nobody_is_known(told: Told) -> None:
    assert told(0, TimeMark()) == []
    assert told.due_after() is None


def test_telemetry_of_a_microgrid_that_is_not_known_changes_nothing(told: Told) -> None:
    assert told(0, a_charger_says()) == []
    assert told(60, TimeMark()) == []
    assert told.due_after() is None


def test_a_malformed_configuration_is_answered_once_and_leaves_nobody_to_decide_for(told: Told) -> None:
    (rejected,) = told(0, MALFORMED)
    assert isinstance(rejected, ConfigurationRejected)
    assert (rejected.event_seq, rejected.faults) == (1, MALFORMED.faults)
    assert told(1, MALFORMED) == []
    assert told.due_after() is None


def test_a_configuration_that_is_refused_leaves_the_last_one_in_force(going_on: Told) -> None:
    (rejected,) = going_on(1, replace(CONFIGURATION, version=2, circuits=()))
    assert isinstance(rejected, ConfigurationRejected)
    assert going_on.due_after() == 40


def test_an_input_earlier_than_the_one_before_is_refused(going_on: Told) -> None:
    going_on(10, TimeMark())
    with pytest.raises(ValueError, match="earlier"):
        going_on(9.999, TimeMark())


def test_microgrids_are_decided_in_the_order_of_their_instants(told: Told) -> None:
    for seconds, name in ((0, "south"), (3, "north"), (5, "east")):
        told(seconds, replace(CONFIGURATION, microgrid_id=name))
    events = told(84, TimeMark())
    assert [(name, seconds) for name, seconds, _ in decided(events)] == [
        ("east", 5),
        ("south", 40),
        ("north", 43),
        ("east", 45),
        ("south", 80),
        ("north", 83),
    ]


def test_what_a_microgrid_is_told_does_not_depend_on_others() -> None:
    def lived(name: str) -> list[tuple[float, Happening]]:
        offset = len(name)
        return [
            (offset / 4, replace(CONFIGURATION, microgrid_id=name)),
            *(
                (
                    2.5 * step + offset / 4,
                    a_charger_says(step, measured_at=after(step), microgrid_id=name, power_w=step),
                )
                for step in range(1, 40)
            ),
        ]

    alone = {name: Told() for name in ("north", "southern")}
    expected = [event for name, told in alone.items() for each in lived(name) for event in told(*each)]
    expected += [event for told in alone.values() for event in told(200, TimeMark())]

    together = Told()
    mixed = sorted((each for name in alone for each in lived(name)), key=lambda each: each[0])
    events = [event for each in mixed for event in together(*each)] + together(200, TimeMark())

    assert len(events) > 10
    for name in alone:
        assert [event for event in events if event.microgrid_id == name] == [
            event for event in expected if event.microgrid_id == name
        ]


def test_a_take_over_forgets_what_is_only_in_memory(going_on: Told) -> None:
    """Holds CLI-20."""
    going_on(30, a_charger_says(2, "Finishing", measured_at=after(30), power_w=40_000))
    assert going_on(30, TakeOver()) == []

    # Neither the news nor the reading is known any more: the next cycle renews what the last one said.
    assert going_on.due_after() == 40
    (cycle,) = going_on(40, TimeMark())
    assert isinstance(cycle, CycleCompleted)
    assert (cycle.cycle_seq, cycle.trigger, cycle.totals.measured_w) == (2, Trigger.TIMER, None)
    assert {setpoint.status for setpoint in cycle.setpoints} == {None}


def test_a_take_over_listens_anew_from_its_instant() -> None:
    def modes(*take_overs: float) -> list[Mode]:
        """Of the metered grid connection, cycle after cycle, where its meter fell silent at eight."""
        told = Told()
        told(0, CONFIGURATION)
        told(0, a_meter_says(100_000))
        cycles = [event for seconds in take_overs for event in told(seconds, TakeOver())] + told(80, TimeMark())
        return [event.nodes[1].mode for event in cycles if isinstance(event, CycleCompleted)]

    assert modes() == [Mode.NORMAL, Mode.SAFE, Mode.SAFE]
    assert modes(30) == [Mode.NORMAL, Mode.NORMAL, Mode.SAFE]


def test_a_take_over_goes_on_from_the_state_that_was_stored_with_its_site_derived_anew(told: Told) -> None:
    stored: list[MicrogridState] = []

    def read_back(state: MicrogridState) -> MicrogridState:
        stored.append(state)
        return replace(state, event_seq=state.event_seq + 100)

    told = Told(read_back)
    told(0, CONFIGURATION)
    told(0, replace(MALFORMED, microgrid_id="other"))
    told(0, TimeMark())
    told(5, TakeOver())

    assert [state.event_seq for state in stored] == [3, 1]
    (cycle,) = told(40, TimeMark())
    assert cycle.event_seq == 104


def test_a_state_that_was_stored_as_text_is_read_as_it_was() -> None:
    state = a_state(a_site(), event_seq=41, cycle_seq=17)
    again = read_back(state)
    assert again == state
    assert again.memory.ledger["cp-1/1"] is not state.memory.ledger["cp-1/1"]


def test_what_was_applied_and_not_decided_is_due_at_once_after_a_take_over(told: Told) -> None:
    told(0, CONFIGURATION)
    told(0, TakeOver())
    assert decided(told(0, TimeMark())) == [("depot", 0, Trigger.CONFIGURATION)]
