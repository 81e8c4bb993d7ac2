"""The API over the read side of three depots."""

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator

import httpx
import pytest
from jsonschema_rs import Draft202012Validator

from entrypoints.api.app import create_app, new_app
from entrypoints.api.auth import Anonymous
from entrypoints.api.feed import Feed
from entrypoints.api.read_side import ReadSide
from entrypoints.api.server import Connections, listen, serving, url
from tests.integration.api.depots import ADAPTERS, Depots, fill, on_sqlite


@pytest.fixture(scope="session")
def depots(tmp_path_factory: pytest.TempPathFactory) -> Depots:
    return fill(tmp_path_factory.mktemp("depots"))


@pytest.fixture(params=ADAPTERS)
async def any_read_side(request: pytest.FixtureRequest, depots: Depots) -> AsyncIterator[ReadSide]:
    """The read side in memory and on SQLite."""
    async with ADAPTERS[request.param](depots) as read_side:
        yield read_side


@pytest.fixture
async def read_side(depots: Depots) -> AsyncIterator[ReadSide]:
    """The one on SQLite."""
    async with on_sqlite(depots) as read_side:
        yield read_side


def client_of(read_side: ReadSide) -> httpx.AsyncClient:
    """Whoever asks on this machine, without an issuer of tokens."""
    app = create_app(read_side, Feed(read_side.stored_events), Anonymous(), hosts=())
    return httpx.AsyncClient(
        transport=httpx.ASGITransport(app, raise_app_exceptions=False), base_url="http://127.0.0.1:8080"
    )


@pytest.fixture
async def api(any_read_side: ReadSide) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(any_read_side) as client:
        yield client


@pytest.fixture
async def client(read_side: ReadSide) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(read_side) as client:
        yield client


@pytest.fixture(scope="session")
def address(depots: Depots) -> Iterator[str]:
    """The API over SQLite, served in a thread. Its streams end at once."""
    listener = listen("127.0.0.1", 0, 0)
    stop = asyncio.Event()
    loop = asyncio.new_event_loop()

    async def serve() -> None:
        async with on_sqlite(depots) as read_side:
            feed = Feed(read_side.stored_events)
            feed.close()
            async with serving(create_app(read_side, feed, Anonymous()), Connections(), listener, 2):
                await stop.wait()

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),))
    thread.start()
    yield url(listener)
    loop.call_soon_threadsafe(stop.set)
    thread.join()
    loop.close()


class Shapes:
    """The shapes of the OpenAPI document."""

    def __init__(self) -> None:
        self._components = new_app().openapi()["components"]

    def faults(self, name: str, value: object) -> list[str]:
        """Why a value has not this shape."""
        schema = {"$ref": f"#/components/schemas/{name}", "components": self._components}
        validator = Draft202012Validator(schema, validate_formats=True)
        return [f"{'/'.join(map(str, each.instance_path))}: {each.message}" for each in validator.iter_errors(value)]


@pytest.fixture(scope="session")
def shapes() -> Shapes:
    return Shapes()
