"""What holds for PostgreSQL alone: who waits for whom, who is thrown out, and what a crash of the server leaves."""

import asyncio
import signal
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.clock import VirtualClock
from adapters.database.engine import create_engine
from adapters.database.migrations import upgrade
from adapters.database.outbox import SqlPendingEvents
from adapters.database.ownership import SqlOwnership
from adapters.database.read_model import SqlReadModelTransactions
from adapters.database.unit_of_work import SqlTransactions
from application.ports.bus import Message
from application.ports.ownership import Epoch, Fenced
from application.ports.persistence import ConcurrentChange, StorageUnavailable
from domain.events import DomainEvent
from domain.microgrid import Microgrid
from domain.site.site import Site
from tests.builders import EIGHT, EPOCH, a_cycle_completed, a_cycle_row, a_microgrid, a_site
from tests.integration.deciding import decide_until_killed, kill
from tests.services.postgresql import PostgresqlProcess, a_process

PATIENCE_S = 30


def encode(event: DomainEvent, **_: str | None) -> Message:
    return Message(event.microgrid_id, (("ce_type", b"busbar.cycle.completed.v1"),), b"x")


@pytest.fixture
async def transactions(engine: AsyncEngine) -> SqlTransactions:
    """With a microgrid stored, and its partition owned under EPOCH."""
    assert await SqlOwnership(engine).claim([EPOCH.partition]) == [EPOCH]
    transactions = SqlTransactions(engine, encode, VirtualClock(EIGHT))
    await store(transactions, a_microgrid())
    return transactions


async def store(transactions: SqlTransactions, microgrid: Microgrid, epoch: Epoch = EPOCH) -> None:
    async with transactions.begin(epoch) as unit_of_work:
        await unit_of_work.microgrids.save(microgrid)
        await unit_of_work.commit()


async def read(transactions: SqlTransactions, epoch: Epoch = EPOCH) -> Microgrid:
    async with transactions.begin(epoch) as unit_of_work:
        microgrid = await unit_of_work.microgrids.get("depot")
        assert microgrid
        return microgrid


async def decide(transactions: SqlTransactions, epoch: Epoch = EPOCH) -> int:
    """One cycle, from reading to commit; returns its `event_seq`."""
    async with transactions.begin(epoch) as unit_of_work:
        microgrid = await unit_of_work.microgrids.get("depot")
        assert microgrid
        seq = microgrid.state.event_seq + 1
        state = replace(microgrid.state, event_seq=seq, cycle_seq=seq)
        await unit_of_work.microgrids.save(replace(microgrid, state=state))
        unit_of_work.outbox.append([a_cycle_completed(event_seq=seq)], None, None)
        await unit_of_work.commit()
    return seq


async def committed_events(engine: AsyncEngine) -> list[int]:
    return [event.event_seq for event in await SqlPendingEvents(engine).pending(["depot"], 10_000)]


async def test_every_connection_has_its_time_outs(engine: AsyncEngine) -> None:
    async with engine.connect() as connection:
        settings = [
            (await connection.exec_driver_sql(f"SHOW {name}")).scalar_one()
            for name in ("idle_in_transaction_session_timeout", "lock_timeout", "statement_timeout")
        ]
    assert settings == ["5s", "8s", "10s"]


@pytest.mark.parametrize("version", [0, 1], ids=["provisioned", "decided"])
async def test_of_two_transactions_that_race_for_a_microgrid_one_has_to_start_over(
    transactions: SqlTransactions, version: int
) -> None:
    microgrid = a_microgrid("another" if version == 0 else "depot", version=version)
    async with asyncio.timeout(PATIENCE_S), transactions.begin(EPOCH) as first, transactions.begin(EPOCH) as second:
        await first.microgrids.save(microgrid)
        waiting = asyncio.create_task(second.microgrids.save(microgrid))
        done, _ = await asyncio.wait([waiting], timeout=0.1)
        assert not done, "the second waits for what becomes of the first"
        await first.commit()
        with pytest.raises(ConcurrentChange):
            await waiting


async def test_a_race_that_the_first_gives_up_is_won_by_the_second(transactions: SqlTransactions) -> None:
    microgrid = a_microgrid(version=1)
    async with asyncio.timeout(PATIENCE_S), transactions.begin(EPOCH) as second:
        async with transactions.begin(EPOCH) as first:
            await first.microgrids.save(microgrid)
            waiting = asyncio.create_task(second.microgrids.save(microgrid))
            await asyncio.wait([waiting], timeout=0.1)
        await waiting
        await second.commit()

    assert (await read(transactions)).version == 2


async def test_microgrids_of_one_partition_do_not_wait_for_each_other(transactions: SqlTransactions) -> None:
    async with asyncio.timeout(PATIENCE_S), transactions.begin(EPOCH) as first, transactions.begin(EPOCH) as second:
        await first.microgrids.save(a_microgrid("north"))
        await second.microgrids.save(a_microgrid("south"))
        await second.commit()
        await first.commit()


async def test_a_worker_that_stopped_inside_a_cycle_is_thrown_out_and_holds_up_nobody_for_long(
    postgresql_url: str, engine: AsyncEngine, transactions: SqlTransactions
) -> None:
    stopped = decide_until_killed(postgresql_url, "--stop-before-commit")
    try:
        assert stopped.stdout
        assert await asyncio.to_thread(stopped.stdout.readline) == "everything but the commit\n"
        stopped.send_signal(signal.SIGSTOP)

        async with asyncio.timeout(8):
            (newer,) = await SqlOwnership(engine).claim([EPOCH.partition])
            assert await decide(transactions, newer) == 1
    finally:
        kill(stopped)


async def test_a_worker_that_wakes_after_its_partition_was_claimed_decides_nothing_more(
    postgresql_url: str, engine: AsyncEngine, transactions: SqlTransactions
) -> None:
    paused = decide_until_killed(postgresql_url)
    try:
        assert paused.stdout
        for _ in range(3):
            await asyncio.to_thread(paused.stdout.readline)
        paused.send_signal(signal.SIGSTOP)
        async with asyncio.timeout(8):
            (newer,) = await SqlOwnership(engine).claim([EPOCH.partition])
        decided = await decide(transactions, newer)

        paused.send_signal(signal.SIGCONT)
        _, complaint = await asyncio.to_thread(paused.communicate, None, PATIENCE_S)

        assert paused.returncode != 0
        # Or the server threw it out of its transaction, which the driver says in one of several ways.
        assert "Fenced" in complaint or "sqlalchemy.dialects.postgresql.asyncpg" in complaint, complaint
        assert (await read(transactions, newer)).state.event_seq == decided
        assert await committed_events(engine) == list(range(1, decided + 1))
    finally:
        kill(paused)


async def test_a_claim_waits_for_the_cycle_that_is_being_decided_and_the_next_one_is_fenced(
    engine: AsyncEngine, transactions: SqlTransactions
) -> None:
    async def until_fenced() -> int:
        decided = 0
        while True:
            try:
                decided = await decide(transactions)
            except Fenced:
                return decided

    overtaken = asyncio.create_task(until_fenced())
    await asyncio.sleep(0.2)
    (newer,) = await SqlOwnership(engine).claim([EPOCH.partition])
    found = (await read(transactions, newer)).state.event_seq

    async with asyncio.timeout(PATIENCE_S):
        assert await overtaken == found > 0


async def test_pruning_waits_for_nobody(engine: AsyncEngine) -> None:
    read_model = SqlReadModelTransactions(engine)
    async with read_model.begin() as changes:
        for seq in (1, 2):
            await changes.put_cycles([a_cycle_row(replace(a_cycle_completed("depot", seq, seq), decided_at=EIGHT))])
        await changes.commit()

    async with asyncio.timeout(PATIENCE_S), read_model.begin() as one, read_model.begin() as another:
        assert await one.prune_cycles(EIGHT + timedelta(hours=1)) == 2
        assert await another.prune_cycles(EIGHT + timedelta(hours=1)) == 0


@pytest.fixture
def process() -> Iterator[PostgresqlProcess]:
    """A server of the test's own that keeps what it has committed."""
    with a_process() as process:
        yield process


async def test_a_crash_of_the_server_loses_no_committed_cycle_and_the_engine_recovers_by_itself(
    process: PostgresqlProcess,
) -> None:
    url = process.url.set(drivername="postgresql+asyncpg").render_as_string()
    await upgrade(url)
    engine = create_engine(url)
    transactions = SqlTransactions(engine, encode, VirtualClock(EIGHT))
    await SqlOwnership(engine).claim([EPOCH.partition])
    await store(transactions, a_microgrid())

    said = 0
    for cycles in (1, 7, 20):
        enough = asyncio.Event()
        deciding = asyncio.create_task(decide_while_it_lasts(transactions, said + cycles, enough))
        await enough.wait()
        await asyncio.to_thread(process.crash)
        said = max(said, await deciding)
        await asyncio.to_thread(process.start)

        assert await asyncio.wait_for(decide(transactions), PATIENCE_S) in (said + 1, said + 2)
        events = await committed_events(engine)
        assert events == list(range(1, len(events) + 1))
        assert (await read(transactions)).state.event_seq == len(events)
        said = len(events)
    await engine.dispose()


async def decide_while_it_lasts(transactions: SqlTransactions, many: int, enough: asyncio.Event) -> int:
    """The last cycle whose commit was acknowledged; says when there are so many."""
    decided = 0
    while True:
        try:
            decided = await decide(transactions)
            if decided >= many:
                enough.set()
        except StorageUnavailable:
            return decided


@pytest.mark.parametrize("refused", [{"name": "a\0b"}, {"version": 2**70}], ids=["by the server", "by the driver"])
async def test_a_value_that_is_refused_is_no_sign_that_the_database_is_away(
    transactions: SqlTransactions, refused: dict[str, Any]
) -> None:
    site = a_site("strange")
    strange = Microgrid("strange", Site.of(replace(site.configuration, **refused)))
    with pytest.raises(DBAPIError):
        await store(transactions, strange)
    assert await decide(transactions) == 1


async def test_a_connection_that_is_cut_off_is_a_database_that_is_away(
    transactions: SqlTransactions, engine: AsyncEngine
) -> None:
    async def be_cut_off() -> None:
        async with transactions.begin(EPOCH) as unit_of_work:
            async with engine.connect() as other:
                others = "datname = current_database() AND pid <> pg_backend_pid()"
                await other.execute(text(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {others}"))
            await unit_of_work.microgrids.get("depot")

    with pytest.raises(StorageUnavailable):
        await be_cut_off()
    assert await decide(transactions) == 1
