"""Where stations connect: `ws://HOST:PORT/CHARGE_POINT_ID`, subprotocol `ocpp1.6`, with a password each or on loopback.

Sizes, connections and the time of a handshake are bounded. TLS is spoken before it, by a proxy.
"""

import asyncio
import logging
from asyncio import BaseTransport
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from http import HTTPStatus
from typing import Final
from urllib.parse import unquote

from websockets.asyncio.server import ServerConnection, serve
from websockets.datastructures import Headers
from websockets.exceptions import InvalidHeader
from websockets.headers import parse_authorization_basic
from websockets.http11 import Request, Response
from websockets.typing import Subprotocol

from adapters.ocpp.addresses import is_loopback
from adapters.ocpp.gateway import Gateway
from adapters.ocpp.passwords import Passwords
from adapters.ocpp.spoken import ALONE, SUBPROTOCOL
from application.ports.clock import Clock

SPOKEN: Final = Subprotocol(SUBPROTOCOL)

FRAME_BYTES: Final = 64 * 1024
HANDSHAKE_S: Final = 10
CLOSING_S: Final = 5
HASHING: Final = 2
"""Passwords that are looked at side by side."""

WRONG_PASSWORD: Final = timedelta(seconds=1)
"""How long a station waits for the answer that its password is wrong."""

SPARE: Final = 50
"""Sockets beyond one for each charge point: some are about to be replaced, some to be refused."""

_logger = logging.getLogger(__name__)
_websockets = logging.getLogger("adapters.ocpp.websockets")
_websockets.setLevel(logging.CRITICAL)
"""What the package logs: a traceback for each handshake that is none."""


class NotLoopback(Exception):
    """Stations would connect from elsewhere and be asked for no password."""


class Server:
    """Lets the stations of a gateway in."""

    def __init__(self, gateway: Gateway, passwords: Passwords | None, clock: Clock) -> None:
        self._gateway = gateway
        self._passwords = passwords
        self._clock = clock
        self._hashing = asyncio.Semaphore(HASHING)
        self._sockets = 0

    @asynccontextmanager
    async def listening(self, host: str, port: int) -> AsyncIterator[int]:
        """Let stations in while inside; gives the port. Raises NotLoopback, and OSError where it cannot listen."""
        if self._passwords is None and not is_loopback(host):
            raise NotLoopback(f"{host} is more than this machine, and no station would be asked for a password")
        async with serve(
            self._serve,
            host,
            port,
            subprotocols=[SPOKEN],
            process_request=self._refusal,
            create_connection=self._counted(),
            compression=None,
            max_size=FRAME_BYTES,
            open_timeout=HANDSHAKE_S,
            close_timeout=CLOSING_S,
            ping_interval=None,
            server_header=None,
            logger=_websockets,
        ) as server:
            yield next(iter(server.sockets)).getsockname()[1]

    async def _serve(self, socket: ServerConnection) -> None:
        assert socket.request is not None
        await self._gateway.serve(_charge_point(socket.request), socket)

    async def _refusal(self, socket: ServerConnection, request: Request) -> Response | None:
        """Why a station is not let in; None where it is."""
        charge_point_id = _charge_point(request)
        if self._passwords is not None and not await self._is_admitted(charge_point_id, request.headers):
            await self._clock.sleep_until(self._clock.now() + WRONG_PASSWORD)
            response = socket.respond(HTTPStatus.UNAUTHORIZED, "Id and password do not fit together.\n")
            response.headers["WWW-Authenticate"] = 'Basic realm="charge points"'
            return response
        if not self._gateway.knows(charge_point_id):
            _logger.info("A station that the site does not have wants to connect: %.64s", charge_point_id)
            return socket.respond(HTTPStatus.NOT_FOUND, "The site has no charge point of this id.\n")
        offered = ",".join(request.headers.get_all("Sec-WebSocket-Protocol"))
        if SPOKEN not in [each.strip() for each in offered.split(",")]:
            _logger.warning("%s does not offer %s but %.100s", charge_point_id, SPOKEN, offered or "nothing")
            return socket.respond(HTTPStatus.BAD_REQUEST, f"{ALONE}\n")
        return None

    async def _is_admitted(self, charge_point_id: str, headers: Headers) -> bool:
        assert self._passwords is not None
        try:
            user, password = parse_authorization_basic(headers["Authorization"])
        except (KeyError, InvalidHeader, ValueError):
            return False
        if user != charge_point_id:
            return False
        async with self._hashing:
            return await asyncio.to_thread(self._passwords.admits, charge_point_id, password)

    def _counted(self) -> type[ServerConnection]:
        """Sockets that are counted from before their handshake; beyond the bound they are closed unheard."""
        server = self

        class Counted(ServerConnection):
            def connection_made(self, transport: BaseTransport) -> None:
                super().connection_made(transport)
                server._sockets += 1
                if server._sockets > len(server._gateway.configuration.charge_points) + SPARE:
                    self.transport.abort()

            def connection_lost(self, exc: Exception | None) -> None:
                super().connection_lost(exc)
                server._sockets -= 1

        return Counted


def _charge_point(request: Request) -> str:
    return unquote(request.path.partition("?")[0].removeprefix("/"))
