"""Server-sent events: an answer that goes on until its reader leaves, stops reading, or the service ends."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Final, TypeAlias

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from application.ports.persistence import StorageUnavailable
from entrypoints.api.problems import Problem, send_problem

TAKEN_WITHIN_S: Final = 10.0
"""How long a reader may take for what was sent to it."""

Abort: TypeAlias = Callable[[Any], None]
"""Closes the connection to a client, as `scope` names it, at once, with what lies unsent in it."""


STREAMS: Final = 20
"""How many streams a caller may follow at once."""


class Places:
    """How many streams each caller follows, `each` at most."""

    def __init__(self, each: int = STREAMS) -> None:
        self._each = each
        self._taken: Counter[str] = Counter()

    @contextmanager
    def one(self, caller: str) -> Iterator[bool]:
        """A place while inside, where there is one: whether there is."""
        is_free = self._taken[caller] < self._each
        self._taken[caller] += is_free
        try:
            yield is_free
        finally:
            self._taken[caller] -= is_free
            if not self._taken[caller]:
                del self._taken[caller]


class EventStream(Response):
    """Sends what a generator yields, each part once the reader took the one before.

    It needs a place, and ends at an instant (seconds of Unix time) where one is given.
    """

    media_type = "text/event-stream"

    def __init__(
        self, parts: AsyncGenerator[bytes], abort: Abort, place: AbstractContextManager[bool], until: float | None
    ) -> None:
        super().__init__(headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"})
        del self.headers["content-length"]
        self._parts = parts
        self._abort = abort
        self._place = place
        self._until = until

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with self._place as is_free:
            if is_free:
                await self._stream(scope, receive, send)
            else:
                await self._parts.aclose()
                problem = Problem(503, "You follow too many streams.", headers={"Retry-After": "5"})
                await send_problem(problem, scope, receive, send)

    async def _stream(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
        sending = asyncio.create_task(self._send(send))
        left = asyncio.create_task(_left(receive))
        try:
            await asyncio.wait((sending, left), return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (sending, left):
                task.cancel()
            await asyncio.gather(sending, left, return_exceptions=True)
            await self._parts.aclose()
        error = None if sending.cancelled() else sending.exception()
        if isinstance(error, TimeoutError):
            self._abort(scope.get("client"))
        elif error is not None:
            raise error

    async def _send(self, send: Send) -> None:
        lasting = asyncio.timeout(None if self._until is None else max(0.0, self._until - time.time()))
        try:
            async with lasting:
                async for part in self._parts:
                    await _taken(send, part)
        except StorageUnavailable:
            pass  # the reader comes back with its Last-Event-ID
        except TimeoutError:
            if not lasting.expired():
                raise
        await _taken(send, None)


async def _taken(send: Send, part: bytes | None) -> None:
    """Send a part, or the end where it is None. Raises TimeoutError where the reader does not take it."""
    message = {"type": "http.response.body", "body": part or b"", "more_body": part is not None}
    await asyncio.wait_for(send(message), TAKEN_WITHIN_S)


async def _left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
