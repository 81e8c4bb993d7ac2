"""What stands around the application: who may ask at all, HEAD, and the headers of every answer."""

import re
from collections.abc import Collection
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from entrypoints.api.problems import Problem, send_problem

SECURITY_HEADERS: Final = {
    "Content-Security-Policy": ("default-src 'self'; base-uri 'self'; form-action 'self'; frame-ancestors 'none'"),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
}

_NAME: Final = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9_.-]{0,251}[A-Za-z0-9_])?\.?")


class SecurityHeaders:
    """Puts the same headers on every answer, errors included."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(SECURITY_HEADERS)
            await send(message)

        await self._app(scope, receive, send_with_headers if scope["type"] == "http" else send)


class HeadAsGet:
    """Answers HEAD with what GET would be answered with, without its body."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "HEAD":
            await self._app(scope, receive, send)
            return
        answered = False

        async def receive_until_answered() -> Message:
            return {"type": "http.disconnect"} if answered else await receive()

        async def send_without_body(message: Message) -> None:
            nonlocal answered
            if answered:
                return
            if message["type"] == "http.response.start":
                await send(message)
                await send({"type": "http.response.body", "body": b"", "more_body": False})
                answered = True

        await self._app({**scope, "method": "GET"}, receive_until_answered, send_without_body)


class KnownHosts:
    """Serves only requests whose Host is loopback, or a name, an address or in a network that is among `hosts`.

    A name that leads here by DNS of its owner's (rebinding) is none of them: a page of another site cannot ask.
    """

    def __init__(self, app: ASGIApp, hosts: Collection[str]) -> None:
        self._app = app
        networks = [_network(host) for host in hosts]
        self._networks = [network for network in networks if network is not None]
        self._names = {_name(host) for host in hosts if _network(host) is None}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and not self._knows(_host(Headers(scope=scope).get("host", ""))):
            problem = Problem(421, "Only requests to the loopback host or to one of BUSBAR_ALLOWED_HOSTS are answered.")
            await send_problem(problem, scope, receive, send)
            return
        await self._app(scope, receive, send)

    def _knows(self, host: str) -> bool:
        if is_loopback(host):
            return True
        try:
            address = ip_address(host)
        except ValueError:
            return _name(host) in self._names
        return any(address in network for network in self._networks)


def is_loopback(host: str) -> bool:
    """Whether a host, a name or an address, is this machine as seen by itself."""
    try:
        return host.lower() == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def are_hosts(given: Collection[str]) -> bool:
    """Whether every text is a name, an address or a network such as 10.0.0.0/8."""
    return all(_network(each) is not None or _NAME.fullmatch(each) for each in given)


def _network(host: str) -> IPv4Network | IPv6Network | None:
    """A network, of one address where there is only that; None where it is neither."""
    try:
        return ip_network(host, strict=False)
    except ValueError:
        return None


def _name(host: str) -> str:
    """A name as names are compared."""
    return host.lower().removesuffix(".")


def _host(authority: str) -> str:
    """The host of `host:port`; an IPv6 address stands in brackets."""
    if authority.startswith("["):
        return authority[1:].partition("]")[0]
    return authority.partition(":")[0]
