"""Serving the application: sockets, connections that can be cut, and an end that waits for nobody."""

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any, Final

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol

from entrypoints.api import problems

BACKLOG: Final = 2048
FREE_PORTS: Final = 100
"""How many ports are tried where none was asked for."""


class UnusableAddress(Exception):
    """Nothing can be served there; the message says why."""


class Connections:
    """The `open` connections by client."""

    def __init__(self) -> None:
        self.open: dict[Any, asyncio.Transport] = {}

    def abort(self, client: Any) -> None:
        """Cut the connection to a client, with whatever it has not taken yet."""
        transport = self.open.get(client and tuple(client))
        if transport is not None:
            transport.abort()

    def protocol(self) -> type[H11Protocol]:
        """What uvicorn speaks, with its connections noted here."""
        connections = self.open

        class NotedProtocol(H11Protocol):
            def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
                super().connection_made(transport)
                connections[self.client] = transport

            def connection_lost(self, exc: Exception | None) -> None:
                connections.pop(self.client, None)
                super().connection_lost(exc)

            def send_400_response(self, msg: str) -> None:
                """To what is no HTTP at all."""
                answer = problems.response(problems.Problem(400, msg))
                head = b"".join(b"%s: %s\r\n" % header for header in answer.raw_headers)
                self.transport.write(b"HTTP/1.1 400 Bad Request\r\n" + head + b"connection: close\r\n\r\n")
                self.transport.write(bytes(answer.body))
                self.transport.close()

        return NotedProtocol


class _Server(uvicorn.Server):
    """Signals are the affair of whoever serves."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@asynccontextmanager
async def serving(
    app: ASGIApp, connections: Connections, listener: socket.socket, patience_s: int
) -> AsyncIterator[None]:
    """Serve while inside; at the end what is still being answered has `patience_s` to finish."""
    config = uvicorn.Config(
        app,
        http=connections.protocol(),
        ws="none",
        lifespan="off",
        access_log=False,
        log_config=None,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=patience_s,
    )
    server = _Server(config)
    task = asyncio.create_task(server.serve([listener]))
    try:
        yield
    finally:
        server.should_exit = True
        await task


def listen(host: str, port: int | None, default: int) -> socket.socket:
    """A socket on this port, 0 for any, or where it is None on the default or the next free one.

    Raises UnusableAddress.
    """
    ports = range(default, default + FREE_PORTS) if port is None else (port,)
    error: OSError | None = None
    for each in ports:
        try:
            return _bound(host, each)
        except OSError as refused:
            error = refused
    raise UnusableAddress(f"{host}:{ports[0]} cannot be listened on ({error})")


def _bound(host: str, port: int) -> socket.socket:
    family, kind, number, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[
        0
    ]
    listener = socket.socket(family, kind, number)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(BACKLOG)
    except OSError:
        listener.close()
        raise
    listener.setblocking(False)
    return listener


def url(listener: socket.socket) -> str:
    """The address to type into a browser on this machine."""
    host, port = listener.getsockname()[:2]
    shown = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    return f"http://{f'[{shown}]' if ':' in shown else shown}:{port}/"
