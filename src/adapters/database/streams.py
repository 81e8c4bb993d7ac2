"""The stream that a database leads: what the sources of its events name, and what positions of subscribers hold for."""

from uuid import uuid4

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.database.engine import READ_ONLY, answering, reading
from adapters.database.tables import streams

CURRENT = select(streams.c.stream_id)


class SqlStreams:
    """The current stream, and the way to a new one."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def current(self) -> str:
        async with reading(self._engine.execution_options(**READ_ONLY)) as connection:
            stream: str = (await connection.execute(CURRENT)).scalar_one()
            return stream

    async def begin(self, stream_id: str | None = None) -> str:
        """Begin a new stream, of a name that nobody had before where none is given; returns it.

        What is decided from now on belongs to it. Sequences go on: a subscriber that sees a new source begins there.
        """
        begun = stream_id or str(uuid4())
        with answering():
            async with self._engine.begin() as connection:
                await connection.execute(streams.update().values(stream_id=begun))
        return begun
