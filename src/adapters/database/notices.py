"""The notices that wait to be sent, in SQL."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.database.engine import READ_ONLY, answering, reading
from adapters.database.tables import notices
from application.ports.notifying import Notice


class SqlWaitingNotices:
    """Notices that are not known to be taken. Every call is a transaction of its own."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._reading = engine.execution_options(**READ_ONLY)

    async def microgrids(self) -> Sequence[str]:
        statement = select(notices.c.microgrid_id).distinct().order_by(notices.c.microgrid_id)
        async with reading(self._reading) as connection:
            return (await connection.execute(statement)).scalars().all()

    async def of(self, microgrid_id: str, limit: int) -> Sequence[Notice]:
        row = notices.c
        statement = select(row.entry, row.stream, row.waiting_since).where(row.microgrid_id == microgrid_id)
        async with reading(self._reading) as connection:
            found = await connection.execute(statement.order_by(row.number).limit(limit))
            return [Notice(*each) for each in found]

    async def done(self, notice: Notice) -> None:
        row, entry = notices.c, notice.entry
        statement = notices.delete().where(row.microgrid_id == entry.microgrid_id, row.number == entry.number)
        with answering():
            async with self._engine.begin() as connection:
                await connection.execute(statement)
