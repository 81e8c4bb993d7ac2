"""What is measured and traced around the ports, unnoticed by either side; one trace from decision to publication."""

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from datetime import timedelta
from pathlib import Path

import pytest
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import HistogramDataPoint, InMemoryMetricReader, NumberDataPoint
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode, format_span_id, format_trace_id
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.clock import VirtualClock
from adapters.database import migrations
from adapters.database.engine import answers, create_engine
from adapters.database.outbox import SqlPendingEvents
from adapters.database.ownership import SqlOwnership
from adapters.database.unit_of_work import SqlTransactions
from adapters.messages import registry
from adapters.observability import names
from adapters.observability.counters import OpenTelemetryCounters
from adapters.observability.publisher import TracedPublisher
from adapters.observability.source import MeasuredSource
from adapters.observability.tracing import OpenTelemetryTracing
from adapters.observability.transactions import CountedTransactions
from application.mailbox import Mailbox
from application.owned_partitions import OwnedPartitions
from application.ports.bus import Message, Partition, Position, Received, Tombstone
from application.ports.ownership import Epoch, Fenced
from application.ports.persistence import PendingEvent
from application.relay import Relay
from domain.microgrid import Microgrid, MicrogridState
from tests.builders import EIGHT, a_cycle_completed
from tests.databases import sqlite_url
from tests.fakes.bus import RememberedMessages
from tests.fakes.persistence import STREAM

TRACE_ID = "0af7651916cd43dd8448eb211c80319c"
TRACEPARENT = f"00-{TRACE_ID}-b7ad6b7169203331-01"
PARTITION = frozenset({Partition("busbar.telemetry", 0)})


class PendingEventsOfALostProcess(SqlPendingEvents):
    """Publishing was the last thing it did."""

    async def mark_published(self, events: Collection[PendingEvent], at: object) -> None:
        raise ConnectionError


class Observed:
    """A database, a bus, a clock, and what is seen of them."""

    def __init__(self, engine: AsyncEngine) -> None:
        self.engine = engine
        self.bus = RememberedMessages()
        self.clock = VirtualClock(EIGHT)
        self.spans = InMemorySpanExporter()
        self.tracers = TracerProvider()
        self.tracers.add_span_processor(SimpleSpanProcessor(self.spans))
        self.reader = InMemoryMetricReader()
        self.meters = MeterProvider([self.reader])
        self.publisher = TracedPublisher(self.bus, "busbar.events", self.tracers)
        self.transactions = CountedTransactions(SqlTransactions(engine, registry.write, self.clock), self.meters)
        self.counters = OpenTelemetryCounters(self.meters, self.clock.now)

    async def relay(self, pending: SqlPendingEvents) -> Relay:
        """That of a worker which has just taken the partition over."""
        relay, mailbox = Relay(pending, self.publisher, self.clock, self.counters), Mailbox(self.clock)
        ownership = SqlOwnership(self.engine)
        owned = OwnedPartitions(ownership, self.transactions, mailbox, relay, lambda _: 0, self.clock, self.counters)
        await owned.assigned(PARTITION)
        return relay

    async def epoch(self) -> Epoch:
        (epoch,) = await SqlOwnership(self.engine).claim([0])
        return epoch

    async def decide(self, event_seq: int, epoch: Epoch) -> None:
        """Commit the event of a cycle, under a span as a worker does."""
        tracing = OpenTelemetryTracing(self.tracers)
        with tracing.cycle_span("depot", TRACEPARENT) as traceparent:
            async with self.transactions.begin(epoch) as transaction:
                state = MicrogridState(event_seq=event_seq)
                await transaction.microgrids.save(Microgrid("depot", state=state, version=event_seq - 1))
                transaction.outbox.append([a_cycle_completed("depot", event_seq)], traceparent, None)
                await transaction.commit()

    def values(self) -> Mapping[str, int | float]:
        """By metric: its value, of a histogram its sum."""
        data = self.reader.get_metrics_data()
        points = [
            (metric.name, point)
            for resource in (() if data is None else data.resource_metrics)
            for scope in resource.scope_metrics
            for metric in scope.metrics
            for point in metric.data.data_points
        ]
        return {
            name: point.value if isinstance(point, NumberDataPoint) else point.sum
            for name, point in points
            if isinstance(point, NumberDataPoint | HistogramDataPoint)
        }


@pytest.fixture
async def observed(tmp_path: Path) -> AsyncIterator[Observed]:
    url = sqlite_url(tmp_path / "busbar.sqlite3")
    await migrations.upgrade(url)
    engine = create_engine(url)
    yield Observed(engine)
    await engine.dispose()


async def test_what_a_lost_worker_decided_its_successor_publishes_in_the_same_trace_and_unchanged(
    observed: Observed,
) -> None:
    await observed.decide(1, await observed.epoch())
    lost = await observed.relay(PendingEventsOfALostProcess(observed.engine))
    assert await lost.turn()
    with pytest.raises(ConnectionError):
        await lost.mark()
    successor = await observed.relay(SqlPendingEvents(observed.engine))
    assert await successor.turn()

    first, again = observed.bus.messages
    assert again == first
    cycle, *publishes = observed.spans.get_finished_spans()
    assert len(publishes) == 2
    for publish in publishes:
        assert (publish.name, publish.kind) == ("publish busbar.events", SpanKind.PRODUCER)
        assert publish.context is not None
        assert publish.parent is not None
        assert cycle.context is not None
        assert format_trace_id(publish.context.trace_id) == TRACE_ID
        assert publish.parent.span_id == cycle.context.span_id
        assert dict(publish.attributes or {}) == {
            "messaging.system": "kafka",
            "messaging.operation.name": "publish",
            "messaging.operation.type": "send",
            "messaging.destination.name": "busbar.events",
            "messaging.kafka.message.key": "depot",
            "cloudevents.event_id": (dict(first.headers)["ce_id"] or b"").decode(),
            "cloudevents.event_type": "busbar.cycle.completed.v1",
        }
        assert (
            dict(first.headers)["traceparent"] == f"00-{TRACE_ID}-{format_span_id(publish.parent.span_id)}-01".encode()
        )


async def test_a_publication_that_fails_is_a_failed_span_and_still_fails(observed: Observed) -> None:
    observed.bus.away = ConnectionError
    with pytest.raises(ConnectionError):
        await observed.publisher.publish([registry.write(a_cycle_completed(), stream=STREAM)])
    (span,) = observed.spans.get_finished_spans()
    assert span.status.status_code is StatusCode.ERROR
    assert (span.attributes or {})[names.ERROR_TYPE] == "ConnectionError"


async def test_the_age_of_the_oldest_event_grows_until_it_is_published(observed: Observed) -> None:
    epoch = await observed.epoch()
    await observed.decide(1, epoch)
    observed.clock.advance(EIGHT + timedelta(seconds=5))
    await observed.decide(2, epoch)
    relay = await observed.relay(SqlPendingEvents(observed.engine))
    observed.bus.away = ConnectionError
    with pytest.raises(ConnectionError):
        await relay.turn()
    assert observed.values()[names.OUTBOX_AGE] == 5
    observed.clock.advance(EIGHT + timedelta(seconds=65))
    assert observed.values()[names.OUTBOX_AGE] == 65

    observed.bus.away = None
    assert await relay.turn()
    assert not await relay.turn()
    assert observed.values()[names.OUTBOX_AGE] == 0


async def test_what_an_overtaken_worker_decides_is_counted_as_fenced(observed: Observed) -> None:
    overtaken, current = await observed.epoch(), await observed.epoch()
    await observed.decide(1, current)
    assert names.FENCED_WRITES not in observed.values()
    with pytest.raises(Fenced):
        await observed.decide(2, overtaken)
    assert observed.values()[names.FENCED_WRITES] == 1


class Batches:
    """A MessageSource of these batches."""

    def __init__(self, *batches: Sequence[Received]) -> None:
        self.batches = list(batches)
        self.acknowledged: list[Position] = []

    async def receive(self, limit: int, without: Collection[str] = ()) -> Sequence[Received]:
        return self.batches.pop(0)

    async def acknowledge(self, positions: Sequence[Position]) -> None:
        self.acknowledged += positions


async def test_a_consumer_lags_as_far_behind_as_the_oldest_message_of_a_batch(observed: Observed) -> None:
    def sent(seconds_ago: int | None) -> Received:
        sent_ms = None if seconds_ago is None else int(EIGHT.timestamp() - seconds_ago) * 1000
        return Received(Position("busbar.telemetry", 0, 7), Message(None, (), None), Tombstone(None), sent_ms=sent_ms)

    batches = Batches([sent(None)], [sent(3), sent(8), sent(None), sent(5)])
    source = MeasuredSource(batches, observed.clock, observed.meters)
    await source.receive(10)
    assert names.CONSUMER_LAG not in observed.values()
    batch = await source.receive(10)
    assert observed.values()[names.CONSUMER_LAG] == 8
    await source.acknowledge([batch[0].position])
    assert batches.acknowledged == [batch[0].position]


async def test_a_database_that_is_not_there_does_not_answer(observed: Observed, tmp_path: Path) -> None:
    assert await answers(observed.engine)
    nowhere = create_engine(sqlite_url(tmp_path / "nowhere" / "busbar.sqlite3"))
    assert not await answers(nowhere)
    await nowhere.dispose()
