"""A demo in step with the clock on the wall: shown in the terminal, and its read side served over HTTP."""

import asyncio
from itertools import count

from entrypoints.api.read_side import ReadSide
from entrypoints.api.serve import Api
from entrypoints.container import Container
from entrypoints.demo import Demo
from entrypoints.live_view import LiveView
from entrypoints.settings import Settings

PATIENCE_S = 2
"""How long requests may still take at the end."""


class LiveDemo:
    """How a demo is played live: where it is served, for how long, how fast at most."""

    def __init__(self, settings: Settings, port: int | None, duration_s: int | None, speed: int) -> None:
        """Raises UnusableSetting."""
        self._api = Api(settings, port, next_free=True)
        self._duration_s = duration_s
        self._speed = speed

    async def play(self, container: Container, demo: Demo, stop: asyncio.Event) -> None:
        """One simulated second after the other, never faster than `speed` of them a second."""
        async with self._api.served(_read_side(container), PATIENCE_S):
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


def _read_side(container: Container) -> ReadSide:
    return ReadSide(
        container.read_model(),
        container.stored_events(),
        container.clock(),
        container.metrics().text,
        is_started=lambda: True,
    )


async def _pause(stop: asyncio.Event, seconds: float) -> None:
    try:
        await asyncio.wait_for(stop.wait(), max(0.0, seconds))
    except TimeoutError:
        return
