"""What a flood meets: bounds on connections, on the time to ask, on streams; and the end of a stream with its token."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path

import httpx
import pytest

from entrypoints.api.auth import AccessTokens
from entrypoints.api.server import Connections
from tests.databases import new_sqlite
from tests.integration.api.issuer import CLIENT, SCOPE, Issuer, an_issuer
from tests.integration.api.test_stream import PATIENCE_S, Depot, Served

HALF = b"GET /health/live HTTP/1.1\r\nHost: 127.0.0.1\r\n"


@pytest.fixture
def url(tmp_path: Path) -> str:
    return new_sqlite(tmp_path)


@pytest.fixture
async def depot(url: str) -> Depot:
    depot = Depot(url)
    await depot.provision(workspace_id="north")
    return depot


class Line:
    """A connection on which bytes are sent as they are."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def send(self, data: bytes) -> None:
        self._writer.write(data)
        with suppress(ConnectionError):
            await self._writer.drain()

    async def head(self) -> bytes:
        """The first line of an answer; nothing where the connection is closed."""
        async with asyncio.timeout(PATIENCE_S):
            try:
                return await self._reader.readline()
            except ConnectionError:
                return b""

    async def is_closed_within(self, seconds: float) -> bool:
        """Whether it ends, whatever comes before."""
        with suppress(TimeoutError, ConnectionError):
            async with asyncio.timeout(seconds):
                await self._reader.read()
                return True
            return False
        return True

    def close(self) -> None:
        self._writer.close()


@asynccontextmanager
async def connected(served: Served) -> AsyncIterator[Line]:
    line = Line(*await asyncio.open_connection("127.0.0.1", served.port))
    yield line
    line.close()


def bearing(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


async def is_alive(served: Served) -> int:
    async with httpx.AsyncClient(timeout=PATIENCE_S) as client:
        return (await client.get(f"http://127.0.0.1:{served.port}/health/live")).status_code


async def test_whoever_asks_is_answered_though_half_open_requests_take_every_connection(depot: Depot) -> None:
    """Holds HTTP-21."""
    async with depot.served(connections=Connections(most=20)) as served, AsyncExitStack() as stack:
        for _ in range(60):
            await (await stack.enter_async_context(connected(served))).send(HALF)
        assert await is_alive(served) == 200
        assert len(served.connections.open) <= 20


async def test_where_every_connection_is_being_answered_one_more_is_a_503_or_closed(depot: Depot) -> None:
    """Holds HTTP-21."""
    async with depot.served(connections=Connections(most=3)) as served, AsyncExitStack() as stack:
        for _ in range(3):
            await stack.enter_async_context(served.reading())
        line = await stack.enter_async_context(connected(served))
        assert await line.head() in (b"HTTP/1.1 503 Service Unavailable\r\n", b"")
        assert await line.is_closed_within(PATIENCE_S)
    # Those who followed have left, and there is room again.
    async with depot.served(connections=served.connections) as again:
        assert await is_alive(again) == 200


@pytest.mark.parametrize(
    "beginning",
    [b"", HALF, b"POST /health/live HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1000\r\n\r\n"],
    ids=["nothing", "half a head", "half a body"],
)
async def test_a_request_has_to_be_sent_in_time(depot: Depot, beginning: bytes) -> None:
    """Holds HTTP-21."""
    async with depot.served(connections=Connections(head_s=0.5)) as served, connected(served) as line:
        await line.send(beginning)
        closed = asyncio.create_task(line.is_closed_within(PATIENCE_S))
        began = time.monotonic()
        while not closed.done():
            await line.send(b"X" if b"POST" in beginning else b"x: y\r\n" if beginning else b"")
            await asyncio.sleep(0.1)
        assert await closed
        assert time.monotonic() - began < PATIENCE_S / 2


async def test_what_is_asked_in_time_is_answered_for_as_long_as_it_takes(depot: Depot) -> None:
    async with depot.served(connections=Connections(head_s=0.3)) as served, served.reading() as reader:
        await asyncio.sleep(1)
        await depot.decide(1)
        assert await reader.ids(1) == [3]


async def test_a_caller_follows_so_many_streams_and_no_more(depot: Depot) -> None:
    """Holds HTTP-21."""
    async with depot.served(streams=2) as served, served.reading() as reader:
        async with served.reading(), httpx.AsyncClient() as client:
            refused = await client.get(f"http://127.0.0.1:{served.port}/v1/microgrids/depot/stream")
            assert refused.status_code == 503
            assert refused.headers["content-type"] == "application/problem+json"
            assert json.loads(refused.content)["status"] == 503
        await depot.decide(1)
        assert await reader.ids(1) == [3]
        async with asyncio.timeout(PATIENCE_S):
            while len(served.connections.open) > 1:  # noqa: ASYNC110  nothing tells
                await asyncio.sleep(0.02)
        async with served.reading() as another:
            await depot.decide(1)
            assert await another.ids(1) == [4]


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    with an_issuer() as issuer:
        yield issuer


def tokens_of(issuer: Issuer) -> AccessTokens:
    return AccessTokens(issuer.url, (CLIENT,), SCOPE)


async def test_a_stream_ends_when_its_token_does(depot: Depot, issuer: Issuer) -> None:
    """Holds HTTP-21."""
    ends_at = int(time.time()) + 3
    async with depot.served(access=tokens_of(issuer)) as served:
        async with served.reading(headers=bearing(issuer.token(exp=ends_at))) as reader:
            await depot.decide(1)
            assert await reader.ids(1) == [3]
            assert await reader.ends()
        assert ends_at <= time.time() < ends_at + PATIENCE_S / 2


async def test_streams_are_counted_by_the_caller_a_token_names(depot: Depot, issuer: Issuer) -> None:
    """Holds HTTP-21."""
    async with depot.served(access=tokens_of(issuer), streams=1) as served, AsyncExitStack() as stack:
        await stack.enter_async_context(served.reading(headers=bearing(issuer.token(sub="first"))))
        await stack.enter_async_context(served.reading(headers=bearing(issuer.token(sub="second"))))
        client = await stack.enter_async_context(httpx.AsyncClient())
        address = f"http://127.0.0.1:{served.port}/v1/microgrids/depot/stream"
        assert (await client.get(address, headers=bearing(issuer.token(sub="first")))).status_code == 503


async def test_a_stream_of_another_workspace_s_microgrid_is_none(depot: Depot, issuer: Issuer) -> None:
    """Holds HTTP-14."""
    async with depot.served(access=tokens_of(issuer)) as served, httpx.AsyncClient() as client:
        address = f"http://127.0.0.1:{served.port}/v1/microgrids/depot/stream"
        for workspace_id in ("south", None):
            headers = bearing(issuer.token(workspace_id=workspace_id))
            assert (await client.get(address, headers=headers)).status_code == 404
