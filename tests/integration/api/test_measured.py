"""What the API counts of itself."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import NoOpTracerProvider, SpanKind
from starlette.types import Receive, Scope, Send

from adapters.observability.prometheus import PrometheusMetrics
from adapters.observability.providers import meter_provider
from adapters.observability.requests import MeasuredRequests
from application.ports.read_side import Shown
from entrypoints.api.app import create_app
from entrypoints.api.auth import Anonymous
from entrypoints.api.feed import Feed
from entrypoints.api.measured import Measured
from entrypoints.api.read_side import ReadSide
from tests.integration.api.depots import PLAYED


class RememberedRequests:
    """What was asked."""

    def __init__(self) -> None:
        self.answers: Counter[tuple[str, str | None, int]] = Counter()
        self.streams = 0
        self.traces: list[tuple[str, str | None, Shown | None]] = []

    def answered(self, method: str, route: str | None, status: int, seconds: float) -> None:
        assert seconds >= 0
        self.answers[method, route, status] += 1

    def traced(
        self, method: str, route: str, status: int, seconds: float, *, traceparent: str | None, shown: Shown | None
    ) -> None:
        self.traces.append((route, traceparent, shown))

    @contextmanager
    def stream(self) -> Iterator[None]:
        self.streams += 1
        yield
        self.streams -= 1


def asking(read_side: ReadSide, requests: RememberedRequests) -> httpx.AsyncClient:
    app = create_app(read_side, Feed(read_side.stored_events), Anonymous(), requests=requests)
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8080")


async def test_requests_are_counted_by_route_and_status_and_never_by_id(read_side: ReadSide) -> None:
    requests = RememberedRequests()
    async with asking(read_side, requests) as client:
        for path in (f"/v1/microgrids/{PLAYED}", "/v1/microgrids/nobody", "/v1/microgrids?limit=0", "/nowhere"):
            await client.get(path)
    assert requests.answers == {
        ("GET", "/v1/microgrids/{microgrid_id}", 200): 1,
        ("GET", "/v1/microgrids/{microgrid_id}", 404): 1,
        ("GET", "/v1/microgrids", 422): 1,
        ("GET", None, 404): 1,
    }


async def test_a_stream_counts_when_it_begins_and_is_open_until_it_ends() -> None:
    requests, seen = RememberedRequests(), []

    async def streaming(scope: Scope, receive: Receive, send: Send) -> None:
        headers = [(b"content-type", b"text/event-stream; charset=utf-8")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        seen.append((requests.streams, requests.answers.total()))
        await send({"type": "http.response.body", "body": b""})

    async with httpx.AsyncClient(transport=httpx.ASGITransport(Measured(streaming, requests))) as client:
        await client.get("http://127.0.0.1/stream")
    assert seen == [(1, 1)]
    assert (requests.streams, requests.answers.total()) == (0, 1)


async def test_a_request_that_fails_counts_as_an_error_of_ours() -> None:
    requests = RememberedRequests()

    async def failing(scope: Scope, receive: Receive, send: Send) -> None:
        raise ZeroDivisionError

    async with httpx.AsyncClient(transport=httpx.ASGITransport(Measured(failing, requests))) as client:
        with pytest.raises(ZeroDivisionError):
            await client.get("http://127.0.0.1/")
    assert requests.answers == {("GET", None, 500): 1}


def test_what_was_asked_is_found_among_the_metrics() -> None:
    metrics = PrometheusMetrics()
    measured = MeasuredRequests(meter_provider(metrics.reader), NoOpTracerProvider())
    measured.answered("GET", "/v1/microgrids", 200, 0.003)
    with measured.stream():
        text = metrics.text().decode()
    assert 'http_route="/v1/microgrids"' in text
    assert "http_server_request_duration_seconds_count" in text
    assert "busbar_open_streams" in text


async def test_a_request_is_traced_with_its_caller_and_the_event_that_it_knows(read_side: ReadSide) -> None:
    requests, caller = RememberedRequests(), f"00-{'a' * 32}-{'b' * 16}-01"
    async with asking(read_side, requests) as client:
        for path in (f"/v1/microgrids/{PLAYED}", "/v1/microgrids/nobody", "/health/live", "/"):
            await client.get(path, headers={"traceparent": caller})
    (_, first_caller, shown), (_, _, nothing) = requests.traces
    assert (first_caller, nothing) == (caller, None)
    assert shown is not None
    newest = await read_side.stored_events.newest(PLAYED)
    assert (shown.microgrid_id, shown.event_seq, shown.traceparent) == (PLAYED, newest.event_seq, newest.traceparent)


def test_a_span_of_a_request_is_in_the_trace_of_its_caller_and_linked_to_that_of_the_event() -> None:
    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    requests = MeasuredRequests(meter_provider(), provider)
    shown = Shown("depot", 41, f"00-{'c' * 32}-{'d' * 16}-01")
    caller = f"00-{'a' * 32}-{'b' * 16}-01"
    requests.traced("GET", "/v1/microgrids/{microgrid_id}", 503, 0.25, traceparent=caller, shown=shown)
    requests.traced("GET", "/v1/microgrids", 200, 0.25, traceparent=None, shown=None)

    first, second = exporter.get_finished_spans()
    assert (first.name, first.kind, first.status.is_ok) == (
        "GET /v1/microgrids/{microgrid_id}",
        SpanKind.SERVER,
        False,
    )
    assert first.parent is not None
    assert (f"{first.context.trace_id:x}", f"{first.parent.span_id:x}") == ("a" * 32, "b" * 16)
    assert [(f"{link.context.trace_id:x}", f"{link.context.span_id:x}") for link in first.links] == [
        ("c" * 32, "d" * 16)
    ]
    assert first.attributes is not None
    assert (first.attributes["busbar.microgrid.id"], first.attributes["busbar.event.seq"]) == ("depot", 41)
    assert first.start_time is not None
    assert first.end_time is not None
    assert first.end_time - first.start_time == 250_000_000
    assert (second.parent, second.links, second.status.is_ok) == (None, (), True)
