"""Serving the application: sockets, connections that are bounded and can be cut, and an end that waits for nobody."""

import asyncio
import logging
import resource
import socket
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from http import HTTPStatus
from typing import Any, Final

import h11
import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol

from entrypoints.api import problems

BACKLOG: Final = 2048
"""How many connections the system keeps until they are accepted."""

ACCEPTED_AT_ONCE: Final = 64
"""Before any of them is looked at: each takes a file, and without one left asyncio writes a traceback for each."""

OTHER_FILES: Final = 192 + 3 * ACCEPTED_AT_ONCE
"""What else the process may have open: databases, brokers, and connections that are refused or cut right now."""

FREE_PORTS: Final = 100
"""How many ports are tried where none was asked for."""

CONNECTIONS: Final = 1000
HEAD_S: Final = 10.0

TOLD_EVERY_S: Final = 60.0
"""How often it is said that connections are refused."""

_WHOLE: Final = (h11.DONE, h11.MUST_CLOSE, h11.CLOSED, h11.ERROR)
"""The states of a client that has sent its request."""

_logger = logging.getLogger(__name__)


class UnusableAddress(Exception):
    """Nothing can be served there; the message says why."""


class Connections:
    """The `open` connections by client, `most` at once.

    One too many takes the place of the one that has been silent for longest, and is refused where all are being
    answered. A request has to be sent within `head_s`.
    """

    def __init__(self, most: int = CONNECTIONS, head_s: float = HEAD_S) -> None:
        self.open: dict[Any, asyncio.Transport] = {}
        self.head_s = head_s
        self._most = most
        self._silent: dict[Any, None] = {}
        self._told_at = -TOLD_EVERY_S

    def abort(self, client: Any) -> None:
        """Cut the connection to a client, with whatever it has not taken yet."""
        transport = self.open.get(client and tuple(client))
        if transport is not None:
            transport.abort()

    def admit(self, client: Any, transport: asyncio.Transport) -> bool:
        """Whether there is a place for one more, or one could be made."""
        if len(self.open) >= self._most:
            self._tell()
            longest = next(iter(self._silent), None)
            if longest is None:
                return False
            self.abort(longest)
            self.forget(longest)
        self.open[client] = transport
        self.silent(client)
        return True

    def silent(self, client: Any) -> None:
        """A whole request is yet to come from this client."""
        self._silent.setdefault(client)

    def asks(self, client: Any) -> None:
        """A whole request came from this client."""
        self._silent.pop(client, None)

    def forget(self, client: Any) -> None:
        """The connection is gone."""
        self._silent.pop(client, None)
        self.open.pop(client, None)

    def protocol(self) -> type[H11Protocol]:
        """What uvicorn speaks, with its connections noted here."""
        return type("NotedProtocol", (_NotedProtocol,), {"noted": self})

    def fit(self) -> None:
        """Be content with as many as the process may open files for."""
        possible = _files(self._most + OTHER_FILES) - OTHER_FILES
        if possible < self._most:
            self._most = max(1, possible)
            _logger.warning(
                "%d connections at most, and not BUSBAR_HTTP_MAX_CONNECTIONS: the process may not open more files",
                self._most,
            )

    def _tell(self) -> None:
        if time.monotonic() - self._told_at >= TOLD_EVERY_S:
            self._told_at = time.monotonic()
            _logger.warning("All %d connections are taken: those that ask nothing are cut, others refused", self._most)


class _NotedProtocol(H11Protocol):
    noted: Connections
    _admitted = False
    _impatience: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        client = transport.get_extra_info("peername")
        if self.noted.admit(client and tuple(client[:2]), transport):
            self._admitted = True
            super().connection_made(transport)
            self._be_patient()
        else:
            transport.write(_bare(problems.Problem(503, "Too many connections.", headers={"Retry-After": "5"})))
            transport.close()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self.conn.their_state in _WHOLE:
            self._be_content()
        else:
            self._be_patient()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self.conn.their_state is h11.IDLE:
            self.noted.silent(self.client)  # uvicorn closes what stays so

    def connection_lost(self, exc: Exception | None) -> None:
        if self._admitted:
            self._be_content()
            if self.noted.open.get(self.client) is self.transport:
                self.noted.forget(self.client)
            super().connection_lost(exc)

    def send_400_response(self, msg: str) -> None:
        """To what is no HTTP at all."""
        self.transport.write(_bare(problems.Problem(400, msg)))
        self.transport.close()

    def _be_patient(self) -> None:
        """From its beginning on; what comes of it meanwhile gives it no more time."""
        self.noted.silent(self.client)
        if self._impatience is None:
            self._impatience = self.loop.call_later(self.noted.head_s, self.transport.abort)

    def _be_content(self) -> None:
        self.noted.asks(self.client)
        if self._impatience is not None:
            self._impatience.cancel()
            self._impatience = None


def _bare(problem: problems.Problem) -> bytes:
    """The last answer of a connection that the application does not see."""
    answer = problems.response(problem)
    head = b"".join(b"%s: %s\r\n" % header for header in answer.raw_headers)
    title = HTTPStatus(problem.status).phrase.encode()
    return b"HTTP/1.1 %d %s\r\n%sconnection: close\r\n\r\n%s" % (problem.status, title, head, answer.body)


def _files(wanted: int) -> int:
    """How many files the process may have open, once the system was asked for this many."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return wanted
    possible = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (possible, hard))
    return possible


class _Server(uvicorn.Server):
    """Signals are the affair of whoever serves."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        for listener in sockets or ():
            listener.listen(BACKLOG)


@asynccontextmanager
async def serving(
    app: ASGIApp, connections: Connections, listener: socket.socket, patience_s: int
) -> AsyncIterator[None]:
    """Serve while inside; at the end what is still being answered has `patience_s` to finish."""
    connections.fit()
    config = uvicorn.Config(
        app,
        http=connections.protocol(),
        ws="none",
        lifespan="off",
        access_log=False,
        log_config=None,
        server_header=False,
        proxy_headers=False,
        backlog=ACCEPTED_AT_ONCE,
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
