"""Everything that has to be registered somewhere is: providers, message types, events and their routes."""

import inspect
import typing
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from dependency_injector import providers

from adapters.memory.bus import MemoryBus
from adapters.memory.partitioning import partition_of
from adapters.messages import events, registry
from application import event_types
from application.cycles import Cycles
from application.decisions import Decisions
from application.intake import Intake
from application.owned_partitions import OwnedPartitions
from application.ports.bus import MessageSource, Partition
from application.projections.projector import Projector
from application.relay import Relay
from domain.events import DomainEvent
from entrypoints.container import (
    CONFIGURATION,
    EVENTS,
    SCENARIOS_BY_NAME,
    TELEMETRY,
    Container,
    Deployment,
    connection_to,
    read_message,
)
from entrypoints.settings import Settings
from tests.databases import sqlite_url

EVENT_TYPES = {value for name, value in vars(event_types).items() if name.isupper()}

FED = ("intake", "projector", "measured_source")
"""They are given a source of messages."""


class Unconcerned:
    """An Assignment that has nothing to hand over."""

    async def assigned(self, partitions: frozenset[Partition]) -> None: ...

    async def revoked(self, partitions: frozenset[Partition]) -> None: ...


@pytest.fixture
async def container(tmp_path: Path) -> AsyncIterator[Container]:
    scenario = SCENARIOS_BY_NAME["joondalup-small"]
    container = Container(database_url=sqlite_url(tmp_path / "demo.sqlite3"), scenario=scenario, seed=1)
    yield container
    await container.engine().dispose()


async def build(container: Container, name: str) -> object:
    """What a provider provides; one that is fed by a source of messages is given one."""
    provider = container.providers[name]
    if name not in FED:
        return provider()
    topics = (CONFIGURATION, TELEMETRY) if name == "intake" else (EVENTS,)
    source: MessageSource = await container.bus().join(f"busbar.{name}", topics, read_message, Unconcerned())
    return provider(source=source)


@pytest.mark.parametrize("name", Container.providers)
async def test_a_provider_of_the_container_can_be_built(container: Container, name: str) -> None:
    built = await build(container, name)
    assert built is not None or isinstance(container.providers[name], providers.Object)


async def test_what_is_shared_is_one_and_the_same(container: Container) -> None:
    shared = [name for name, each in container.providers.items() if isinstance(each, providers.Singleton)]
    assert {"bus", "engine", "mailbox", "clock", "depot"} <= set(shared)
    for name in shared:
        assert await build(container, name) is await build(container, name), name


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("intake", Intake),
        ("cycles", Cycles),
        ("decisions", Decisions),
        ("owned_partitions", OwnedPartitions),
        ("relay", Relay),
        ("projector", Projector),
    ],
)
def test_what_a_part_is_given_is_what_it_asks_for(container: Container, name: str, kind: type[Any]) -> None:
    asked_for = {
        parameter: hint
        for parameter, hint in typing.get_type_hints(kind.__init__).items()
        if isinstance(hint, type) and parameter not in ("return", "source")
    }
    assert asked_for
    parts = made_of(container.providers[name])
    for parameter, class_ in asked_for.items():
        given = parts[parameter]()
        assert answers(given, class_), f"{parameter} is a {type(given).__name__}"


def made_of(provider: Any) -> dict[str, Any]:
    """The providers of what a provider gives to what it makes, by parameter."""
    return inspect.signature(provider.cls).bind_partial(*provider.args, **provider.kwargs).arguments


def answers(given: object, class_: type) -> bool:
    """Whether an object is of a class or, of a Protocol, has its methods."""
    if not getattr(class_, "_is_protocol", False):
        return isinstance(given, class_)
    methods = [method for method, _ in inspect.getmembers(class_, inspect.isfunction) if not method.startswith("_")]
    return bool(methods) and all(callable(getattr(given, method, None)) for method in methods)


@pytest.fixture
async def deployment(tmp_path: Path) -> AsyncIterator[Deployment]:
    settings = Settings(kafka_bootstrap_servers="127.0.0.1:9092")
    url = sqlite_url(tmp_path / "busbar.sqlite3")
    deployment = Deployment(database_url=url, connection=connection_to(settings), prefix="depots", partitions=12)
    yield deployment
    await deployment.engine().dispose()


@pytest.mark.parametrize("name", Deployment.providers)
async def test_a_provider_of_the_deployment_can_be_built(deployment: Deployment, name: str) -> None:
    provider = deployment.providers[name]
    if name == "depot":
        assert provider(SCENARIOS_BY_NAME["joondalup-small"], 1, deployment.clock().now()) is not None
        return
    source = await MemoryBus({EVENTS: 1}).join("group", [EVENTS], read_message, Unconcerned())
    assert (provider(source=source) if name in FED else provider()) is not None


async def test_the_deployment_decides_and_publishes_what_it_owns_under_its_prefix(deployment: Deployment) -> None:
    intake, cycles, relay, owned, decisions = map(
        made_of,
        (deployment.intake, deployment.cycles, deployment.relay, deployment.owned_partitions, deployment.decisions),
    )
    assert intake["owned"] is cycles["owned"] is deployment.owned_partitions
    assert intake["mailbox"] is cycles["mailbox"] is owned["mailbox"] is deployment.mailbox
    assert intake["decisions"] is cycles["decisions"] is deployment.decisions
    assert owned["relay"] is decisions["relay"] is deployment.relay
    assert relay["publisher"] is deployment.traced_event_publisher
    traced, inner = made_of(deployment.traced_event_publisher), made_of(deployment.event_publisher)
    assert traced["inner"] is deployment.event_publisher
    assert (traced["topic"](), inner["topic"]()) == ("depots.events", "depots.events")
    assert made_of(deployment.dead_letter_publisher)["topic"]() == "depots.dead-letter"


async def test_the_deployment_finds_a_microgrid_where_the_publisher_puts_it(deployment: Deployment) -> None:
    assert [deployment.partition_of()(key) for key in ("malaga", "joondalup")] == [
        partition_of("malaga", 12),
        partition_of("joondalup", 12),
    ]


def test_every_domain_event_is_written() -> None:
    assert set(registry.WRITERS) == set(typing.get_args(DomainEvent))


def test_the_application_and_the_messages_name_the_events_alike() -> None:
    written = {event_type for event_type, _ in registry.WRITERS.values()}
    assert written == EVENT_TYPES
    for name, value in vars(event_types).items():
        if name.isupper():
            assert getattr(events, name) == value


def test_every_type_of_message_is_read() -> None:
    inbound = {"site.configuration.v1", "charge_point.telemetry.v1", "circuit.telemetry.v1"}
    assert set(registry.READERS) == inbound


@pytest.mark.parametrize("projection", Container.projections(), ids=lambda projection: projection.name)
def test_every_event_is_routed_by_every_projection(projection: Any) -> None:
    assert set(projection.effects) == EVENT_TYPES


def test_projections_have_names_of_their_own() -> None:
    names = [projection.name for projection in Container.projections()]
    assert len(set(names)) == len(names)
