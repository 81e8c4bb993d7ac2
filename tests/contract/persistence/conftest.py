"""Every adapter of the persistence ports. Another database is another entry of `ADAPTERS`."""

from collections.abc import AsyncIterator, Callable, Collection
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from typing import Protocol, TypeAlias

import pytest

from adapters.clock import VirtualClock
from adapters.database.engine import create_engine
from adapters.database.notices import SqlWaitingNotices
from adapters.database.outbox import SqlPendingEvents
from adapters.database.ownership import SqlOwnership
from adapters.database.read_model import SqlReadModel, SqlReadModelTransactions
from adapters.database.stored_events import SqlStoredEvents
from adapters.database.streams import SqlStreams
from adapters.database.unit_of_work import SqlTransactions
from application.ports.bus import Message
from application.ports.notifying import WaitingNotices
from application.ports.ownership import Ownership
from application.ports.persistence import PendingEvents, Transactions
from application.ports.read_side import ReadModel, ReadModelTransactions, StoredEvents
from domain.events import DomainEvent
from tests.builders import EIGHT, EPOCH
from tests.databases import new_sqlite
from tests.fakes.persistence import (
    STREAM,
    InMemoryDatabase,
    InMemoryOwnership,
    InMemoryPendingEvents,
    InMemoryReadModel,
    InMemoryReadModelTransactions,
    InMemoryStoredEvents,
    InMemoryStreams,
    InMemoryTransactions,
    InMemoryWaitingNotices,
)


class Streams(Protocol):
    """The stream that a database leads."""

    async def current(self) -> str: ...

    async def begin(self, stream_id: str | None = None) -> str: ...


class PositionedReadModel(ReadModel, Protocol):
    """A read model that says how far projections have come."""

    async def projected(self, projections: Collection[str]) -> dict[str, int]: ...


@dataclass(frozen=True, slots=True)
class Persistence:
    """One database behind all persistence ports, used by two workers."""

    ownership: Ownership
    transactions: Transactions
    transactions_of_another_worker: Transactions
    pending_events: PendingEvents
    read_model_transactions: ReadModelTransactions
    read_model: PositionedReadModel
    stored_events: StoredEvents
    streams: Streams
    waiting_notices: WaitingNotices


Opened: TypeAlias = AbstractAsyncContextManager[Persistence]


def encode(event: DomainEvent, *, stream: str, traceparent: str | None, workspace_id: str | None) -> Message:
    """A message with what is easily lost: bytes that are no text, headers in an order, letters beyond ASCII."""
    headers = {
        "ce_type": f"busbar.{type(event).__name__}.v1",
        "ce_id": f"{event.microgrid_id}/{event.event_seq}",
        "ce_source": stream,
        "ce_workspaceid": workspace_id or "none",
        "traceparent": traceparent or "none",
        "a_note": "Málaga → Zürich",
    }
    value = b"\x00\xff\xfe" + f"{event.microgrid_id}/{event.event_seq}".encode() * 1000
    return Message(event.microgrid_id, tuple((name, text.encode()) for name, text in headers.items()), value)


def in_memory(_request: pytest.FixtureRequest) -> Opened:
    @asynccontextmanager
    async def opened() -> AsyncIterator[Persistence]:
        database, now = InMemoryDatabase(), VirtualClock(EIGHT).now
        yield Persistence(
            InMemoryOwnership(database),
            InMemoryTransactions(database, encode, now),
            InMemoryTransactions(database, encode, now),
            InMemoryPendingEvents(database),
            InMemoryReadModelTransactions(database),
            InMemoryReadModel(database),
            InMemoryStoredEvents(database),
            InMemoryStreams(database),
            InMemoryWaitingNotices(database),
        )

    return opened()


def on_sqlite(request: pytest.FixtureRequest) -> Opened:
    return _sql(new_sqlite(request.getfixturevalue("tmp_path")))


def on_postgresql(request: pytest.FixtureRequest) -> Opened:
    return _sql(request.getfixturevalue("postgresql_url"))


@asynccontextmanager
async def _sql(url: str) -> AsyncIterator[Persistence]:
    engine = create_engine(url)
    clock = VirtualClock(EIGHT)
    streams = SqlStreams(engine)
    await streams.begin(STREAM)
    yield Persistence(
        SqlOwnership(engine),
        SqlTransactions(engine, encode, clock),
        SqlTransactions(engine, encode, clock),
        SqlPendingEvents(engine),
        SqlReadModelTransactions(engine),
        SqlReadModel(engine),
        SqlStoredEvents(engine),
        streams,
        SqlWaitingNotices(engine),
    )
    await engine.dispose()


ADAPTERS: dict[str, Callable[[pytest.FixtureRequest], Opened]] = {
    "memory": in_memory,
    "sqlite": on_sqlite,
    "postgresql": on_postgresql,
}


@pytest.fixture(params=ADAPTERS)
def opened(request: pytest.FixtureRequest) -> Opened:
    """The adapter under test, ready but not yet entered: preparing one may need an event loop of its own."""
    return ADAPTERS[request.param](request)


@pytest.fixture
async def persistence(opened: Opened) -> AsyncIterator[Persistence]:
    """Where partition 0 is owned under EPOCH."""
    async with opened as entered:
        assert await entered.ownership.claim([EPOCH.partition]) == [EPOCH]
        yield entered
