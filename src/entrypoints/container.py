"""The only wiring: which adapter stands behind which port."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Self

from aiokafka import errors as kafka_errors
from dependency_injector import containers, providers
from pydantic import ValidationError
from pydantic_core import from_json, to_json

from adapters.clock import SystemClock, VirtualClock
from adapters.database import migrations, state_json
from adapters.database.engine import answers, create_engine
from adapters.database.outbox import SqlPendingEvents
from adapters.database.ownership import SqlOwnership
from adapters.database.read_model import SqlReadModel, SqlReadModelTransactions
from adapters.database.stored_events import SqlStoredEvents
from adapters.database.streams import SqlStreams
from adapters.database.unit_of_work import SqlTransactions
from adapters.kafka import connection as kafka_connection
from adapters.kafka import reader as kafka_reader
from adapters.kafka import topics as kafka_topics
from adapters.kafka.connection import Connection
from adapters.kafka.publisher import KafkaPublisher
from adapters.kafka.source import KafkaSource
from adapters.kafka.tails import KafkaEventTails
from adapters.memory.bus import MemoryBus
from adapters.memory.partitioning import partition_of
from adapters.messages import envelope, lines, parsing, registry, replay, snapshot
from adapters.messages.configuration import SITE_CONFIGURATION, configuration_to, read_configuration
from adapters.messages.dead_letters import DeadLetterTopic
from adapters.messages.recording import RecordedSource
from adapters.observability import providers as telemetry
from adapters.observability.counters import OpenTelemetryCounters
from adapters.observability.logs import configure_logging
from adapters.observability.prometheus import PrometheusMetrics
from adapters.observability.publisher import TracedPublisher
from adapters.observability.requests import MeasuredRequests
from adapters.observability.source import MeasuredSource
from adapters.observability.tracing import OpenTelemetryTracing
from adapters.observability.transactions import CountedTransactions
from adapters.simulation import habits
from adapters.simulation import pace as paces
from adapters.simulation import scenario as scenario_data
from adapters.simulation.depot import Depot
from adapters.simulation.faults import script as fault_scripts
from adapters.simulation.faults.scripts import FAULTS
from adapters.simulation.ideal import Allocator, Want
from adapters.simulation.scenarios import SCENARIOS
from application.cycles import Cycles
from application.decisions import Decisions
from application.intake import Intake
from application.mailbox import Mailbox
from application.overtaken import NotOvertaken
from application.owned_partitions import OwnedPartitions
from application.ports.bus import MalformedConfiguration, Message, Unreadable
from application.projections.breaches import BREACHES
from application.projections.cycles import CYCLES
from application.projections.node_history import NODE_HISTORY
from application.projections.projector import Projector
from application.projections.rebuild import Rebuild
from application.projections.status import STATUS
from application.queries.ideal_shares import ideal_shares
from application.relay import Relay
from application.replay import Replay
from domain.knowledge.readings import ConnectorReading, Session
from domain.sharing import rebalance
from domain.site import validation
from domain.site.configuration import SiteConfiguration
from domain.site.site import Site
from entrypoints.settings import Settings

CONFIGURATION = "busbar.configuration"
TELEMETRY = "busbar.telemetry"
EVENTS = "busbar.events"
DEAD_LETTER = "busbar.dead-letter"

FIRST_EVENING = datetime(2026, 3, 16, 8, 0, tzinfo=UTC)
"""When simulated time begins, 16:00 in Perth: always the same, so that a run can be repeated."""

IN_PROCESS = "memory"
"""What the embedded bus is called in spans."""

PARTITIONS = 12
"""Of the three topics that are keyed by microgrid; dead letters have one."""


Scenario = scenario_data.Scenario
Fault = fault_scripts.Fault
Pace = paces.Pace
Chargers = habits.Chargers


class UnusableSite(Exception):
    """A site configuration of somebody's own that cannot be played; the message says why."""


def read_site(raw: bytes) -> Scenario:
    """A scenario around a site configuration in JSON, whatever it leaves out filled in. Raises UnusableSite."""
    try:
        configuration = read_configuration(parsing.parse(raw))
    except parsing.NotJson as error:
        raise UnusableSite(str(error)) from None
    except ValidationError as error:
        raise UnusableSite(parsing.summary(parsing.faults(error))) from None
    faults = validation.faults(configuration)
    if faults:
        raise UnusableSite(parsing.summary(faults))
    return scenario_data.own_site(from_json(to_json(configuration_to(configuration))))


def read_offer(raw: bytes) -> tuple[Message, SiteConfiguration | MalformedConfiguration]:
    """A site configuration in JSON as the message that offers it, and as a worker will read it.

    Raises UnusableSite where nobody could answer it: it is no JSON or names no microgrid.
    """
    try:
        data = parsing.parse(raw)
    except parsing.NotJson as error:
        raise UnusableSite(str(error)) from None
    key = data.get("microgrid_id") if isinstance(data, dict) else None
    match registry.read(CONFIGURATION, Message(key, (("ce_type", SITE_CONFIGURATION.encode()),), raw)):
        case SiteConfiguration() | MalformedConfiguration() as body:
            digest = hashlib.sha256(raw).hexdigest()
            return envelope.wrap(SITE_CONFIGURATION, digest, body.microgrid_id, raw), body
        case Unreadable(detail=detail):
            raise UnusableSite(detail)
        case other:
            raise TypeError(f"a configuration was read as {type(other).__name__}")


def new_replay() -> Replay:
    """The service in virtual time, before it has heard of any microgrid."""
    return Replay(state_json.read_back)


def _allocator() -> Allocator:
    """Shares by the domain's own strategies. The tree is derived once for each version of a configuration."""
    site: Site | None = None

    def allocate(
        configuration: Mapping[str, Any], background_w: Mapping[str, int], wants: Sequence[Want], now: datetime
    ) -> Mapping[tuple[str, int], int]:
        nonlocal site
        if site is None or site.configuration.version != configuration["version"]:
            site = Site.of(read_configuration(configuration))
        wanted = {(want.charge_point_id, want.connector_id): _as_reading(want) for want in wants}
        return ideal_shares(site, wanted, background_w, now)

    return allocate


def _as_reading(want: Want) -> ConnectorReading:
    session = Session(want.session_id, want.started_at, want.departs_at, want.energy_needed_wh, want.priority)
    return ConnectorReading(want.connector_id, "Charging", 0, want.requested_w, session=session)


def _partition_of(scenario: Scenario) -> Callable[[str], int | None]:
    """Where the simulated depot lies. Others that the database knows are nobody's: time stands still for them."""
    simulated = scenario.configuration["microgrid_id"]
    return lambda microgrid_id: partition_of(microgrid_id, PARTITIONS) if microgrid_id == simulated else None


SCENARIOS_BY_NAME: Mapping[str, Scenario] = SCENARIOS
FAULTS_BY_NAME: Mapping[str, Fault] = FAULTS
site_configuration = read_configuration
answer_snapshot = snapshot.answer
stream_lines = lines.lines
replay_line = replay.answers
recorded = RecordedSource
upgrade_database = migrations.upgrade
schema_is_newest = migrations.is_newest
database_answers = migrations.current_schema
answers_now = answers
UnusableDatabase = migrations.UnusableDatabase
UnreachableDatabase = migrations.UnreachableDatabase
UnusableExporter = telemetry.UnusableExporter
shut_down_telemetry = telemetry.shut_down
NothingToAffect = fault_scripts.NothingToAffect
encode_message = registry.encode
read_message = registry.read
partition_of_microgrid = partition_of
structured_event = envelope.structured
create_missing_topics = kafka_topics.create_missing
require_topics = kafka_topics.require
UnusableTopics = kafka_topics.UnusableTopics
KafkaError = kafka_errors.KafkaError
RefusedCredentials = kafka_errors.SaslAuthenticationFailed
RefusedMechanism = kafka_errors.UnsupportedSaslMechanismError
when_reachable = kafka_connection.when_reachable
join_group = KafkaSource.join
reading = kafka_reader.reading
log_to_standard_error = configure_logging
system_clock = SystemClock


class Container(containers.DeclarativeContainer):
    """The embedded service: SQLite, the in-process bus, virtual time and a simulated depot."""

    database_url = providers.Dependency(instance_of=str)
    scenario = providers.Dependency(instance_of=Scenario)
    seed = providers.Dependency(instance_of=int)
    fault: providers.Object[Fault | None] = providers.Object(None)
    chargers = providers.Object(Chargers.IDEAL)
    decide = providers.Object(rebalance.decide)

    clock = providers.Singleton(VirtualClock, FIRST_EVENING)
    tracer_provider = providers.Singleton(telemetry.tracer_provider)
    metrics = providers.Singleton(PrometheusMetrics)
    meter_provider = providers.Singleton(telemetry.meter_provider, metrics.provided.reader)
    tracing = providers.Singleton(OpenTelemetryTracing, tracer_provider, IN_PROCESS)
    counters = providers.Singleton(OpenTelemetryCounters, meter_provider, clock.provided.now)
    requests = providers.Singleton(MeasuredRequests, meter_provider)

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

    mailbox = providers.Singleton(Mailbox, clock)
    relay = providers.Singleton(Relay, pending_events, event_publisher, clock, counters)
    partition_of = providers.Singleton(_partition_of, scenario)
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
    decisions = providers.Singleton(Decisions, transactions, relay)
    cycles = providers.Singleton(
        Cycles,
        mailbox=mailbox,
        owned=owned_partitions,
        decisions=decisions,
        tracing=tracing,
        counters=counters,
        clock=clock,
        decide=decide,
    )
    intake = providers.Factory(
        Intake,
        dead_letters=dead_letters,
        mailbox=mailbox,
        owned=owned_partitions,
        decisions=decisions,
        cycles=cycles,
        tracing=tracing,
        counters=counters,
        clock=clock,
    )
    projections = providers.Object((STATUS, CYCLES, BREACHES, NODE_HISTORY))
    projector = providers.Factory(
        Projector,
        transactions=read_model_transactions,
        projections=projections,
        tracing=tracing,
        counters=counters,
    )

    depot = providers.Singleton(
        Depot, scenario, seed, clock.provided.now.call(), providers.Factory(_allocator), fault=fault, chargers=chargers
    )


@dataclass(frozen=True, slots=True)
class Topics:
    """The topics of a deployment, by name."""

    configuration: str
    telemetry: str
    events: str
    dead_letter: str

    @classmethod
    def under(cls, prefix: str) -> Self:
        return cls(*(f"{prefix}.{name}" for name in (*kafka_topics.KEYED_BY_MICROGRID, kafka_topics.DEAD_LETTER)))


def connection_to(settings: Settings) -> Connection:
    """How the brokers of the settings are reached. They have to name some."""
    assert settings.kafka_bootstrap_servers is not None
    password = settings.kafka_sasl_password
    return Connection(
        settings.kafka_bootstrap_servers,
        settings.kafka_security_protocol,
        settings.kafka_sasl_mechanism,
        settings.kafka_sasl_username,
        None if password is None else password.get_secret_value(),
        settings.kafka_ssl_cafile,
    )


def _spread_over(partitions: int) -> Callable[[str], int]:
    """Where the keyed topics, of so many partitions, have a microgrid."""
    return lambda microgrid_id: partition_of(microgrid_id, partitions)


class Deployment(containers.DeclarativeContainer):
    """The deployed service: the same parts on Kafka, with the clock on the wall."""

    database_url = providers.Dependency(instance_of=str)
    connection = providers.Dependency(instance_of=Connection)
    prefix = providers.Dependency(instance_of=str)
    partitions = providers.Dependency(instance_of=int)

    clock = providers.Singleton(SystemClock)
    tracer_provider = providers.Singleton(telemetry.tracer_provider)
    metrics = providers.Singleton(PrometheusMetrics)
    meter_provider = providers.Singleton(telemetry.meter_provider, metrics.provided.reader)
    tracing = providers.Singleton(OpenTelemetryTracing, tracer_provider)
    counters = providers.Singleton(OpenTelemetryCounters, meter_provider, clock.provided.now)
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

    mailbox = providers.Singleton(Mailbox, clock)
    relay = providers.Singleton(Relay, pending_events, traced_event_publisher, clock, counters)
    partition_of = providers.Singleton(_spread_over, partitions)
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
    event_tails = providers.Singleton(KafkaEventTails, connection, topics.provided.events, registry.read)
    not_overtaken = providers.Factory(NotOvertaken, owned_partitions, event_tails, streams)
    decisions = providers.Singleton(Decisions, transactions, relay)
    cycles = providers.Singleton(
        Cycles,
        mailbox=mailbox,
        owned=owned_partitions,
        decisions=decisions,
        tracing=tracing,
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
        tracing=tracing,
        counters=counters,
        clock=clock,
    )
    projector = providers.Factory(
        Projector,
        transactions=read_model_transactions,
        projections=Container.projections,
        tracing=tracing,
        counters=counters,
    )
    rebuild = providers.Factory(Rebuild, read_model_transactions, Container.projections)

    depot = providers.Factory(Depot, allocate=providers.Factory(_allocator))
