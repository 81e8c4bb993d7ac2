"""Streams over real connections: resuming, resets, comments, readers that stop reading, and the end of the service."""

import asyncio
import json
import socket
import tracemalloc
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from adapters.clock import VirtualClock
from adapters.database.engine import create_engine
from adapters.database.outbox import SqlPendingEvents
from adapters.database.read_model import SqlReadModel
from adapters.database.stored_events import SqlStoredEvents
from application.ports.persistence import StorageUnavailable
from application.ports.read_side import NewestEvent, StoredEvents
from domain.events import CycleCompleted, DomainEvent
from domain.microgrid import Microgrid
from entrypoints.api import feed as feed_module
from entrypoints.api import stream as stream_module
from entrypoints.api.app import create_app
from entrypoints.api.auth import Access, Anonymous
from entrypoints.api.feed import Feed
from entrypoints.api.read_side import ReadSide
from entrypoints.api.server import Connections, listen, serving
from tests.builders import EIGHT, a_configuration, a_cycle_completed, a_site
from tests.databases import new_sqlite
from tests.integration.api.depots import METRICS, add

CYCLE = "busbar.cycle.completed.v1"
PATIENCE_S = 20
SMALL = 16_384
"""Bytes that the system keeps for a connection on either side, so that a few events fill it."""


@dataclass(frozen=True, slots=True)
class Event:
    """What a reader gets of an event."""

    id: int
    type: str
    data: dict[str, Any]


class Depot:
    """A depot in a database of its own, in which something happens when it is told to."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.clock = VirtualClock(EIGHT)
        self._engine = create_engine(url)
        self._event_seq = 2
        self._site = a_site(chargers=20)

    async def provision(self, workspace_id: str | None = None) -> None:
        configuration = a_configuration(chargers=20, workspace_id=workspace_id)
        await add(self.url, Microgrid("depot").configure(configuration, EIGHT).events, self.clock)

    async def decide(self, cycles: int = 1) -> None:
        """So many cycles, published and projected."""
        await add(self.url, [self._next() for _ in range(cycles)], self.clock)

    def _next(self) -> DomainEvent:
        self._event_seq += 1
        decided: CycleCompleted = a_cycle_completed("depot", self._event_seq, self._event_seq - 2, self._site)
        return replace(decided, decided_at=EIGHT)

    async def forget(self) -> None:
        """All that was published so far."""
        pending = SqlPendingEvents(self._engine)
        await pending.mark_published(await pending.pending(["depot"], 10_000), EIGHT)
        await pending.prune(EIGHT + timedelta(seconds=1))

    @asynccontextmanager
    async def served(
        self,
        events: StoredEvents | None = None,
        *,
        access: Access | None = None,
        connections: Connections | None = None,
        streams: int = 20,
    ) -> AsyncIterator["Served"]:
        """The API over this database, on a port of its own."""
        engine = create_engine(self.url)
        stored = events or SqlStoredEvents(engine)
        read_side = ReadSide(SqlReadModel(engine), stored, self.clock, lambda: METRICS, lambda: True)
        feed, connections = Feed(stored), connections or Connections()
        listener = listen("127.0.0.1", 0, 0)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SMALL)
        app = create_app(
            read_side, feed, access or Anonymous(), connections.abort, hosts=None if access else (), streams=streams
        )
        async with serving(app, connections, listener, 2):
            yield Served(listener.getsockname()[1], connections)
            feed.close()
        await engine.dispose()


@dataclass(frozen=True, slots=True)
class Served:
    """Where the API is found, and who is connected to it."""

    port: int
    connections: Connections

    @asynccontextmanager
    async def reading(
        self, last_event_id: str | None = None, headers: Mapping[str, str] | None = None, query: str = ""
    ) -> AsyncIterator["Reader"]:
        """Somebody who follows the depot."""
        headers = dict(headers or {}) | ({} if last_event_id is None else {"Last-Event-ID": last_event_id})
        url = f"http://127.0.0.1:{self.port}/v1/microgrids/depot/stream{query}"
        async with (
            httpx.AsyncClient(timeout=PATIENCE_S) as client,
            client.stream("GET", url, headers=headers) as response,
        ):
            assert response.status_code == 200
            assert response.headers["content-type"] == "text/event-stream; charset=utf-8"
            reader = Reader(response)
            assert await reader.part() == ":"  # it listens from now on
            yield reader

    async def without_clients(self) -> None:
        async with asyncio.timeout(PATIENCE_S):
            while self.connections.open:  # noqa: ASYNC110  nothing tells
                await asyncio.sleep(0.02)


class Reader:
    """Reads a stream as the browser does."""

    def __init__(self, response: httpx.Response) -> None:
        self._lines = response.aiter_lines()

    async def part(self) -> str:
        """What comes before the next empty line."""
        lines = []
        while line := await anext(self._lines):
            lines.append(line)
        return "\n".join(lines)

    async def event(self) -> Event:
        """The next event, comments left out."""
        while (part := await self.part()).startswith(":"):
            pass
        fields = dict(line.split(": ", 1) for line in part.split("\n"))
        return Event(int(fields["id"]), fields["event"], json.loads(fields["data"]))

    async def ids(self, number: int) -> list[int]:
        async with asyncio.timeout(PATIENCE_S):
            return [(await self.event()).id for _ in range(number)]

    async def ends(self) -> bool:
        """Whether nothing but the end comes."""
        async with asyncio.timeout(PATIENCE_S):
            return [line async for line in self._lines if line not in ("", ":")] == []


@pytest.fixture
def url(tmp_path: Path) -> str:
    return new_sqlite(tmp_path)


@pytest.fixture
async def depot(url: str) -> Depot:
    depot = Depot(url)
    await depot.provision()
    return depot


async def test_an_event_comes_with_its_number_its_type_and_its_data(depot: Depot) -> None:
    """Holds HTTP-7."""
    async with depot.served() as served, served.reading() as reader:
        await depot.decide()
        event = await reader.event()
    assert (event.id, event.type) == (3, CYCLE)
    assert list(event.data)[:3] == ["microgrid_id", "event_seq", "cycle_seq"]
    assert len(event.data["setpoints"]) == 40


async def test_a_reader_that_wants_no_data_is_told_all_the_same_what_happened_and_when_to_begin_anew(
    depot: Depot,
) -> None:
    """Holds HTTP-7."""
    async with depot.served() as served:
        async with served.reading(query="?data=false") as reader:
            await depot.decide()
            assert await reader.event() == Event(3, CYCLE, {})
        async with served.reading("banana", query="?data=false") as reader:
            assert await reader.event() == Event(3, "reset", {})


async def test_without_a_last_event_id_a_stream_begins_with_what_comes_next(depot: Depot) -> None:
    await depot.decide(5)
    async with depot.served() as served, served.reading() as reader:
        await depot.decide(2)
        assert await reader.ids(2) == [8, 9]


async def test_every_reader_gets_every_later_event_once(depot: Depot) -> None:
    """Holds HTTP-7."""
    await depot.decide(100)
    async with depot.served() as served, served.reading("0") as first, served.reading("57") as second:
        await depot.decide(30)
        assert await first.ids(132) == list(range(1, 133))
        async with served.reading("102") as third:
            assert await third.ids(30) == list(range(103, 133))
            await depot.decide(1)
            assert await third.ids(1) == [133]
        assert await second.ids(76) == list(range(58, 134))


async def test_a_reader_resumes_where_it_was_when_the_service_comes_back(depot: Depot) -> None:
    async with depot.served() as served, served.reading() as reader:
        await depot.decide(3)
        last, *_ = reversed(await reader.ids(3))
    await depot.decide(4)
    async with depot.served() as served, served.reading(str(last)) as reader:
        await depot.decide(2)
        assert await reader.ids(6) == list(range(6, 12))


@pytest.mark.parametrize("unusable", ["first", "-1", "1.5", "99", "0x3", "9" * 40])
async def test_a_last_event_id_that_cannot_be_used_is_answered_with_a_reset(depot: Depot, unusable: str) -> None:
    """Holds HTTP-7."""
    await depot.decide(3)
    async with depot.served() as served, served.reading(unusable) as reader:
        assert await reader.event() == Event(5, "reset", {"microgrid_id": "depot", "event_seq": 5})
        await depot.decide(2)
        assert await reader.ids(2) == [6, 7]


async def test_an_id_beyond_retention_is_answered_with_a_reset_and_the_last_one_is_not(depot: Depot) -> None:
    """Holds HTTP-7."""
    await depot.decide(3)
    await depot.forget()
    async with depot.served() as served, served.reading("4") as late, served.reading("5") as in_time:
        assert (await late.event()).type == "reset"
        await depot.decide(2)
        assert await late.ids(2) == [6, 7]
        assert await in_time.ids(2) == [6, 7]
        async with served.reading("3") as later:
            assert (await later.event()) == Event(7, "reset", {"microgrid_id": "depot", "event_seq": 7})


async def test_a_comment_comes_now_and_then(depot: Depot, monkeypatch: pytest.MonkeyPatch) -> None:
    """Holds HTTP-7."""
    assert feed_module.COMMENT_EVERY_S == 15
    monkeypatch.setattr(feed_module, "COMMENT_EVERY_S", 0.1)
    async with depot.served() as served, served.reading() as reader:
        assert [await reader.part() for _ in range(3)] == [":"] * 3


async def test_a_reader_that_stops_reading_is_dropped_and_holds_up_nobody(
    depot: Depot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream_module, "TAKEN_WITHIN_S", 0.5)
    await depot.decide(60)
    async with depot.served() as served:
        with socket.socket() as stalled:
            stalled.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SMALL)
            stalled.connect(("127.0.0.1", served.port))
            stalled.sendall(b"GET /v1/microgrids/depot/stream HTTP/1.1\r\nHost: localhost\r\nLast-Event-ID: 0\r\n\r\n")
            async with served.reading("62") as reader:
                await depot.decide(1)
                assert await reader.ids(1) == [63]
            await served.without_clients()


async def test_a_reader_that_stops_reading_holds_no_more_events_however_many_come(
    depot: Depot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream_module, "TAKEN_WITHIN_S", 600.0)
    tracemalloc.start()
    try:
        async with depot.served() as served:
            with socket.socket() as stalled:
                stalled.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SMALL)
                stalled.connect(("127.0.0.1", served.port))
                stalled.sendall(
                    b"GET /v1/microgrids/depot/stream HTTP/1.1\r\nHost: localhost\r\nLast-Event-ID: 0\r\n\r\n"
                )
                async with served.reading() as reader:
                    for first in range(3, 123, 20):
                        await depot.decide(20)
                        assert await reader.ids(20) == list(range(first, first + 20))
                    assert len(served.connections.open) == 2
                    kept = encoded_events()
    finally:
        tracemalloc.stop()
    # Those that are kept for all listeners, and a page in the hands of each of the two.
    assert len(kept) <= feed_module.RECENT + 2 * feed_module.PAGE


def encoded_events() -> list[int]:
    """The sizes of the events that are in memory as they are sent: what was made in the feed and is large."""
    made = tracemalloc.take_snapshot().filter_traces([tracemalloc.Filter(True, feed_module.__file__)])
    return [trace.size for trace in made.traces if trace.size > 4_096]


async def test_streams_that_are_open_end_with_the_service(depot: Depot) -> None:
    loop = asyncio.get_running_loop()
    async with depot.served() as served:
        readers = [served.reading() for _ in range(5)]
        entered = [await each.__aenter__() for each in readers]
        began = loop.time()
    took_s = loop.time() - began
    assert took_s < 2
    assert [await reader.ends() for reader in entered] == [True] * 5
    for each in readers:
        await each.__aexit__(None, None, None)


async def test_a_reader_that_leaves_is_forgotten(depot: Depot) -> None:
    async with depot.served() as served:
        async with served.reading(), served.reading("0"):
            assert served.connections.open
        await served.without_clients()


class ForAWhileAway:
    """Stored events behind a database that comes and goes."""

    def __init__(self, events: StoredEvents) -> None:
        self._events = events
        self.is_away = False

    async def newest(self, microgrid_id: str) -> NewestEvent:
        self._complain()
        return await self._events.newest(microgrid_id)

    async def after(self, microgrid_id: str, event_seq: int, limit: int) -> Any:
        self._complain()
        return await self._events.after(microgrid_id, event_seq, limit)

    def _complain(self) -> None:
        if self.is_away:
            raise StorageUnavailable("gone")


async def test_a_stream_goes_on_when_the_database_was_away(depot: Depot) -> None:
    engine = create_engine(depot.url)
    events = ForAWhileAway(SqlStoredEvents(engine))
    async with depot.served(events) as served, served.reading() as reader:
        events.is_away = True
        await depot.decide(2)
        await asyncio.sleep(3 * feed_module.LOOKED_EVERY_S)
        events.is_away = False
        assert await reader.ids(2) == [3, 4]
    await engine.dispose()


async def test_a_stream_that_missed_what_is_kept_no_longer_is_reset(depot: Depot) -> None:
    engine = create_engine(depot.url)
    events = ForAWhileAway(SqlStoredEvents(engine))
    async with depot.served(events) as served, served.reading() as reader:
        await depot.decide(1)
        assert await reader.ids(1) == [3]
        events.is_away = True
        await depot.decide(2)
        await depot.forget()
        await depot.decide(1)
        events.is_away = False
        assert (await reader.event()).type == "reset"
        await depot.decide(1)
        assert await reader.ids(1) == [7]
    await engine.dispose()
