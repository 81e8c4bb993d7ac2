"""The stream that a database leads: what the sources of its events name, and what positions of subscribers hold for."""

from collections.abc import Collection, Mapping
from uuid import uuid4

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.database.among import among
from adapters.database.engine import READ_ONLY, answering, reading
from adapters.database.tables import microgrid_state, streams

CURRENT = select(streams.c.stream_id)


class SqlStreams:
    """The current stream, and the way to a new one."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def current(self) -> str:
        async with reading(self._engine.execution_options(**READ_ONLY)) as connection:
            stream: str = (await connection.execute(CURRENT)).scalar_one()
            return stream

    async def reached(self, microgrid_ids: Collection[str]) -> Mapping[str, int]:
        """The newest `event_seq` of those of the microgrids that are stored."""
        state = microgrid_state.c
        statement = select(state.microgrid_id, state.event_seq).where(
            among(self._engine, state.microgrid_id, microgrid_ids)
        )
        async with reading(self._engine.execution_options(**READ_ONLY)) as connection:
            return {row.microgrid_id: row.event_seq for row in await connection.execute(statement)}

    async def begin(self, stream_id: str | None = None) -> str:
        """Begin a new stream, of a name that nobody had before where none is given; returns it.

        What is decided from now on belongs to it. Sequences go on: a subscriber that sees a new source begins there.
        """
        begun = stream_id or str(uuid4())
        with answering():
            async with self._engine.begin() as connection:
                await connection.execute(streams.update().values(stream_id=begun))
        return begun
