"""A stored state as it is, for people who have to know what a worker remembers or cannot read."""

from dataclasses import dataclass
from typing import Any

from pydantic_core import from_json
from sqlalchemy import Row, select
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.database.engine import READ_ONLY, reading
from adapters.database.packing import unpack
from adapters.database.stored_state import UnreadableState, load
from adapters.database.tables import microgrid_state


@dataclass(frozen=True, slots=True)
class ShownState:
    """A row of `microgrid_state`. `state` is in the shape of its own schema number, None where it is no JSON.

    `unreadable` is why this release does not go on from it, None where it does. `stored_bytes` is its size as stored.
    """

    microgrid_id: str
    schema_number: int
    version: int
    epoch: int
    cycle_seq: int
    event_seq: int
    stored_bytes: int
    unreadable: str | None
    state: Any


async def shown_state(engine: AsyncEngine, microgrid_id: str) -> ShownState | None:
    """What is stored of a microgrid, None where nothing is. Raises StorageUnavailable."""
    statement = select(microgrid_state).where(microgrid_state.c.microgrid_id == microgrid_id)
    async with reading(engine.execution_options(**READ_ONLY)) as connection:
        row = (await connection.execute(statement)).one_or_none()
    return None if row is None else _shown(row)


def _shown(row: Row[Any]) -> ShownState:
    return ShownState(
        microgrid_id=row.microgrid_id,
        schema_number=row.schema_number,
        version=row.version,
        epoch=row.epoch,
        cycle_seq=row.cycle_seq,
        event_seq=row.event_seq,
        stored_bytes=len(row.data),
        unreadable=_why_unreadable(row),
        state=_json(row.data),
    )


def _why_unreadable(row: Row[Any]) -> str | None:
    try:
        load(row.schema_number, row.data, event_seq=row.event_seq, cycle_seq=row.cycle_seq)
    except UnreadableState as error:
        return str(error)
    return None


def _json(stored: bytes) -> Any:
    try:
        return from_json(unpack(stored))
    except ValueError:
        return None
