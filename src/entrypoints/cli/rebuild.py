"""`busbar rebuild`: the read models from the events that the bus still holds."""

import asyncio
import sys

from adapters.database import rights as database_rights
from adapters.kafka import topics as kafka_topics
from adapters.kafka.reader import reading
from adapters.kafka.rights import Use
from adapters.memory.partitioning import partition_of
from adapters.messages import registry
from application.ports.bus import PublishedEvent
from application.ports.persistence import StorageUnavailable
from application.projections.rebuild import Rebuild
from entrypoints import settings as environment
from entrypoints.brokers import connection_to
from entrypoints.container import Deployment
from entrypoints.service.beginning import require_database
from entrypoints.service.refusals import quiet, refusing
from entrypoints.unusable import UnusableSetting


def run(microgrid_id: str | None) -> int:
    """Rebuild; returns the exit code. Raises UnusableSetting where database or brokers are of no use."""
    settings, database_url = environment.kafka(), environment.database_url()
    quiet(settings)
    deployment = Deployment(
        database_url=database_url,
        connection=connection_to(settings),
        prefix=settings.topic_prefix,
        keeping=settings.keeping,
    )
    with refusing():
        try:
            asyncio.run(_rebuild(deployment, microgrid_id))
        except StorageUnavailable as error:
            raise UnusableSetting(f"The database of BUSBAR_DATABASE_URL went away: {error}.") from None
    return 0


async def _rebuild(deployment: Deployment, microgrid_id: str | None) -> None:
    await require_database(deployment.database_url(), database_rights.PROJECTOR)
    connection, topic = deployment.connection(), deployment.topics().events
    count = await kafka_topics.require(connection, Use([topic]))
    partitions = range(count) if microgrid_id is None else [partition_of(microgrid_id, count)]
    rebuild: Rebuild = deployment.rebuild()
    async with reading(connection, topic, partitions, None) as reader:
        # Once nothing is left that came before the last look, whatever comes is the projectors' again.
        while not await reader.caught_up() or not await reader.caught_up_with_now():
            events = [registry.read(topic, message) for _, message in await reader.receive()]
            wanted = [each for each in events if isinstance(each, PublishedEvent)]
            if microgrid_id is not None:
                wanted = [each for each in wanted if each.microgrid_id == microgrid_id]
            for missing in await rebuild.project(wanted):
                span = f"{missing.first_seq} to {missing.last_seq}"
                sys.stderr.write(f"{missing.microgrid_id}: the bus does not hold events {span} any more\n")
    await deployment.engine().dispose()
