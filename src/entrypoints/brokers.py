"""How the brokers of the settings are reached."""

from adapters.kafka.connection import Connection
from entrypoints.settings import Settings


def connection_to(settings: Settings) -> Connection:
    """How the brokers of the settings are reached. They have to name some."""
    assert settings.kafka_bootstrap_servers is not None
    password = settings.kafka_sasl_password
    return Connection(
        settings.kafka_bootstrap_servers,
        settings.kafka_security_protocol,
        settings.kafka_sasl_mechanism,
        settings.kafka_sasl_username,
        sasl_password=None if password is None else password.get_secret_value(),
        ssl_cafile=settings.kafka_ssl_cafile,
        ssl_certfile=settings.kafka_ssl_certfile,
        ssl_keyfile=settings.kafka_ssl_keyfile,
    )
