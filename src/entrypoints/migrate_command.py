"""`busbar migrate`: the newest schema, and where there are brokers the topics."""

import asyncio

from entrypoints import settings as environment
from entrypoints.container import connection_to, create_missing_topics, upgrade_database
from entrypoints.refusals import quiet, refusing


def run() -> int:
    """Bring the database up to date and make the topics that are missing; returns the exit code."""
    database_url = environment.database_url()
    brokers = None if environment.load().kafka_bootstrap_servers is None else environment.kafka()
    if brokers is not None:
        quiet(brokers)
    with refusing():
        asyncio.run(_migrate(database_url, brokers))
    return 0


async def _migrate(database_url: str, brokers: environment.Settings | None) -> None:
    await upgrade_database(database_url)
    if brokers is not None:
        await create_missing_topics(
            connection_to(brokers), brokers.topic_prefix, brokers.topic_partitions, brokers.topic_replication
        )
