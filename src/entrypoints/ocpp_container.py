"""What serves the chargers of one microgrid. A container of its own, as its packages are an extra."""

from pathlib import Path

from dependency_injector import containers, providers

from adapters.ocpp.gateway import Gateway
from adapters.ocpp.memory import LinkMemory
from adapters.ocpp.passwords import Passwords
from adapters.ocpp.server import Server
from application.ports.bus import EventPublisher
from application.ports.clock import Clock
from domain.site.configuration import SiteConfiguration


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
