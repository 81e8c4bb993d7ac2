"""The span of a cycle, and W3C trace contexts in and out of it."""

from collections.abc import Iterator
from contextlib import contextmanager

from opentelemetry.context import Context
from opentelemetry.trace import TracerProvider
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from adapters.observability import names

_W3C = TraceContextTextMapPropagator()


class OpenTelemetryTracing:
    """Spans of the application, made by this provider."""

    def __init__(self, provider: TracerProvider) -> None:
        self._tracer = provider.get_tracer(names.SERVICE)

    @contextmanager
    def cycle_span(self, microgrid_id: str, traceparent: str | None) -> Iterator[str | None]:
        """One cycle, in the trace of the message that caused it, else in a new one.

        Yields the traceparent for what the cycle publishes; None where tracing is disabled and there was none.
        """
        with self._tracer.start_as_current_span(
            names.CYCLE_SPAN, context=context_of(traceparent), attributes={names.MICROGRID_ID: microgrid_id}
        ):
            yield current_traceparent()


def context_of(traceparent: str | None) -> Context:
    """The context a W3C traceparent names; an empty one where there is none or it is not well-formed."""
    return _W3C.extract({} if traceparent is None else {"traceparent": traceparent})


def current_traceparent() -> str | None:
    """The W3C traceparent of the span we are in, None outside of any."""
    carrier: dict[str, str] = {}
    _W3C.inject(carrier)
    return carrier.get("traceparent")
