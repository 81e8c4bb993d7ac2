"""Three depots as the read side knows them, in memory and on SQLite: one played, one of a workspace, one undecided."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any, TypeAlias

from adapters.clock import VirtualClock
from adapters.database.engine import create_engine
from adapters.database.ownership import SqlOwnership
from adapters.database.read_model import SqlReadModel, SqlReadModelTransactions
from adapters.database.stored_events import SqlStoredEvents
from adapters.database.unit_of_work import SqlTransactions
from adapters.messages import registry
from adapters.messages.events import fact_of
from adapters.simulation.faults.scripts import FAULTS
from adapters.simulation.scenarios import SCENARIOS
from application.ports.bus import Message, PublishedEvent
from application.ports.clock import Clock
from application.ports.read_side import ReadModelTransactions, StoredEvent
from application.projections.breaches import BREACHES
from application.projections.cycles import CYCLES
from application.projections.node_history import NODE_HISTORY
from application.projections.projector import apply, gathering
from application.projections.status import STATUS
from domain.events import DomainEvent
from domain.microgrid import Microgrid
from entrypoints.api.read_side import ReadSide
from entrypoints.container import Container
from entrypoints.demo.in_one_process import open_demo
from tests.builders import EIGHT, EPOCH, a_configuration, a_cycle_completed, a_site
from tests.databases import sqlite_url
from tests.fakes.persistence import (
    InMemoryDatabase,
    InMemoryReadModel,
    InMemoryReadModelTransactions,
    InMemoryStoredEvents,
    OutboxRow,
)
from tests.unit.application.projections.test_breaches import CLEARED, OPENED
from tests.unit.application.read_side import published

_GETS_LESS = {"limited", "below_minimum", "awaiting_decrease"}


def held_back(setpoint: Mapping[str, Any]) -> bool:
    """Whether a setpoint as the API shows it holds its vehicle back: it wants more and takes what it may (HTTP-3)."""
    if setpoint["reason"] not in _GETS_LESS or setpoint["measured_w"] is None or not setpoint["limit_w"]:
        return setpoint["reason"] in _GETS_LESS
    told_w = [each for each in (setpoint["limit_w"], setpoint["previous_limit_w"]) if each is not None]
    least_w = 0.9 * min(told_w) * setpoint["factor"] / 1000
    return setpoint["status"] == "SuspendedEVSE" or bool(setpoint["measured_w"] >= least_w)


PLAYED = "joondalup-small"
NORTH = "north-depot"
"""Of the workspace `north`."""

UNDECIDED = "another"
MICROGRIDS = (UNDECIDED, PLAYED, NORTH)

CYCLES_OF_NORTH = 59
METRICS = b"# TYPE busbar_cycles_total counter\nbusbar_cycles_total 3.0\n"

Opened: TypeAlias = AbstractAsyncContextManager[ReadSide]


@dataclass(frozen=True, slots=True)
class Depots:
    """The SQLite database, all its events by microgrid, and when simulated time stood still."""

    url: str
    events: dict[str, Sequence[StoredEvent]]
    now: datetime


def fill(folder: Path) -> Depots:
    """Play until a charger that ignores its setpoint makes a breach, after five minutes, and add the other depots."""
    return asyncio.run(_filled(sqlite_url(folder / "depots.sqlite3")))


async def _filled(url: str) -> Depots:
    container = Container(
        database_url=url,
        scenario=SCENARIOS[PLAYED],
        seed=1,
        fault=FAULTS["ignores-setpoint"],
    )
    async with open_demo(container) as demo:
        while not demo.summary()["breaches"]:
            await demo.tick()
        now = demo.now
    engine = create_engine(url)
    await add(url, _undecided(), VirtualClock(now))
    await add(url, _of_north(), VirtualClock(now))
    stored = SqlStoredEvents(engine)
    events = {microgrid_id: await stored.after(microgrid_id, 0, 10_000) for microgrid_id in MICROGRIDS}
    await engine.dispose()
    return Depots(url, events, now)


async def add(url: str, events: Sequence[DomainEvent], clock: Clock) -> None:
    """Decide these events, publish and project them."""
    engine = create_engine(url)
    (epoch,) = await SqlOwnership(engine).claim([EPOCH.partition])
    async with SqlTransactions(engine, registry.write, clock).begin(epoch) as unit_of_work:
        unit_of_work.outbox.append(events, None, None)
        await unit_of_work.commit()
    await project([published(event) for event in events], SqlReadModelTransactions(engine))
    await engine.dispose()


async def project(events: Sequence[PublishedEvent], transactions: ReadModelTransactions) -> None:
    """Let every projection take them in."""
    async with transactions.begin() as changes:
        gathered = await gathering(events, changes)
        for event in events:
            apply(event, fact_of, (STATUS, CYCLES, BREACHES, NODE_HISTORY), gathered)
        await gathered.write(changes)
        await changes.commit()


def _undecided() -> Sequence[DomainEvent]:
    return _configured(UNDECIDED, None)


def _of_north() -> Sequence[DomainEvent]:
    site = a_site(NORTH, workspace_id="north")
    cycles = [a_cycle_completed(NORTH, seq + 2, seq, site) for seq in range(1, CYCLES_OF_NORTH + 1)]
    last = CYCLES_OF_NORTH + 2
    return (
        *_configured(NORTH, "north"),
        *cycles,
        replace(OPENED, microgrid_id=NORTH, event_seq=last + 1),
        replace(CLEARED, microgrid_id=NORTH, event_seq=last + 2),
        replace(OPENED, microgrid_id=NORTH, event_seq=last + 3, breach_id="b-2"),
        replace(OPENED, microgrid_id=NORTH, event_seq=last + 4, breach_id="b-3", node_id="f-1"),
    )


def _configured(microgrid_id: str, workspace_id: str | None) -> Sequence[DomainEvent]:
    return Microgrid(microgrid_id).configure(a_configuration(microgrid_id, workspace_id=workspace_id), EIGHT).events


@asynccontextmanager
async def on_sqlite(depots: Depots) -> AsyncIterator[ReadSide]:
    engine = create_engine(depots.url)
    yield ReadSide(
        SqlReadModel(engine), SqlStoredEvents(engine), VirtualClock(depots.now), lambda: METRICS, lambda: True
    )
    await engine.dispose()


@asynccontextmanager
async def in_memory(depots: Depots) -> AsyncIterator[ReadSide]:
    database = InMemoryDatabase()
    for microgrid_id, events in depots.events.items():
        await project([_read(microgrid_id, event) for event in events], InMemoryReadModelTransactions(database))
        database.tables.outbox |= {
            (microgrid_id, event.event_seq): OutboxRow(_message(microgrid_id, event), depots.now) for event in events
        }
    yield ReadSide(
        InMemoryReadModel(database),
        InMemoryStoredEvents(database),
        VirtualClock(depots.now),
        lambda: METRICS,
        lambda: True,
    )


def _read(microgrid_id: str, event: StoredEvent) -> PublishedEvent:
    body = registry.read("busbar.events", _message(microgrid_id, event))
    assert isinstance(body, PublishedEvent)
    return body


def _message(microgrid_id: str, event: StoredEvent) -> Message:
    headers = (("ce_type", event.type.encode()), ("content-type", b"application/json"))
    return Message(microgrid_id, headers, event.data)


ADAPTERS: dict[str, Callable[[Depots], Opened]] = {"memory": in_memory, "sqlite": on_sqlite}
