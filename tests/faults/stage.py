"""Where faults happen: a deployment of its own under load, its members started, signalled and brought to rest."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeAlias

from sqlalchemy.exc import DBAPIError

from adapters.kafka.connection import Connection
from adapters.kafka.publisher import KafkaPublisher
from application.ports.bus import Message
from tests.e2e.processes import Ended, environment
from tests.e2e.stacks import Stack, a_prefix
from tests.faults import planted, recording
from tests.faults.history import History
from tests.faults.load import DEPOTS, Load
from tests.faults.members import PATIENCE_S, Member, wait_until
from tests.services import kafka, postgresql
from tests.services.faketime import HostClock
from tests.services.kafka import Broker
from tests.services.kafka_cluster import Cluster, a_cluster
from tests.services.postgresql import SMALL_DISK, PostgresqlProcess, PostgresqlServer
from tests.services.small_disk import SmallDisk

ROOT = Path(__file__).parents[2]

LONGEST_UNDECIDED = f"""SELECT extract(epoch FROM max(waited)) FROM (
    SELECT created_at - lag(created_at) OVER (PARTITION BY microgrid_id ORDER BY event_seq) AS waited FROM outbox
    WHERE ce_type = 'busbar.cycle.completed.v1' AND microgrid_id IN ({", ".join(map(repr, DEPOTS))})
) AS between"""
"""By the clocks of the workers."""


@dataclass(frozen=True, slots=True)
class Ground:
    """A broker and a database cluster, both ours to kill."""

    broker: Broker | Cluster
    database: PostgresqlProcess


@contextmanager
def a_ground() -> Iterator[Ground]:
    """Skips the test where there are no servers to be found, or fails where CI is set."""
    with kafka.broker() as broker, postgresql.a_process() as database:
        yield Ground(broker, database)


@contextmanager
def a_ground_of_three() -> Iterator[Ground]:
    """The same with three brokers."""
    with a_cluster() as cluster, postgresql.a_process() as database:
        yield Ground(cluster, database)


@dataclass(slots=True)
class Stage:
    """One deployment from an empty database and empty topics to its history."""

    ground: Ground
    stack: Stack
    load: Load
    later: ExitStack
    """What ends once the database is gone."""

    members: list[Member] = field(default_factory=list)

    def worker(self, *options: str, clock: HostClock | None = None, source: Path = ROOT) -> Member:
        """One more worker, on a host with this clock: options are those of `tests.faults.worker`."""
        module = ("tests.faults.worker", *options) if options else ("entrypoints", "worker")
        return self._start("worker", *module, variables={} if clock is None else clock.variables, source=source)

    def projector(self, source: Path = ROOT) -> Member:
        """One more, of the release whose source this is."""
        return self._start("projector", "entrypoints", "project", variables={}, source=source)

    def keeping_briefly(self, command: str) -> Member:
        """A worker or projector (`project`) that keeps for two minutes what others keep for hours."""
        name = {"project": "projector"}.get(command, command)
        return self._start(name, "tests.faults.briefly", command, variables={})

    def api(self, port: int) -> Member:
        return self._start("api", "entrypoints", "api", "--port", str(port), variables={})

    def on_a_small_disk(self, mib: int) -> SmallDisk:
        """Move all tables to a disk of their own."""
        disk = self.later.enter_context(self.ground.database.a_small_disk(mib))
        for kind in ("TABLE", "INDEX"):
            statement = f"ALTER {kind} ALL IN TABLESPACE pg_default SET TABLESPACE {SMALL_DISK}"
            recording.execute(self.stack.database_url, statement)
        return disk

    def versions(self) -> Mapping[str, int]:
        """How many commits every depot has seen."""
        return recording.versions(self.stack.database_url)

    def decided(self, patience_s: float = PATIENCE_S) -> float:
        """Wait until every depot is decided again, and again; returns the seconds that took."""
        began, known = time.monotonic(), self._versions_at_last(patience_s)

        def again() -> bool:
            now = self._versions_or_none()
            return now is not None and all(now.get(depot, 0) > known.get(depot, 0) for depot in DEPOTS)

        wait_until(again, self._logs, patience_s)
        return time.monotonic() - began

    def send(self, topic: str, messages: Sequence[Message]) -> None:
        """All at once, beside the load."""

        async def publish() -> None:
            publisher = KafkaPublisher(Connection(self.stack.bootstrap_servers), f"{self.stack.prefix}.{topic}")
            await publisher.publish(messages)
            await publisher.close()

        asyncio.run(publish())

    def ready(self, patience_s: float = PATIENCE_S) -> None:
        """Wait until every process says that it is ready."""
        for member in self._running():
            member.ready(patience_s)

    def undecided_s(self) -> float:
        """The longest that one of the depots of the load waited between two published cycles."""
        ((longest_s,),) = recording.ask(self.stack.database_url, LONGEST_UNDECIDED)
        return float(longest_s)

    def at_rest(self, patience_s: float = PATIENCE_S) -> None:
        """Stop the load, let everything that was decided be published and projected, end the members."""
        self.load.stop()
        until = time.monotonic() + patience_s
        while not (recording.all_read(self.stack) and self._published()) and time.monotonic() < until:
            time.sleep(0.2)
        workers = [each for each in self._running() if each.name.startswith("worker")]
        for worker in workers:
            worker.signal(signal.SIGTERM)
        for worker in workers:
            worker.ended()
        while not self._projected() and time.monotonic() < until:
            time.sleep(0.2)
        for member in self._running():
            member.end()

    def history(self) -> History:
        with TemporaryDirectory() as folder:
            return recording.record(self.stack, Path(folder))

    def close(self) -> None:
        """Kill what still runs."""
        for member in self._running():
            member.kill()

    def _start(self, name: str, *module: str, variables: Mapping[str, str], source: Path = ROOT) -> Member:
        numbered = f"{name}-{len(self.members)}"
        home = self.stack.home / numbered
        home.mkdir()
        path = os.pathsep.join(filter(None, (str(source / "src"), str(source), os.environ.get("PYTHONPATH"))))
        with (home / "stderr").open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", *module],
                cwd=home,
                env={**environment(home, {**self.stack.variables, **variables}), "PYTHONPATH": path},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=log,
            )
        member = Member(numbered, process, home / "stderr")
        self.members.append(member)
        return member

    def _running(self) -> list[Member]:
        return [member for member in self.members if member.process.poll() is None]

    def _versions_at_last(self, patience_s: float) -> Mapping[str, int]:
        until = time.monotonic() + patience_s
        while (known := self._versions_or_none()) is None:
            assert time.monotonic() < until, self._logs()
            time.sleep(0.1)
        return known

    def _versions_or_none(self) -> Mapping[str, int] | None:
        try:
            return self.versions()
        except (OSError, DBAPIError):
            return None

    def _published(self) -> bool:
        question = "SELECT count(*) FROM outbox WHERE published_at IS NULL"
        return int(recording.ask(self.stack.database_url, question)[0][0]) == 0

    def _projected(self) -> bool:
        behind = """SELECT count(*) FROM microgrid_state LEFT JOIN (
            SELECT microgrid_id, min(event_seq) AS event_seq FROM projection_positions GROUP BY microgrid_id
        ) AS reached USING (microgrid_id) WHERE reached.event_seq IS DISTINCT FROM microgrid_state.event_seq"""
        return int(recording.ask(self.stack.database_url, behind)[0][0]) == 0

    def _logs(self) -> str:
        return "\n".join(f"{each.name}:\n{each.log.read_text()[-1500:]}" for each in self.members)


Migrate: TypeAlias = Callable[[Stack], Ended]
"""Makes tables and topics."""


def migrated(stack: Stack) -> Ended:
    """`busbar migrate`, as it is now."""
    return stack.run("migrate")


@contextmanager
def staged(
    ground: Ground,
    seed: int,
    bad: Sequence[str] = planted.WHOEVER_OWNS,
    migrate: Migrate = migrated,
    depots: Sequence[str] = DEPOTS,
) -> Iterator[Stage]:
    """A deployment without members and with a load, repeatable by its seed, that is not started yet."""
    with (
        TemporaryDirectory(prefix="busbar-faults-") as home,
        ExitStack() as later,
        PostgresqlServer(ground.database.url).new_database() as url,
    ):
        stack = Stack(Path(home), ground.broker.bootstrap_servers, url, a_prefix())
        ended = migrate(stack)
        assert ended.code == 0, ended.err
        recording.audit(url, DEPOTS)
        stage = Stage(ground, stack, Load(stack.bootstrap_servers, stack.prefix, seed, bad, depots), later)
        try:
            yield stage
        finally:
            stage.close()
            stage.load.stop()
