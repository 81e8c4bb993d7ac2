"""From settings to a served API: who may ask, where it listens, what it reads from."""

import socket
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager

from entrypoints.api.app import create_app, create_operations_app
from entrypoints.api.auth import Access, AccessTokens, Anonymous, OneToken
from entrypoints.api.feed import Feed
from entrypoints.api.measured import Requests
from entrypoints.api.probes import Probes
from entrypoints.api.read_side import ReadSide
from entrypoints.api.server import Connections, UnusableAddress, listen, serving, url
from entrypoints.api.shell import are_hosts, is_loopback
from entrypoints.api.signing_keys import is_trustworthy
from entrypoints.service.garbage import collect_rarely
from entrypoints.settings import Settings
from entrypoints.unusable import UnusableSetting

PORT = 8080

PATIENCE_S = 1
"""How long what is asked of a process that serves nothing else may still take at its end."""


def access(settings: Settings) -> Access:
    """Who may ask. Raises UnusableSetting."""
    if settings.oidc_issuer is None:
        if not settings.allow_anonymous and not is_loopback(settings.http_host):
            raise UnusableSetting(
                "The variable BUSBAR_HTTP_HOST names more than this machine, and nobody would be asked who he is: "
                "set BUSBAR_OIDC_ISSUER, or BUSBAR_ALLOW_ANONYMOUS=true."
            )
        return Anonymous()
    if not is_trustworthy(settings.oidc_issuer):
        raise UnusableSetting("The variable BUSBAR_OIDC_ISSUER has to be an address with https, or http on loopback.")
    if not settings.oidc_client_ids:
        raise UnusableSetting("The variable BUSBAR_OIDC_CLIENT_IDS is missing: whose access tokens are good?")
    if settings.oidc_scope is None or len(settings.oidc_scope.split()) != 1:
        raise UnusableSetting("The variable BUSBAR_OIDC_SCOPE is missing or not one word: which scope lets one read?")
    return AccessTokens(settings.oidc_issuer, settings.oidc_client_ids, settings.oidc_scope.strip())


class Api:
    """An API of which it is settled who may ask and where it listens."""

    def __init__(
        self, settings: Settings, port: int | None, *, next_free: bool = False, token: str | None = None
    ) -> None:
        """Listens on the port, else the variable's, else 8080 or, where told so, the next free one.

        With a token whoever has it may ask, from anywhere. Raises UnusableSetting.
        """
        self._access = access(settings) if token is None else OneToken(token)
        self._hosts = hosts(settings) if isinstance(self._access, Anonymous) else None
        self._settings = settings
        if "*" in settings.cors_origins and isinstance(self._access, Anonymous):
            raise UnusableSetting(
                "The variable BUSBAR_CORS_ORIGINS cannot be *: pages of all sites could read, as nobody is asked who "
                "he is; name the origins, or set BUSBAR_OIDC_ISSUER."
            )
        self._listener = _listener(settings, port, PORT, next_free=next_free)

    @property
    def address(self) -> str:
        """Where it is found from this machine."""
        return url(self._listener)

    @property
    def audience(self) -> str:
        """Who is answered, in words."""
        if self._hosts is None:
            return "all who may ask"
        if not self._hosts:
            return "this machine only, as BUSBAR_OIDC_ISSUER is not set"
        return f"all who ask for this machine by loopback, {' or '.join(self._hosts)}"

    @asynccontextmanager
    async def served(self, read_side: ReadSide, requests: Requests, patience_s: int) -> AsyncIterator[None]:
        """Answer requests while inside; at the end those that are being answered have `patience_s` left."""
        feed, connections = Feed(read_side.stored_events), _connections(self._settings)
        app = create_app(
            read_side,
            feed,
            self._access,
            connections.abort,
            hosts=self._hosts,
            cors_origins=self._settings.cors_origins,
            requests=requests,
            streams=self._settings.http_max_streams,
        )
        # What is there by now stays: to look through it now and then would hold up answers for 0.1 s. And whoever asks
        # first after an event makes some thousands of objects: that took an eighth of that request's time.
        collect_rarely()
        async with serving(app, connections, self._listener, patience_s):
            try:
                yield
            finally:
                feed.close()


class Operations:
    """The operations routes of a process that serves nothing else, under the rule that holds for the API."""

    def __init__(self, settings: Settings, port: int | None, default: int) -> None:
        """Listens on the port, else the variable's, else the default or the next free one. Raises UnusableSetting."""
        self._hosts = hosts(settings) if isinstance(access(settings), Anonymous) else None
        self._connections = _connections(settings)
        self._listener = _listener(settings, port, default, next_free=True)

    @property
    def address(self) -> str:
        """Where it is found from this machine."""
        return url(self._listener)

    @asynccontextmanager
    async def served(self, probes: Probes) -> AsyncIterator[None]:
        """Answer requests while inside."""
        app = create_operations_app(probes, hosts=self._hosts)
        async with serving(app, self._connections, self._listener, PATIENCE_S):
            yield


def hosts(settings: Settings) -> Collection[str]:
    """The hosts that requests without a token may name beside loopback. Raises UnusableSetting."""
    if not are_hosts(settings.allowed_hosts):
        raise UnusableSetting(
            "The variable BUSBAR_ALLOWED_HOSTS has to be names, addresses or networks, without scheme and port."
        )
    return settings.allowed_hosts


def _connections(settings: Settings) -> Connections:
    return Connections(settings.http_max_connections, settings.http_header_timeout_s)


def _listener(settings: Settings, port: int | None, default: int, *, next_free: bool) -> socket.socket:
    wanted = settings.http_port if port is None else port
    if wanted is None and not next_free:
        wanted = default
    try:
        return listen(settings.http_host, wanted, default)
    except UnusableAddress as error:
        variables = f"BUSBAR_HTTP_HOST, {'BUSBAR_HTTP_PORT' if port is None else '--port'}"
        raise UnusableSetting(f"The address to serve at ({variables}) cannot be used: {error}.") from None
