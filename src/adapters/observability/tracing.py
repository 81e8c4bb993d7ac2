"""The spans of the application, and W3C trace contexts in and out of them."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from opentelemetry.context import Context
from opentelemetry.trace import Link, SpanKind, TracerProvider, get_current_span
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from adapters.observability import names
from application.ports.bus import PublishedEvent, Received

_W3C = TraceContextTextMapPropagator()


class OpenTelemetryTracing:
    """Spans of the application, made by this provider. `messaging_system`: what the bus is."""

    def __init__(self, provider: TracerProvider, messaging_system: str = "kafka") -> None:
        self._tracer = provider.get_tracer(names.SERVICE)
        self._messaging_system = messaging_system

    @contextmanager
    def cycle_span(
        self, microgrid_id: str, traceparent: str | None, conflated: Sequence[str] = ()
    ) -> Iterator[str | None]:
        """One cycle, in the trace of the message that caused it, else in a new one, linked to the conflated messages.

        Yields the traceparent for what the cycle publishes; None where tracing is disabled and there was none.
        """
        with self._tracer.start_as_current_span(
            names.CYCLE_SPAN,
            context=context_of(traceparent),
            attributes={names.MICROGRID_ID: microgrid_id},
            links=links(conflated),
        ):
            yield current_traceparent()

    @contextmanager
    def configuration_span(self, microgrid_id: str, traceparent: str | None) -> Iterator[str | None]:
        """One configuration that is applied or refused, in the trace of the message that offered it."""
        with self._tracer.start_as_current_span(
            names.CONFIGURATION_SPAN, context=context_of(traceparent), attributes={names.MICROGRID_ID: microgrid_id}
        ):
            yield current_traceparent()

    @contextmanager
    def projection_span(self, received: Received, event: PublishedEvent) -> Iterator[None]:
        """One event on its way into the read models, in the trace of the decision that it announces."""
        position = received.position
        with self._tracer.start_as_current_span(
            f"{names.PROCESS} {position.topic}",
            context=context_of(received.traceparent),
            kind=SpanKind.CONSUMER,
            attributes={
                names.MESSAGING_SYSTEM: self._messaging_system,
                names.OPERATION_NAME: names.PROCESS,
                names.OPERATION_TYPE: "process",
                names.DESTINATION: position.topic,
                names.PARTITION: str(position.partition),
                names.OFFSET: position.offset,
                names.EVENT_TYPE: event.type,
                names.MICROGRID_ID: event.microgrid_id,
                names.EVENT_SEQ: event.event_seq,
            },
        ):
            yield


def context_of(traceparent: str | None) -> Context:
    """The context a W3C traceparent names; an empty one where there is none or it is not well-formed."""
    return _W3C.extract({} if traceparent is None else {"traceparent": traceparent}, context=Context())


def current_traceparent() -> str | None:
    """The W3C traceparent of the span we are in, None outside of any."""
    carrier: dict[str, str] = {}
    _W3C.inject(carrier)
    return carrier.get("traceparent")


def links(traceparents: Sequence[str]) -> list[Link]:
    """To the spans that these name. What names no span is left out where a span is begun."""
    return [Link(get_current_span(context_of(each)).get_span_context()) for each in traceparents]
