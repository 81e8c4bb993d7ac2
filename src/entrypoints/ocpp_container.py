"""What serves the chargers of a microgrid, and what plays them. Containers of their own: their packages are extra."""

from pathlib import Path

from dependency_injector import containers, providers

from adapters.clock import SystemClock
from adapters.ocpp.gateway import Gateway
from adapters.ocpp.memory import LinkMemory
from adapters.ocpp.passwords import Passwords
from adapters.ocpp.server import Server
from adapters.simulation.depot import Depot
from adapters.simulation.stations.fleet import Stations
from application.ports.bus import EventPublisher
from application.ports.clock import Clock
from domain.site.configuration import SiteConfiguration
from entrypoints.allocator import new_allocator


class OcppGateway(containers.DeclarativeContainer):
    """On whichever bus `publisher` leads to. `memory_file` outlives the process."""

    configuration = providers.Dependency(instance_of=SiteConfiguration)
    publisher: providers.Dependency[EventPublisher] = providers.Dependency()
    clock: providers.Dependency[Clock] = providers.Dependency()
    memory_file: providers.Dependency[Path | str] = providers.Dependency()
    passwords: providers.Object[Passwords | None] = providers.Object(None)

    memory = providers.Singleton(LinkMemory, memory_file, configuration.provided.microgrid_id)
    gateway = providers.Singleton(Gateway, configuration, publisher, clock, memory)
    server = providers.Singleton(Server, gateway, passwords, clock)


class OcppStations(containers.DeclarativeContainer):
    """The stations of a simulated depot."""

    clock = providers.Singleton(SystemClock)
    depot = providers.Factory(Depot, allocate=providers.Factory(new_allocator))
    stations = providers.Factory(Stations, clock=clock.provided.now)
