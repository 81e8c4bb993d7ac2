"""What holds for SQLite alone: how it is opened, who waits for whom, and what a crash leaves."""

import asyncio
import json
import sqlite3
import threading
from collections.abc import AsyncIterator
from contextlib import closing
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import aiosqlite
import pytest
from sqlalchemy import Text, cast, event, select
from sqlalchemy.engine import make_url
from sqlalchemy.exc import IntegrityError, StatementError
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.clock import VirtualClock
from adapters.database.engine import READ_ONLY, UnusableDatabase, create_engine, reading
from adapters.database.outbox import SqlPendingEvents
from adapters.database.ownership import SqlOwnership
from adapters.database.packing import pack
from adapters.database.read_model import SqlReadModel, SqlReadModelTransactions
from adapters.database.tables import connectors, cycles, microgrid_state, microgrid_status, microgrids
from adapters.database.unit_of_work import SqlTransactions
from application.ports.bus import Message
from application.ports.persistence import StorageUnavailable
from application.queries.rows import StatusRow
from domain.events import DomainEvent
from tests.builders import EIGHT, EPOCH, a_configuration, a_cycle_completed, a_cycle_row, a_microgrid, a_site
from tests.databases import new_sqlite
from tests.integration.deciding import decide_until_killed, kill
from tests.unit.adapters.database.test_stored_state import OF_SCHEMA_2


def encode(event: DomainEvent, **_: str | None) -> Message:
    return Message(event.microgrid_id, (("ce_type", b"busbar.cycle.completed.v1"),), b"x" * 40_000)


@pytest.fixture
def url(tmp_path: Path) -> str:
    return new_sqlite(tmp_path)


@pytest.fixture
async def engine(url: str) -> AsyncIterator[AsyncEngine]:
    engine = create_engine(url)
    yield engine
    await engine.dispose()


@pytest.fixture
async def transactions(engine: AsyncEngine) -> SqlTransactions:
    assert await SqlOwnership(engine).claim([EPOCH.partition]) == [EPOCH]
    return SqlTransactions(engine, encode, VirtualClock(EIGHT))


def is_locked(url: str) -> bool:
    """Whether somebody holds the write lock now."""
    with closing(sqlite3.connect(make_url(url).database or "", timeout=0, isolation_level=None)) as connection:
        try:
            connection.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as error:
            return "locked" in str(error)
        return False


@pytest.mark.parametrize("unusable", ["sqlite+aiosqlite://", "sqlite+aiosqlite:///:memory:", "sqlite:///file"])
def test_a_database_that_connections_cannot_share_is_refused(unusable: str) -> None:
    with pytest.raises(UnusableDatabase, match="cannot be used"):
        create_engine(unusable)


async def test_a_file_that_cannot_be_opened_leaves_no_thread_behind(tmp_path: Path) -> None:
    engine = create_engine(f"sqlite+aiosqlite:///{tmp_path}/nowhere/busbar.sqlite3")
    before = threading.enumerate()
    with pytest.raises(StorageUnavailable, match="unable to open database file"):
        async with reading(engine):
            pass
    assert threading.enumerate() == before


async def test_every_connection_is_opened_alike(engine: AsyncEngine) -> None:
    async with engine.execution_options(**READ_ONLY).connect() as one, engine.connect() as another:
        for connection in (one, another):
            settings = [
                (await connection.exec_driver_sql(f"PRAGMA {name}")).scalar_one()
                for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
            ]
            assert settings == ["wal", 1, 1, 10_000]


async def test_a_unit_of_work_holds_the_write_lock_from_its_beginning(url: str, transactions: SqlTransactions) -> None:
    async with transactions.begin(EPOCH) as unit_of_work:
        assert is_locked(url)
        await unit_of_work.commit()
        assert not is_locked(url)
    async with transactions.begin(EPOCH):
        assert is_locked(url)
    assert not is_locked(url)


async def test_a_projection_holds_the_write_lock_from_its_beginning(url: str, engine: AsyncEngine) -> None:
    async with SqlReadModelTransactions(engine).begin():
        assert is_locked(url)


async def test_a_query_is_one_way_to_the_driver(engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    read_model, ways = SqlReadModel(engine), 0
    await read_model.glances()
    of_the_driver = aiosqlite.Connection._execute

    async def counted(*arguments: Any) -> Any:
        nonlocal ways
        ways += 1
        return await of_the_driver(*arguments)  # type: ignore[no-untyped-call]

    monkeypatch.setattr(aiosqlite.Connection, "_execute", counted)
    await read_model.glances()
    assert ways == 1


async def test_who_gives_up_waiting_for_the_write_lock_does_not_get_it_later(url: str, engine: AsyncEngine) -> None:
    async def write() -> None:
        async with engine.begin():
            raise AssertionError("somebody else has the lock")

    async with engine.connect():
        pass
    with closing(sqlite3.connect(make_url(url).database or "", isolation_level=None)) as another:
        another.execute("BEGIN IMMEDIATE")
        writing = asyncio.create_task(write())
        await asyncio.sleep(0.2)
        writing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await writing
        another.rollback()
    async with engine.begin() as connection:
        assert (await connection.execute(select(1))).scalar_one() == 1
    assert not is_locked(url)


async def test_readers_take_no_write_lock(url: str, engine: AsyncEngine) -> None:
    async with engine.execution_options(**READ_ONLY).connect() as connection:
        await connection.execute(select(microgrids))
        assert connection.in_transaction()
        assert not is_locked(url)


async def test_readers_do_not_wait_for_a_writer(engine: AsyncEngine, transactions: SqlTransactions) -> None:
    async with transactions.begin(EPOCH) as unit_of_work, asyncio.timeout(5):
        await unit_of_work.microgrids.save(a_microgrid())
        unit_of_work.outbox.append([a_cycle_completed()], None, None)

        assert await SqlPendingEvents(engine).pending(["depot"], 10) == []
        assert await SqlReadModel(engine).statuses() == []


async def test_a_second_writer_waits_for_the_first(transactions: SqlTransactions) -> None:
    async def provision(microgrid_id: str) -> None:
        async with transactions.begin(EPOCH) as unit_of_work:
            await unit_of_work.microgrids.save(a_microgrid(microgrid_id))
            await unit_of_work.commit()

    async with transactions.begin(EPOCH) as unit_of_work:
        second = asyncio.create_task(provision("second"))
        await asyncio.sleep(0.05)
        assert not second.done()
        await unit_of_work.microgrids.save(a_microgrid("first"))
        await unit_of_work.commit()
    await second

    async with transactions.begin(EPOCH) as unit_of_work:
        assert await unit_of_work.microgrids.get("first")
        assert await unit_of_work.microgrids.get("second")


async def test_cycles_touch_no_site_rows_and_are_read_from_nowhere(
    engine: AsyncEngine, transactions: SqlTransactions
) -> None:
    depots = [a_microgrid(name) for name in ("north", "south")]
    async with transactions.begin(EPOCH) as unit_of_work:
        await unit_of_work.microgrids.save(*depots)
        await unit_of_work.commit()

    statements: list[str] = []
    event.listen(engine.sync_engine, "before_cursor_execute", lambda *args: statements.append(args[2]))
    async with transactions.begin(EPOCH) as unit_of_work:
        await unit_of_work.microgrids.save_states(*(replace(depot, version=1) for depot in depots))
        for depot in depots:
            unit_of_work.outbox.append([a_cycle_completed(depot.microgrid_id)], None, None)
        await unit_of_work.commit()

    assert [statement.split()[0] for statement in statements] == ["BEGIN", "SELECT", "UPDATE", "INSERT"]


async def test_a_state_of_a_schema_to_come_is_refused(engine: AsyncEngine, transactions: SqlTransactions) -> None:
    async with transactions.begin(EPOCH) as unit_of_work:
        await unit_of_work.microgrids.save(a_microgrid())
        await unit_of_work.commit()
    async with engine.begin() as connection:
        await connection.execute(microgrid_state.update().values(schema_number=99))

    async with transactions.begin(EPOCH) as unit_of_work:
        with pytest.raises(ValueError, match="schema 99"):
            await unit_of_work.microgrids.get("depot")


async def test_a_state_of_the_schema_before_is_read(engine: AsyncEngine, transactions: SqlTransactions) -> None:
    async with transactions.begin(EPOCH) as unit_of_work:
        await unit_of_work.microgrids.save(a_microgrid())
        await unit_of_work.commit()
    async with engine.begin() as connection:
        await connection.execute(
            microgrid_state.update().values(schema_number=2, data=pack(json.dumps(OF_SCHEMA_2).encode()))
        )

    async with transactions.begin(EPOCH) as unit_of_work:
        read = await unit_of_work.microgrids.get("depot")
    assert read is not None
    assert read.state.memory.ledger.keys() == OF_SCHEMA_2["memory"]["ledger"].keys()


async def test_events_are_stored_packed_and_those_of_the_release_before_are_read_as_they_are(
    engine: AsyncEngine, transactions: SqlTransactions
) -> None:
    async with transactions.begin(EPOCH) as unit_of_work:
        (event,) = unit_of_work.outbox.append([a_cycle_completed()], None, None)
        await unit_of_work.commit()
    value = event.message.value or b""
    async with engine.begin() as connection:
        (stored,) = (await connection.exec_driver_sql("SELECT value FROM outbox")).one()
        assert len(stored) < len(value)
        await connection.exec_driver_sql(
            "INSERT INTO outbox SELECT microgrid_id, 2, ce_type, created_at, NULL, headers, ? FROM outbox", (value,)
        )

    pending = await SqlPendingEvents(engine).pending(["depot"], 10)
    assert [each.message.value for each in pending] == [value, value]


async def test_an_instant_is_stored_in_utc(engine: AsyncEngine) -> None:
    perth = EIGHT.astimezone(timezone(timedelta(hours=8)))
    async with SqlReadModelTransactions(engine).begin() as changes:
        await changes.put_cycles([a_cycle_row(replace(a_cycle_completed(), decided_at=perth))])
        await changes.commit()

    async with engine.connect() as connection:
        stored = (await connection.exec_driver_sql("SELECT decided_at FROM cycles")).scalar_one()
        read = (await connection.execute(select(cycles.c.decided_at))).scalar_one()
    assert stored == "2026-11-22 08:00:00.000000"
    assert read.isoformat() == "2026-11-22T08:00:00+00:00"


async def test_a_cycle_is_stored_byte_for_byte_as_it_was_announced(engine: AsyncEngine) -> None:
    row = a_cycle_row(a_cycle_completed())
    content = '{"of_a_newer_release": 1, ' + row.content[1:]
    async with SqlReadModelTransactions(engine).begin() as changes:
        await changes.put_statuses([StatusRow(a_configuration(), (), ())])
        await changes.put_cycles([replace(row, content=content)])
        await changes.put_news([replace(row, content=content)], {})
        await changes.commit()

    for column in (cycles.c.data, microgrid_status.c.latest_cycle):
        async with engine.connect() as connection:
            (stored,) = (await connection.execute(select(cast(column, Text)))).scalars().all()
        assert stored == content
    assert await SqlReadModel(engine).cycle("depot", 1) == row.cycle


async def test_an_instant_without_a_zone_is_refused(engine: AsyncEngine) -> None:
    naive = datetime(2026, 11, 22, 8)  # noqa: DTZ001
    async with SqlReadModelTransactions(engine).begin() as changes:
        with pytest.raises(StatementError, match="no time zone"):
            await changes.put_cycles([a_cycle_row(replace(a_cycle_completed(), decided_at=naive))])


async def test_a_connector_needs_its_charge_point(engine: AsyncEngine) -> None:
    orphan = {"microgrid_id": "depot", "charge_point_id": "cp-1", "connector_id": 1, "position": 0}
    watts = {"max_power_w": 1, "min_power_w": 0, "idle_power_w": 0}
    async with engine.connect() as connection:
        with pytest.raises(IntegrityError, match="FOREIGN KEY"):
            await connection.execute(connectors.insert(), [orphan | watts])


async def test_a_strategy_that_does_not_exist_cannot_be_stored(
    engine: AsyncEngine, transactions: SqlTransactions
) -> None:
    async with transactions.begin(EPOCH) as unit_of_work:
        await unit_of_work.microgrids.save(a_microgrid())
        await unit_of_work.commit()

    async with engine.connect() as connection:
        with pytest.raises(IntegrityError, match="ck_microgrids_strategy_order"):
            await connection.execute(microgrids.update().values(strategy_order="alphabetical"))


async def test_a_crash_inside_a_transaction_leaves_nothing_of_it(url: str, transactions: SqlTransactions) -> None:
    async with transactions.begin(EPOCH) as unit_of_work:
        await unit_of_work.microgrids.save(a_microgrid())
        await unit_of_work.commit()
    process = decide_until_killed(url, "--stop-before-commit")
    assert process.stdout
    assert await asyncio.to_thread(process.stdout.readline) == "everything but the commit\n"
    assert is_locked(url)

    kill(process)

    async with transactions.begin(EPOCH) as unit_of_work:
        assert await unit_of_work.microgrids.get("depot") == a_microgrid(version=1)


@pytest.mark.parametrize("committed", [1, 3, 7])
async def test_a_crash_at_any_time_leaves_whole_cycles_and_no_gap(
    url: str, engine: AsyncEngine, transactions: SqlTransactions, committed: int
) -> None:
    async with transactions.begin(EPOCH) as unit_of_work:
        await unit_of_work.microgrids.save(a_microgrid())
        await unit_of_work.commit()
    process = decide_until_killed(url)
    assert process.stdout
    for _ in range(committed):
        said = int(await asyncio.to_thread(process.stdout.readline))
    kill(process)

    async with transactions.begin(EPOCH) as unit_of_work:
        microgrid = await unit_of_work.microgrids.get("depot")
    events = await SqlPendingEvents(engine).pending(["depot"], 1000)

    assert microgrid
    assert microgrid.state.event_seq >= said == committed
    assert microgrid == replace(
        microgrid,
        version=microgrid.state.event_seq + 1,
        site=a_site(version=microgrid.state.event_seq + 1, chargers=microgrid.state.event_seq + 1),
    )
    assert [event.event_seq for event in events] == list(range(1, microgrid.state.event_seq + 1))
