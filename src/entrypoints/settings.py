"""What the environment (or a `.env` file) says: every variable the service reads, in one place."""

import re
import ssl
from collections.abc import Callable
from datetime import timedelta
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, FilePath, SecretStr, ValidationError
from pydantic_core import PydanticCustomError
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from application.projections.keeping import Keeping
from entrypoints.unusable import UnusableSetting

_ADDRESS = re.compile(r"([^\s,:/\[\]]+|\[[0-9A-Fa-f:.]+\]):([0-9]{1,5})")


def _addresses(text: str) -> str:
    matches = [_ADDRESS.fullmatch(address) for address in text.split(",")]
    if not all(match and 0 < int(match[2]) < 65536 for match in matches):
        raise PydanticCustomError("addresses", "It should be host:port, several separated by commas")
    return text


def _topic_prefix(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,199}", text):
        raise PydanticCustomError("topic_prefix", "It should be letters, digits, '.', '_' and '-', 200 at most")
    return text


def _webhook(text: str) -> str:
    try:
        url = urlsplit(text)
        _ = url.port
    except ValueError:
        url = urlsplit("")
    if url.scheme not in ("https", "http") or not url.hostname or "@" in url.netloc:
        raise PydanticCustomError("webhook", "It should be an address that begins with https://, without a user in it")
    return text


def _split(given: str | tuple[str, ...]) -> tuple[str, ...]:
    """A default is a tuple already."""
    words = given.split(",") if isinstance(given, str) else given
    return tuple(word.strip() for word in words if word.strip())


Words = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_split)]
"""Separated by commas."""


Days = Annotated[int, Field(ge=1, le=36_500)]


class Settings(BaseSettings):
    """`BUSBAR_` variables (ENV-2)."""

    model_config = SettingsConfigDict(env_prefix="BUSBAR_", env_file=".env", extra="ignore")

    database_url: str | None = None
    kafka_bootstrap_servers: Annotated[str, AfterValidator(_addresses)] | None = None
    kafka_security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = "PLAINTEXT"
    kafka_sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = "PLAIN"
    kafka_sasl_username: str | None = None
    kafka_sasl_password: SecretStr | None = None
    kafka_ssl_cafile: FilePath | None = None
    kafka_ssl_certfile: FilePath | None = None
    kafka_ssl_keyfile: FilePath | None = None
    topic_prefix: Annotated[str, AfterValidator(_topic_prefix)] = "busbar"
    topic_partitions: Annotated[int, Field(ge=1, le=1000)] = 12
    topic_replication: Annotated[int, Field(ge=1, le=100)] = 1
    retain_events_d: Days = 7
    retain_telemetry_d: Days = 1
    retain_dead_letters_d: Days = 14
    keep_cycles_h: Annotated[int, Field(ge=1, le=876_000)] = 24
    keep_history_d: Days = 90
    keep_log_d: Days = 90
    http_host: str = "127.0.0.1"
    http_port: Annotated[int, Field(ge=0, le=65535)] | None = None
    http_max_connections: Annotated[int, Field(ge=1, le=100_000)] = 1000
    http_max_streams: Annotated[int, Field(ge=1, le=100_000)] = 20
    http_header_timeout_s: Annotated[int, Field(ge=1, le=3600)] = 10
    allow_anonymous: bool = False
    allowed_hosts: Words = ()
    cors_origins: Words = ()
    oidc_issuer: str | None = None
    oidc_client_ids: Words = ()
    oidc_scope: str | None = None
    webhook_url: Annotated[str, AfterValidator(_webhook)] | None = None
    webhook_secret: SecretStr | None = None
    webhook_allow_private: bool = False
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"] = "INFO"
    log_format: Literal["json", "console"] = "console"

    @property
    def keeping(self) -> Keeping:
        """For how long read models keep what is past."""
        return Keeping(
            timedelta(hours=self.keep_cycles_h), timedelta(days=self.keep_history_d), timedelta(days=self.keep_log_d)
        )


def load() -> Settings:
    """The settings of this process. Raises UnusableSetting; no value is shown, as it may be a secret."""
    try:
        return Settings()
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        name = f"BUSBAR_{'_'.join(map(str, first['loc']))}".upper()
        raise UnusableSetting(f"The variable {name} cannot be used: {first['msg']}.") from None
    except (UnicodeDecodeError, OSError):
        raise UnusableSetting("The file .env cannot be read; it has to be text in UTF-8.") from None


def database_url() -> str:
    """The configured database. Raises UnusableSetting where there is none."""
    url = load().database_url
    if url is None:
        raise UnusableSetting("The variable BUSBAR_DATABASE_URL is missing: which database?")
    return url


def kafka() -> Settings:
    """The settings, with brokers to speak to. Raises UnusableSetting, also for want of credentials."""
    settings = load()
    if settings.kafka_bootstrap_servers is None:
        raise UnusableSetting("The variable BUSBAR_KAFKA_BOOTSTRAP_SERVERS is missing: which brokers?")
    if settings.kafka_security_protocol.startswith("SASL_"):
        for name in ("kafka_sasl_username", "kafka_sasl_password"):
            if getattr(settings, name) is None:
                protocol = settings.kafka_security_protocol
                raise UnusableSetting(f"The variable BUSBAR_{name.upper()} is missing: {protocol} needs it.")
    _require_certificates(settings)
    return settings


def _require_certificates(settings: Settings) -> None:
    cafile, certfile, keyfile = settings.kafka_ssl_cafile, settings.kafka_ssl_certfile, settings.kafka_ssl_keyfile
    if cafile is not None:
        _require_usable("CAFILE", "it holds no certificate", lambda: ssl.create_default_context(cafile=cafile))
    if certfile is not None:
        context = ssl.create_default_context()
        _require_usable("CERTFILE", "it holds no certificate", lambda: context.load_verify_locations(certfile))
        name = "CERTFILE" if keyfile is None else "KEYFILE"
        reason = "it holds no key of the certificate, or one that is encrypted"
        _require_usable(name, reason, lambda: context.load_cert_chain(certfile, keyfile, password=""))
    elif keyfile is not None:
        raise UnusableSetting(
            "The variable BUSBAR_KAFKA_SSL_CERTFILE is missing: BUSBAR_KAFKA_SSL_KEYFILE is of no use without it."
        )


def _require_usable(name: str, otherwise: str, load: Callable[[], object]) -> None:
    """Raises UnusableSetting for a file that cannot be read, or that OpenSSL can make nothing of."""
    try:
        load()
    except OSError as error:
        reason = otherwise if isinstance(error, ssl.SSLError) else error.strerror or otherwise
        raise UnusableSetting(f"The variable BUSBAR_KAFKA_SSL_{name} cannot be used: {reason}.") from None
