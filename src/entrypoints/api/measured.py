"""How many requests are answered, how, and how long it takes."""

import time
from contextlib import AbstractContextManager, ExitStack
from typing import Protocol

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send


class Requests(Protocol):
    """Takes down what was asked."""

    def answered(self, method: str, route: str | None, status: int, seconds: float) -> None: ...

    def stream(self) -> AbstractContextManager[None]: ...


class Measured:
    """Measures every request once it is answered, and of a stream its beginning and how long it is open."""

    def __init__(self, app: ASGIApp, requests: Requests) -> None:
        self._app = app
        self._requests = requests

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began, status, is_stream = time.perf_counter(), 500, False

        def answered() -> None:
            route = getattr(scope.get("route"), "path_format", None)
            self._requests.answered(scope["method"], route, status, time.perf_counter() - began)

        async def send_measured(message: Message) -> None:
            nonlocal status, is_stream
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = Headers(raw=message["headers"])
                is_stream = headers.get("content-type", "").startswith("text/event-stream")
                if is_stream:
                    streams.enter_context(self._requests.stream())
                    answered()
            await send(message)

        with ExitStack() as streams:
            try:
                await self._app(scope, receive, send_measured)
            finally:
                if not is_stream:
                    answered()
