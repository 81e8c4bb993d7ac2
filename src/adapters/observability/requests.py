"""What is asked over HTTP, as OpenTelemetry metrics."""

from collections.abc import Iterator
from contextlib import contextmanager

from opentelemetry.metrics import MeterProvider

from adapters.observability import names

DURATIONS_S = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10)
"""As the semantic conventions advise."""


class MeasuredRequests:
    """Requests and open streams, measured by this provider."""

    def __init__(self, provider: MeterProvider) -> None:
        meter = provider.get_meter(names.SERVICE)
        self._durations = meter.create_histogram(
            names.HTTP_REQUESTS,
            "s",
            "Time from a request to the end of its answer",
            explicit_bucket_boundaries_advisory=DURATIONS_S,
        )
        self._streams = meter.create_up_down_counter(names.OPEN_STREAMS, "{stream}", "Streams of events that are open")

    def answered(self, method: str, route: str | None, status: int, seconds: float) -> None:
        """A request and its answer; `route` is its template, None where there is none."""
        attributes: dict[str, str | int] = {names.HTTP_METHOD: method, names.HTTP_STATUS: status}
        self._durations.record(seconds, attributes | ({} if route is None else {names.HTTP_ROUTE: route}))

    @contextmanager
    def stream(self) -> Iterator[None]:
        """A stream is open while inside."""
        self._streams.add(1)
        try:
            yield
        finally:
            self._streams.add(-1)
