"""How many requests are answered, how, and how long it takes."""

import time
from contextlib import AbstractContextManager, ExitStack
from typing import Final, Protocol

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from application.ports.read_side import Shown

TRACED: Final = "/v1/"
"""How routes begin that are traced: neither probes nor the page's own files."""


class Requests(Protocol):
    """Takes down what was asked."""

    def answered(self, method: str, route: str | None, status: int, seconds: float) -> None: ...

    def traced(
        self, method: str, route: str, status: int, seconds: float, *, traceparent: str | None, shown: Shown | None
    ) -> None:
        """`traceparent` is the caller's; `shown` what it was answered of a microgrid."""
        ...

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
            seconds = time.perf_counter() - began
            self._requests.answered(scope["method"], route, status, seconds)
            if route is not None and route.startswith(TRACED):
                self._requests.traced(
                    scope["method"],
                    route,
                    status,
                    seconds,
                    traceparent=Headers(scope=scope).get("traceparent"),
                    shown=scope.get("state", {}).get("shown"),
                )

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
