"""A microgrid that is closed (SITE-9, EVT-6): what it announces, what it forgets, how it is taken into use again."""

from dataclasses import replace
from datetime import timedelta

import pytest

from domain.breaches.constraint import ConstraintBreached, ConstraintCleared
from domain.events import ConfigurationApplied, ConfigurationRejected, CycleCompleted, MicrogridRetired, Trigger
from domain.knowledge.readings import Readings
from domain.microgrid import REMEMBERED_RETIREMENTS, Microgrid
from domain.site.configuration import SiteConfiguration
from tests.unit.domain.depot import EIGHT, Depot, charger, grid

KW = 1000
NINE = EIGHT + timedelta(hours=1)


def a_depot(capacity_w: int = 400 * KW) -> Depot:
    depot = Depot(grid("gc-1", capacity_w), charger("cp-1", "gc-1", 150 * KW))
    depot.hears("cp-1/1", 40 * KW)
    return depot


def decided(depot: Depot, after_s: float = 0) -> Microgrid:
    depot.later(after_s)
    depot.hears("cp-1/1", 40 * KW)
    depot.microgrid = depot.microgrid.run_cycle(depot.readings, Trigger.MANUAL, depot.at).microgrid
    return depot.microgrid


def newer(microgrid: Microgrid) -> SiteConfiguration:
    assert microgrid.site is not None
    return replace(microgrid.site.configuration, version=microgrid.site.configuration.version + 1)


def codes(event: object) -> list[str]:
    assert isinstance(event, ConfigurationRejected)
    return [fault.code for fault in event.faults]


def test_EVT_6_a_retirement_is_announced_and_nothing_is_decided_any_more() -> None:
    """Holds EVT-6 and SITE-9."""
    before = decided(a_depot())
    change = before.retire(NINE, "r-1")

    assert change.events == (
        MicrogridRetired(
            microgrid_id="depot",
            event_seq=before.state.event_seq + 1,
            version=1,
            request_id="r-1",
            retired_at=NINE,
        ),
    )
    retired = change.microgrid
    assert retired.run_cycle(Readings(), Trigger.MANUAL, NINE).events == ()
    assert before.wakes_at(EIGHT) is not None
    assert retired.wakes_at(EIGHT) is None
    assert retired.decided_site is None


def test_open_breaches_end_with_the_microgrid_before_it_is_said_to_be_retired() -> None:
    depot = a_depot(capacity_w=20 * KW)
    decided(depot)
    decided(depot, after_s=30)
    before = decided(depot, after_s=30)
    (opened,) = before.open_breaches

    cleared, retired = before.retire(depot.at + timedelta(seconds=7)).events
    assert isinstance(opened, ConstraintBreached)
    assert isinstance(cleared, ConstraintCleared)
    assert (cleared.breach_id, cleared.observed_at) == (opened.breach_id, None)
    assert cleared.duration_s > opened.duration_s
    assert cleared.cycle_seq == before.state.cycle_seq
    assert isinstance(retired, MicrogridRetired)
    assert [cleared.event_seq, retired.event_seq] == [before.state.event_seq + 1, before.state.event_seq + 2]
    assert before.retire(NINE).microgrid.open_breaches == ()


def test_a_configuration_of_a_higher_version_takes_it_into_use_again_in_the_same_stream() -> None:
    before = decided(a_depot())
    retired = before.retire(NINE).microgrid
    (applied,) = retired.configure(newer(before), NINE).events
    assert isinstance(applied, ConfigurationApplied)
    assert applied.event_seq == before.state.event_seq + 2

    again = retired.configure(newer(before), NINE).microgrid
    (cycle, *_) = again.run_cycle(Readings(), Trigger.MANUAL, NINE).events
    assert isinstance(cycle, CycleCompleted)
    assert (cycle.cycle_seq, cycle.event_seq) == (before.state.cycle_seq + 1, before.state.event_seq + 3)


def test_what_its_chargers_were_told_is_still_reckoned_with_when_it_is_soon_in_use_again() -> None:
    depot = a_depot()
    before = decided(depot)
    told = before.state.memory.ledger
    again = before.retire(depot.at).microgrid.configure(newer(before), depot.at).microgrid
    assert again.state.memory.ledger.keys() == told.keys() == {"cp-1/1"}
    assert again.state.memory.ledger["cp-1/1"].setpoints == told["cp-1/1"].setpoints != ()


def test_the_same_version_or_an_older_one_is_refused() -> None:
    before = decided(a_depot())
    assert before.site is not None
    retired = before.retire(NINE).microgrid
    for version in (0, 1):
        (event,) = retired.configure(replace(before.site.configuration, version=version), NINE).events
        assert "version_not_newer" in codes(event)


def test_a_retirement_that_comes_again_changes_nothing_not_even_what_is_in_use_again() -> None:
    before = decided(a_depot())
    retired = before.retire(NINE, "r-1").microgrid
    assert retired.retire(NINE, "r-1").events == ()
    again = retired.configure(newer(before), NINE).microgrid
    assert again.retire(NINE, "r-1") == again.retire(NINE, "r-1")
    assert again.retire(NINE, "r-1").events == ()
    assert again.retire(NINE, "r-1").microgrid is again
    (event,) = again.retire(NINE, "r-2").events
    assert isinstance(event, MicrogridRetired)


@pytest.mark.parametrize(
    ("microgrid", "code"),
    [(Microgrid("depot"), "unknown_microgrid"), (decided(a_depot()).retire(NINE, "r-1").microgrid, "already_retired")],
)
def test_what_is_not_in_use_cannot_be_retired_and_is_told_so_once(microgrid: Microgrid, code: str) -> None:
    change = microgrid.retire(NINE, "r-2")
    (event,) = change.events
    assert isinstance(event, ConfigurationRejected)
    assert (codes(event), event.version, event.request_id, event.rejected_at) == ([code], None, "r-2", NINE)
    assert change.microgrid.retire(NINE, "r-2").events == ()
    assert codes(*change.microgrid.retire(NINE, "r-3").events) == [code]


def test_of_retirements_that_were_answered_some_are_remembered() -> None:
    microgrid = decided(a_depot())
    for number in range(REMEMBERED_RETIREMENTS + 5):
        microgrid = microgrid.retire(NINE, f"r-{number}").microgrid
        microgrid = microgrid.configure(newer(microgrid), NINE).microgrid
    assert len(microgrid.state.retirements) == REMEMBERED_RETIREMENTS
    assert microgrid.retire(NINE, f"r-{REMEMBERED_RETIREMENTS + 4}").events == ()
