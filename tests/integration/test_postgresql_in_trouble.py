"""Decisions on a PostgreSQL that is locked, full or out of connections: nothing twice, and by itself again."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event, select, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool

from adapters.clock import VirtualClock
from adapters.database import engine as engines
from adapters.database import schema
from adapters.database.engine import answers, create_engine
from adapters.database.outbox import SqlPendingEvents
from adapters.database.ownership import SqlOwnership
from adapters.database.packing import pack
from adapters.database.tables import microgrid_state
from adapters.database.unit_of_work import SqlTransactions
from adapters.memory.bus import MemoryBus
from adapters.messages import registry
from application.cycles import Cycles, run
from application.decisions import Decisions
from application.mailbox import Mailbox
from application.owned_partitions import OwnedPartitions
from application.ports.bus import Partition
from application.ports.observing import Stage
from application.ports.persistence import StorageUnavailable
from application.relay import Relay
from domain.microgrid import Microgrid, MicrogridState
from tests.builders import EIGHT, a_site
from tests.fakes.observation import RememberedCounts

EVENTS = "busbar.events"
PARTITION = frozenset({Partition("busbar.telemetry", 0)})


class Deciding:
    """A worker's memory and its cycles on a database, and what they ask of it."""

    def __init__(self, engine: AsyncEngine) -> None:
        self.engine = engine
        self.clock = VirtualClock(EIGHT)
        self.counts = RememberedCounts()
        self.bus = MemoryBus({EVENTS: 1})
        self.mailbox = Mailbox(self.clock)
        transactions = SqlTransactions(engine, registry.write, self.clock)
        self.relay = Relay(SqlPendingEvents(engine), self.bus.publisher(EVENTS), self.clock, self.counts)
        self.owned = OwnedPartitions(
            SqlOwnership(engine),
            transactions,
            self.mailbox,
            self.relay,
            lambda _: 0,
            self.clock,
            self.counts,
        )
        self.transactions = transactions
        decisions = Decisions(transactions, self.relay)
        self.cycles = Cycles(self.mailbox, self.owned, decisions, run, self.counts, self.clock)

    async def provide(self, depots: int) -> None:
        """So many depots, stored and taken over."""
        (epoch,) = await SqlOwnership(self.engine).claim([0])
        async with self.transactions.begin(epoch) as transaction:
            names = [f"depot-{number}" for number in range(depots)]
            sites = [a_site(name, chargers=1, connectors=1) for name in names]
            await transaction.microgrids.save(
                *(Microgrid(name, site, MicrogridState()) for name, site in zip(names, sites, strict=True))
            )
            await transaction.commit()
        await self.owned.assigned(PARTITION)

    async def refresh(self) -> None:
        """Decide all that is due 40 s later."""
        self.clock.advance(self.clock.now() + timedelta(seconds=40))
        while await self.cycles.turn():
            pass

    async def stored(self) -> list[tuple[int, int]]:
        """The version and the cycles of every depot."""
        async with self.engine.connect() as connection:
            rows = await connection.execute(
                text("SELECT version, cycle_seq FROM microgrid_state ORDER BY microgrid_id")
            )
            return [(row.version, row.cycle_seq) for row in rows]


@pytest.fixture
async def deciding(engine: AsyncEngine) -> Deciding:
    """Five depots that were decided once."""
    deciding = Deciding(engine)
    await deciding.provide(5)
    await deciding.cycles.turn()
    assert await deciding.stored() == [(2, 1)] * 5
    return deciding


async def test_what_is_due_together_takes_a_handful_of_statements(engine: AsyncEngine) -> None:
    """And what was published before is marked among them."""
    deciding = Deciding(engine)
    await deciding.provide(64)
    await deciding.cycles.turn()
    while await deciding.relay.turn():
        pass
    statements: list[str] = []
    event.listen(engine.sync_engine, "before_cursor_execute", lambda *args: statements.append(args[2]))

    await deciding.refresh()
    while await deciding.relay.turn():
        pass

    assert [statement.split()[0] for statement in statements] == ["SELECT", "UPDATE", "INSERT", "UPDATE"]
    assert await deciding.stored() == [(3, 2)] * 64
    pending = await SqlPendingEvents(engine).pending([f"depot-{number}" for number in range(64)], 1000)
    assert [event.event_seq for event in pending] == [2] * 64, "the first were marked, these will be"


async def test_a_version_that_does_not_match_holds_up_nobody_else(deciding: Deciding) -> None:
    async with deciding.engine.begin() as connection:
        await connection.execute(text("UPDATE microgrid_state SET version = 7 WHERE microgrid_id = 'depot-3'"))

    await deciding.refresh()

    assert await deciding.stored() == [(3, 2), (3, 2), (3, 2), (8, 2), (3, 2)]
    assert deciding.counts.failures == []


async def test_a_database_out_of_connections_is_away_and_comes_back(deciding: Deciding, postgresql_url: str) -> None:
    await deciding.engine.dispose()
    greedy = create_async_engine(postgresql_url, poolclass=NullPool)
    async with AsyncExitStack() as taken:
        with suppress(DBAPIError):
            while True:
                await taken.enter_async_context(greedy.connect())
        with pytest.raises(StorageUnavailable):
            await deciding.refresh()
        with pytest.raises(StorageUnavailable):
            await SqlPendingEvents(deciding.engine).pending(["depot-0"], 1)
        assert not await answers(deciding.engine)
        with pytest.raises(schema.UnreachableDatabase):
            await schema.is_newest(postgresql_url)
    await anew(deciding)


async def test_a_full_disk_commits_nothing_and_all_goes_on_once_there_is_room(deciding: Deciding) -> None:
    async with deciding.engine.begin() as connection:
        for statement in (
            """CREATE FUNCTION fill() RETURNS trigger LANGUAGE plpgsql AS $$
                BEGIN RAISE EXCEPTION 'No space left on device' USING ERRCODE = 'disk_full'; END $$""",
            "CREATE TRIGGER full_disk BEFORE INSERT ON outbox EXECUTE FUNCTION fill()",
        ):
            await connection.execute(text(statement))
    with pytest.raises(StorageUnavailable):
        await deciding.refresh()
    assert await deciding.stored() == [(2, 1)] * 5

    async with deciding.engine.begin() as connection:
        await connection.execute(text("DROP TRIGGER full_disk ON outbox"))
    await anew(deciding)


async def test_tables_that_are_locked_are_waited_for_by_who_joins_and_by_who_decides(
    deciding: Deciding, postgresql_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await deciding.engine.dispose()
    monkeypatch.setitem(engines.POSTGRESQL_ARGUMENTS["connect_args"]["server_settings"], "lock_timeout", "100")
    locking = create_engine(postgresql_url)
    async with locking.begin() as connection:
        await connection.execute(text("LOCK TABLE alembic_version, microgrid_state, outbox, partition_epochs"))
        with pytest.raises(schema.UnreachableDatabase):
            await schema.is_newest(postgresql_url)
        patient = create_engine(postgresql_url)
        with pytest.raises(StorageUnavailable):
            await SqlOwnership(patient).claim([0])
        await patient.dispose()
    await locking.dispose()
    assert await schema.is_newest(postgresql_url)
    await anew(deciding)


async def anew(before: Deciding) -> None:
    """Another worker goes on: each depot is decided once more, what was told is told once, and in order."""
    worker = Deciding(before.engine)
    worker.clock.advance(before.clock.now())
    await worker.owned.assigned(PARTITION)
    await worker.refresh()
    assert {cycle_seq for _, cycle_seq in await worker.stored()} == {2}
    pending = await SqlPendingEvents(before.engine).pending([f"depot-{number}" for number in range(5)], 1000)
    assert [event.event_seq for event in pending] == [1, 2] * 5


@pytest.mark.parametrize(
    "values",
    [
        {"schema_number": 99},
        *({"data": pack(text)} for text in (b"{}", b'{"memory": {}}', b'"cut of"', b'{"memory": {')),
        *({"data": stored} for stored in (b"", b"{}", pack(b'{"memory": {}}')[:-3])),
    ],
)
async def test_a_state_that_cannot_be_read_parks_its_depot_alone_and_says_so(
    deciding: Deciding, values: dict[str, Any]
) -> None:
    async with deciding.engine.begin() as connection:
        here = microgrid_state.c.microgrid_id == "depot-3"
        kept = (await connection.execute(select(microgrid_state).where(here))).mappings().one()
        await connection.execute(microgrid_state.update().where(here).values(values))
    worker = Deciding(deciding.engine)
    worker.clock.advance(deciding.clock.now())
    await worker.owned.assigned(PARTITION)

    await worker.refresh()

    assert worker.counts.failures == [(Stage.TAKE_OVER, "depot-3", "UnreadableState 1")]
    assert worker.owned.is_unread("depot-3")
    assert [cycle_seq for _, cycle_seq in await worker.stored()] == [2, 2, 2, 1, 2]

    async with deciding.engine.begin() as connection:
        await connection.execute(microgrid_state.update().where(here).values(kept))
    assert await worker.owned.read_again() == ["depot-3"]
    await worker.refresh()
    assert [cycle_seq for _, cycle_seq in await worker.stored()] == [3, 3, 3, 2, 3]


@asynccontextmanager
async def a_link(to: URL, passes: asyncio.Event) -> AsyncIterator[int]:
    """The port of a link to a server that swallows whatever it is sent while it does not let it pass."""

    async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65_536):
            if passes.is_set():
                writer.write(data)

    async def join(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        from_server, to_server = await asyncio.open_connection(to.host, to.port)
        await asyncio.gather(carry(reader, to_server), carry(from_server, writer), return_exceptions=True)
        writer.close()
        to_server.close()

    server = await asyncio.start_server(join, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


@pytest.mark.slow
async def test_a_server_behind_a_dead_link_is_given_up_after_a_while(postgresql_url: str) -> None:
    """Nobody closes a link that died: only the client can know, by its patience."""
    passes, url = asyncio.Event(), make_url(postgresql_url)
    passes.set()
    async with a_link(url, passes) as port:
        engine = create_engine(url.set(host="127.0.0.1", port=port).render_as_string(hide_password=False))
        async with asyncio.timeout(60):
            connection = await engine.connect()
            await connection.execute(text("SELECT 1"))
            passes.clear()
            with pytest.raises((DBAPIError, TimeoutError)):
                await connection.execute(text("SELECT 1"))
            await connection.invalidate()
        passes.set()
        async with engine.connect() as again:
            assert await again.scalar(text("SELECT 1")) == 1
        await engine.dispose()
