"""The aggregate: what it answers to configurations, which cycles it announces, what it remembers."""

from dataclasses import replace
from datetime import timedelta
from random import Random

import pytest

from domain.events import (
    ConfigurationApplied,
    ConfigurationRejected,
    CycleCompleted,
    DomainEvent,
    MicrogridProvisioned,
    TreeNode,
    Trigger,
)
from domain.knowledge.readings import Readings
from domain.knowledge.situation import Situation
from domain.microgrid import REMEMBERED_REFUSALS, Microgrid, Refusal
from domain.sharing import rebalance
from domain.sharing.plan import Outcome, Plan
from domain.sharing.rotation import Rotation
from domain.site.configuration import Circuit, Fault, GridConnection, SiteConfiguration, SiteWarning, Strategy
from domain.site.power_tree import NodeType
from tests.unit.domain.depot import EIGHT, Depot, charger, feeder, grid

SITE = SiteConfiguration(
    "depot",
    "A depot",
    7,
    workspace_id="tenant",
    circuits=(Circuit("f-1", "gc-1", "Feeder"), Circuit("gc-1", None, "Grid connection", 400_000, 300_000)),
    charge_points=(charger("cp-1", "f-1", 150_000),),
)
FAULTY = replace(SITE, version=8, strategy=Strategy("bus"))
MALFORMED = (Fault("malformed", "/version", "Not a whole number."),)
NEW = Microgrid("depot")
RUNNING = NEW.configure(SITE, EIGHT).microgrid


def rejected(event_seq: int, version: int | None, request_id: str | None) -> ConfigurationRejected:
    return ConfigurationRejected(
        microgrid_id="depot",
        event_seq=event_seq,
        version=version,
        request_id=request_id,
        rejected_at=EIGHT,
        faults=MALFORMED,
    )


def test_the_first_valid_configuration_provisions_the_microgrid_and_is_applied() -> None:
    """Holds SITE-6."""
    warning = SiteWarning("unlimited_circuit", "f-1", "States no capacity at all, so it limits nothing.")
    assert NEW.configure(SITE, EIGHT, "r-1").events == (
        MicrogridProvisioned(
            microgrid_id="depot",
            event_seq=1,
            name="A depot",
            workspace_id="tenant",
            grid_connections=(GridConnection("gc-1", "Grid connection", 400_000, 300_000, False),),
            provisioned_at=EIGHT,
        ),
        ConfigurationApplied(
            microgrid_id="depot",
            event_seq=2,
            version=7,
            request_id="r-1",
            applied_at=EIGHT,
            configuration=SITE,
            nodes=(
                TreeNode("depot", NodeType.MICROGRID, None, "A depot"),
                TreeNode("gc-1", NodeType.GRID_CONNECTION, "depot", "Grid connection"),
                TreeNode("f-1", NodeType.CIRCUIT, "gc-1", "Feeder"),
                TreeNode("cp-1", NodeType.CHARGE_POINT, "f-1", "cp-1"),
            ),
            warnings=(warning,),
        ),
    )
    assert RUNNING.site is not None
    assert RUNNING.site.configuration == SITE


def test_a_newer_configuration_is_applied_in_its_turn() -> None:
    """Holds SITE-5."""
    newer = replace(SITE, version=9, name="The depot")
    (event,) = RUNNING.configure(newer, EIGHT).events
    assert isinstance(event, ConfigurationApplied)
    assert (event.event_seq, event.version, event.configuration) == (3, 9, newer)


@pytest.mark.parametrize("version", [6, 7])
def test_one_that_is_not_newer_and_says_the_same_is_ignored(version: int) -> None:
    """Holds SITE-5."""
    change = RUNNING.configure(replace(SITE, version=version), EIGHT)
    assert change.events == ()
    assert change.microgrid is RUNNING


@pytest.mark.parametrize("version", [6, 7])
def test_one_that_is_not_newer_and_says_something_else_is_refused_once(version: int) -> None:
    """Holds SITE-5."""
    change = RUNNING.configure(replace(SITE, version=version, name="Renamed"), EIGHT)
    (event,) = change.events
    assert isinstance(event, ConfigurationRejected)
    assert (event.event_seq, event.version) == (3, version)
    assert [(fault.code, fault.path) for fault in event.faults] == [("version_not_newer", "/version")]
    assert change.microgrid.site == RUNNING.site
    assert change.microgrid.configure(replace(SITE, version=version, name="Renamed"), EIGHT).events == ()
    assert change.microgrid.configure(replace(SITE, version=version, name="Renamed again"), EIGHT).events != ()


def test_of_one_that_is_not_newer_every_other_fault_is_named_too() -> None:
    (event,) = RUNNING.configure(replace(FAULTY, version=7), EIGHT).events
    assert isinstance(event, ConfigurationRejected)
    assert {fault.code for fault in event.faults} == {"version_not_newer", "unknown_strategy"}


def test_a_refused_one_that_comes_again_after_a_newer_one_was_applied_stays_published_once() -> None:
    refused = RUNNING.configure(FAULTY, EIGHT).microgrid
    applied = refused.configure(replace(SITE, version=9), EIGHT).microgrid
    assert applied.configure(FAULTY, EIGHT).events == ()


def test_a_faulty_one_is_refused_and_the_last_good_one_stays_in_force() -> None:
    """Holds SITE-7."""
    change = RUNNING.configure(FAULTY, EIGHT, "r-2")
    (event,) = change.events
    assert isinstance(event, ConfigurationRejected)
    assert (event.event_seq, event.version, event.request_id, event.rejected_at) == (3, 8, "r-2", EIGHT)
    assert [(fault.code, fault.path) for fault in event.faults] == [("unknown_strategy", "/strategy/unit")]
    assert change.microgrid.site == RUNNING.site


def test_a_refusal_is_published_once() -> None:
    refused = RUNNING.configure(FAULTY, EIGHT).microgrid
    assert refused.configure(FAULTY, EIGHT).events == ()
    assert refused.configure(replace(FAULTY, name="Other"), EIGHT).events != ()
    assert refused.configure(replace(FAULTY, version=9), EIGHT).events != ()


def test_a_refusal_that_is_newer_than_the_next_good_one_stays_published_once() -> None:
    """After a crash both are delivered again, in their order."""
    refused = RUNNING.configure(replace(FAULTY, version=9), EIGHT).microgrid
    applied = refused.configure(replace(SITE, version=8), EIGHT).microgrid
    assert applied.configure(replace(FAULTY, version=9), EIGHT).events == ()


def test_a_valid_one_of_the_same_version_as_a_refused_one_is_applied() -> None:
    refused = RUNNING.configure(FAULTY, EIGHT).microgrid
    (event,) = refused.configure(replace(SITE, version=8), EIGHT).events
    assert isinstance(event, ConfigurationApplied)
    assert event.event_seq == 4


def test_a_stream_may_begin_with_a_refusal() -> None:
    refused = NEW.configure(FAULTY, EIGHT)
    assert refused.microgrid.site is None
    assert [event.event_seq for event in refused.events] == [1]
    assert [event.event_seq for event in refused.microgrid.configure(SITE, EIGHT).events] == [2, 3]


@pytest.mark.parametrize("version", [8, None])
def test_a_malformed_one_is_answered_once(version: int | None) -> None:
    change = RUNNING.refuse_malformed(Refusal(version, "digest"), MALFORMED, EIGHT, "r-3")
    assert change.events == (rejected(3, version, "r-3"),)
    assert change.microgrid.refuse_malformed(Refusal(version, "digest"), MALFORMED, EIGHT).events == ()
    assert change.microgrid.refuse_malformed(Refusal(version, "other"), MALFORMED, EIGHT).events != ()


def test_of_a_malformed_one_that_is_not_newer_that_is_said_too() -> None:
    (event,) = RUNNING.refuse_malformed(Refusal(7, "digest"), MALFORMED, EIGHT).events
    assert isinstance(event, ConfigurationRejected)
    assert [fault.code for fault in event.faults] == ["version_not_newer", "malformed"]
    assert NEW.refuse_malformed(Refusal(7, "digest"), MALFORMED, EIGHT).events == (rejected(1, 7, None),)


def test_refusals_do_not_pile_up_for_ever() -> None:
    microgrid = RUNNING
    for number in range(REMEMBERED_REFUSALS + 5):
        microgrid = microgrid.refuse_malformed(Refusal(None, str(number)), MALFORMED, EIGHT).microgrid
    assert len(microgrid.state.refusals) == REMEMBERED_REFUSALS
    assert microgrid.refuse_malformed(Refusal(None, str(REMEMBERED_REFUSALS)), MALFORMED, EIGHT).events == ()


def test_without_a_configuration_nothing_is_decided() -> None:
    change = NEW.run_cycle(Readings(), Trigger.TIMER, EIGHT)
    assert (change.microgrid, change.events) == (NEW, ())


@pytest.fixture
def depot() -> Depot:
    """Two chargers that want all of a metered connection, a cycle after the first."""
    depot = Depot(
        grid("gc-1", 100_000, 60_000, metered=True),
        charger("cp-1", "gc-1", 80_000),
        charger("cp-2", "gc-1", 80_000),
    )
    _report(depot, 50_000)
    depot.cycle()
    return depot


def _report(depot: Depot, power_w: int) -> None:
    depot.hears("cp-1/1", power_w, applied_limit_w=power_w)
    depot.hears("cp-2/1", power_w, applied_limit_w=power_w)
    depot.meters("gc-1", 2 * power_w)


def _same_again(depot: Depot, seconds: float) -> CycleCompleted | None:
    depot.later(seconds)
    _report(depot, 50_000)
    return depot.cycle()


def test_the_first_cycle_is_announced_whole() -> None:
    first = Depot(grid("gc-1", 100_000), charger("cp-1", "gc-1", 80_000))
    first.hears("cp-1/1", 10_000, applied_limit_w=10_000)
    event = first.cycle(Trigger.TIMER)
    assert event is not None
    assert (event.microgrid_id, event.event_seq, event.cycle_seq) == ("depot", 3, 1)
    assert (event.trigger, event.decided_at, event.configuration_version) == (Trigger.TIMER, EIGHT, 1)
    assert (event.strategy, event.outcome, event.degraded) == (Strategy(), Outcome.BALANCED, False)
    assert event.totals.allocated_w == 80_000
    assert [node.node_id for node in event.nodes] == ["depot", "gc-1", "cp-1"]
    assert [(each.limit_w, each.previous_limit_w) for each in event.setpoints] == [(80_000, 10_000)]


def test_a_cycle_that_changes_nothing_is_not_published_until_it_is_time_to_renew(depot: Depot) -> None:
    """Holds EVT-18."""
    assert _same_again(depot, 1) is None
    assert _same_again(depot, 38.9) is None
    renewed = _same_again(depot, 0.1)
    assert renewed is not None
    assert renewed.cycle_seq == 2
    assert _same_again(depot, 39.9) is None


def test_a_manual_cycle_is_always_published(depot: Depot) -> None:
    depot.later(1)
    event = depot.cycle(Trigger.MANUAL)
    assert event is not None
    assert event.trigger is Trigger.MANUAL


def test_a_changed_setpoint_is_news(depot: Depot) -> None:
    """Holds EVT-18."""
    depot.later(1)
    depot.hears("cp-1/1", 50_000, requested_w=20_000, applied_limit_w=50_000)
    assert depot.cycle() is not None


def test_another_mode_is_news() -> None:
    """The safe capacity is as high as the default: no figure changes, but the meter is silent (EVT-18)."""
    depot = Depot(grid("gc-1", 100_000, 100_000, metered=True))
    depot.meters("gc-1", 0)
    depot.cycle()
    depot.later(31)
    event = depot.cycle()
    assert event is not None
    assert event.degraded


def test_a_connector_that_is_no_longer_heard_is_news() -> None:
    """Holds EVT-18."""
    depot = Depot(grid("gc-1", 100_000), charger("cp-1", "gc-1", 80_000))
    depot.hears("cp-1/1", 0, status="Available", applied_limit_w=0, age_s=89)
    assert depot.cycle() is not None
    depot.later(1)
    assert depot.cycle() is None
    depot.later(1)
    event = depot.cycle()
    assert event is not None
    assert event.degraded


def test_a_node_that_goes_over_its_limit_or_comes_back_is_news(depot: Depot) -> None:
    """Holds EVT-18."""
    depot.later(1)
    depot.hears("cp-1/1", 50_001, applied_limit_w=50_000)
    depot.hears("cp-2/1", 50_000, applied_limit_w=50_000)
    depot.meters("gc-1", 100_001)
    assert depot.cycle() is not None
    assert _same_again(depot, 1) is not None
    assert _same_again(depot, 1) is None


def test_a_new_configuration_is_news(depot: Depot) -> None:
    """Holds EVT-18."""
    depot.microgrid = depot.microgrid.configure(replace(depot.configuration, version=2), EIGHT).microgrid
    event = _same_again(depot, 1)
    assert event is not None
    assert event.configuration_version == 2


def test_another_outcome_is_news() -> None:
    """cp-1 asks for a watt more than there is: its setpoint stays the same, but now it is curtailed (EVT-18)."""
    depot = Depot(grid("gc-1", 100), charger("cp-1", "gc-1", 200))
    depot.hears("cp-1/1", 0, requested_w=100, applied_limit_w=100)
    assert depot.cycle() is not None
    depot.later(1)
    depot.hears("cp-1/1", 0, requested_w=101, applied_limit_w=100)
    event = depot.cycle()
    assert event is not None
    assert event.outcome is Outcome.CURTAILED


def test_a_cycle_that_is_not_published_still_learns_what_is_confirmed(depot: Depot) -> None:
    depot.later(1)
    depot.hears("cp-1/1", 50_000, requested_w=20_000, applied_limit_w=50_000)
    depot.hears("cp-2/1", 50_000, requested_w=50_000, applied_limit_w=50_000)
    event = depot.cycle()
    assert event is not None
    depot.later(1)
    depot.hears("cp-1/1", 20_000, requested_w=20_000, applied_limit_w=20_000, applied_cycle_seq=event.cycle_seq)
    assert depot.exposure("cp-1/1") == 20_000
    before = depot.microgrid.state
    assert depot.cycle() is None
    depot.readings = Readings()
    assert depot.microgrid.state != before
    assert depot.exposure("cp-1/1") == 20_000


def test_R19_a_cycle_is_due_a_grace_before_the_first_received_setpoint_lapses() -> None:
    """Told something at eight, it has to be made room for after 100 s; heard of a renewal, 100 s after that."""
    depot = Depot(grid("gc-1", 10**6), charger("cp-1", "gc-1", 50_000), charger("cp-2", "gc-1", 50_000))
    assert depot.microgrid.wakes_at(EIGHT) is None
    for name in ("cp-1/1", "cp-2/1"):
        depot.hears(name, 0, requested_w=20_000, applied_limit_w=20_000)
    depot.cycle()
    assert depot.microgrid.wakes_at(EIGHT) == EIGHT + timedelta(seconds=100)
    depot.later(40)
    assert depot.cycle() is not None
    depot.later(1)
    depot.hears_of_life("cp-1")
    depot.cycle()
    assert depot.microgrid.wakes_at(depot.at) == EIGHT + timedelta(seconds=100), "cp-2 was not heard"
    assert depot.microgrid.wakes_at(EIGHT + timedelta(seconds=99.999)) == EIGHT + timedelta(seconds=100)
    assert depot.microgrid.wakes_at(EIGHT + timedelta(seconds=100)) == EIGHT + timedelta(seconds=140)
    assert depot.microgrid.wakes_at(EIGHT + timedelta(seconds=140)) is None


def test_R19_it_is_published_only_for_the_usual_reasons() -> None:
    """Its setpoint is not below its fallback, so nothing has to change."""
    depot = Depot(grid("gc-1", 10**6), charger("cp-1", "gc-1", 50_000))
    depot.hears("cp-1/1", 0, requested_w=20_000, applied_limit_w=20_000)
    depot.cycle()
    depot.later(70)
    depot.hears("cp-1/1", 0, requested_w=20_000, age_s=50)
    assert depot.cycle() is not None
    depot.later(30)
    assert depot.at == depot.microgrid.wakes_at(EIGHT)
    assert depot.cycle() is None


def test_sequences_have_no_gap() -> None:
    """A random course of configurations, refusals and cycles: every event has the next number (EVT-4)."""
    rng = Random(3)
    depot = Depot(
        grid("gc-1", 100_000), feeder("f-1", "gc-1", 90_000), *(charger(f"cp-{n}", "f-1", 80_000) for n in (1, 2))
    )
    events: list[DomainEvent] = []
    for step in range(2, 300):
        depot.later(rng.choice((1, 5, 50)))
        match rng.randrange(5):
            case 0:
                offered = replace(depot.configuration, version=step, name=f"Version {step}")
                change = depot.microgrid.configure(rng.choice((offered, replace(offered, max_import_w=-1))), EIGHT)
            case 1:
                change = depot.microgrid.refuse_malformed(
                    Refusal(rng.choice((None, step)), str(step)), MALFORMED, EIGHT
                )
            case _:
                depot.hears(f"cp-{rng.choice((1, 2))}/1", rng.randrange(80_000), requested_w=rng.randrange(80_000))
                change = depot.microgrid.run_cycle(depot.readings, rng.choice(list(Trigger)), depot.at)
        depot.microgrid = change.microgrid
        events += change.events
    cycles = [event for event in events if isinstance(event, CycleCompleted)]
    assert [event.event_seq for event in events] == list(range(3, len(events) + 3))
    assert [event.cycle_seq for event in cycles] == list(range(1, len(cycles) + 1))
    assert len(cycles) > 100
    assert depot.microgrid.state.event_seq == events[-1].event_seq
    assert depot.microgrid.state.cycle_seq == len(cycles)


def test_a_change_says_what_the_certificate_refused_and_who_is_over_a_limit(depot: Depot) -> None:
    def refused(situation: Situation, memory: Rotation, before: Plan | None) -> Plan:
        return rebalance.decide(situation, memory, before, certifier=lambda *_: "S: planted")

    depot.later(1)
    depot.hears("cp-1/1", 90_000, applied_limit_w=90_000)
    change = depot.microgrid.run_cycle(depot.readings, Trigger.TELEMETRY, depot.at, refused)
    assert change.plan_fault == "S: planted"
    assert [each.node_id for each in change.over_limit] == ["cp-1", "cp-1/1"]


def test_running_a_cycle_changes_nothing_but_what_it_returns(depot: Depot) -> None:
    before = depot.microgrid
    again = [before.run_cycle(depot.readings, Trigger.TIMER, EIGHT + timedelta(seconds=60)) for _ in range(2)]
    assert again[0] == again[1]
    assert depot.microgrid == before
