"""What the application is promised about traces: a span a cycle, in the trace of the message that caused it."""

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import NoOpTracerProvider, SpanKind, StatusCode, format_span_id, format_trace_id

from adapters.observability import names
from adapters.observability.tracing import OpenTelemetryTracing, current_traceparent
from application.ports.bus import Message, Position, PublishedEvent, Received
from application.ports.observing import Tracing

TRACE_ID = "0af7651916cd43dd8448eb211c80319c"
PARENT_SPAN_ID = "b7ad6b7169203331"
TRACEPARENT = f"00-{TRACE_ID}-{PARENT_SPAN_ID}-01"


@pytest.fixture
def exporter() -> InMemorySpanExporter:
    return InMemorySpanExporter()


@pytest.fixture
def tracing(exporter: InMemorySpanExporter) -> Tracing:
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    return OpenTelemetryTracing(provider)


def test_a_cycle_is_one_span_in_the_trace_of_its_cause(tracing: Tracing, exporter: InMemorySpanExporter) -> None:
    with tracing.cycle_span("malaga", TRACEPARENT):
        pass
    (span,) = exporter.get_finished_spans()
    assert span.name == names.CYCLE_SPAN
    assert span.context is not None
    assert format_trace_id(span.context.trace_id) == TRACE_ID
    assert span.parent is not None
    assert format_span_id(span.parent.span_id) == PARENT_SPAN_ID
    assert dict(span.attributes or {}) == {names.MICROGRID_ID: "malaga"}


def test_what_a_cycle_publishes_belongs_to_its_span(tracing: Tracing, exporter: InMemorySpanExporter) -> None:
    with tracing.cycle_span("malaga", TRACEPARENT) as traceparent:
        assert traceparent == current_traceparent()
    (span,) = exporter.get_finished_spans()
    assert span.context is not None
    assert traceparent == f"00-{TRACE_ID}-{format_span_id(span.context.span_id)}-01"


@pytest.mark.parametrize("unusable", [None, "", "nonsense", "\ufffd", f"00-{'0' * 32}-{PARENT_SPAN_ID}-01"])
def test_a_cycle_without_a_usable_cause_begins_a_trace(
    tracing: Tracing, exporter: InMemorySpanExporter, unusable: str | None
) -> None:
    with tracing.cycle_span("malaga", unusable) as traceparent:
        pass
    (span,) = exporter.get_finished_spans()
    assert span.parent is None
    assert span.context is not None
    assert traceparent is not None
    assert format_trace_id(span.context.trace_id) in traceparent


def test_a_cycle_does_not_join_the_trace_of_whoever_runs_it(tracing: Tracing, exporter: InMemorySpanExporter) -> None:
    with tracing.cycle_span("outer", TRACEPARENT), tracing.cycle_span("inner", None):
        pass
    inner, _ = exporter.get_finished_spans()
    assert inner.parent is None


def test_a_cycle_that_fails_is_a_failed_span_and_still_fails(tracing: Tracing, exporter: InMemorySpanExporter) -> None:
    with pytest.raises(ZeroDivisionError), tracing.cycle_span("malaga", TRACEPARENT):
        _ = 1 // 0
    (span,) = exporter.get_finished_spans()
    assert span.status.status_code is StatusCode.ERROR
    assert [event.name for event in span.events] == ["exception"]


def test_a_cycle_is_linked_to_the_messages_it_took_in_besides(tracing: Tracing, exporter: InMemorySpanExporter) -> None:
    others = [f"00-{number:032x}-{number:016x}-01" for number in (7, 8)]
    with tracing.cycle_span("malaga", TRACEPARENT, [*others, "nonsense"]):
        pass
    (span,) = exporter.get_finished_spans()
    assert [(link.context.trace_id, link.context.span_id) for link in span.links] == [(7, 7), (8, 8)]


def test_a_configuration_is_a_span_in_the_trace_of_whoever_offered_it(
    tracing: Tracing, exporter: InMemorySpanExporter
) -> None:
    with tracing.configuration_span("malaga", TRACEPARENT) as traceparent:
        pass
    (span,) = exporter.get_finished_spans()
    assert span.name == names.CONFIGURATION_SPAN
    assert span.context is not None
    assert traceparent == f"00-{TRACE_ID}-{format_span_id(span.context.span_id)}-01"


def test_a_projection_consumes_an_event_in_the_trace_of_its_decision(
    tracing: Tracing, exporter: InMemorySpanExporter
) -> None:
    event = PublishedEvent("malaga", 41, "busbar.cycle.completed.v1", "{}", "a-stream")
    message = Message("malaga", (), b"{}")
    with tracing.projection_span(
        Received(Position("busbar.events", 3, 1207), message, event, traceparent=TRACEPARENT), event
    ):
        pass
    (span,) = exporter.get_finished_spans()
    assert (span.name, span.kind) == ("process busbar.events", SpanKind.CONSUMER)
    assert span.parent is not None
    assert format_span_id(span.parent.span_id) == PARENT_SPAN_ID
    assert dict(span.attributes or {}) == {
        "messaging.system": "kafka",
        "messaging.operation.name": "process",
        "messaging.operation.type": "process",
        "messaging.destination.name": "busbar.events",
        "messaging.destination.partition.id": "3",
        "messaging.kafka.offset": 1207,
        "cloudevents.event_type": "busbar.cycle.completed.v1",
        names.MICROGRID_ID: "malaga",
        names.EVENT_SEQ: 41,
    }


def test_after_a_cycle_there_is_no_trace_to_belong_to(tracing: Tracing) -> None:
    with tracing.cycle_span("malaga", TRACEPARENT):
        pass
    assert current_traceparent() is None


def test_a_trace_is_handed_on_also_where_tracing_is_disabled() -> None:
    with OpenTelemetryTracing(NoOpTracerProvider()).cycle_span("malaga", TRACEPARENT) as traceparent:
        pass
    assert traceparent == TRACEPARENT
