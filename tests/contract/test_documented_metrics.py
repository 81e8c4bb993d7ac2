"""`docs/operations.md` names every metric that a process makes, with its kind and unit, and none besides."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from opentelemetry.metrics import MeterProvider, NoOpMeter, NoOpMeterProvider

from adapters.clock import SystemClock
from adapters.observability.counters import OpenTelemetryCounters
from adapters.observability.gauges import WorkerGauges, show_distance
from adapters.observability.requests import MeasuredRequests
from adapters.observability.source import MeasuredSource
from adapters.observability.transactions import CountedTransactions

OPERATIONS = Path(__file__).parents[2] / "docs" / "operations.md"
KINDS = {
    "create_counter": "counter",
    "create_histogram": "histogram",
    "create_observable_gauge": "gauge",
    "create_up_down_counter": "up-down counter",
}


class Made(NoOpMeter):
    """A meter that remembers what it made."""

    def __init__(self) -> None:
        super().__init__("busbar")
        self.metrics: set[tuple[str, str]] = set()

    def __getattribute__(self, name: str) -> Any:
        found = super().__getattribute__(name)
        if name not in KINDS:
            return found

        def create(metric: str, *arguments: Any, **named: Any) -> Any:
            unit = named.get("unit") or next(each for each in arguments if isinstance(each, str))
            self.metrics.add((metric, KINDS[name] + (", s" if unit == "s" else "")))
            return found(metric, *arguments, **named)

        return create


class Making(NoOpMeterProvider):
    """A provider whose meters are one."""

    def __init__(self) -> None:
        self.meter = Made()

    def get_meter(self, *_: Any, **__: Any) -> Made:
        return self.meter


def made() -> set[tuple[str, str]]:
    """By name and kind."""
    provider = Making()
    everything: Any = object()
    assert isinstance(provider, MeterProvider)
    OpenTelemetryCounters(provider, SystemClock().now)
    WorkerGauges(provider)
    show_distance(provider, dict)
    MeasuredSource(everything, SystemClock(), provider)
    CountedTransactions(everything, provider)
    MeasuredRequests(provider)
    return provider.meter.metrics


def documented() -> Iterator[tuple[str, str]]:
    """The rows of the tables of metrics."""
    for line in OPERATIONS.read_text().splitlines():
        if row := re.match(r"\| `([a-z_.]+)` \| ((?:up-down )?counter|histogram|gauge)(, s)? \|", line):
            yield row[1], row[2] + (row[3] or "")


def test_every_metric_that_a_process_makes_is_documented_with_its_kind_and_no_other_is() -> None:
    assert set(documented()) == made()


def test_every_metric_to_alert_on_is_one_that_there_is() -> None:
    alerts = OPERATIONS.read_text().partition("### What to alert on")[2].partition("\n## ")[0]
    named = set(re.findall(r"`(busbar\.[a-z_.]+)`", alerts))
    assert len(named) > 10
    assert named <= {name for name, _ in made()}
