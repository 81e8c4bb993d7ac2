"""Every metric that the processes make: as OpenTelemetry names it, and as Prometheus does."""

from typing import Any

from opentelemetry.metrics import MeterProvider, NoOpMeter, NoOpMeterProvider
from opentelemetry.trace import NoOpTracerProvider

from adapters.clock import SystemClock
from adapters.observability.counters import OpenTelemetryCounters
from adapters.observability.gauges import WorkerGauges, show_distance
from adapters.observability.requests import MeasuredRequests
from adapters.observability.source import MeasuredSource
from adapters.observability.transactions import CountedTransactions

KINDS = {
    "create_counter": "counter",
    "create_histogram": "histogram",
    "create_observable_gauge": "gauge",
    "create_up_down_counter": "up-down counter",
}
ENDS = {"counter": ["_total"], "histogram": ["_bucket", "_sum", "_count"], "gauge": [""], "up-down counter": [""]}


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
    """By name and kind, with the unit where it is seconds."""
    provider = Making()
    everything: Any = object()
    assert isinstance(provider, MeterProvider)
    OpenTelemetryCounters(provider, SystemClock().now)
    WorkerGauges(provider)
    show_distance(provider, dict)
    MeasuredSource(everything, SystemClock(), provider)
    CountedTransactions(everything, provider)
    MeasuredRequests(provider, NoOpTracerProvider())
    return provider.meter.metrics


def scraped() -> set[str]:
    """The names of their series at `/metrics`."""
    series = set()
    for name, described in made():
        kind, _, unit = described.partition(", ")
        series |= {name.replace(".", "_") + ("_seconds" if unit else "") + end for end in ENDS[kind]}
    return series
