"""A demo in step with the clock on the wall: shown in the terminal, and its read side served over HTTP."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import count

from anyio.from_thread import start_blocking_portal

from entrypoints.api.read_side import ReadSide
from entrypoints.api.serve import Api
from entrypoints.container import Container
from entrypoints.demo.in_one_process import Demo
from entrypoints.demo.view import LiveView
from entrypoints.settings import Settings

PATIENCE_S = 2
"""How long requests may still take at the end."""

GIVES_WAY_AFTER_S = 0.0001
"""How long a cycle keeps the interpreter from a request, each time that one comes back from the database."""


class LiveDemo:
    """How a demo is played live: where it is served, for how long, how fast at most."""

    def __init__(self, settings: Settings, port: int | None, duration_s: int | None, speed: int) -> None:
        """Raises UnusableSetting."""
        self._api = Api(settings, port, next_free=True)
        self._duration_s = duration_s
        self._speed = speed

    async def play(self, container: Container, demo: Demo, stop: asyncio.Event) -> None:
        """One simulated second after the other, never faster than `speed` of them a second."""
        sys.setswitchinterval(GIVES_WAY_AFTER_S)
        # In a thread of its own: a cycle of a large depot would hold up every answer for as long as it takes.
        with (
            start_blocking_portal(name="api") as portal,
            portal.wrap_async_context_manager(served(self._api, container)),
        ):
            loop = asyncio.get_running_loop()
            with LiveView(self._speed, self._api.address) as view:
                due = loop.time()
                for second in count():
                    if stop.is_set() or second == self._duration_s:
                        return
                    await demo.tick()
                    if view.wants_an_update(loop.time()):
                        view.show(await demo.status(), demo.summary(), demo.now)
                    due = max(due + 1 / self._speed, loop.time())
                    await _pause(stop, due - loop.time())


@asynccontextmanager
async def served(api: Api, demo: Container) -> AsyncIterator[None]:
    """The read side of a demo, on connections of its own: none can be shared between threads."""
    database = Container(database_url=demo.database_url())
    read_side = ReadSide(
        database.read_model(),
        database.stored_events(),
        demo.clock(),
        demo.metrics().text,
        is_started=lambda: True,
    )
    try:
        async with api.served(read_side, demo.requests(), PATIENCE_S):
            yield
    finally:
        await database.engine().dispose()


async def _pause(stop: asyncio.Event, seconds: float) -> None:
    try:
        await asyncio.wait_for(stop.wait(), max(0.0, seconds))
    except TimeoutError:
        return
