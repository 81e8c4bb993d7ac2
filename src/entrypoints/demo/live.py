"""A demo in step with the clock on the wall: shown in the terminal, and its read side served over HTTP."""

import asyncio
from itertools import count

from entrypoints.api.beside import served_beside
from entrypoints.api.serve import Api
from entrypoints.container import Container
from entrypoints.demo.in_one_process import Demo
from entrypoints.demo.view import LiveView
from entrypoints.going_on import going_on
from entrypoints.settings import Settings


class LiveDemo:
    """How a demo is played live: where it is served, for how long, how fast at most."""

    def __init__(self, settings: Settings, port: int | None, duration_s: int | None, speed: int) -> None:
        """Raises UnusableSetting."""
        self._api = Api(settings, port, next_free=True)
        self._duration_s = duration_s
        self._speed = speed

    async def play(self, container: Container, demo: Demo, stop: asyncio.Event) -> None:
        """One simulated second after the other, never faster than `speed` of them a second."""
        loop = asyncio.get_running_loop()
        microgrid_id = container.scenario().configuration["microgrid_id"]
        with (
            served_beside(self._api, container),
            going_on(microgrid_id, container.database_url(), self._api.address) as entry,
            LiveView(self._speed, self._api.address) as view,
        ):
            due = loop.time()
            for second in count():
                if stop.is_set() or second == self._duration_s:
                    return
                await demo.tick()
                if view.wants_an_update(loop.time()):
                    entry.keep_time(demo.now, self._speed)
                    view.show(await demo.status(), demo.summary(), demo.now)
                due = max(due + 1 / self._speed, loop.time())
                await _pause(stop, due - loop.time())


async def _pause(stop: asyncio.Event, seconds: float) -> None:
    try:
        await asyncio.wait_for(stop.wait(), max(0.0, seconds))
    except TimeoutError:
        return
