"""What is asked over HTTP, as OpenTelemetry metrics and spans."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from opentelemetry.metrics import MeterProvider
from opentelemetry.trace import SpanKind, StatusCode, TracerProvider

from adapters.observability import names
from adapters.observability.tracing import context_of, links
from application.ports.read_side import Shown

DURATIONS_S = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10)
"""As the semantic conventions advise."""


class MeasuredRequests:
    """Requests and open streams, measured and traced by these providers."""

    def __init__(self, provider: MeterProvider, tracer_provider: TracerProvider) -> None:
        self._tracer = tracer_provider.get_tracer(names.SERVICE)
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

    def traced(
        self, method: str, route: str, status: int, seconds: float, *, traceparent: str | None, shown: Shown | None
    ) -> None:
        """A span in the caller's trace, else in a new one, linked to the newest event that the answer shows."""
        end_ns = time.time_ns()
        attributes: dict[str, str | int] = {
            names.HTTP_METHOD: method,
            names.HTTP_ROUTE: route,
            names.HTTP_STATUS: status,
        }
        if shown is not None:
            attributes |= {names.MICROGRID_ID: shown.microgrid_id, names.EVENT_SEQ: shown.event_seq}
        span = self._tracer.start_span(
            f"{method} {route}",
            context=context_of(traceparent),
            kind=SpanKind.SERVER,
            attributes=attributes,
            links=[] if shown is None or shown.traceparent is None else links([shown.traceparent]),
            start_time=end_ns - int(seconds * 1e9),
        )
        if status >= 500:
            span.set_status(StatusCode.ERROR)
        span.end(end_ns)

    @contextmanager
    def stream(self) -> Iterator[None]:
        """A stream is open while inside."""
        self._streams.add(1)
        try:
            yield
        finally:
            self._streams.add(-1)
