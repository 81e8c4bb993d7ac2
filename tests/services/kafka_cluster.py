"""Three real brokers in processes: what one of them leads can be looked up, and any of them be killed."""

import asyncio
import shutil
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from tests.services import processes
from tests.services.finding import missing
from tests.services.kafka import INSTALL, Node

NODES: Final = (1, 2, 3)

PROPERTIES: Final = {
    "offsets.topic.replication.factor": "3",
    "transaction.state.log.replication.factor": "3",
    "transaction.state.log.min.isr": "2",
    "share.coordinator.state.topic.replication.factor": "3",
    "share.coordinator.state.topic.min.isr": "2",
    "min.insync.replicas": "2",
}


class Cluster:
    """Three brokers that are controllers too."""

    def __init__(self, folder: Path) -> None:
        self._ports = {node: processes.free_port() for node in NODES}
        self._controllers = {node: processes.free_port() for node in NODES}
        for node in NODES:
            (folder / str(node)).mkdir()
        # A node is there once it listens, which it does not do without the others.
        with ThreadPoolExecutor() as pool:
            started = pool.map(
                lambda node: Node(folder / str(node), self._properties(folder, node), self._ports[node]), NODES
            )
            self.nodes: Mapping[int, Node] = dict(zip(NODES, started, strict=True))

    @property
    def bootstrap_servers(self) -> str:
        return ",".join(f"127.0.0.1:{port}" for port in self._ports.values())

    def leaders(self, topic: str) -> Sequence[int]:
        """The node that leads each partition, -1 where none does."""
        return [each["leader"] for each in asyncio.run(_partitions(self.bootstrap_servers, topic))]

    def is_whole(self, topic: str) -> bool:
        """Whether every replica is in sync."""
        try:
            described = asyncio.run(_partitions(self.bootstrap_servers, topic))
        except KafkaError:
            return False
        return all(len(each["isr"]) == len(each["replicas"]) for each in described)

    def kill(self) -> None:
        """All of them."""
        for node in self.nodes.values():
            node.kill()

    def start(self) -> None:
        """All of them again."""
        with ThreadPoolExecutor() as pool:
            list(pool.map(Node.start, self.nodes.values()))

    def _properties(self, folder: Path, node: int) -> dict[str, str]:
        own = f"PLAINTEXT://127.0.0.1:{self._ports[node]}"
        voters = ",".join(f"{each}@127.0.0.1:{port}" for each, port in self._controllers.items())
        return {
            **PROPERTIES,
            "node.id": str(node),
            "controller.quorum.voters": voters,
            "listeners": f"{own},CONTROLLER://127.0.0.1:{self._controllers[node]}",
            "advertised.listeners": own,
            "listener.security.protocol.map": "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT",
            "log.dirs": f"{folder}/{node}/data",
        }


@contextmanager
def a_cluster() -> Iterator[Cluster]:
    """Skips the test where Java or Maven are missing, or fails it where CI is set."""
    if not (shutil.which("java") and shutil.which("mvn")):
        missing(INSTALL)
    with TemporaryDirectory(prefix="busbar-kafka-") as folder:
        cluster = Cluster(Path(folder))
        try:
            yield cluster
        finally:
            cluster.kill()


async def _partitions(bootstrap_servers: str, topic: str) -> Sequence[Mapping[str, Any]]:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap_servers)
    try:
        await admin.start()
        (described,) = [each for each in await admin.describe_topics() if each["topic"] == topic]
    finally:
        await admin.close()
    partitions: Sequence[Mapping[str, Any]] = described["partitions"]
    return sorted(partitions, key=lambda each: each["partition"])
