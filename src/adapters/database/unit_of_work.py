"""Units of work in SQL: one transaction on one connection."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from adapters.database.engine import answering
from adapters.database.outbox import Encode, SqlOutbox
from adapters.database.ownership import hold
from adapters.database.repositories import SqlMicrogridRepository
from adapters.database.schema import newest_schema
from application.ports.clock import Clock
from application.ports.ownership import Epoch


class SqlUnitOfWork:
    """One transaction over microgrids and outbox."""

    def __init__(self, connection: AsyncConnection, microgrids: SqlMicrogridRepository, outbox: SqlOutbox) -> None:
        self._connection = connection
        self.microgrids = microgrids
        self.outbox = outbox

    async def commit(self) -> None:
        await self.outbox.write()
        await self._connection.commit()


class SqlTransactions:
    """Begins units of work. `clock` says when an event was written, and when it was marked as published."""

    def __init__(self, engine: AsyncEngine, encode: Encode, clock: Clock) -> None:
        self._engine = engine
        self._encode = encode
        self._clock = clock

    @asynccontextmanager
    async def begin(self, epochs: Epoch | Mapping[str, Epoch]) -> AsyncIterator[SqlUnitOfWork]:
        """Raises Fenced where one of the epochs has ended."""
        with answering():
            async with self._engine.connect() as connection:
                await connection.begin()
                held = await hold(connection, {epochs} if isinstance(epochs, Epoch) else {*epochs.values()})
                yield SqlUnitOfWork(
                    connection,
                    SqlMicrogridRepository(connection, epochs, for_the_former=held.finished < newest_schema()),
                    SqlOutbox(connection, held.stream, self._encode, self._clock),
                )
