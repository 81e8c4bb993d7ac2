"""What is to be seen of a process reaches OpenTelemetry as it is when somebody looks, and only while it is there."""

from collections.abc import Mapping
from datetime import timedelta

import pytest
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader

from adapters.observability import names
from adapters.observability.gauges import WorkerGauges, show_distance
from application.figures import Figures
from domain.breaches.over_limit import Severity
from tests.contract.test_counters import counted


@pytest.fixture
def reader() -> InMemoryMetricReader:
    return InMemoryMetricReader()


def figures(newest_cycle_age: timedelta | None = timedelta(seconds=2)) -> Figures:
    """Of a worker with some of everything."""
    return Figures(
        microgrids=10,
        retired=7,
        undecided=4,
        overdue=3,
        newest_cycle_age=newest_cycle_age,
        oldest_due_age=timedelta(seconds=90),
        still_for=timedelta(seconds=2),
        degraded=5,
        silent_chargers=6,
        open_breaches={Severity.MAJOR: 1, Severity.CRITICAL: 0},
    )


def test_a_worker_is_seen_while_it_is_a_member(reader: InMemoryMetricReader) -> None:
    gauges, now = WorkerGauges(MeterProvider([reader])), [figures(), figures(newest_cycle_age=None)]
    assert reader.get_metrics_data() is None
    with gauges.of(lambda: now[0]):
        seen = counted(reader)
        assert seen == {
            names.MICROGRIDS: {None: 10},
            names.RETIRED_MICROGRIDS: {None: 7},
            names.UNDECIDED_MICROGRIDS: {None: 4},
            names.NEWEST_CYCLE_AGE: {None: 2},
            names.OLDEST_DUE_AGE: {None: 90},
            names.DEGRADED_MICROGRIDS: {None: 5},
            names.SILENT_CHARGERS: {None: 6},
            names.OPEN_BREACHES: {"major": 1, "critical": 0},
        }
        del now[0]
        assert names.NEWEST_CYCLE_AGE not in counted(reader)
    assert reader.get_metrics_data() is None


def test_the_distance_to_the_end_is_seen_by_topic(reader: InMemoryMetricReader) -> None:
    distances: dict[str, int] = {"busbar.telemetry": 7, "busbar.configuration": 0}

    def now() -> Mapping[str, int]:
        return distances

    show_distance(MeterProvider([reader]), now)
    assert counted(reader) == {names.CONSUMER_DISTANCE: distances}
    distances.clear()
    assert reader.get_metrics_data() is None
