"""A real Apache Kafka for the tests: somebody's, a container's, or a process that they start themselves."""

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory, mkdtemp
from typing import Protocol

import pytest
from platformdirs import user_cache_path
from testcontainers.core.container import DockerContainer

from tests.services import processes
from tests.services.finding import docker_answers, missing

VERSION = "4.3.1"
BOOTSTRAP_SERVERS = "BUSBAR_TEST_KAFKA_BOOTSTRAP_SERVERS"
INSTALL = (
    "A test on Kafka needs Java 17 and Maven (Debian, Ubuntu: apt install openjdk-17-jdk-headless maven), "
    f"a Docker engine, or the address of a broker in {BOOTSTRAP_SERVERS}."
)
CLUSTER_ID = "YnVzYmFyLXRlc3RzLWthZg"
USERNAME, PASSWORD = "busbar", "correct-horse"
"""Who may use the listener that asks for credentials, by SASL's mechanism PLAIN."""

PROPERTIES = {
    "process.roles": "broker,controller",
    "node.id": "1",
    "controller.listener.names": "CONTROLLER",
    "inter.broker.listener.name": "PLAINTEXT",
    "listener.security.protocol.map": "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,SASL:SASL_PLAINTEXT",
    "listener.name.sasl.sasl.enabled.mechanisms": "PLAIN",
    "listener.name.sasl.plain.sasl.jaas.config": (
        f'org.apache.kafka.common.security.plain.PlainLoginModule required user_{USERNAME}="{PASSWORD}";'
    ),
    "offsets.topic.replication.factor": "1",
    "offsets.topic.num.partitions": "5",
    "transaction.state.log.replication.factor": "1",
    "transaction.state.log.min.isr": "1",
    "share.coordinator.state.topic.replication.factor": "1",
    "share.coordinator.state.topic.min.isr": "1",
    "group.initial.rebalance.delay.ms": "0",
    "auto.create.topics.enable": "false",
    "num.network.threads": "2",
    "num.io.threads": "2",
    "log.cleaner.dedupe.buffer.size": "2097152",
    # A broker that was killed comes back at once: its controller waits for the end of its former session.
    "broker.session.timeout.ms": "3000",
    "broker.heartbeat.interval.ms": "300",
}

LOGGING = """\
status=error
rootLogger.level=warn
rootLogger.appenderRef.console.ref=console
appender.console.type=Console
appender.console.name=console
appender.console.layout.type=PatternLayout
appender.console.layout.pattern=%d %p %c: %m%n
"""


class Broker(Protocol):
    """One broker. It may take connections before it answers them."""

    @property
    def bootstrap_servers(self) -> str: ...

    @property
    def sasl_bootstrap_servers(self) -> str:
        """The listener that asks for credentials. Skips the test where the broker is not ours."""
        ...

    def kill(self) -> None:
        """As a power cut does. Skips the test where the broker is not ours."""
        ...

    def start(self) -> None:
        """Again, with what it had stored. It may take connections before it answers them."""
        ...


@contextmanager
def broker() -> Iterator[Broker]:
    """A broker for a test session: by address, by container, by process, in this order, or skip; in CI fail."""
    address = os.environ.get(BOOTSTRAP_SERVERS)
    if address:
        yield _Given(address)
    elif docker_answers():
        with _container() as container:
            yield container
    elif shutil.which("java") and shutil.which("mvn"):
        with _process() as process:
            yield process
    else:
        missing(INSTALL)


class _Given:
    """A broker that is somebody else's."""

    def __init__(self, bootstrap_servers: str) -> None:
        self.bootstrap_servers = bootstrap_servers

    @property
    def sasl_bootstrap_servers(self) -> str:
        pytest.skip(f"The broker of {BOOTSTRAP_SERVERS} has credentials of its own.")

    def kill(self) -> None:
        pytest.skip(f"The broker of {BOOTSTRAP_SERVERS} is not killed.")

    def start(self) -> None:
        pass


class Node:
    """A broker in a process, with its properties and its data in a folder of its own."""

    def __init__(self, folder: Path, properties: Mapping[str, str], port: int, *formatting: str) -> None:
        self._port = port
        self._folder = folder
        self._java = ["java", "-Xms128m", "-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"]
        self._java += [f"-Dlog4j2.configurationFile=file:{folder}/log4j2.properties", "-cp", f"{jars()}/*"]
        (folder / "log4j2.properties").write_text(LOGGING)
        lines = [f"{name}={value}\n" for name, value in {**PROPERTIES, **properties}.items()]
        (folder / "server.properties").write_text("".join(lines))
        self._run(
            "kafka.tools.StorageTool", "format", "-t", CLUSTER_ID, "-c", f"{folder}/server.properties", *formatting
        )
        self.start()

    def kill(self) -> None:
        processes.stop(self._process, signal.SIGKILL)

    def start(self) -> None:
        log = self._folder / "log"
        self._process = processes.start([*self._java, "kafka.Kafka", f"{self._folder}/server.properties"], log)
        processes.wait_until(lambda: processes.listens(self._port), self._process, log)

    def _run(self, *arguments: str) -> None:
        ended = subprocess.run([*self._java, *arguments], capture_output=True, check=False)
        assert ended.returncode == 0, ended.stdout.decode() + ended.stderr.decode()


class _Process:
    """A broker of one node."""

    def __init__(self, folder: Path) -> None:
        port, sasl_port, controller_port = (processes.free_port() for _ in range(3))
        self.bootstrap_servers = f"127.0.0.1:{port}"
        self.sasl_bootstrap_servers = f"127.0.0.1:{sasl_port}"
        properties = {
            "controller.quorum.voters": f"1@127.0.0.1:{controller_port}",
            "listeners": (
                f"PLAINTEXT://127.0.0.1:{port},SASL://127.0.0.1:{sasl_port},CONTROLLER://127.0.0.1:{controller_port}"
            ),
            "advertised.listeners": f"PLAINTEXT://127.0.0.1:{port},SASL://127.0.0.1:{sasl_port}",
            "log.dirs": f"{folder}/data",
        }
        self._node = Node(folder, properties, port)

    def kill(self) -> None:
        self._node.kill()

    def start(self) -> None:
        self._node.start()


class _Container:
    """The same broker in a container, on a port of this machine that it keeps."""

    def __init__(self) -> None:
        port, sasl_port = processes.free_port(), processes.free_port()
        self.bootstrap_servers = f"127.0.0.1:{port}"
        self.sasl_bootstrap_servers = f"127.0.0.1:{sasl_port}"
        self.container = DockerContainer(f"apache/kafka:{VERSION}").with_bind_ports(port, port)
        self.container.with_bind_ports(sasl_port, sasl_port)
        properties = PROPERTIES | {
            "controller.quorum.voters": "1@127.0.0.1:9093",
            "listeners": f"PLAINTEXT://0.0.0.0:{port},SASL://0.0.0.0:{sasl_port},CONTROLLER://127.0.0.1:9093",
            "advertised.listeners": f"PLAINTEXT://127.0.0.1:{port},SASL://127.0.0.1:{sasl_port}",
            "log.dirs": "/tmp/kafka-logs",
        }
        for name, value in properties.items():
            self.container.with_env(f"KAFKA_{name.replace('.', '_').upper()}", value)
        self.container.with_env("CLUSTER_ID", CLUSTER_ID)

    def kill(self) -> None:
        self.container.get_wrapped_container().kill()

    def start(self) -> None:
        self.container.get_wrapped_container().start()


@contextmanager
def _container() -> Iterator[_Container]:
    container = _Container()
    with container.container:
        yield container


@contextmanager
def _process() -> Iterator[_Process]:
    with TemporaryDirectory(prefix="busbar-kafka-") as folder:
        process = _Process(Path(folder))
        try:
            yield process
        finally:
            process.kill()


def jars() -> Path:
    """Kafka's jars, resolved once and kept in the user's cache folder."""
    kept = user_cache_path("busbar") / f"kafka-{VERSION}"
    if kept.is_dir():
        return kept
    kept.parent.mkdir(parents=True, exist_ok=True)
    unfinished = Path(mkdtemp(dir=kept.parent))
    pom = Path(__file__).with_name("kafka-pom.xml")
    resolve = ["mvn", "-B", "-q", "-f", str(pom), f"-Dkafka.version={VERSION}", "dependency:copy-dependencies"]
    ended = subprocess.run(
        [*resolve, "-DincludeScope=runtime", f"-DoutputDirectory={unfinished}"], capture_output=True, check=False
    )
    assert ended.returncode == 0, f"Maven did not find Kafka:\n{ended.stdout.decode()[-3000:]}"
    try:
        unfinished.rename(kept)
    except OSError:  # another session was faster
        shutil.rmtree(unfinished)
    return kept
