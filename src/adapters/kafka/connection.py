"""How the brokers are reached, and what to do while they cannot be."""

import asyncio
import logging
import ssl
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, TypeVar

from aiokafka.conn import collect_hosts, create_conn
from aiokafka.errors import KafkaError, SaslAuthenticationFailed, UnsupportedSaslMechanismError
from aiokafka.helpers import create_ssl_context

RETRY_S = 1.0
REFUSING_S = 2.0
"""How long a broker may take to refuse a certificate, which it does once the client holds the connection for made."""

CLOSING_S = 10.0
"""How long a client may take to flush, leave and disconnect."""

_logger = logging.getLogger(__name__)


class RefusedCertificate(Exception):
    """The brokers do not take the client's certificate, or ask for one where there is none."""


class UntrustedBrokers(Exception):
    """The brokers' certificate is signed by none that is trusted, or is another host's; the message says which."""


@dataclass(frozen=True, slots=True)
class Connection:
    """Addresses (`host:port`, comma-separated), protocol and credentials, by Kafka's own names.

    A client certificate without a key file has its key beside it.
    """

    bootstrap_servers: str
    security_protocol: str = "PLAINTEXT"
    sasl_mechanism: str | None = None
    sasl_username: str | None = None
    sasl_password: str | None = field(default=None, repr=False)
    ssl_cafile: Path | None = None
    ssl_certfile: Path | None = None
    ssl_keyfile: Path | None = None

    @property
    def encrypts(self) -> bool:
        return self.security_protocol.endswith("SSL")

    def arguments(self) -> dict[str, Any]:
        """What every client of aiokafka is told. Raises OSError (ssl.SSLError too) for unusable files."""
        arguments: dict[str, Any] = {
            "bootstrap_servers": self.bootstrap_servers,
            "security_protocol": self.security_protocol,
        }
        if self.security_protocol.startswith("SASL_"):
            arguments |= {
                "sasl_mechanism": self.sasl_mechanism,
                "sasl_plain_username": self.sasl_username,
                "sasl_plain_password": self.sasl_password,
            }
        if self.encrypts:
            # A password, though an empty one: without any the library asks for it at the terminal.
            arguments["ssl_context"] = create_ssl_context(
                cafile=self.ssl_cafile, certfile=self.ssl_certfile, keyfile=self.ssl_keyfile, password=""
            )
        return arguments


class Client(Protocol):
    """A producer or consumer of aiokafka."""

    def start(self) -> Coroutine[Any, Any, None]: ...

    def stop(self) -> Coroutine[Any, Any, None]: ...


C = TypeVar("C", bound=Client)
T = TypeVar("T")


async def when_reachable(attempt: Callable[[], Awaitable[T]]) -> T:
    """What the attempt returns, made again for as long as the brokers are away."""
    while True:
        try:
            return await attempt()
        except KafkaError as error:
            if not error.retriable:
                raise
            _logger.warning("The brokers cannot be reached, trying again: %s", error)
        await asyncio.sleep(RETRY_S)


async def require_credentials(connection: Connection) -> None:
    """Raises SaslAuthenticationFailed, UnsupportedSaslMechanismError, RefusedCertificate and UntrustedBrokers where a
    broker answers, and with a refusal.

    A client that cannot start does not tell them from a broker that is away.
    """
    arguments = connection.arguments()
    for host, port, _ in collect_hosts(arguments.pop("bootstrap_servers")):
        try:
            if connection.encrypts:
                await _require_certificates(host, port, arguments["ssl_context"])
            if connection.security_protocol.startswith("SASL_"):
                (await create_conn(host, port, **arguments)).close()
        except (SaslAuthenticationFailed, UnsupportedSaslMechanismError):
            raise
        except (KafkaError, OSError) as error:
            _logger.debug("%s:%d cannot be asked: %s", host, port, error)


async def _require_certificates(host: str, port: int, context: ssl.SSLContext) -> None:
    """Raises RefusedCertificate and UntrustedBrokers; OSError where nobody listens or it is no TLS that is spoken."""
    try:
        async with asyncio.timeout(REFUSING_S):
            reader, writer = await asyncio.open_connection(host, port, ssl=context)
    except ssl.SSLCertVerificationError as error:
        raise UntrustedBrokers(error.verify_message) from None
    try:
        # A broker that takes the certificate waits for a request.
        async with asyncio.timeout(REFUSING_S):
            await reader.read(1)
    except TimeoutError:
        pass
    except ssl.SSLError as error:
        raise RefusedCertificate(error.reason) from None
    finally:
        writer.transport.abort()


async def started(client: C) -> C:
    """The client once it is connected. Where it cannot, KafkaError is raised and nothing of it is left."""
    try:
        await client.start()
    except BaseException:
        await stopped(client)
        raise
    return client


async def stopped(client: Client) -> None:
    """Stop a client. One that cannot say goodbye, as the brokers are away, is left.

    Never raises: the consumer of aiokafka 0.14 cancels whoever stops it while a fetch of its waits to be tried again.
    """
    stopping = asyncio.ensure_future(client.stop())
    await asyncio.wait((stopping,), timeout=CLOSING_S)
    if not stopping.done() or stopping.cancelled() or stopping.exception() is not None:
        stopping.cancel()
        _logger.warning("A client could not say goodbye to the brokers and was left")
