"""Units of work in SQL: one transaction on one connection."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from adapters.database.engine import answering
from adapters.database.outbox import Encode, SqlOutbox
from adapters.database.ownership import hold
from adapters.database.repositories import SiteCache, SqlMicrogridRepository
from application.ports import Clock, Epoch


class SqlUnitOfWork:
    """One transaction over microgrids and outbox."""

    def __init__(self, connection: AsyncConnection, microgrids: SqlMicrogridRepository, outbox: SqlOutbox) -> None:
        self._connection = connection
        self.microgrids = microgrids
        self.outbox = outbox

    async def commit(self) -> None:
        await self._connection.commit()


class SqlTransactions:
    """Begins units of work, and keeps the sites in force between them. `clock` says when an event was written."""

    def __init__(self, engine: AsyncEngine, encode: Encode, clock: Clock) -> None:
        self._engine = engine
        self._encode = encode
        self._clock = clock
        self._sites = SiteCache()

    @asynccontextmanager
    async def begin(self, epoch: Epoch) -> AsyncIterator[SqlUnitOfWork]:
        """Raises Fenced where the epoch has ended."""
        with answering():
            async with self._engine.connect() as connection:
                await connection.begin()
                stream = await hold(connection, epoch)
                yield SqlUnitOfWork(
                    connection,
                    SqlMicrogridRepository(connection, epoch, self._sites),
                    SqlOutbox(connection, stream, self._encode, self._clock),
                )
