"""What is measured: processes of `busbar` on a real broker and a real PostgreSQL, found or started as the tests do."""

import asyncio
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from benchmarks.machine import child_running, cpu_seconds
from tests.e2e.processes import COMMAND, environment
from tests.e2e.stacks import Process, Stack, a_prefix
from tests.services import kafka, postgresql

PARTITIONS = 12
SETTLING_S = 300.0


@dataclass(frozen=True, slots=True)
class Servers:
    """A broker and a PostgreSQL, for one deployment after the other or side by side."""

    broker: kafka.Broker
    database: postgresql.PostgresqlServer

    @contextmanager
    def deployed(self, command: Sequence[str] = tuple(COMMAND)) -> Iterator[Stack]:
        """Topics and a database of its own, at the newest schema of what this command starts."""
        with TemporaryDirectory(prefix="busbar-bench-") as home, self.database.new_database() as url:
            yield _migrated(Stack(Path(home), self.broker.bootstrap_servers, url, a_prefix(), command))


@contextmanager
def servers() -> Iterator[Servers]:
    with kafka.broker() as broker, postgresql.a_server() as database:
        yield Servers(broker, database)


@contextmanager
def deployed() -> Iterator[Stack]:
    """Topics and a database of its own, on servers of its own."""
    with servers() as ours, ours.deployed() as stack:
        yield stack


def _migrated(stack: Stack) -> Stack:
    variables = environment(stack.home, stack.variables | {"BUSBAR_TOPIC_PARTITIONS": str(PARTITIONS)})
    migrated = subprocess.run(
        [*stack.command, "migrate"], cwd=stack.home, env=variables, capture_output=True, check=False
    )
    if migrated.returncode != 0:
        raise RuntimeError(migrated.stderr.decode())
    return stack


class CpuTimes:
    """CPU seconds by part of the deployment: its processes by name, broker and database where they are ours."""

    def __init__(self, processes: Mapping[str, Process]) -> None:
        found = {
            **{name: each.running.process.pid for name, each in processes.items()},
            "broker": child_running("kafka.Kafka"),
            "database": child_running("postgres"),
        }
        self._pids = {name: pid for name, pid in found.items() if pid is not None}
        self._before = self._now()
        self._since = time.monotonic()

    def taken(self) -> dict[str, float]:
        """Since the beginning."""
        return {name: seconds - self._before[name] for name, seconds in self._now().items()}

    def cores(self) -> dict[str, float]:
        """The same as shares of a core."""
        elapsed = time.monotonic() - self._since
        return {name: round(seconds / elapsed, 3) for name, seconds in self.taken().items()}

    def _now(self) -> dict[str, float]:
        return {name: cpu_seconds(pid) for name, pid in self._pids.items()}


class Lags:
    """How many messages of a topic a group has not yet acknowledged."""

    def __init__(self, stack: Stack) -> None:
        self._prefix = stack.prefix
        self._admin = AIOKafkaAdminClient(bootstrap_servers=stack.bootstrap_servers)
        self._consumer = AIOKafkaConsumer(bootstrap_servers=stack.bootstrap_servers)

    async def __aenter__(self) -> "Lags":
        await self._admin.start()
        await self._consumer.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._consumer.stop()
        await self._admin.close()

    async def end(self, topic: str) -> int:
        """How many messages ever came on a topic, without the prefix."""
        partitions = [TopicPartition(f"{self._prefix}.{topic}", number) for number in range(PARTITIONS)]
        return sum((await self._consumer.end_offsets(partitions)).values())

    async def of(self, group: str, topic: str) -> int:
        """Both without the prefix."""
        partitions = [TopicPartition(f"{self._prefix}.{topic}", number) for number in range(PARTITIONS)]
        committed = await self._admin.list_consumer_group_offsets(f"{self._prefix}.{group}", partitions=partitions)
        ends = await self._consumer.end_offsets(partitions)
        return sum(end - max(0, committed[each].offset) for each, end in ends.items())


async def counted(engine: AsyncEngine) -> dict[str, int]:
    """How many cycles were committed and published, and how many events wait in the outbox."""
    async with engine.connect() as connection:
        (versions, cycles), (waiting,) = [
            (await connection.execute(text(statement))).one()
            for statement in (
                "SELECT coalesce(sum(version), 0), coalesce(sum(cycle_seq), 0) FROM microgrid_state",
                "SELECT count(*) FROM outbox WHERE published_at IS NULL",
            )
        ]
    return {"committed": int(versions), "published": int(cycles), "waiting": int(waiting)}


async def written(engine: AsyncEngine) -> dict[str, int]:
    """Bytes that the database server ever wrote ahead, and that the database takes."""
    question = "SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0'), pg_database_size(current_database())"
    async with engine.connect() as connection:
        ahead, size = (await connection.execute(text(question))).one()
    return {"wal": int(ahead), "database": int(size)}


async def configured(engine: AsyncEngine, depots: int) -> float:
    """Until so many have had their first cycle and all is published; returns how long that took, in seconds."""
    began = time.monotonic()
    async with asyncio.timeout(SETTLING_S):
        while (seen := await counted(engine))["published"] < depots or seen["waiting"]:
            await asyncio.sleep(0.5)
    return time.monotonic() - began


async def ended(task: "asyncio.Task[None]") -> None:
    """End a task that has no end of its own; what it failed with is raised."""
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


def quantiles(values: Sequence[float], *shares: float) -> list[float]:
    """The values below which such shares of them lie, by the nearest rank."""
    ordered = sorted(values)
    return [round(ordered[min(len(ordered) - 1, int(share * len(ordered)))], 4) for share in shares] if ordered else []
