"""What the API counts of itself."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest
from starlette.types import Receive, Scope, Send

from adapters.observability.prometheus import PrometheusMetrics
from adapters.observability.providers import meter_provider
from adapters.observability.requests import MeasuredRequests
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

    def answered(self, method: str, route: str | None, status: int, seconds: float) -> None:
        assert seconds >= 0
        self.answers[method, route, status] += 1

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
    measured = MeasuredRequests(meter_provider(metrics.reader))
    measured.answered("GET", "/v1/microgrids", 200, 0.003)
    with measured.stream():
        text = metrics.text().decode()
    assert 'http_route="/v1/microgrids"' in text
    assert "http_server_request_duration_seconds_count" in text
    assert "busbar_open_streams" in text
