"""Events in, read models out: rows and position together, each event once, nothing lost unnoticed."""

from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from adapters.messages import registry
from adapters.messages.events import fact_of
from application import event_types
from application.ports.bus import Inbound, Message, MessageSource, Position, PublishedEvent, Received, Unreadable
from application.ports.observing import Stage
from application.ports.persistence import StorageUnavailable
from application.ports.read_side import Reached, ReadModelTransactions
from application.projections.cycles import CYCLES
from application.projections.keeping import AS_A_RULE, PRUNED_EVERY
from application.projections.projector import BATCH, Projection, Projector
from application.projections.status import STATUS
from entrypoints.service.assignments import Unconcerned
from tests.builders import EIGHT, a_configuration, a_cycle_completed
from tests.fakes.bus import Lost
from tests.fakes.observation import HandedOnTraces, RememberedCounts
from tests.fakes.persistence import (
    STREAM,
    InMemoryDatabase,
    InMemoryReadModelChanges,
    InMemoryReadModelTransactions,
    Tables,
)
from tests.unit.application.read_side import published
from tests.unit.application.service import EVENTS, Service, a_message
from tests.unit.application.telemetry import a_charger_says, a_meter_says


class Stream:
    """A MessageSource of one partition with its stored position. A new reader begins there."""

    def __init__(self, *bodies: Inbound) -> None:
        self.bodies: list[Inbound] = list(bodies)
        self.acknowledged = 0
        self._next = 0

    async def receive(self, limit: int, without: Collection[str] = ()) -> Sequence[Received]:
        batch = self.bodies[self._next : self._next + limit]
        positions = [Position("events", 0, offset) for offset in range(self._next, self._next + len(batch))]
        self._next += len(batch)
        return [
            Received(position, Message(None, (), None), body) for position, body in zip(positions, batch, strict=True)
        ]

    async def acknowledge(self, positions: Sequence[Position]) -> None:
        self.acknowledged = max(position.offset for position in positions) + 1

    def begin_again(self) -> None:
        self._next = self.acknowledged


class StreamOfALostProcess(Stream):
    """The commit was the last thing it did."""

    async def acknowledge(self, positions: Sequence[Position]) -> None:
        raise Lost


class ChangesOfALostProcess(InMemoryReadModelChanges):
    """It did everything but the commit."""

    async def commit(self) -> None:
        raise Lost


class TransactionsOfALostProcess(InMemoryReadModelTransactions):
    """None of them commits."""

    def __init__(self, database: InMemoryDatabase) -> None:
        self._database_of_its_own = database
        super().__init__(database)

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[InMemoryReadModelChanges]:
        async with self._database_of_its_own.begin() as transaction:
            yield ChangesOfALostProcess(transaction)


class TransactionsOfADatabaseThatIsAway(InMemoryReadModelTransactions):
    """None of them begins."""

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[InMemoryReadModelChanges]:
        raise StorageUnavailable
        yield


def a_projector(
    stream: MessageSource,
    transactions: ReadModelTransactions,
    counts: RememberedCounts | None = None,
    projections: Sequence[Projection] = (STATUS, CYCLES),
    *,
    traces: HandedOnTraces | None = None,
) -> Projector:
    observed = traces or HandedOnTraces(), counts or RememberedCounts()
    return Projector(stream, transactions, projections, *observed, fact_of)


async def project(stream: Stream, database: InMemoryDatabase) -> None:
    await drain(a_projector(stream, InMemoryReadModelTransactions(database)))


async def drain(projector: Projector) -> None:
    while await projector.turn():
        pass


async def projected(*events: Inbound) -> Tables:
    """The read model of these events."""
    database = InMemoryDatabase()
    await project(Stream(*events), database)
    return database.tables


@pytest.fixture
async def history() -> list[PublishedEvent]:
    """All types but breaches and a retirement, as a worker announced them: two configurations, a refusal, cycles."""
    service = Service()
    worker = await service.start()
    depot = a_configuration(connectors=1)
    for number in range(5):
        service.clock.advance(EIGHT + timedelta(seconds=40 * number))
        at = service.clock.now()
        if number in (0, 3):
            await service.offer(replace(depot, version=1 + number, name=f"Depot, version {1 + number}"))
        elif number == 2:
            await service.offer(replace(depot, version=3), max_import_w="much")
        await service.say(a_charger_says(number, "Charging", at), a_meter_says(1000 * number, number, at))
        while await worker.turn():
            pass
    events = service.events()
    others = {event_types.CONSTRAINT_BREACHED, event_types.CONSTRAINT_CLEARED, event_types.MICROGRID_RETIRED}
    assert {event.type for event in events} == {name for name, _ in registry.WRITERS.values()} - others
    return events


def a_cycle(
    event_seq: int,
    decided_at: datetime = EIGHT,
    event_type: str = event_types.CYCLE_COMPLETED,
    of: str = "depot",
) -> Inbound:
    return replace(
        published(replace(a_cycle_completed(of, event_seq, event_seq), decided_at=decided_at)), type=event_type
    )


async def test_the_status_shows_the_configuration_in_force_and_the_latest_cycle(history: list[PublishedEvent]) -> None:
    tables = await projected(*history)

    status = tables.statuses["depot"]
    assert (status.name, status.configuration.version) == ("Depot, version 4", 4)
    assert [node.node_id for node in status.nodes] == ["depot", "gc-1", "f-1", "cp-1", "cp-2"]
    assert {warning.code for warning in status.warnings} == set()
    assert status.latest_cycle == fact_of(history[-1])


async def test_cycles_are_kept_whole(history: list[PublishedEvent]) -> None:
    tables = await projected(*history)

    cycles = [event for event in history if event.type == event_types.CYCLE_COMPLETED]
    assert list(tables.cycles.values()) == list(map(fact_of, cycles))
    assert [(row.cycle_seq, row.event_seq) for row in tables.cycles.values()] == [
        (1, 3),
        (2, 4),
        (3, 6),
        (4, 8),
        (5, 9),
    ]
    assert tables.cycles["depot", 1].decided_at == EIGHT


async def test_a_projection_stands_at_the_last_event(history: list[PublishedEvent]) -> None:
    tables = await projected(*history)
    assert tables.positions == dict.fromkeys((("status", "depot"), ("cycles", "depot")), Reached(STREAM, 9))


async def test_rows_and_position_are_stored_together_or_not_at_all(history: list[PublishedEvent]) -> None:
    stream, database = Stream(*history), InMemoryDatabase()
    with pytest.raises(Lost):
        await Projector(
            stream,
            TransactionsOfALostProcess(database),
            (STATUS, CYCLES),
            HandedOnTraces(),
            RememberedCounts(),
            fact_of,
        ).turn()
    assert database.tables == Tables()
    assert stream.acknowledged == 0

    stream.begin_again()
    await project(stream, database)
    assert database.tables == await projected(*history)
    assert stream.acknowledged == len(history)


async def test_a_projector_lost_before_it_acknowledged_repeats_nothing(history: list[PublishedEvent]) -> None:
    database = InMemoryDatabase()
    with pytest.raises(Lost):
        await project(StreamOfALostProcess(*history[:6]), database)
    assert database.tables == await projected(*history[:6])

    await project(Stream(*history), database)
    assert database.tables == await projected(*history)


async def test_events_that_come_again_change_nothing(history: list[PublishedEvent]) -> None:
    again = [event for event in history for _ in range(2)]
    assert await projected(*again) == await projected(*history)
    assert await projected(*history, *history[:5]) == await projected(*history)


async def test_a_read_model_that_is_built_again_equals_the_one_that_grew(history: list[PublishedEvent]) -> None:
    stream, live = Stream(), InMemoryDatabase()
    for event in history:
        stream.bodies.append(event)
        await project(stream, live)
    assert live.tables == await projected(*history)


async def test_an_event_of_an_unknown_type_only_moves_the_position() -> None:
    before = await projected(a_cycle(1))
    after = await projected(a_cycle(1), a_cycle(2, event_type="busbar.constraint.foreseen.v1"))
    assert (after.statuses, after.cycles) == (before.statuses, before.cycles)
    assert set(after.positions.values()) == {Reached(STREAM, 2)}

    further = await projected(a_cycle(1), a_cycle(2, event_type="busbar.constraint.foreseen.v1"), a_cycle(3))
    assert [cycle_seq for _, cycle_seq in further.cycles] == [1, 3]


async def test_a_lost_event_parks_its_microgrid_where_it_is_and_the_others_go_on() -> None:
    stream, database, counts = Stream(a_cycle(1), a_cycle(1, of="north")), InMemoryDatabase(), RememberedCounts()
    projector = a_projector(stream, InMemoryReadModelTransactions(database), counts)
    await drain(projector)

    stream.bodies += [a_cycle(2), a_cycle(2, of="north"), a_cycle(4), a_cycle(3, of="north")]
    await drain(projector)
    stream.bodies += [a_cycle(5), a_cycle(4, of="north")]
    await drain(projector)

    assert sorted(database.tables.cycles) == [("depot", 1), ("depot", 2), *(("north", seq) for seq in (1, 2, 3, 4))]
    assert {database.tables.positions[each, "depot"] for each in ("cycles", "status")} == {Reached(STREAM, 2)}
    assert stream.acknowledged == len(stream.bodies)
    assert counts.failures == [(Stage.PROJECTION, "depot", "EventGap 1"), (Stage.PROJECTION, "depot", "EventGap 2")]


async def test_a_parked_microgrid_goes_on_when_what_is_missing_comes_again() -> None:
    stream, database, counts = Stream(a_cycle(1), a_cycle(3), a_cycle(4)), InMemoryDatabase(), RememberedCounts()
    projector = a_projector(stream, InMemoryReadModelTransactions(database), counts)
    await drain(projector)
    assert sorted(database.tables.cycles) == [("depot", 1)]

    stream.bodies += [a_cycle(2), a_cycle(3), a_cycle(4), a_cycle(5)]
    await drain(projector)
    assert sorted(database.tables.cycles) == [("depot", seq) for seq in range(1, 6)]

    stream.bodies.append(a_cycle(7))
    await drain(projector)
    assert counts.failures[-1] == (Stage.PROJECTION, "depot", "EventGap 1")


async def test_an_event_that_cannot_be_projected_leaves_no_trace_and_parks_its_microgrid_alone() -> None:
    strange = PublishedEvent("depot", 2, event_types.CYCLE_COMPLETED, '{"cycle_seq": 2}', STREAM)
    stream, database, counts = Stream(a_cycle(1)), InMemoryDatabase(), RememberedCounts()
    projector = a_projector(stream, InMemoryReadModelTransactions(database), counts)
    await drain(projector)

    stream.bodies += [a_cycle(1, of="north"), strange, a_cycle(3), a_cycle(2, of="north")]
    await drain(projector)

    assert sorted(database.tables.cycles) == [("depot", 1), ("north", 1), ("north", 2)]
    assert database.tables.positions["status", "depot"] == Reached(STREAM, 1)
    assert [failure for _, _, failure in counts.failures] == ["ValidationError 1", "EventGap 2"]


async def test_a_database_that_is_away_parks_nobody_and_nothing_is_acknowledged() -> None:
    stream, database, counts = Stream(a_cycle(1)), InMemoryDatabase(), RememberedCounts()
    with pytest.raises(StorageUnavailable):
        await a_projector(stream, TransactionsOfADatabaseThatIsAway(database), counts).turn()
    assert stream.acknowledged == 0
    assert counts.failures == []


async def test_what_is_no_event_is_passed_over() -> None:
    stream, database = Stream(Unreadable("invalid_json", "", Message(None, (), b"{")), a_cycle(1)), InMemoryDatabase()
    await project(stream, database)
    assert database.tables == await projected(a_cycle(1))
    assert stream.acknowledged == 2


async def test_a_backlog_is_projected_batch_after_batch() -> None:
    count = 2 * BATCH + 1
    stream, database = Stream(*(a_cycle(event_seq) for event_seq in range(1, count + 1))), InMemoryDatabase()
    projector = a_projector(stream, InMemoryReadModelTransactions(database), projections=(CYCLES,))
    assert [await projector.turn() for _ in range(4)] == [BATCH, BATCH, 1, 0]
    assert len(database.tables.cycles) == count


async def test_cycles_are_forgotten_after_a_day() -> None:
    old = [a_cycle(event_seq, EIGHT + timedelta(hours=event_seq)) for event_seq in range(1, PRUNED_EVERY)]
    now = EIGHT + timedelta(hours=PRUNED_EVERY)
    tables = await projected(*old, a_cycle(PRUNED_EVERY, now))
    assert min(row.decided_at for row in tables.cycles.values()) == now - AS_A_RULE.cycles
    assert max(row.decided_at for row in tables.cycles.values()) == now


async def test_an_event_type_of_a_newer_release_does_not_stop_the_projector() -> None:
    service = Service()
    new = a_message("busbar.constraint.foreseen.v1", {"microgrid_id": "depot", "event_seq": 2})
    new = replace(new, headers=(*new.headers, ("ce_source", f"urn:busbar:{STREAM}".encode())))
    first, third = (registry.write(a_cycle_completed(event_seq=seq), stream=STREAM) for seq in (1, 3))
    source = await service.bus.join("busbar.projector", (EVENTS,), registry.read, Unconcerned())
    await service.publish(EVENTS, first, new, third)
    database = InMemoryDatabase()
    projector = a_projector(source, InMemoryReadModelTransactions(database), projections=(STATUS,))
    while await projector.turn():
        pass
    assert database.tables.positions == {("status", "depot"): Reached(STREAM, 3)}


async def test_an_event_is_projected_in_its_trace_and_counted_as_news_or_as_a_repeat() -> None:
    traces, counts = HandedOnTraces(), RememberedCounts()
    stream = Stream(a_cycle(1), a_cycle(2), a_cycle(2))
    projector = a_projector(stream, InMemoryReadModelTransactions(InMemoryDatabase()), counts, traces=traces)
    await drain(projector)
    assert [(event_seq, of) for of, event_seq, _ in traces.projected] == [(1, "depot"), (2, "depot"), (2, "depot")]
    assert counts.projected_events == {"news": 2, "duplicates": 1}
