"""Everything that has to be registered somewhere is: providers, message types, events and their routes."""

import inspect
import typing
from collections.abc import AsyncIterator
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from dependency_injector import providers

from adapters.clock import SystemClock
from adapters.memory.bus import MemoryBus
from adapters.memory.partitioning import partition_of
from adapters.messages import registry
from adapters.observability.handlers import CountedDecisions
from adapters.simulation.scenarios import SCENARIOS
from adapters.webhook.hook import Hook
from application import event_types
from application.cycles import Cycles
from application.decisions import Decisions
from application.intake import Intake
from application.notifier import Notifier
from application.owned_partitions import OwnedPartitions
from application.projections.projector import Projector
from application.relay import Relay
from domain.events import DomainEvent
from entrypoints.brokers import connection_to
from entrypoints.container import PROJECTIONS, Container, Deployment, Membership
from entrypoints.ocpp_container import OcppGateway
from entrypoints.service.assignments import Unconcerned
from entrypoints.settings import Settings
from entrypoints.topics import CONFIGURATION, EVENTS, TELEMETRY
from entrypoints.webhook_container import Webhook
from tests.builders import a_configuration
from tests.databases import sqlite_url

EVENT_TYPES = {value for name, value in vars(event_types).items() if name.isupper()}


@pytest.fixture
async def container(tmp_path: Path) -> AsyncIterator[Container]:
    scenario = SCENARIOS["joondalup-small"]
    container = Container(database_url=sqlite_url(tmp_path / "demo.sqlite3"), scenario=scenario, seed=1)
    yield container
    await container.engine().dispose()


@pytest.fixture
def membership(container: Container) -> Membership:
    made: Membership = container.membership()
    return made


async def build(container: Container, name: str) -> object:
    """What a provider of the container provides; one that is fed is given something to eat."""
    match name:
        case "projector":
            source = await container.bus().join("busbar.projector", (EVENTS,), registry.read, Unconcerned())
            return container.projector(source=source)
        case "recorded":
            source = await container.bus().join("busbar.worker", (TELEMETRY,), registry.read, Unconcerned())
            return container.recorded(source, sink=BytesIO())
        case _:
            return container.providers[name]()


@pytest.mark.parametrize("name", Container.providers)
async def test_a_provider_of_the_container_can_be_built(container: Container, name: str) -> None:
    built = await build(container, name)
    assert built is not None or isinstance(container.providers[name], providers.Object)


@pytest.mark.parametrize("name", Membership.providers)
async def test_a_provider_of_a_membership_can_be_built(container: Container, membership: Membership, name: str) -> None:
    source = await container.bus().join("busbar.worker", (CONFIGURATION, TELEMETRY), registry.read, Unconcerned())
    provider = membership.providers[name]
    assert (provider(source=source) if name == "intake" else provider()) is not None


async def test_what_is_shared_is_one_and_the_same(container: Container) -> None:
    shared = [name for name, each in container.providers.items() if isinstance(each, providers.Singleton)]
    assert {"bus", "engine", "clock", "depot"} <= set(shared)
    for name in shared:
        assert await build(container, name) is await build(container, name), name


def test_what_a_worker_remembers_is_one_for_its_membership_and_anew_for_the_next(container: Container) -> None:
    former, present = container.membership(), container.membership()
    for name in ("mailbox", "relay", "owned_partitions", "uncounted_decisions", "decisions", "cycles"):
        assert former.providers[name]() is former.providers[name](), name
        assert present.providers[name]() is not former.providers[name](), name


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("intake", Intake),
        ("cycles", Cycles),
        ("uncounted_decisions", Decisions),
        ("decisions", CountedDecisions),
        ("owned_partitions", OwnedPartitions),
        ("relay", Relay),
    ],
)
def test_what_a_part_of_a_worker_is_given_is_what_it_asks_for(
    membership: Membership, name: str, kind: type[Any]
) -> None:
    assert_given_what_it_asks_for(membership.providers[name], kind)


def test_what_the_projector_is_given_is_what_it_asks_for(container: Container) -> None:
    assert_given_what_it_asks_for(container.projector, Projector)


def assert_given_what_it_asks_for(provider: Any, kind: type[Any]) -> None:
    asked_for = {
        parameter: hint
        for parameter, hint in typing.get_type_hints(kind.__init__).items()
        if isinstance(hint, type) and parameter not in ("return", "source")
    }
    assert asked_for
    parts = made_of(provider)
    for parameter, class_ in asked_for.items():
        given = parts[parameter]()
        assert answers(given, class_), f"{parameter} is a {type(given).__name__}"


def made_of(provider: Any) -> dict[str, Any]:
    """The providers of what a provider gives to what it makes, by parameter."""
    return inspect.signature(provider.cls).bind_partial(*provider.args, **provider.kwargs).arguments


def answers(given: object, class_: type) -> bool:
    """Whether an object is of a class or, of a Protocol, has its methods, or can be called as it can."""
    if not getattr(class_, "_is_protocol", False):
        return isinstance(given, class_)
    methods = [method for method, _ in inspect.getmembers(class_, inspect.isfunction) if not method.startswith("_")]
    if not methods:
        return "__call__" in vars(class_) and callable(given)
    return all(callable(getattr(given, method, None)) for method in methods)


@pytest.fixture
async def deployment(tmp_path: Path) -> AsyncIterator[Deployment]:
    settings = Settings(kafka_bootstrap_servers="127.0.0.1:9092")
    url = sqlite_url(tmp_path / "busbar.sqlite3")
    deployment = Deployment(database_url=url, connection=connection_to(settings), prefix="depots", partitions=12)
    yield deployment
    await deployment.engine().dispose()


@pytest.mark.parametrize("name", [name for name in Deployment.providers if name != "join"])
async def test_a_provider_of_the_deployment_can_be_built(deployment: Deployment, name: str) -> None:
    provider = deployment.providers[name]
    source = await MemoryBus({EVENTS: 1}).join("group", [EVENTS], registry.read, Unconcerned())
    match name:
        case "depot":
            built = provider(SCENARIOS["joondalup-small"], 1, deployment.clock().now())
        case "projector" | "measured_source":
            built = provider(source=source)
        case "not_overtaken":
            built = provider(Unconcerned())
        case _:
            built = provider()
    assert built is not None


@pytest.mark.parametrize("name", OcppGateway.providers)
def test_a_provider_of_the_gateway_can_be_built(name: str) -> None:
    configuration = a_configuration()
    parts = OcppGateway(
        configuration=configuration,
        publisher=MemoryBus({TELEMETRY: 1}).publisher(TELEMETRY),
        clock=SystemClock(),
        memory_file=":memory:",
    )
    built = parts.providers[name]()
    assert built is not None or isinstance(parts.providers[name], providers.Object)


async def test_a_webhook_can_be_built(container: Container) -> None:
    parts = Webhook(
        hook=Hook("https://hooks.example/busbar", "whsec-of-a-test"),
        engine=container.engine(),
        clock=container.clock(),
        counters=container.counters(),
        owns=PROJECTIONS.__contains__,
    )
    assert isinstance(parts.notifier(), Notifier)
    assert made_of(parts.notifier)["owns"]() == PROJECTIONS.__contains__


async def test_the_deployment_decides_and_publishes_what_it_owns_under_its_prefix(deployment: Deployment) -> None:
    member = deployment.membership()
    assert made_of(member.relay)["publisher"]() is deployment.traced_event_publisher()
    assert member.transactions() is deployment.transactions()
    assert member.dead_letters() is deployment.dead_letters()
    traced, inner = made_of(deployment.traced_event_publisher), made_of(deployment.event_publisher)
    assert traced["inner"] is deployment.event_publisher
    assert (traced["topic"](), inner["topic"]()) == ("depots.events", "depots.events")
    assert made_of(deployment.dead_letter_publisher)["topic"]() == "depots.dead-letter"


def test_the_parts_of_a_worker_share_what_it_remembers() -> None:
    intake, cycles, owned, decisions = map(
        made_of, (Membership.intake, Membership.cycles, Membership.owned_partitions, Membership.uncounted_decisions)
    )
    assert intake["owned"] is cycles["owned"] is Membership.owned_partitions
    assert intake["mailbox"] is cycles["mailbox"] is owned["mailbox"] is Membership.mailbox
    assert intake["decisions"] is cycles["decisions"] is Membership.decisions
    assert owned["relay"] is decisions["relay"] is Membership.relay
    assert made_of(Membership.decisions)["inner"] is Membership.uncounted_decisions


async def test_the_deployment_finds_a_microgrid_where_the_publisher_puts_it(deployment: Deployment) -> None:
    assert [deployment.partition_of()(key) for key in ("malaga", "joondalup")] == [
        partition_of("malaga", 12),
        partition_of("joondalup", 12),
    ]


def test_every_domain_event_is_written() -> None:
    assert set(registry.WRITERS) == set(typing.get_args(DomainEvent))


def test_every_type_of_event_is_written() -> None:
    assert {event_type for event_type, _ in registry.WRITERS.values()} == EVENT_TYPES


def test_every_type_of_message_is_read() -> None:
    inbound = {"site.configuration.v1", "microgrid.retirement.v1", "charge_point.telemetry.v1", "circuit.telemetry.v1"}
    assert set(registry.READERS) == inbound


@pytest.mark.parametrize("projection", PROJECTIONS, ids=lambda projection: projection.name)
def test_every_event_is_routed_by_every_projection(projection: Any) -> None:
    assert set(projection.effects) == set(registry.WRITERS)


def test_projections_have_names_of_their_own() -> None:
    names = [projection.name for projection in PROJECTIONS]
    assert len(set(names)) == len(names)
