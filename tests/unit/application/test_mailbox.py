"""The mailbox: the newest readings of every microgrid, and which cycles are due."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import pytest

from application.mailbox import CONFLATED, DueCycle, Mailbox
from domain.events import Trigger
from domain.knowledge.readings import Receipt
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


def take_mail(mailbox: Mailbox, microgrid: Microgrid) -> None:
    mailbox.open(microgrid, EIGHT)


@dataclass(frozen=True, slots=True)
class Decided:
    """A mailbox whose microgrid was decided at eight, a charger and its meter being known."""

    mailbox: Mailbox

    def due_at(self) -> tuple[float, Trigger]:
        """How many seconds after eight the next cycle is due, and its trigger."""
        instant = self.mailbox.next_due()
        assert instant is not None
        assert self.mailbox.due(instant - timedelta(microseconds=1)) == []
        (cycle,) = self.mailbox.due(instant)
        return (instant - EIGHT).total_seconds(), cycle.trigger


@pytest.fixture
def decided() -> Decided:
    mailbox = Mailbox()
    take_mail(mailbox, configured())
    mailbox.post(a_charger_says(sequence=1), EIGHT)
    mailbox.post(a_meter_says(100_000, sequence=1), EIGHT)
    mailbox.decided("depot", EIGHT)
    return Decided(mailbox)


def kept(cycle: DueCycle) -> tuple[int, int]:
    return len(cycle.readings.connectors), len(cycle.readings.meters)


def test_a_mailbox_grows_with_chargers_and_not_with_messages() -> None:
    mailbox = Mailbox()
    take_mail(mailbox, configured(chargers=3))
    for sequence in range(1, 201):
        at = after(sequence)
        for charger in ("cp-1", "cp-2", "cp-3"):
            mailbox.post(a_charger_says(sequence, measured_at=at, charge_point_id=charger, power_w=sequence), at)
        mailbox.post(a_meter_says(sequence, sequence, at), at)

    (cycle,) = mailbox.due(after(200))
    assert kept(cycle) == (3, 1)
    assert {each.reading.power_w for each in cycle.readings.connectors.values()} == {200}
    assert cycle.readings.meters["gc-1"].power_w == 200


def test_what_is_older_or_unknown_is_not_kept(decided: Decided) -> None:
    again = decided.mailbox.post(a_charger_says(sequence=1, status="Finishing"), EIGHT)
    strange = decided.mailbox.post(a_charger_says(charge_point_id="cp-9"), EIGHT)

    assert again.receipts == {Receipt.OUTDATED: 1}
    assert strange.receipts == {Receipt.UNKNOWN: 1}


def test_a_microgrid_that_was_never_decided_is_due_at_once() -> None:
    mailbox = Mailbox()
    take_mail(mailbox, configured())

    instant = mailbox.next_due()
    assert instant is not None
    assert instant < EIGHT
    assert [(cycle.microgrid_id, cycle.trigger) for cycle in mailbox.due(EIGHT)] == [("depot", Trigger.CONFIGURATION)]


def test_a_microgrid_that_somebody_else_decided_is_due_after_the_refresh_interval() -> None:
    mailbox = Mailbox()
    take_mail(mailbox, decided_by_another())

    assert Decided(mailbox).due_at() == (80, Trigger.TIMER)


def test_R19_who_takes_over_makes_room_for_a_fallback_in_time() -> None:
    """cp-1 last received what was sent at eight: 100 s later room has to be made, were there no refresh before."""
    microgrid, mailbox = decided_by_another(settings=replace(SETTINGS, refresh_interval_s=90)), Mailbox()
    take_mail(mailbox, microgrid)

    assert Decided(mailbox).due_at() == (100, Trigger.TIMER)


def test_a_configuration_that_somebody_else_applied_and_did_not_decide_is_due_at_once() -> None:
    mailbox = Mailbox()
    take_mail(mailbox, replace(decided_by_another(), site=a_site(version=2, settings=SETTINGS)))

    assert [cycle.trigger for cycle in mailbox.due(after(42))] == [Trigger.CONFIGURATION]


def test_without_mail_a_cycle_is_due_after_the_refresh_interval(decided: Decided) -> None:
    assert decided.due_at() == (40, Trigger.TIMER)


def test_R19_no_interval_puts_off_the_instant_at_which_room_is_made_for_a_fallback(decided: Decided) -> None:
    decided.mailbox.decided("depot", EIGHT, wakes_at=after(1))
    assert decided.due_at() == (1, Trigger.TIMER)
    decided.mailbox.post(a_charger_says(2, status="Finishing", measured_at=after(0.5)), after(0.5))
    assert decided.due_at() == (1, Trigger.TIMER)
    decided.mailbox.decided("depot", after(1), wakes_at=after(100))
    assert decided.due_at() == (41, Trigger.TIMER)


def test_a_reading_without_news_makes_a_cycle_due_after_the_telemetry_interval(decided: Decided) -> None:
    decided.mailbox.post(a_charger_says(2, measured_at=after(1), power_w=50_000), after(1))
    assert decided.due_at() == (7, Trigger.TELEMETRY)


def test_a_change_of_status_makes_a_cycle_due_after_the_shortest_interval(decided: Decided) -> None:
    decided.mailbox.post(a_charger_says(2, status="Finishing", measured_at=after(1)), after(1))
    assert decided.due_at() == (2, Trigger.TELEMETRY)


def test_a_new_session_makes_a_cycle_due_after_the_shortest_interval(decided: Decided) -> None:
    decided.mailbox.post(a_charger_says(2, session_id="s-2", measured_at=after(1)), after(1))
    assert decided.due_at() == (2, Trigger.TELEMETRY)


def test_a_meter_over_its_limit_makes_a_cycle_due_after_the_shortest_interval(decided: Decided) -> None:
    decided.mailbox.post(a_meter_says(4_000_001, 2, after(1)), after(1))
    assert decided.due_at() == (2, Trigger.TELEMETRY)


def test_a_meter_at_its_limit_is_a_reading_like_any(decided: Decided) -> None:
    decided.mailbox.post(a_meter_says(4_000_000, 2, after(1)), after(1))
    assert decided.due_at() == (7, Trigger.TELEMETRY)


def test_news_is_not_forgotten_over_a_reading_without_news(decided: Decided) -> None:
    decided.mailbox.post(a_charger_says(2, status="Finishing", measured_at=after(1)), after(1))
    decided.mailbox.post(a_charger_says(3, status="Finishing", measured_at=after(1.5)), after(1.5))
    assert decided.due_at() == (2, Trigger.TELEMETRY)


def test_a_new_configuration_makes_a_cycle_due_after_the_shortest_interval(decided: Decided) -> None:
    take_mail(decided.mailbox, configured(version=2))
    assert decided.due_at() == (2, Trigger.CONFIGURATION)


def test_the_configuration_in_force_offered_again_makes_nothing_due(decided: Decided) -> None:
    take_mail(decided.mailbox, configured(version=1))
    assert decided.due_at() == (40, Trigger.TIMER)


def test_a_new_configuration_keeps_the_mail_and_is_what_new_mail_is_measured_by(decided: Decided) -> None:
    take_mail(decided.mailbox, configured(version=2, chargers=3))
    reception = decided.mailbox.post(a_charger_says(charge_point_id="cp-3"), EIGHT)

    (cycle,) = decided.mailbox.due(after(2))
    assert reception.receipts == {Receipt.KEPT: 1}
    assert kept(cycle) == (2, 1)


def test_a_refresh_interval_below_the_telemetry_interval_is_kept_to_under_telemetry() -> None:
    mailbox = Mailbox()
    settings = Settings(telemetry_cycle_interval_s=50, refresh_interval_s=40)
    take_mail(mailbox, a_microgrid(site=a_site(settings=settings)))
    mailbox.post(a_meter_says(1), EIGHT)
    mailbox.decided("depot", EIGHT)
    mailbox.post(a_meter_says(2, 2, after(1)), after(1))
    assert Decided(mailbox).due_at() == (40, Trigger.TIMER)


def test_a_cycle_stays_due_until_it_is_decided(decided: Decided) -> None:
    decided.mailbox.post(a_charger_says(2, status="Finishing", measured_at=after(1)), after(1))

    assert decided.mailbox.due(after(2)) == decided.mailbox.due(after(2))
    assert len(decided.mailbox.due(after(90))) == 1

    decided.mailbox.decided("depot", after(90))
    assert decided.mailbox.due(after(129)) == []
    assert decided.due_at() == (130, Trigger.TIMER)


def test_a_cycle_bears_the_trace_of_its_newest_reading(decided: Decided) -> None:
    decided.mailbox.post(a_meter_says(2, 2, after(1)), after(1), "trace-1")
    decided.mailbox.post(a_meter_says(3, 3, after(2)), after(2), "trace-2")
    (cycle,) = decided.mailbox.due(after(7))
    assert (cycle.traceparent, cycle.conflated) == ("trace-2", ("trace-1",))

    decided.mailbox.decided("depot", after(7))
    (refresh,) = decided.mailbox.due(after(47))
    assert (refresh.traceparent, refresh.conflated) == (None, ())


def test_of_many_conflated_messages_a_cycle_bears_the_newest_traces(decided: Decided) -> None:
    for number in range(100):
        decided.mailbox.post(a_meter_says(1, number + 2, after(1)), after(1), f"trace-{number}")
    (cycle,) = decided.mailbox.due(after(7))
    assert cycle.traceparent == "trace-99"
    assert cycle.conflated == tuple(f"trace-{number}" for number in range(99 - CONFLATED, 99))


def test_microgrids_count_as_degraded_as_their_newest_published_cycles_say(decided: Decided) -> None:
    degraded = replace(a_cycle_completed(), degraded=True)
    for published, expected in ((degraded, 1), (None, 1), (a_cycle_completed(), 0), (degraded, 1)):
        decided.mailbox.decided("depot", after(1), published)
        assert decided.mailbox.degraded() == expected
    decided.mailbox.close("depot")
    assert decided.mailbox.degraded() == 0


def test_the_next_cycle_is_the_earliest_of_all_microgrids() -> None:
    mailbox = Mailbox()
    assert mailbox.next_due() is None
    for microgrid_id, decided_at in (("north", 0), ("south", 5)):
        take_mail(mailbox, configured(microgrid_id=microgrid_id))
        mailbox.decided(microgrid_id, after(decided_at))
    assert mailbox.next_due() == after(40)

    mailbox.post(a_meter_says(1, measured_at=after(5), microgrid_id="south"), after(5))
    assert mailbox.next_due() == after(12)
    assert [cycle.microgrid_id for cycle in mailbox.due(after(12))] == ["south"]
    assert [cycle.microgrid_id for cycle in mailbox.due(after(40))] == ["north", "south"]


def test_a_microgrid_without_a_configuration_gets_no_mailbox() -> None:
    mailbox = Mailbox()
    take_mail(mailbox, Microgrid("depot"))

    assert not mailbox.knows("depot")
    assert mailbox.due(EIGHT) == []


def test_a_closed_mailbox_is_forgotten_with_its_mail(decided: Decided) -> None:
    decided.mailbox.close("depot")
    decided.mailbox.close("depot")
    assert not decided.mailbox.knows("depot")
    assert decided.mailbox.next_due() is None

    take_mail(decided.mailbox, configured())
    (cycle,) = decided.mailbox.due(EIGHT)
    assert kept(cycle) == (0, 0)
