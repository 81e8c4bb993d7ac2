"""Server-sent events: an answer that goes on until its reader leaves, stops reading, or the service ends."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from typing import Any, Final, TypeAlias

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from application.ports.persistence import StorageUnavailable

TAKEN_WITHIN_S: Final = 10.0
"""How long a reader may take for what was sent to it."""

Abort: TypeAlias = Callable[[Any], None]
"""Closes the connection to a client, as `scope` names it, at once, with what lies unsent in it."""


class EventStream(Response):
    """Sends what a generator yields, each part once the reader took the one before."""

    media_type = "text/event-stream"

    def __init__(self, parts: AsyncGenerator[bytes], abort: Abort) -> None:
        super().__init__(headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"})
        del self.headers["content-length"]
        self._parts = parts
        self._abort = abort

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
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
        try:
            async for part in self._parts:
                await asyncio.wait_for(
                    send({"type": "http.response.body", "body": part, "more_body": True}), TAKEN_WITHIN_S
                )
        except StorageUnavailable:
            pass  # the reader comes back with its Last-Event-ID
        await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
