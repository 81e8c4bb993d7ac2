"""Read models rebuilt from the events equal those that grew: every table, row for row (CLI-26)."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Table, select

from adapters.database.engine import create_engine
from adapters.database.migrations import upgrade
from adapters.database.read_model import SqlReadModelTransactions
from adapters.database.tables import (
    breaches,
    cycles,
    microgrid_status,
    node_history,
    outbox,
    projection_positions,
)
from adapters.messages import registry
from adapters.messages.events import fact_of
from adapters.simulation.faults.scripts import FAULTS
from adapters.simulation.scenarios import SCENARIOS
from application import event_types
from application.ports.bus import Message, PublishedEvent
from application.projections.projector import Projection
from application.projections.rebuild import Missing, Rebuild
from entrypoints.container import PROJECTIONS, Container
from entrypoints.demo.in_one_process import open_demo
from entrypoints.topics import EVENTS
from tests.databases import new_sqlite, sqlite_url
from tests.services.postgresql import PostgresqlServer

READ_MODEL = (projection_positions, microgrid_status, cycles, breaches, node_history)
MINUTES = 17
AT_ONCE = 50


async def live(url: str, fault: str) -> Sequence[PublishedEvent]:
    """What is published of a depot that something is wrong with for ten minutes. It leaves its read model at `url`."""
    container = Container(database_url=url, scenario=SCENARIOS["joondalup-small"], seed=1, fault=FAULTS[fault])
    async with open_demo(container) as demo:
        for _ in range(MINUTES * 60):
            await demo.tick()
    return await events_of(url)


async def events_of(url: str) -> Sequence[PublishedEvent]:
    """All that were ever published: the run is shorter than they are kept."""
    engine = create_engine(url)
    async with engine.connect() as connection:
        rows = (await connection.execute(select(outbox).order_by(outbox.c.microgrid_id, outbox.c.event_seq))).all()
    await engine.dispose()
    messages = [
        Message(row.microgrid_id, tuple((name, value.encode()) for name, value in row.headers), row.value)
        for row in rows
    ]
    events = [registry.read(EVENTS, message) for message in messages]
    published = [event for event in events if isinstance(event, PublishedEvent)]
    assert [event.event_seq for event in published] == list(range(1, len(rows) + 1))
    return published


async def rows(url: str) -> dict[str, list[tuple[Any, ...]]]:
    """Every table of the read model, by primary key."""
    engine = create_engine(url)
    async with engine.connect() as connection:
        found = {table.name: await _rows(connection, table) for table in READ_MODEL}
    await engine.dispose()
    return found


async def _rows(connection: Any, table: Table) -> list[tuple[Any, ...]]:
    statement = select(table).order_by(*table.primary_key)
    return [tuple(row) for row in (await connection.execute(statement)).all()]


async def rebuild(
    url: str, events: Sequence[PublishedEvent], projections: Sequence[Projection] = PROJECTIONS
) -> Sequence[Missing]:
    """Batch after batch, as `busbar rebuild` reads them off the bus."""
    engine = create_engine(url)
    again = Rebuild(SqlReadModelTransactions(engine), projections, fact_of)
    missing: list[Missing] = []
    for start in range(0, len(events), AT_ONCE):
        missing += await again.project(events[start : start + AT_ONCE])
    await engine.dispose()
    return missing


@pytest.fixture
def new_database(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[], str]:
    """Makes databases at the newest schema that hold nothing."""
    made: list[str] = []

    def on_sqlite() -> str:
        folder = tmp_path / str(len(made))
        folder.mkdir()
        made.append(new_sqlite(folder))
        return made[-1]

    if request.param == "sqlite":
        return on_sqlite
    server: PostgresqlServer = request.getfixturevalue("postgresql")

    def on_postgresql() -> str:
        database = server.new_database()
        url = database.__enter__()
        request.addfinalizer(lambda: database.__exit__(None, None, None))
        asyncio.run(upgrade(url))
        return url

    return on_postgresql


@pytest.mark.parametrize(
    ("new_database", "fault"),
    [("sqlite", "ignores-setpoint"), ("sqlite", "limit-below-minimums"), ("postgresql", "ignores-setpoint")],
    indirect=["new_database"],
)
def test_read_models_rebuilt_from_the_events_equal_the_live_ones(new_database: Callable[[], str], fault: str) -> None:
    grown, rebuilt = new_database(), new_database()
    events = asyncio.run(live(grown, fault))
    types = {event.type for event in events}
    assert {event_types.CONSTRAINT_BREACHED, event_types.CONSTRAINT_CLEARED} <= types or fault != "ignores-setpoint"
    configurations = sum(event.type == event_types.CONFIGURATION_APPLIED for event in events)
    assert configurations == (3 if fault == "limit-below-minimums" else 1)

    assert asyncio.run(rebuild(rebuilt, events)) == []

    expected = asyncio.run(rows(grown))
    assert all(expected.values()) or fault != "ignores-setpoint"
    assert asyncio.run(rows(rebuilt)) == expected
    assert asyncio.run(rebuild(grown, events)) == []
    assert asyncio.run(rows(grown)) == expected


def test_a_rebuild_follows_one_stream_after_the_other(tmp_path: Path) -> None:
    """A database was restored to where its 30th event was the newest, and a new stream begun there."""
    grown, rebuilt = new_sqlite(tmp_path), sqlite_url(tmp_path / "rebuilt.sqlite3")
    asyncio.run(upgrade(rebuilt))
    events = asyncio.run(live(grown, "ignores-setpoint"))
    after = [replace(event, stream="another") for event in events[30:]]

    assert asyncio.run(rebuild(rebuilt, [*events[:35], *after[:5], *events[33:40], *after])) == []

    expected = asyncio.run(rows(grown))
    positions = {(name, of, seq, "another") for name, of, seq, _ in expected.pop("projection_positions")}
    found = asyncio.run(rows(rebuilt))
    assert set(found.pop("projection_positions")) == positions
    assert found == expected


def test_a_rebuild_goes_on_behind_events_that_are_lost_and_names_them(tmp_path: Path) -> None:
    grown, rebuilt = new_sqlite(tmp_path), sqlite_url(tmp_path / "rebuilt.sqlite3")
    asyncio.run(upgrade(rebuilt))
    events = [event for event in asyncio.run(live(grown, "ignores-setpoint")) if event.event_seq not in (10, 11, 20)]

    missing = asyncio.run(rebuild(rebuilt, [*events[:22], *events[15:]]))

    assert missing == [Missing("joondalup-small", 10, 11), Missing("joondalup-small", 20, 20)]
    assert asyncio.run(rows(rebuilt))["projection_positions"] == asyncio.run(rows(grown))["projection_positions"]
