"""The read side of a process that decides too, in a thread of its own."""

import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Final

from anyio.from_thread import start_blocking_portal

from entrypoints.api.read_side import ReadSide
from entrypoints.api.serve import Api
from entrypoints.container import Container

PATIENCE_S: Final = 2
"""How long requests may still take at the end."""

GIVES_WAY_AFTER_S: Final = 0.0001
"""How long a cycle keeps the interpreter from a request, each time that one comes back from the database."""


@contextmanager
def served_beside(api: Api, deciding: Container) -> Iterator[None]:
    """Serve what a container's database holds while inside: a cycle of a large depot would hold up every answer."""
    sys.setswitchinterval(GIVES_WAY_AFTER_S)
    with (
        start_blocking_portal(name="api") as portal,
        portal.wrap_async_context_manager(_served(api, deciding)),
    ):
        yield


@asynccontextmanager
async def _served(api: Api, deciding: Container) -> AsyncIterator[None]:
    """On connections of its own: none can be shared between threads."""
    database = Container(database_url=deciding.database_url())
    read_side = ReadSide(
        database.read_model(),
        database.stored_events(),
        deciding.clock(),
        deciding.metrics().text,
        is_started=lambda: True,
    )
    try:
        async with api.served(read_side, deciding.requests(), PATIENCE_S):
            yield
    finally:
        await database.engine().dispose()
