"""The only wiring: which adapter stands behind which port."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime

from dependency_injector import containers, providers

from adapters.clock import VirtualClock
from adapters.database import migrations
from adapters.database.engine import create_engine
from adapters.database.outbox import SqlPendingEvents
from adapters.database.read_model import SqlReadModel, SqlReadModelTransactions
from adapters.database.unit_of_work import SqlTransactions
from adapters.memory.bus import MemoryBus
from adapters.messages import registry, snapshot
from adapters.messages.configuration import read_configuration
from adapters.observability import providers as telemetry
from adapters.observability.counters import OpenTelemetryCounters
from adapters.observability.logs import configure_logging
from adapters.observability.tracing import OpenTelemetryTracing
from adapters.simulation.depot import Depot
from adapters.simulation.ideal import Want
from adapters.simulation.scenarios import SCENARIOS, Scenario
from application.commands.apply_configuration import ApplyConfigurationHandler
from application.commands.run_cycle import RunCycleHandler
from application.mailbox import Mailbox
from application.projections.cycles import CYCLES
from application.projections.projector import Projector
from application.projections.status import STATUS
from application.queries.ideal_shares import ideal_shares
from application.relay import Relay
from application.worker import Worker
from domain import rebalance
from domain.power_tree import Site

CONFIGURATION = "busbar.configuration"
TELEMETRY = "busbar.telemetry"
EVENTS = "busbar.events"
DEAD_LETTER = "busbar.dead-letter"

FIRST_EVENING = datetime(2026, 3, 16, 8, 0, tzinfo=UTC)
"""When simulated time begins, 16:00 in Perth: always the same, so that a run can be repeated."""

PARTITIONS = 12
"""Of the three topics that are keyed by microgrid; dead letters have one."""


def _allocator(scenario: Scenario, clock: VirtualClock) -> Callable[[Sequence[Want]], Mapping[tuple[str, int], int]]:
    site = Site.of(read_configuration(scenario.configuration))

    def allocate(wants: Sequence[Want]) -> Mapping[tuple[str, int], int]:
        wanted = {(want.charge_point_id, want.connector_id): want.requested_w for want in wants}
        return ideal_shares(site, wanted, clock.now())

    return allocate


SCENARIOS_BY_NAME: Mapping[str, Scenario] = SCENARIOS
answer_snapshot = snapshot.answer
snapshot_lines = snapshot.lines
upgrade_database = migrations.upgrade
UnusableDatabase = migrations.UnusableDatabase
encode_message = registry.encode
read_message = registry.read
log_to_standard_error = configure_logging


class Container(containers.DeclarativeContainer):
    """The embedded service: SQLite, the in-process bus, virtual time and a simulated depot."""

    database_url = providers.Dependency(instance_of=str)
    scenario = providers.Dependency(instance_of=Scenario)
    seed = providers.Dependency(instance_of=int)
    decide = providers.Object(rebalance.decide)

    clock = providers.Singleton(VirtualClock, FIRST_EVENING)
    tracer_provider = providers.Singleton(telemetry.tracer_provider)
    meter_provider = providers.Singleton(telemetry.meter_provider)
    tracing = providers.Singleton(OpenTelemetryTracing, tracer_provider)
    counters = providers.Singleton(OpenTelemetryCounters, meter_provider)

    engine = providers.Singleton(create_engine, database_url)
    transactions = providers.Singleton(SqlTransactions, engine, registry.write, clock)
    pending_events = providers.Singleton(SqlPendingEvents, engine)
    read_model_transactions = providers.Singleton(SqlReadModelTransactions, engine)
    read_model = providers.Singleton(SqlReadModel, engine)

    bus = providers.Singleton(
        MemoryBus, {CONFIGURATION: PARTITIONS, TELEMETRY: PARTITIONS, EVENTS: PARTITIONS, DEAD_LETTER: 1}
    )
    configuration_publisher = bus.provided.publisher.call(CONFIGURATION)
    telemetry_publisher = bus.provided.publisher.call(TELEMETRY)
    event_publisher = bus.provided.publisher.call(EVENTS)
    dead_letters = bus.provided.dead_letters.call(DEAD_LETTER)

    mailbox = providers.Singleton(Mailbox)
    apply_configuration = providers.Singleton(ApplyConfigurationHandler, transactions, counters)
    run_cycle = providers.Singleton(RunCycleHandler, transactions, tracing, counters, decide)
    worker = providers.Factory(
        Worker,
        dead_letters=dead_letters,
        mailbox=mailbox,
        apply_configuration=apply_configuration,
        run_cycle=run_cycle,
        transactions=transactions,
        clock=clock,
        counters=counters,
    )
    relay = providers.Singleton(Relay, pending_events, event_publisher, clock)
    projections = providers.Object((STATUS, CYCLES))
    projector = providers.Factory(Projector, transactions=read_model_transactions, projections=projections)

    depot = providers.Singleton(
        Depot, scenario, seed, clock.provided.now.call(), providers.Factory(_allocator, scenario, clock)
    )
