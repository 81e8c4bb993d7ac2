"""What the settings name and cannot be used, in one sentence that names the variable."""

from collections.abc import Iterator
from contextlib import contextmanager

from aiokafka.errors import KafkaError, SaslAuthenticationFailed, UnsupportedSaslMechanismError

from adapters.database.engine import UnusableDatabase
from adapters.kafka.connection import RefusedCertificate, UntrustedBrokers
from adapters.kafka.topics import NotAllowed, UnusableTopics
from adapters.observability.logs import configure_logging
from adapters.observability.providers import UnusableExporter
from application.ports.bus import PublicationRefused
from entrypoints.settings import Settings
from entrypoints.unusable import UnusableSetting, unusable_database


@contextmanager
def refusing() -> Iterator[None]:
    """Raises UnusableSetting where database, brokers, topics or exporters turn out to be of no use."""
    try:
        yield
    except UnusableDatabase as error:
        raise unusable_database(error) from None
    except UnusableTopics as error:
        raise UnusableSetting(
            f"The topics of BUSBAR_TOPIC_PREFIX cannot be used: {error}; `busbar migrate` makes missing ones."
        ) from None
    except NotAllowed as error:
        raise UnusableSetting(
            f"The brokers of BUSBAR_KAFKA_BOOTSTRAP_SERVERS do not let this process {error}."
        ) from None
    except RefusedCertificate:
        raise UnusableSetting(
            "The brokers ask for a client certificate that they trust, and BUSBAR_KAFKA_SSL_CERTFILE names none."
        ) from None
    except UntrustedBrokers as error:
        raise UnusableSetting(
            f"The certificate of the brokers is not to be trusted by BUSBAR_KAFKA_SSL_CAFILE: {error}."
        ) from None
    except SaslAuthenticationFailed:
        raise UnusableSetting(
            "The brokers refuse the credentials of BUSBAR_KAFKA_SASL_USERNAME and BUSBAR_KAFKA_SASL_PASSWORD."
        ) from None
    except UnsupportedSaslMechanismError:
        raise UnusableSetting("The brokers do not offer the mechanism of BUSBAR_KAFKA_SASL_MECHANISM.") from None
    except (KafkaError, PublicationRefused) as error:
        raise UnusableSetting(f"The brokers of BUSBAR_KAFKA_BOOTSTRAP_SERVERS cannot be used: {error}.") from None
    except UnusableExporter as error:
        raise UnusableSetting(str(error)) from None


def quiet(settings: Settings) -> None:
    """A command that ends by itself says what it has to say in a sentence, unless a log level was asked for."""
    level = settings.log_level if "log_level" in settings.model_fields_set else "CRITICAL"
    configure_logging(level, settings.log_format)
