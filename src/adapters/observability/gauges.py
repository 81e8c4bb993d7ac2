"""What is to be seen of a process at any time, asked for when somebody looks: what it gave up is not shown."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from opentelemetry.metrics import CallbackOptions, MeterProvider, Observation

from adapters.observability import names
from application.figures import Figures


@dataclass(frozen=True, slots=True)
class _Gauge:
    name: str
    unit: str
    description: str
    shown: Callable[[Figures], Iterable[Observation]]


_OF_A_WORKER: Final = (
    _Gauge(names.MICROGRIDS, "{microgrid}", "Microgrids decided here", lambda now: [Observation(now.microgrids)]),
    _Gauge(
        names.RETIRED_MICROGRIDS,
        "{microgrid}",
        "Microgrids of the worker's partitions that are retired",
        lambda now: [Observation(now.retired)],
    ),
    _Gauge(
        names.UNDECIDED_MICROGRIDS,
        "{microgrid}",
        "Microgrids whose newest cycle is older than twice their refresh interval",
        lambda now: [Observation(now.undecided)],
    ),
    _Gauge(
        names.NEWEST_CYCLE_AGE,
        "s",
        "Age of the newest cycle of all",
        lambda now: [] if now.newest_cycle_age is None else [Observation(now.newest_cycle_age.total_seconds())],
    ),
    _Gauge(
        names.OLDEST_DUE_AGE,
        "s",
        "For how long a cycle has been due that is not decided",
        lambda now: [Observation(now.oldest_due_age.total_seconds())],
    ),
    _Gauge(
        names.DEGRADED_MICROGRIDS,
        "{microgrid}",
        "Microgrids decided here whose newest published cycle is degraded",
        lambda now: [Observation(now.degraded)],
    ),
    _Gauge(
        names.SILENT_CHARGERS,
        "{charger}",
        "Chargers of which a connector is silent",
        lambda now: [Observation(now.silent_chargers)],
    ),
    _Gauge(
        names.OPEN_BREACHES,
        "{breach}",
        "Breaches that are open, by severity",
        lambda now: [Observation(number, {names.SEVERITY: each.value}) for each, number in now.open_breaches.items()],
    ),
)


class WorkerGauges:
    """Gauges of what a worker owns, made by this provider."""

    def __init__(self, provider: MeterProvider) -> None:
        self._figures: Callable[[], Figures] | None = None
        meter = provider.get_meter(names.SERVICE)
        for gauge in _OF_A_WORKER:
            meter.create_observable_gauge(gauge.name, [self._observing(gauge)], gauge.unit, gauge.description)

    @contextmanager
    def of(self, figures: Callable[[], Figures]) -> Iterator[None]:
        """Show these figures while inside. They are asked for by whoever collects, be it in another thread."""
        self._figures = figures
        try:
            yield
        finally:
            self._figures = None

    def _observing(self, gauge: _Gauge) -> Callable[[CallbackOptions], Iterable[Observation]]:
        def observe(_options: CallbackOptions) -> Iterable[Observation]:
            figures = self._figures
            return [] if figures is None else gauge.shown(figures())

        return observe


def show_distance(provider: MeterProvider, distances: Callable[[], Mapping[str, int]]) -> None:
    """How many messages lie between a consumer and the end of each topic that it reads, by a gauge of this provider."""

    def observe(_options: CallbackOptions) -> Iterable[Observation]:
        return [Observation(distance, {names.DESTINATION: topic}) for topic, distance in distances().items()]

    provider.get_meter(names.SERVICE).create_observable_gauge(
        names.CONSUMER_DISTANCE, [observe], "{message}", "Messages between a consumer and the end of its topic"
    )
