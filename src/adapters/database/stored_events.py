"""The outbox from the read side: what subscribers were told, for as long as it is kept."""

from collections.abc import Sequence

from sqlalchemy import ScalarSelect, func, select
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.database.engine import READ_ONLY, reading
from adapters.database.tables import outbox, projection_positions
from application.ports.read_side import StoredEvent


class SqlStoredEvents:
    """Published events up to where every projection has come. Every call is a transaction of its own."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._reading = engine.execution_options(**READ_ONLY)

    async def newest(self, microgrid_id: str) -> int:
        async with reading(self._reading) as connection:
            return (await connection.execute(select(_projected(microgrid_id)))).scalar_one() or 0

    async def traceparent(self, microgrid_id: str, event_seq: int) -> str | None:
        row = outbox.c
        statement = select(row.headers).where(row.microgrid_id == microgrid_id, row.event_seq == event_seq)
        async with reading(self._reading) as connection:
            headers = (await connection.execute(statement)).scalar_one_or_none()
        found: str | None = dict(headers or ()).get("traceparent")
        return found

    async def after(self, microgrid_id: str, event_seq: int, limit: int) -> Sequence[StoredEvent]:
        row = outbox.c
        statement = (
            select(row.event_seq, row.ce_type, row.value)
            .where(row.microgrid_id == microgrid_id, row.event_seq > event_seq)
            .where(row.event_seq <= _projected(microgrid_id))
            .order_by(row.event_seq)
            .limit(limit)
        )
        async with reading(self._reading) as connection:
            return [StoredEvent(*event) for event in (await connection.execute(statement)).all()]


def _projected(microgrid_id: str) -> ScalarSelect[int]:
    """Where the slowest projection is, NULL before the first event."""
    position = projection_positions.c
    return select(func.min(position.event_seq)).where(position.microgrid_id == microgrid_id).scalar_subquery()
