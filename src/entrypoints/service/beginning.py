"""What a long-running process waits for before it begins, and what it does not begin without."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from aiokafka.errors import KafkaError

from adapters.database import rights as database_rights
from adapters.database import schema
from adapters.database.rights import Rights
from adapters.database.schema import UnreachableDatabase
from adapters.kafka import topics as kafka_topics
from adapters.kafka.connection import Connection, when_reachable
from adapters.kafka.rights import Use
from entrypoints.unusable import OLDER_SCHEMA, UnusableSetting

RETRY_S = 1.0

T = TypeVar("T")

_logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Needs:
    """What a member of a group has to be allowed: the group, topics (by their names without the prefix), tables."""

    group: str
    reads: Sequence[str]
    writes: Sequence[str]
    tables: Rights

    def on_the_bus(self, prefix: str) -> Use:
        reads, writes = ([f"{prefix}.{name}" for name in names] for names in (self.reads, self.writes))
        return Use(reads, writes, f"{prefix}.{self.group}")


class Announcement:
    """Says where the process can be asked: as soon as it waits or is ready, for one that is refused says only why."""

    def __init__(self, address: str) -> None:
        self._address: str | None = address

    def make(self) -> None:
        """Once."""
        if self._address is not None:
            _logger.info("Health and metrics are served at %s", self._address)
        self._address = None

    def where_it_waits(self, ask: Callable[[], Awaitable[T]]) -> Callable[[], Awaitable[T]]:
        """The same question, announcing where it has to be asked again."""

        async def asked() -> T:
            try:
                return await ask()
            except (UnreachableDatabase, KafkaError) as error:
                if isinstance(error, UnreachableDatabase) or error.retriable:
                    self.make()
                raise

        return asked


async def require_database(url: str, tables: Rights, announcement: Announcement | None = None) -> None:
    """Once it answers. Raises UnusableSetting where its schema is an older one, and UnusableDatabase."""

    async def ask() -> bool:
        is_newest = await schema.is_newest(url)
        if is_newest:
            await database_rights.require(url, tables)
        return is_newest

    if not await once_reachable(ask if announcement is None else announcement.where_it_waits(ask)):
        raise UnusableSetting(OLDER_SCHEMA)


async def require_bus(connection: Connection, use: Use, announcement: Announcement) -> int:
    """How many partitions the keyed topics have, once brokers answer.

    Raises NotAllowed, UnusableTopics, KafkaError where waiting does not help.
    """
    return await when_reachable(announcement.where_it_waits(lambda: kafka_topics.require(connection, use)))


async def once_reachable(ask: Callable[[], Awaitable[T]]) -> T:
    """What the database answers, asked again for as long as it is away."""
    while True:
        try:
            return await ask()
        except UnreachableDatabase as error:
            _logger.warning("The database cannot be reached, trying again: %s", error)
        await asyncio.sleep(RETRY_S)
