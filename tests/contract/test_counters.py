"""What the application counts reaches OpenTelemetry, told apart by what happened and not by who sent it."""

import logging
from collections.abc import Mapping

import pytest
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader, NumberDataPoint

from adapters.observability import names
from adapters.observability.counters import OpenTelemetryCounters
from application.ports import Counters, Position, Stage
from domain.telemetry import Receipt


@pytest.fixture
def reader() -> InMemoryMetricReader:
    return InMemoryMetricReader()


@pytest.fixture
def counters(reader: InMemoryMetricReader) -> Counters:
    return OpenTelemetryCounters(MeterProvider([reader]))


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


def test_readings_are_counted_by_what_became_of_them(counters: Counters, reader: InMemoryMetricReader) -> None:
    counters.readings("malaga", {Receipt.KEPT: 2, Receipt.OUTDATED: 1})
    counters.readings("karrinyup", {Receipt.KEPT: 3})
    assert counted(reader) == {names.READINGS: {"kept": 5, "outdated": 1}}


def test_cycles_are_counted_by_whether_they_had_news(counters: Counters, reader: InMemoryMetricReader) -> None:
    counters.cycle("malaga", published=True)
    counters.cycle("malaga", published=False)
    counters.cycle("malaga", published=False)
    assert counted(reader) == {names.CYCLES: {True: 1, False: 2}}


def test_messages_without_effect_are_counted(counters: Counters, reader: InMemoryMetricReader) -> None:
    counters.dead_letter("key_mismatch")
    counters.tombstone()
    counters.outdated_configuration("malaga")
    assert counted(reader) == {
        names.DEAD_LETTERS: {"key_mismatch": 1},
        names.TOMBSTONES: {None: 1},
        names.OUTDATED_CONFIGURATIONS: {None: 1},
    }


def test_a_refused_plan_is_counted_and_is_an_error_in_the_log(
    counters: Counters, reader: InMemoryMetricReader, caplog: pytest.LogCaptureFixture
) -> None:
    counters.refused_plan("malaga", "F: node 3")
    assert counted(reader) == {names.REFUSED_PLANS: {None: 1}}
    (record,) = caplog.records
    assert record.levelno == logging.ERROR
    assert record.getMessage() == "the certificate refused a plan: F: node 3"
    assert vars(record)[names.MICROGRID_ID] == "malaga"


def test_a_parked_microgrid_is_counted_by_stage_and_logged_once(
    counters: Counters, reader: InMemoryMetricReader, caplog: pytest.LogCaptureFixture
) -> None:
    for times in (1, 2, 3):
        counters.parked(Stage.CYCLE, "malaga", ZeroDivisionError("a fault of ours"), times)
    assert counted(reader) == {names.PARKED: {"cycle": 3}}
    (record,) = caplog.records
    assert record.levelno == logging.ERROR
    assert record.exc_info is not None
    assert isinstance(record.exc_info[1], ZeroDivisionError)
    assert vars(record)[names.MICROGRID_ID] == "malaga"
    assert vars(record)[names.STAGE] == "cycle"


def test_a_message_that_was_not_taken_in_is_an_error_in_the_log_with_its_place(
    counters: Counters, caplog: pytest.LogCaptureFixture
) -> None:
    counters.not_taken("malaga", Position("busbar.configuration", 3, 41), ZeroDivisionError())
    (record,) = caplog.records
    assert record.levelno == logging.ERROR
    assert record.getMessage() == "a message could not be taken in: busbar.configuration/3@41"
    assert record.exc_info is not None
    assert vars(record)[names.MICROGRID_ID] == "malaga"
