"""The outbox from the read side: what subscribers were told, for as long as it is kept."""

from collections.abc import Sequence
from typing import Final

from sqlalchemy import and_, bindparam, func, select
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.database.engine import READ_ONLY, reading
from adapters.database.tables import outbox, projection_positions
from application.ports.read_side import NewestEvent, StoredEvent

_EVENT: Final = outbox.c
_POSITION: Final = projection_positions.c

# Made once, as every request runs some of them: putting a statement together costs more than sending it.
_REACHED: Final = (
    select(func.min(_POSITION.event_seq).label("event_seq"))
    .where(_POSITION.microgrid_id == bindparam("microgrid_id"))
    .subquery()
)
"""Where the slowest projection is, NULL before the first event."""

_NEWEST: Final = select(_REACHED.c.event_seq, _EVENT.headers).select_from(
    _REACHED.outerjoin(
        outbox, and_(_EVENT.microgrid_id == bindparam("microgrid_id"), _EVENT.event_seq == _REACHED.c.event_seq)
    )
)
_AFTER: Final = (
    select(_EVENT.event_seq, _EVENT.ce_type, _EVENT.value)
    .where(_EVENT.microgrid_id == bindparam("microgrid_id"), _EVENT.event_seq > bindparam("event_seq"))
    .where(_EVENT.event_seq <= select(_REACHED.c.event_seq).scalar_subquery())
    .order_by(_EVENT.event_seq)
    .limit(bindparam("most"))
)


class SqlStoredEvents:
    """Published events up to where every projection has come. Every call is a transaction of its own."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._reading = engine.execution_options(**READ_ONLY)

    async def newest(self, microgrid_id: str) -> NewestEvent:
        async with reading(self._reading) as connection:
            event_seq, headers = (await connection.execute(_NEWEST, {"microgrid_id": microgrid_id})).one()
        return NewestEvent(event_seq or 0, dict(headers or ()).get("traceparent"))

    async def after(self, microgrid_id: str, event_seq: int, limit: int) -> Sequence[StoredEvent]:
        which = {"microgrid_id": microgrid_id, "event_seq": event_seq, "most": limit}
        async with reading(self._reading) as connection:
            return [StoredEvent(*event) for event in (await connection.execute(_AFTER, which)).all()]
