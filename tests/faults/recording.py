"""Records a history: an audit in the database while it is made, and everything on bus and database at its end."""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.database.engine import create_engine
from adapters.database.migrations import upgrade
from adapters.database.read_model import SqlReadModelTransactions
from adapters.database.tables import (
    breaches,
    cycles,
    microgrid_state,
    microgrid_status,
    node_history,
    outbox,
    projection_positions,
)
from adapters.kafka import reader
from adapters.kafka.connection import Connection
from adapters.kafka.rights import Use
from adapters.kafka.topics import require
from adapters.memory.partitioning import partition_of
from adapters.messages import registry
from adapters.messages.events import fact_of
from application.ports.bus import PublishedEvent
from application.projections.rebuild import Rebuild
from entrypoints.container import PROJECTIONS
from tests.e2e.stacks import PARTITIONS, Stack
from tests.faults import planted
from tests.faults.history import Commit, Event, History, Record, Rows, State

READ_MODEL = (projection_positions, microgrid_status, cycles, breaches, node_history)

AUDIT = (
    "CREATE TABLE lies_in (microgrid_id text PRIMARY KEY, partition integer NOT NULL)",
    """CREATE TABLE audit (
        number bigserial PRIMARY KEY, microgrid_id text, version bigint, epoch bigint, current_epoch bigint)""",
    """CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            INSERT INTO audit (microgrid_id, version, epoch, current_epoch)
            SELECT NEW.microgrid_id, NEW.version, NEW.epoch, partition_epochs.epoch
            FROM lies_in LEFT JOIN partition_epochs USING (partition) WHERE microgrid_id = NEW.microgrid_id;
            RETURN NULL;
        END $$""",
    # Deferred: it looks at the partition's epoch when the transaction commits, not when it wrote.
    """CREATE CONSTRAINT TRIGGER noted AFTER INSERT OR UPDATE ON microgrid_state
        DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION note()""",
    # What an outbox that is drained by a cursor needs; nobody else looks at it.
    "ALTER TABLE outbox ADD COLUMN number bigserial",
)


def audit(database_url: str, microgrids: Collection[str]) -> None:
    """From now on PostgreSQL notes under which epoch each version of these microgrids is committed."""

    async def install() -> None:
        engine = _patient(database_url)
        async with engine.begin() as connection:
            for statement in AUDIT:
                await connection.execute(text(statement))
        await engine.dispose()

    asyncio.run(install())
    watch(database_url, microgrids)


def _patient(database_url: str) -> AsyncEngine:
    """Without the time-outs of a process: beside a crowd, thousands of rows between two statements outlast them."""
    return create_engine(database_url, migrating=True)


def execute(database_url: str, statement: str, *rows: Mapping[str, Any]) -> None:
    """In one transaction, once or for each row."""

    async def run() -> None:
        engine = _patient(database_url)
        async with engine.begin() as connection:
            await connection.execute(text(statement), [*rows] or None)
        await engine.dispose()

    asyncio.run(run())


def watch(database_url: str, microgrids: Collection[str]) -> None:
    """Under which epoch each version of these is committed is noted too. To be called before there is any."""
    rows = ({"id": each, "partition": partition_of(each, PARTITIONS)} for each in microgrids)
    execute(database_url, "INSERT INTO lies_in VALUES (:id, :partition)", *rows)


def ask(database_url: str, question: str) -> Sequence[Any]:
    """The rows that answer it."""

    async def answer() -> Sequence[Any]:
        engine = _patient(database_url)
        try:
            async with engine.connect() as connection:
                return (await connection.execute(text(question))).all()
        finally:
            await engine.dispose()

    return asyncio.run(answer())


def all_read(stack: Stack) -> bool:
    """Whether the workers have acknowledged everything that was sent to them."""

    async def look() -> bool:
        connection = Connection(stack.bootstrap_servers)
        group = f"{stack.prefix}.worker"
        consumer = AIOKafkaConsumer(**connection.arguments(), group_id=group, enable_auto_commit=False)
        await consumer.start()
        try:
            every = [
                TopicPartition(f"{stack.prefix}.{topic}", number)
                for topic in ("configuration", "telemetry")
                for number in range(PARTITIONS)
            ]
            consumer.assign(every)
            ends = await consumer.end_offsets(every)
            return all([(await consumer.committed(each) or 0) >= end for each, end in ends.items()])
        finally:
            await consumer.stop()

    return asyncio.run(look())


def record(stack: Stack, folder: Path) -> History:
    """The history of a deployment that has come to rest. `folder` takes the database of the rebuilt read model."""
    return asyncio.run(_record(stack, folder))


async def _record(stack: Stack, folder: Path) -> History:
    events = await _topic(stack, "events")
    sent = [*await _topic(stack, "telemetry"), *await _topic(stack, "configuration")]
    engine = _patient(stack.database_url)
    async with engine.connect() as connection:
        committed = (await connection.execute(select(outbox).order_by(outbox.c.microgrid_id, outbox.c.event_seq))).all()
        states = (await connection.execute(select(microgrid_state))).all()
        commits = (await connection.execute(text("SELECT * FROM audit ORDER BY number"))).all()
    live = await _rows(engine)
    await engine.dispose()
    return History(
        [Event(each.message.key, each.message.headers, each.message.value or b"", each.position) for each in events],
        [
            Event(row.microgrid_id, tuple((name, value.encode()) for name, value in row.headers), row.value)
            for row in committed
        ],
        [Commit(row.microgrid_id, row.version, row.epoch, row.current_epoch) for row in commits],
        {row.microgrid_id: State(row.version, row.cycle_seq, row.event_seq) for row in states},
        await _topic(stack, "dead-letter"),
        [each for each in sent if planted.kind_of(each.message)],
        live,
        await _rebuilt(events, folder),
    )


async def _topic(stack: Stack, name: str) -> list[Record]:
    """All messages there are, by partition and offset."""
    connection, topic = Connection(stack.bootstrap_servers), f"{stack.prefix}.{name}"
    records: list[Record] = []
    partitions = await require(connection, Use([topic]))
    async with reader.reading(connection, topic, range(partitions), None) as reading:
        while not await reading.caught_up():
            records += [Record(position, message) for position, message in await reading.receive()]
    return sorted(records, key=lambda each: (each.position.partition, each.position.offset))


async def _rebuilt(events: Sequence[Record], folder: Path) -> Rows:
    url = f"sqlite+aiosqlite:///{folder / 'rebuilt.sqlite3'}"
    await upgrade(url)
    engine = create_engine(url)
    read = [registry.read("events", each.message) for each in events]
    published = [each for each in read if isinstance(each, PublishedEvent)]
    await Rebuild(SqlReadModelTransactions(engine), PROJECTIONS, fact_of).project(published)
    rows = await _rows(engine)
    await engine.dispose()
    return rows


async def _rows(engine: AsyncEngine) -> Rows:
    async with engine.connect() as connection:
        return {
            table.name: [
                dict(row)
                for row in (await connection.execute(select(table).order_by(*table.primary_key))).mappings().all()
            ]
            for table in READ_MODEL
        }


def versions(database_url: str) -> dict[str, int]:
    """By microgrid, how many versions were committed."""
    return {
        row.microgrid_id: row.version for row in ask(database_url, "SELECT microgrid_id, version FROM microgrid_state")
    }
