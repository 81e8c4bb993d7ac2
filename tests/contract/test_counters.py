"""What the application counts reaches OpenTelemetry, told apart by what happened and not by who sent it."""

import logging
import time
from collections.abc import Mapping
from datetime import timedelta

import pytest
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import HistogramDataPoint, InMemoryMetricReader, NumberDataPoint

from adapters.observability import names
from adapters.observability.counters import OpenTelemetryCounters
from application.ports.bus import Message, Position, Unreadable
from application.ports.observing import Counters, Stage, TimedCycle
from application.ports.ownership import Fenced
from domain.breaches.constraint import Cause, ConstraintBreached, ConstraintCleared
from domain.breaches.over_limit import Severity
from domain.events import DomainEvent
from domain.knowledge.limits import LimitKind
from domain.knowledge.readings import Receipt
from domain.sharing.plan import Outcome
from domain.site.configuration import Fault
from domain.site.power_tree import NodeType
from tests.builders import EIGHT, a_cycle_completed


@pytest.fixture
def reader() -> InMemoryMetricReader:
    return InMemoryMetricReader()


@pytest.fixture
def counters(reader: InMemoryMetricReader) -> Counters:
    return OpenTelemetryCounters(MeterProvider([reader]), lambda: EIGHT)


def counted(reader: InMemoryMetricReader) -> Mapping[str, Mapping[object, int | float]]:
    """By metric: how many by the value of its attribute, or by None where it has none."""
    data = reader.get_metrics_data()
    assert data is not None
    return {
        metric.name: {
            next(iter((point.attributes or {}).values()), None): point.value
            for point in metric.data.data_points
            if isinstance(point, NumberDataPoint)
        }
        for resource in data.resource_metrics
        for scope in resource.scope_metrics
        for metric in scope.metrics
    }


def measured(reader: InMemoryMetricReader) -> Mapping[str, Mapping[object, int]]:
    """By histogram: how often by its attribute and value."""
    data = reader.get_metrics_data()
    assert data is not None
    return {
        metric.name: {
            next(iter((point.attributes or {}).items()), ()): point.count
            for point in metric.data.data_points
            if isinstance(point, HistogramDataPoint)
        }
        for resource in data.resource_metrics
        for scope in resource.scope_metrics
        for metric in scope.metrics
    }


def test_readings_are_counted_by_what_became_of_them(counters: Counters, reader: InMemoryMetricReader) -> None:
    """Holds TEL-8."""
    counters.readings({Receipt.KEPT: 2, Receipt.OUTDATED: 1})
    counters.readings({Receipt.KEPT: 3})
    assert counted(reader) == {names.READINGS: {"kept": 5, "outdated": 1}}


def test_cycles_are_counted_by_whether_they_had_news(counters: Counters, reader: InMemoryMetricReader) -> None:
    for events in ([a_cycle_completed()], [], []):
        counters.decided("malaga", Outcome.CURTAILED, None, events, open_breaches=())
    assert counted(reader)[names.CYCLES] == {True: 1, False: 2}


def test_a_cycle_is_timed_by_its_outcome_or_its_error(counters: Counters, reader: InMemoryMetricReader) -> None:
    for outcome, age_s in ((Outcome.BALANCED, 2), (Outcome.BALANCED, 4), (Outcome.CURTAILED, None)):
        with counters.cycle() as timed:
            timed.outcome = outcome
        age = None if age_s is None else timedelta(seconds=age_s)
        counters.decided("malaga", outcome, age, (), open_breaches=())
    with pytest.raises(Fenced), counters.cycle() as timed:
        _fail_after(timed)
    assert measured(reader)[names.CYCLE_DURATION] == {
        (names.OUTCOME, "balanced"): 2,
        (names.OUTCOME, "curtailed"): 1,
        (names.ERROR_TYPE, "Fenced"): 1,
    }
    assert measured(reader)[names.INPUT_AGE] == {(): 2}
    assert counted(reader)[names.CYCLES] == {False: 3}


def _fail_after(timed: TimedCycle) -> None:
    timed.outcome = Outcome.BALANCED
    raise Fenced


def test_a_cycle_without_a_decision_counts_for_nothing(counters: Counters, reader: InMemoryMetricReader) -> None:
    with counters.cycle():
        pass
    assert reader.get_metrics_data() is None


def test_breaches_are_counted_as_they_open_escalate_and_clear(counters: Counters, reader: InMemoryMetricReader) -> None:
    opened = a_breach(ConstraintBreached, Severity.MAJOR)
    escalated, cleared = a_breach(ConstraintBreached, Severity.CRITICAL), a_breach(ConstraintCleared, Severity.CRITICAL)
    for event, known in ((opened, ()), (escalated, ("b-1",)), (cleared, ("b-1",))):
        counters.decided("malaga", Outcome.BALANCED, None, [event], open_breaches=known)
    assert counted(reader)[names.BREACHES] == {"opened": 1, "escalated": 1, "cleared": 1}


def a_breach(kind: type[ConstraintBreached] | type[ConstraintCleared], severity: Severity) -> DomainEvent:
    """An event of the breach `b-1`."""
    return kind(
        microgrid_id="malaga",
        event_seq=1,
        breach_id="b-1",
        node_id="gc-1",
        node_type=NodeType.GRID_CONNECTION,
        node_path=("malaga", "gc-1"),
        severity=severity,
        limit_w=100,
        limit_kind=LimitKind.DEFAULT_CAPACITY,
        observed_w=200,
        excess_w=100,
        peak_excess_w=100,
        energy_over_limit_wh=0,
        first_observed_at=EIGHT,
        observed_at=EIGHT,
        duration_s=0,
        cause=Cause.UNKNOWN,
        contributors=(),
        cycle_seq=1,
        decided_at=EIGHT,
    )


def test_projected_events_are_counted_apart_from_those_that_came_again(
    counters: Counters, reader: InMemoryMetricReader
) -> None:
    counters.projected(news=4, duplicates=0)
    assert counted(reader) == {names.PROJECTED_EVENTS: {False: 4}}
    counters.projected(news=1, duplicates=2)
    assert counted(reader) == {names.PROJECTED_EVENTS: {False: 5, True: 2}}


@pytest.fixture(autouse=True)
def everything_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    """Whatever an earlier test of the same process set."""
    caplog.set_level(logging.WARNING)


def said(caplog: pytest.LogCaptureFixture) -> list[logging.LogRecord]:
    """What the counters logged; a library may say something at any time, of what an earlier test left."""
    return [record for record in caplog.records if record.name.startswith("adapters.")]


def test_a_refused_configuration_is_a_line_in_the_log_with_the_codes_of_its_faults(
    counters: Counters, caplog: pytest.LogCaptureFixture
) -> None:
    counters.refused_configuration("malaga", [Fault("too_deep", None, ""), Fault("duplicate_id", "/circuits", "")])
    (record,) = said(caplog)
    assert vars(record)[names.MICROGRID_ID] == "malaga"
    assert vars(record)[names.FAULTS] == ["duplicate_id", "too_deep"]


def test_messages_without_effect_are_counted(counters: Counters, reader: InMemoryMetricReader) -> None:
    counters.dead_letter(PLACE, a_letter("key_mismatch"))
    counters.tombstone()
    counters.outdated_configuration("malaga")
    assert counted(reader) == {
        names.DEAD_LETTERS: {"key_mismatch": 1},
        names.TOMBSTONES: {None: 1},
        names.OUTDATED_CONFIGURATIONS: {None: 1},
    }


PLACE = Position("busbar.telemetry", 3, 41)


def a_letter(code: str) -> Unreadable:
    """About a message in which something is wrong."""
    return Unreadable(code, "/power_w: Input is none.", Message(None, (), None))


def test_dead_letters_are_in_the_log_with_their_codes_the_first_and_then_now_and_then(
    counters: Counters, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(100):
        counters.dead_letter(PLACE, a_letter("malformed"))
    counters.dead_letter(PLACE, a_letter("key_mismatch"))
    later = time.monotonic() + 60
    monkeypatch.setattr(time, "monotonic", lambda: later)
    counters.dead_letter(PLACE, a_letter("malformed"))

    records = said(caplog)
    assert [vars(record)[names.ERROR_TYPE] for record in records] == ["malformed", "key_mismatch", "malformed"]
    assert [vars(record)[names.NUMBER] for record in records] == [1, 1, 100]
    assert {record.levelno for record in records} == {logging.WARNING}
    assert records[0].getMessage() == "A message was put aside: busbar.telemetry/3@41: /power_w: Input is none."


def test_a_refused_plan_is_counted_and_is_an_error_in_the_log(
    counters: Counters, reader: InMemoryMetricReader, caplog: pytest.LogCaptureFixture
) -> None:
    """Holds FILL-16."""
    counters.refused_plan("malaga", "F: node 3")
    assert counted(reader) == {names.REFUSED_PLANS: {None: 1}}
    (record,) = said(caplog)
    assert record.levelno == logging.ERROR
    assert record.getMessage() == "the certificate refused a plan: F: node 3"
    assert vars(record)[names.MICROGRID_ID] == "malaga"


def test_a_parked_microgrid_is_counted_by_stage_and_logged_once(
    counters: Counters, reader: InMemoryMetricReader, caplog: pytest.LogCaptureFixture
) -> None:
    for times in (1, 2, 3):
        counters.parked(Stage.CYCLE, "malaga", ZeroDivisionError("a fault of ours"), times)
    assert counted(reader) == {names.PARKED: {"cycle": 3}}
    (record,) = said(caplog)
    assert record.levelno == logging.ERROR
    assert record.exc_info is not None
    assert isinstance(record.exc_info[1], ZeroDivisionError)
    assert vars(record)[names.MICROGRID_ID] == "malaga"
    assert vars(record)[names.STAGE] == "cycle"


def test_a_message_that_was_not_taken_in_is_an_error_in_the_log_with_its_place(
    counters: Counters, caplog: pytest.LogCaptureFixture
) -> None:
    counters.not_taken("malaga", Position("busbar.configuration", 3, 41), ZeroDivisionError())
    (record,) = said(caplog)
    assert record.levelno == logging.ERROR
    assert record.getMessage() == "a message could not be taken in: busbar.configuration/3@41"
    assert record.exc_info is not None
    assert vars(record)[names.MICROGRID_ID] == "malaga"


def test_a_cycle_that_is_not_committed_is_timed_and_counts_for_nothing_else(
    counters: Counters, reader: InMemoryMetricReader
) -> None:
    with counters.cycle() as timed:
        timed.outcome = Outcome.BALANCED
    assert counted(reader)[names.CYCLE_DURATION] == {}
    assert set(measured(reader)) == {names.CYCLE_DURATION}


def test_what_waits_to_be_published_is_shown_by_its_age(counters: Counters, reader: InMemoryMetricReader) -> None:
    for since, age_s in ((EIGHT - timedelta(seconds=65), 65), (None, 0)):
        counters.waiting(since)
        assert counted(reader)[names.OUTBOX_AGE] == {None: age_s}
