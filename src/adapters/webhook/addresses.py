"""Which addresses a webhook may lead to (HOOK-5)."""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Iterator, Sequence
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import Final, TypeAlias

Address: TypeAlias = IPv4Address | IPv6Address

Resolve: TypeAlias = Callable[[str, int], Awaitable[Sequence[Address]]]
"""The addresses of a host, for a port. Raises OSError."""

_NAT64: Final = IPv6Network("64:ff9b::/96")


async def resolve(host: str, port: int) -> Sequence[Address]:
    """As the system does. Raises OSError."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [ip_address(str(address[0]).partition("%")[0]) for *_, address in found]


def is_public(address: Address) -> bool:
    """Whether it is somewhere in the internet: not private, loopback, link-local, multicast or reserved."""
    return all(each.is_global and not each.is_multicast and not each.is_reserved for each in _meant(address))


def is_private(host: str) -> bool:
    """Whether a host is by its writing somewhere else than in the internet; of a name only the address tells."""
    try:
        return not is_public(ip_address(host))
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def _meant(address: Address) -> Iterator[Address]:
    """The address, or the one of the old protocol that it stands for, with it."""
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            yield address.ipv4_mapped
            return
        if address.sixtofour is not None:
            yield address.sixtofour
        if address in _NAT64:
            yield IPv4Address(int(address) & 0xFFFFFFFF)
            return
    yield address
