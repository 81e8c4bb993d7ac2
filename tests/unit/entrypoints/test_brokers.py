"""What the environment says about Kafka, and how an unusable variable is refused: by name, without its value."""

import ssl
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from adapters.kafka.connection import Connection
from entrypoints import settings
from entrypoints.brokers import connection_to
from entrypoints.unusable import UnusableSetting
from tests.services.certificates import Authority, encrypted

BROKERS = "BUSBAR_KAFKA_BOOTSTRAP_SERVERS"
PROTOCOL = "BUSBAR_KAFKA_SECURITY_PROTOCOL"
USERNAME, PASSWORD = "BUSBAR_KAFKA_SASL_USERNAME", "BUSBAR_KAFKA_SASL_PASSWORD"
CAFILE = "BUSBAR_KAFKA_SSL_CAFILE"
CERTFILE, KEYFILE = "BUSBAR_KAFKA_SSL_CERTFILE", "BUSBAR_KAFKA_SSL_KEYFILE"
SECRET = "hunter2"


@pytest.fixture(autouse=True)
def nothing_else(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(BROKERS, "127.0.0.1:9092")


def test_brokers_are_all_that_has_to_be_said() -> None:
    said = settings.kafka()
    assert said.kafka_bootstrap_servers == "127.0.0.1:9092"
    assert said.kafka_security_protocol == "PLAINTEXT"
    assert (said.topic_prefix, said.topic_partitions, said.topic_replication) == ("busbar", 12, 1)


def test_a_service_without_brokers_is_told_which_variable_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Holds ENV-4."""
    monkeypatch.delenv(BROKERS)
    with pytest.raises(UnusableSetting, match=BROKERS):
        settings.kafka()


@pytest.mark.parametrize("addresses", ["kafka-1:9092,kafka-2:9092", "[::1]:9092"])
def test_several_brokers_and_addresses_of_version_six_are_taken(
    monkeypatch: pytest.MonkeyPatch, addresses: str
) -> None:
    monkeypatch.setenv(BROKERS, addresses)
    assert settings.kafka().kafka_bootstrap_servers == addresses


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        (BROKERS, "kafka"),
        (BROKERS, "kafka:0"),
        (BROKERS, "kafka:65536"),
        (BROKERS, "kafka:9092,"),
        (BROKERS, "http://kafka:9092"),
        (PROTOCOL, "TLS"),
        ("BUSBAR_KAFKA_SASL_MECHANISM", "GSSAPI"),
        (CAFILE, "nowhere.pem"),
        ("BUSBAR_TOPIC_PREFIX", "bus bar"),
        ("BUSBAR_TOPIC_PREFIX", ""),
        ("BUSBAR_TOPIC_PARTITIONS", "0"),
        ("BUSBAR_TOPIC_PARTITIONS", "many"),
        ("BUSBAR_TOPIC_REPLICATION", "0"),
    ],
)
def test_a_variable_that_makes_no_sense_is_named_in_one_sentence(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str
) -> None:
    """Holds ENV-4."""
    monkeypatch.setenv(variable, value)
    with pytest.raises(UnusableSetting, match=rf"^The variable {variable} cannot be used: [^\n]+\.$"):
        settings.kafka()


@pytest.mark.parametrize("missing", [USERNAME, PASSWORD])
def test_credentials_that_are_missing_are_named(monkeypatch: pytest.MonkeyPatch, missing: str) -> None:
    monkeypatch.setenv(PROTOCOL, "SASL_SSL")
    for variable in {USERNAME, PASSWORD} - {missing}:
        monkeypatch.setenv(variable, SECRET)
    with pytest.raises(UnusableSetting, match=f"{missing} is missing") as refusal:
        settings.kafka()
    assert SECRET not in str(refusal.value)


def test_a_file_without_certificates_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("no certificate")
    monkeypatch.setenv(CAFILE, "ca.pem")
    with pytest.raises(UnusableSetting, match=f"{CAFILE} cannot be used"):
        settings.kafka()


def test_a_client_certificate_is_shown_with_its_key_beside_it_or_in_a_file_of_its_own(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Holds ENV-2."""
    certfile, keyfile = Authority(tmp_path).sign("worker")
    both = tmp_path / "both.pem"
    both.write_bytes(certfile.read_bytes() + keyfile.read_bytes())
    monkeypatch.setenv(PROTOCOL, "SSL")
    for told in ({CERTFILE: certfile, KEYFILE: keyfile}, {CERTFILE: both}):
        with pytest.MonkeyPatch.context() as variables:
            for name, file in told.items():
                variables.setenv(name, str(file))
            assert isinstance(connection_to(settings.kafka()).arguments()["ssl_context"], ssl.SSLContext)


def test_a_client_certificate_that_is_none_or_has_no_key_is_refused_by_name(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Holds ENV-4."""
    authority = Authority(tmp_path)
    certfile, keyfile = authority.sign("worker")
    _, another = authority.sign("projector")
    locked, nothing = tmp_path / "locked.key", tmp_path / "nothing"
    locked.write_bytes(encrypted(ec.generate_private_key(ec.SECP256R1())))
    nothing.write_text("nothing")
    for told, named in (
        ({CERTFILE: nothing, KEYFILE: keyfile}, CERTFILE),
        ({CERTFILE: certfile}, CERTFILE),
        ({CERTFILE: certfile, KEYFILE: another}, KEYFILE),
        ({CERTFILE: certfile, KEYFILE: nothing}, KEYFILE),
        ({CERTFILE: certfile, KEYFILE: locked}, KEYFILE),
        ({KEYFILE: keyfile}, f"{CERTFILE} is missing"),
    ):
        with pytest.MonkeyPatch.context() as variables:
            for name, file in told.items():
                variables.setenv(name, str(file))
            with pytest.raises(UnusableSetting, match=rf"^The variable {named}[^\n]+\.$"):
                settings.kafka()


def test_a_password_is_shown_nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """Holds ENV-5."""
    monkeypatch.setenv(PASSWORD, SECRET)
    assert SECRET not in repr(settings.kafka())
    assert SECRET not in repr(Connection("kafka:9092", "SASL_SSL", "PLAIN", "busbar", sasl_password=SECRET))


def test_every_client_is_told_protocol_and_credentials() -> None:
    arguments = Connection("kafka:9092", "SASL_SSL", "SCRAM-SHA-512", "busbar", sasl_password=SECRET).arguments()
    context = arguments.pop("ssl_context")
    assert isinstance(context, ssl.SSLContext)
    assert context.check_hostname
    assert arguments == {
        "bootstrap_servers": "kafka:9092",
        "security_protocol": "SASL_SSL",
        "sasl_mechanism": "SCRAM-SHA-512",
        "sasl_plain_username": "busbar",
        "sasl_plain_password": SECRET,
    }


def test_a_plain_connection_needs_no_credentials() -> None:
    assert Connection("kafka:9092").arguments() == {"bootstrap_servers": "kafka:9092", "security_protocol": "PLAINTEXT"}
