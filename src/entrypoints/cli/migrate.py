"""`busbar migrate`: the newest schema, where there are brokers the topics, and on request a new stream of events."""

import asyncio

import click

from adapters.database import migrations
from adapters.kafka import topics as kafka_topics
from application.ports.persistence import StorageUnavailable
from entrypoints import settings as environment
from entrypoints.brokers import connection_to
from entrypoints.container import Deployment
from entrypoints.service.refusals import quiet, refusing
from entrypoints.unusable import UnusableSetting


def run(*, new_stream: bool, finish: bool) -> int:
    """Bring the database up to date and make the topics that are missing; returns the exit code."""
    database_url = environment.database_url()
    brokers = None if environment.load().kafka_bootstrap_servers is None else environment.kafka()
    if brokers is not None:
        quiet(brokers)
    with refusing():
        asyncio.run(_migrate(database_url, brokers, new_stream=new_stream, finish=finish))
    return 0


async def _migrate(database_url: str, brokers: environment.Settings | None, *, new_stream: bool, finish: bool) -> None:
    if not await migrations.upgrade(database_url, finish=finish):
        click.echo("The release before may go on here until `busbar migrate --finish`.")
    if new_stream:
        await _begin_stream(database_url)
    if brokers is not None:
        await kafka_topics.create_missing(
            connection_to(brokers),
            brokers.topic_prefix,
            brokers.topic_partitions,
            brokers.topic_replication,
            retain_d={
                "events": brokers.retain_events_d,
                "telemetry": brokers.retain_telemetry_d,
                "dead-letter": brokers.retain_dead_letters_d,
            },
        )


async def _begin_stream(database_url: str) -> None:
    deployment = Deployment(database_url=database_url)
    try:
        stream = await deployment.streams().begin()
    except StorageUnavailable as error:
        raise UnusableSetting(f"The database of BUSBAR_DATABASE_URL went away: {error}.") from None
    finally:
        await deployment.engine().dispose()
    click.echo(f"Events belong to the new stream {stream} from now on.")
