"""Builds what has state of a webhook; the process that projects gives it the rest."""

from collections.abc import Callable

from dependency_injector import containers, providers
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.database.notices import SqlWaitingNotices
from adapters.webhook.hook import Hook
from adapters.webhook.receiver import HttpReceiver
from application.notifier import Notifier
from application.ports.clock import Clock
from application.ports.observing import Counters


class Webhook(containers.DeclarativeContainer):
    """What waits in a database, and where it is sent. `owns`: which microgrids are this process's to tell of."""

    hook = providers.Dependency(instance_of=Hook)
    engine = providers.Dependency(instance_of=AsyncEngine)
    clock: providers.Dependency[Clock] = providers.Dependency()
    counters: providers.Dependency[Counters] = providers.Dependency()
    owns: providers.Dependency[Callable[[str], bool]] = providers.Dependency()

    receiver = providers.Singleton(HttpReceiver, hook, clock.provided.now)
    waiting_notices = providers.Singleton(SqlWaitingNotices, engine)
    notifier = providers.Singleton(
        Notifier, notices=waiting_notices, receiver=receiver, clock=clock, counters=counters, owns=owns
    )
