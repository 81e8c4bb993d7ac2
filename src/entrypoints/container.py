"""The only place that builds what has state: which adapter stands behind which port."""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial

from dependency_injector import containers, providers

from adapters.clock import SystemClock, VirtualClock
from adapters.database.engine import create_engine
from adapters.database.outbox import SqlPendingEvents
from adapters.database.ownership import SqlOwnership
from adapters.database.read_model import SqlReadModel, SqlReadModelTransactions
from adapters.database.stored_events import SqlStoredEvents
from adapters.database.streams import SqlStreams
from adapters.database.unit_of_work import SqlTransactions
from adapters.kafka.connection import Connection
from adapters.kafka.publisher import KafkaPublisher
from adapters.kafka.source import KafkaSource
from adapters.kafka.tails import KafkaEventTails
from adapters.memory.bus import MemoryBus
from adapters.memory.partitioning import partition_of as partition_among
from adapters.messages import events, registry
from adapters.messages.dead_letters import DeadLetterTopic
from adapters.messages.recording import RecordedSource
from adapters.observability import providers as telemetry
from adapters.observability.counters import OpenTelemetryCounters
from adapters.observability.gauges import WorkerGauges
from adapters.observability.handlers import CountedDecisions, ObservedAnswer, ObservedRun
from adapters.observability.prometheus import PrometheusMetrics
from adapters.observability.publisher import TracedPublisher
from adapters.observability.requests import MeasuredRequests
from adapters.observability.source import MeasuredSource
from adapters.observability.tracing import OpenTelemetryTracing
from adapters.observability.transactions import CountedTransactions
from adapters.simulation.depot import Depot
from adapters.simulation.faults.script import Fault
from adapters.simulation.habits import Chargers
from adapters.simulation.scenario import Scenario
from adapters.webhook.hook import Hook
from application.answering import answer
from application.cycles import Cycles, run
from application.decisions import Decisions
from application.intake import Intake
from application.mailbox import Mailbox
from application.overtaken import NotOvertaken
from application.owned_partitions import OwnedPartitions
from application.ports.bus import DeadLetters, EventPublisher
from application.ports.clock import Clock
from application.ports.observing import Counters, Tracing
from application.ports.ownership import Ownership
from application.ports.persistence import PendingEvents, Transactions
from application.projections.breaches import BREACHES
from application.projections.cycles import CYCLES
from application.projections.forgetting import Forgetting
from application.projections.keeping import Keeping
from application.projections.node_history import NODE_HISTORY
from application.projections.projector import Projector
from application.projections.rebuild import Rebuild
from application.projections.status import STATUS
from application.relay import Relay
from domain.sharing import rebalance
from entrypoints.allocator import new_allocator
from entrypoints.service.standstill import Progress
from entrypoints.topics import CONFIGURATION, DEAD_LETTER, EVENTS, PARTITIONS, TELEMETRY, Topics

FIRST_EVENING = datetime(2026, 3, 16, 8, 0, tzinfo=UTC)
"""When simulated time begins, 16:00 in Perth: always the same, so that a run can be repeated."""

IN_PROCESS = "memory"
"""What the embedded bus is called in spans."""

PROJECTIONS = (STATUS, CYCLES, BREACHES, NODE_HISTORY)


class Membership(containers.DeclarativeContainer):
    """What a worker is made of from one join of its group to the next.

    A worker that joins anew is made anew: it knows nothing of what it owned before, where others may have decided
    meanwhile.
    """

    transactions: providers.Dependency[Transactions] = providers.Dependency()
    ownership: providers.Dependency[Ownership] = providers.Dependency()
    pending_events: providers.Dependency[PendingEvents] = providers.Dependency()
    event_publisher: providers.Dependency[EventPublisher] = providers.Dependency()
    dead_letters: providers.Dependency[DeadLetters] = providers.Dependency()
    partition_of: providers.Dependency[Callable[[str], int | None]] = providers.Dependency()
    tracing: providers.Dependency[Tracing] = providers.Dependency()
    counters: providers.Dependency[Counters] = providers.Dependency()
    clock: providers.Dependency[Clock] = providers.Dependency()
    decide = providers.Object(rebalance.decide)

    mailbox = providers.Singleton(Mailbox, clock)
    relay = providers.Singleton(Relay, pending_events, event_publisher, clock, counters)
    owned_partitions = providers.Singleton(
        OwnedPartitions,
        ownership=ownership,
        transactions=transactions,
        mailbox=mailbox,
        relay=relay,
        partition_of=partition_of,
        clock=clock,
        counters=counters,
    )
    uncounted_decisions = providers.Singleton(Decisions, transactions, relay)
    decisions = providers.Singleton(CountedDecisions, uncounted_decisions, counters)
    cycles = providers.Singleton(
        Cycles,
        mailbox=mailbox,
        owned=owned_partitions,
        decisions=decisions,
        run=providers.Factory(ObservedRun, providers.Factory(partial, run, decide=decide), tracing, counters),
        counters=counters,
        clock=clock,
    )
    intake = providers.Factory(
        Intake,
        dead_letters=dead_letters,
        mailbox=mailbox,
        owned=owned_partitions,
        decisions=decisions,
        cycles=cycles,
        answer=providers.Factory(ObservedAnswer, providers.Object(answer), tracing, counters),
        counters=counters,
        clock=clock,
    )


def _place_of(scenario: Scenario) -> Callable[[str], int | None]:
    """Where the simulated depot lies. Others that the database knows are nobody's: time stands still for them."""
    simulated = scenario.configuration["microgrid_id"]
    return lambda microgrid_id: partition_among(microgrid_id, PARTITIONS) if microgrid_id == simulated else None


class Container(containers.DeclarativeContainer):
    """The embedded service: SQLite, the in-process bus, virtual time and a simulated depot."""

    database_url = providers.Dependency(instance_of=str)
    scenario = providers.Dependency(instance_of=Scenario)
    seed = providers.Dependency(instance_of=int)
    fault: providers.Object[Fault | None] = providers.Object(None)
    chargers = providers.Object(Chargers.IDEAL)
    hook: providers.Object[Hook | None] = providers.Object(None)
    keeping = providers.Object(Keeping())
    decide = providers.Object(rebalance.decide)

    clock = providers.Singleton(VirtualClock, FIRST_EVENING)
    tracer_provider = providers.Singleton(telemetry.tracer_provider)
    metrics = providers.Singleton(PrometheusMetrics)
    meter_provider = providers.Singleton(telemetry.meter_provider, metrics.provided.reader)
    tracing = providers.Singleton(OpenTelemetryTracing, tracer_provider, IN_PROCESS)
    counters = providers.Singleton(OpenTelemetryCounters, meter_provider, clock.provided.now)
    gauges = providers.Singleton(WorkerGauges, meter_provider)
    requests = providers.Singleton(MeasuredRequests, meter_provider, tracer_provider)

    engine = providers.Singleton(create_engine, database_url)
    transactions = providers.Singleton(SqlTransactions, engine, registry.write, clock)
    ownership = providers.Singleton(SqlOwnership, engine)
    streams = providers.Singleton(SqlStreams, engine)
    pending_events = providers.Singleton(SqlPendingEvents, engine)
    read_model_transactions = providers.Singleton(SqlReadModelTransactions, engine)
    read_model = providers.Singleton(SqlReadModel, engine)
    stored_events = providers.Singleton(SqlStoredEvents, engine)

    bus = providers.Singleton(
        MemoryBus, {CONFIGURATION: PARTITIONS, TELEMETRY: PARTITIONS, EVENTS: PARTITIONS, DEAD_LETTER: 1}
    )
    configuration_publisher = bus.provided.publisher.call(CONFIGURATION)
    telemetry_publisher = bus.provided.publisher.call(TELEMETRY)
    event_publisher = providers.Singleton(
        TracedPublisher, bus.provided.publisher.call(EVENTS), EVENTS, tracer_provider, IN_PROCESS
    )
    dead_letters = bus.provided.dead_letters.call(DEAD_LETTER)
    recorded = providers.Factory(RecordedSource, clock=clock)

    partition_of = providers.Singleton(_place_of, scenario)
    membership = providers.Factory(
        Membership,
        transactions=transactions,
        ownership=ownership,
        pending_events=pending_events,
        event_publisher=event_publisher,
        dead_letters=dead_letters,
        partition_of=partition_of,
        tracing=tracing,
        counters=counters,
        clock=clock,
        decide=decide,
    )
    projector = providers.Factory(
        Projector,
        transactions=read_model_transactions,
        projections=PROJECTIONS,
        tracing=tracing,
        counters=counters,
        fact_of=events.fact_of,
        keeping=keeping,
    )
    forgetting = providers.Singleton(Forgetting, read_model_transactions, clock, keeping)

    depot = providers.Singleton(
        Depot,
        scenario,
        seed,
        clock.provided.now.call(),
        providers.Factory(new_allocator),
        fault=fault,
        chargers=chargers,
    )


def _spread_over(partitions: int) -> Callable[[str], int]:
    """Where the keyed topics, of so many partitions, have a microgrid."""
    return lambda microgrid_id: partition_among(microgrid_id, partitions)


def on_one_machine(database_url: str, hook: Hook | None = None) -> Container:
    """The embedded service for a real depot: the clock is on the wall, and any microgrid may be told of."""
    container = Container(database_url=database_url, hook=hook)
    container.clock.override(providers.Singleton(SystemClock))
    container.partition_of.override(providers.Singleton(_spread_over, PARTITIONS))
    return container


class Deployment(containers.DeclarativeContainer):
    """The deployed service: the same parts on Kafka, with the clock on the wall."""

    database_url = providers.Dependency(instance_of=str)
    connection = providers.Dependency(instance_of=Connection)
    prefix = providers.Dependency(instance_of=str)
    partitions = providers.Dependency(instance_of=int)
    keeping = providers.Object(Keeping())

    clock = providers.Singleton(SystemClock)
    tracer_provider = providers.Singleton(telemetry.tracer_provider)
    metrics = providers.Singleton(PrometheusMetrics)
    meter_provider = providers.Singleton(telemetry.meter_provider, metrics.provided.reader)
    tracing = providers.Singleton(OpenTelemetryTracing, tracer_provider)
    counters = providers.Singleton(OpenTelemetryCounters, meter_provider, clock.provided.now)
    gauges = providers.Singleton(WorkerGauges, meter_provider)
    progress = providers.Singleton(Progress, providers.Object(time.monotonic))
    join = providers.Callable(KafkaSource.join, connection)
    measured_source = providers.Factory(MeasuredSource, clock=clock, provider=meter_provider)

    engine = providers.Singleton(create_engine, database_url)
    sql_transactions = providers.Singleton(SqlTransactions, engine, registry.write, clock)
    transactions = providers.Singleton(CountedTransactions, sql_transactions, meter_provider)
    ownership = providers.Singleton(SqlOwnership, engine)
    streams = providers.Singleton(SqlStreams, engine)
    pending_events = providers.Singleton(SqlPendingEvents, engine)
    read_model_transactions = providers.Singleton(SqlReadModelTransactions, engine)

    topics = providers.Singleton(Topics.under, prefix)
    configuration_publisher = providers.Singleton(KafkaPublisher, connection, topics.provided.configuration)
    telemetry_publisher = providers.Singleton(KafkaPublisher, connection, topics.provided.telemetry)
    event_publisher = providers.Singleton(KafkaPublisher, connection, topics.provided.events)
    traced_event_publisher = providers.Singleton(
        TracedPublisher, event_publisher, topics.provided.events, tracer_provider
    )
    dead_letter_publisher = providers.Singleton(KafkaPublisher, connection, topics.provided.dead_letter)
    dead_letters = providers.Singleton(
        DeadLetterTopic,
        providers.Singleton(TracedPublisher, dead_letter_publisher, topics.provided.dead_letter, tracer_provider),
    )

    partition_of = providers.Singleton(_spread_over, partitions)
    membership = providers.Factory(
        Membership,
        transactions=transactions,
        ownership=ownership,
        pending_events=pending_events,
        event_publisher=traced_event_publisher,
        dead_letters=dead_letters,
        partition_of=partition_of,
        tracing=tracing,
        counters=counters,
        clock=clock,
    )
    event_tails = providers.Singleton(KafkaEventTails, connection, topics.provided.events, registry.read)
    not_overtaken = providers.Factory(NotOvertaken, tails=event_tails, streams=streams)
    projector = providers.Factory(
        Projector,
        transactions=read_model_transactions,
        projections=PROJECTIONS,
        tracing=tracing,
        counters=counters,
        fact_of=events.fact_of,
        keeping=keeping,
    )
    forgetting = providers.Singleton(Forgetting, read_model_transactions, clock, keeping)
    rebuild = providers.Factory(Rebuild, read_model_transactions, PROJECTIONS, events.fact_of, keeping)

    depot = providers.Factory(Depot, allocate=providers.Factory(new_allocator))
