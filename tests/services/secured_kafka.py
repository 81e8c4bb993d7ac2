"""A real Apache Kafka with access control: client certificates on one port, SCRAM on another, nothing by default."""

import asyncio
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.protocol.admin import CreateAclsRequest

from tests.services import processes
from tests.services.certificates import Authority
from tests.services.finding import missing
from tests.services.kafka import INSTALL, Node

PASSWORD: Final = "correct-horse"
MECHANISM: Final = "SCRAM-SHA-512"

_RESOURCES: Final = {"topic": 2, "group": 3}
_OPERATIONS: Final = {"Read": 3, "Write": 4, "Create": 5, "Describe": 8, "DescribeConfigs": 10, "AlterConfigs": 11}
_LITERAL, _ALLOW = 3, 3

PROPERTIES: Final = {
    "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
    # Who asks at the port that encrypts nothing is nobody in particular: the broker itself, and the test.
    "super.users": "User:ANONYMOUS",
    "listener.security.protocol.map": "CONTROLLER:PLAINTEXT,INNER:PLAINTEXT,SSL:SSL,SASL_SSL:SASL_SSL",
    "inter.broker.listener.name": "INNER",
    "ssl.keystore.type": "PEM",
    "ssl.truststore.type": "PEM",
    "listener.name.ssl.ssl.client.auth": "required",
    "listener.name.ssl.ssl.principal.mapping.rules": "RULE:^CN=([^,]+).*$/$1/",
    "listener.name.sasl_ssl.sasl.enabled.mechanisms": MECHANISM,
    "listener.name.sasl_ssl.scram-sha-512.sasl.jaas.config": (
        "org.apache.kafka.common.security.scram.ScramLoginModule required;"
    ),
}


@dataclass(frozen=True, slots=True)
class Right:
    """What an entry of the broker's list allows: a user to do something with a topic or a group."""

    user: str
    resource: str
    name: str
    operation: str


@dataclass(frozen=True, slots=True)
class SecuredBroker:
    """`inner` asks for nothing and allows everything; the others ask who is there and allow what was granted."""

    inner: str
    ssl: str
    sasl: str
    authority: Authority

    def by_certificate(self, user: str) -> dict[str, str]:
        """What a process is told that shows a certificate."""
        certfile, keyfile = self.authority.sign(user)
        return {
            "BUSBAR_KAFKA_BOOTSTRAP_SERVERS": self.ssl,
            "BUSBAR_KAFKA_SECURITY_PROTOCOL": "SSL",
            "BUSBAR_KAFKA_SSL_CAFILE": str(self.authority.cafile),
            "BUSBAR_KAFKA_SSL_CERTFILE": str(certfile),
            "BUSBAR_KAFKA_SSL_KEYFILE": str(keyfile),
        }

    def by_password(self, user: str) -> dict[str, str]:
        """What a process is told that knows a password."""
        return {
            "BUSBAR_KAFKA_BOOTSTRAP_SERVERS": self.sasl,
            "BUSBAR_KAFKA_SECURITY_PROTOCOL": "SASL_SSL",
            "BUSBAR_KAFKA_SASL_MECHANISM": MECHANISM,
            "BUSBAR_KAFKA_SASL_USERNAME": user,
            "BUSBAR_KAFKA_SASL_PASSWORD": PASSWORD,
            "BUSBAR_KAFKA_SSL_CAFILE": str(self.authority.cafile),
        }

    def grant(self, rights: Iterable[Right]) -> None:
        asyncio.run(_grant(self.inner, rights))


@contextmanager
def a_secured_broker(users: Iterable[str]) -> Iterator[SecuredBroker]:
    """A broker that knows these users; skips the test where Java or Maven are missing, or fails it where CI is set."""
    if not (shutil.which("java") and shutil.which("mvn")):
        missing(INSTALL)
    with TemporaryDirectory(prefix="busbar-kafka-") as name:
        folder = Path(name)
        authority = Authority(folder)
        ports = {each: processes.free_port() for each in ("INNER", "SSL", "SASL_SSL", "CONTROLLER")}
        secrets = [f"{MECHANISM}=[name={user},password={PASSWORD}]" for user in users]
        added = [word for secret in secrets for word in ("--add-scram", secret)]
        node = Node(folder, PROPERTIES | _places(folder, authority, ports), ports["INNER"], *added)
        try:
            inner, ssl, sasl, _ = (f"127.0.0.1:{port}" for port in ports.values())
            yield SecuredBroker(inner, ssl, sasl, authority)
        finally:
            node.kill()


def _places(folder: Path, authority: Authority, ports: Mapping[str, int]) -> dict[str, str]:
    certfile, keyfile = authority.sign("broker")
    keystore = folder / "broker.pem"
    keystore.write_bytes(keyfile.read_bytes() + certfile.read_bytes() + authority.cafile.read_bytes())
    listeners = {name: f"{name}://127.0.0.1:{port}" for name, port in ports.items()}
    return {
        "controller.quorum.voters": f"1@127.0.0.1:{ports['CONTROLLER']}",
        "listeners": ",".join(listeners.values()),
        "advertised.listeners": ",".join(each for name, each in listeners.items() if name != "CONTROLLER"),
        "log.dirs": f"{folder}/data",
        "ssl.keystore.location": str(keystore),
        "ssl.truststore.location": str(authority.cafile),
    }


async def _grant(bootstrap_servers: str, rights: Iterable[Right]) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap_servers)
    await admin.start()
    try:
        for right in rights:
            resource, operation = _RESOURCES[right.resource], _OPERATIONS[right.operation]
            response = await admin._send_request(
                CreateAclsRequest(resource, right.name, _LITERAL, f"User:{right.user}", "*", operation, _ALLOW)
            )
            (answer,) = response.to_object()["creation_responses"]
            assert answer["error_code"] == 0, answer
    finally:
        await admin.close()
