"""PostgreSQL for tests: the one the environment names, one in a container, or one that is started here.

A server a session with one migrated database, emptied after each test: making a database costs ten times as much.
"""

import asyncio
import os
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp
from uuid import uuid4

from sqlalchemy.engine import URL, make_url
from sqlalchemy.ext.asyncio import create_async_engine

from adapters.database.migrations import upgrade
from adapters.database.tables import metadata, streams
from tests.services import processes
from tests.services.finding import docker_answers, missing
from tests.services.small_disk import SmallDisk, a_small_disk

VARIABLE = "BUSBAR_TEST_POSTGRESQL_URL"
IMAGE = "postgres:17.6-bookworm"
MISSING = (
    "These tests need PostgreSQL: install its server (Debian, Ubuntu: apt install postgresql), start Docker, "
    f"or name a server in {VARIABLE}."
)
SMALL_DISK = "small_disk"
FORGETFUL = ("-c", "fsync=off", "-c", "synchronous_commit=off", "-c", "full_page_writes=off")


class PostgresqlServer:
    """Databases on a server. `url` names one of them, and a user who may create others.

    Nothing of it is to be used inside an event loop.
    """

    def __init__(self, url: URL) -> None:
        self._url = url.set(drivername="postgresql+asyncpg")

    @contextmanager
    def migrated(self) -> Iterator["MigratedDatabase"]:
        """A database at the newest schema."""
        with self.new_database() as url:
            asyncio.run(upgrade(url))
            yield MigratedDatabase(url)

    @contextmanager
    def new_database(self) -> Iterator[str]:
        """The address of a database without any schema, which is gone afterwards."""
        name = f"busbar_{uuid4().hex}"
        asyncio.run(_execute(self._url, f"CREATE DATABASE {name}"))
        try:
            yield self._url.set(database=name).render_as_string(hide_password=False)
        finally:
            asyncio.run(_execute(self._url, f"DROP DATABASE {name} WITH (FORCE)"))

    @contextmanager
    def backup(self, url: str) -> Iterator[Callable[[], None]]:
        """A copy of a database that nothing uses now; gives what puts it back in its place."""
        name = make_url(url).database
        copy = f"{name}_copy"
        asyncio.run(_execute(self._url, f"CREATE DATABASE {copy} TEMPLATE {name}"))
        put_back = (f"DROP DATABASE {name} WITH (FORCE)", f"CREATE DATABASE {name} TEMPLATE {copy}")
        try:
            yield lambda: asyncio.run(_execute(self._url, *put_back))
        finally:
            asyncio.run(_execute(self._url, f"DROP DATABASE {copy}"))


@dataclass(frozen=True, slots=True)
class MigratedDatabase:
    """A database that tests use one after the other."""

    url: str

    def empty(self) -> None:
        """Forget every row."""
        asyncio.run(
            _execute(
                self.url,
                *(f"DELETE FROM {table.name}" for table in reversed(metadata.sorted_tables) if table is not streams),
            )
        )


async def _execute(url: URL | str, *statements: str) -> None:
    engine = create_async_engine(url, isolation_level="AUTOCOMMIT")
    async with engine.connect() as connection:
        for statement in statements:
            await connection.exec_driver_sql(statement)
    await engine.dispose()


class PostgresqlProcess:
    """A throwaway cluster and the server process on it, which can be crashed and started again.

    One that is a replica `of` another follows it until it is promoted.
    """

    def __init__(
        self, folder: Path, programs: Path, *options: str, of: "PostgresqlProcess | None" = None, data: str = "data"
    ) -> None:
        self._folder = folder
        self._programs = programs
        self._options = options
        self._data = str(folder / data)
        self._port = processes.free_port()
        initdb = ("-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-locale", "--no-sync", "--no-instructions")
        made = self._command("initdb", "-D", self._data, *initdb) if of is None else self._copied(of)
        subprocess.run(made, check=True, capture_output=True)
        self._process: subprocess.Popen[bytes] | None = None

    def replica(self) -> "PostgresqlProcess":
        """One that follows this one, not started yet."""
        return PostgresqlProcess(self._folder, self._programs, *self._options, of=self, data="replica")

    def wait_for_replicas(self) -> None:
        """From now on a commit is answered once a replica has it, and shows it."""
        for setting in ("synchronous_standby_names = '*'", "synchronous_commit = remote_apply"):
            self.execute(f"ALTER SYSTEM SET {setting}")
        self.execute("SELECT pg_reload_conf()")

    def take_over_from(self, lost: "PostgresqlProcess") -> None:
        """Be promoted, at the address of the one that is gone."""
        self.execute("SELECT pg_promote()")
        self.stop()
        self._port = lost._port
        self.start()

    def execute(self, statement: str) -> None:
        asyncio.run(_execute(self.url.set(drivername="postgresql+asyncpg"), statement))

    @property
    def url(self) -> URL:
        return URL.create("postgresql", "postgres", None, "127.0.0.1", self._port, "postgres")

    def start(self) -> None:
        """Returns once it takes connections."""
        log, listening = self._folder / "log", ("-h", "127.0.0.1", "-p", str(self._port), "-k", "")
        command = self._command("postgres", "-D", self._data, *listening, *self._options)
        self._process = processes.start(command, log)
        processes.wait_until(self._answers, self._process, log)

    def crash(self) -> None:
        """Every server process ends at once, without writing anything more."""
        self._end(signal.SIGQUIT)

    def stop(self) -> None:
        """In order; one that crashed stays as it is."""
        self._end(signal.SIGINT)

    @contextmanager
    def a_small_disk(self, mib: int) -> Iterator[SmallDisk]:
        """A disk for the tablespace SMALL_DISK, which is to be empty again at its end."""
        with a_small_disk(self._folder / "small", mib) as disk:
            if _unprivileged():
                shutil.chown(disk.path, "postgres", "postgres")
            url = self.url.set(drivername="postgresql+asyncpg")
            asyncio.run(_execute(url, f"CREATE TABLESPACE {SMALL_DISK} LOCATION '{disk.path}'"))
            try:
                yield disk
            finally:
                asyncio.run(_execute(url, f"DROP TABLESPACE {SMALL_DISK}"))

    def _copied(self, of: "PostgresqlProcess") -> list[str]:
        source = ("-h", "127.0.0.1", "-p", str(of._port), "-U", "postgres")
        return self._command(
            "pg_basebackup", "-D", self._data, *source, "-X", "stream", "-R", "-c", "fast", "--no-sync"
        )

    def _end(self, by: signal.Signals) -> None:
        if self._process is not None:
            processes.stop(self._process, by)

    def _answers(self) -> bool:
        asked = [str(self._programs / "pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(self._port)]
        return subprocess.run(asked, check=False).returncode == 0

    def _command(self, program: str, *arguments: str) -> list[str]:
        return [*_unprivileged(), str(self._programs / program), *arguments]


@contextmanager
def a_server() -> Iterator[PostgresqlServer]:
    """A server from the first place that has one; where none has, the test is skipped, or fails where CI is set."""
    with a_server_url() as url:
        yield PostgresqlServer(url)


@contextmanager
def a_process(*options: str) -> Iterator[PostgresqlProcess]:
    """A server process of our own; where its programs are missing, the test is skipped, or fails where CI is set."""
    programs = _programs() or missing(MISSING)
    folder = Path(mkdtemp(prefix="busbar-postgresql-"))
    try:
        if _unprivileged():
            shutil.chown(folder, "postgres", "postgres")
        process = PostgresqlProcess(folder, programs, *options)
        try:
            process.start()
            yield process
        finally:
            process.stop()
    finally:
        shutil.rmtree(folder)


@contextmanager
def a_server_url() -> Iterator[URL]:
    if named := os.environ.get(VARIABLE):
        yield make_url(named)
    elif docker_answers():
        from testcontainers.community.postgres import PostgresContainer

        with PostgresContainer(IMAGE) as container:
            yield make_url(container.get_connection_url())
    else:
        with a_process(*FORGETFUL) as process:
            yield process.url


def _programs() -> Path | None:
    """Where PostgreSQL's server programs lie: Debian keeps them off the PATH, a folder a version."""
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda folder: -int(folder.parent.name))
    if found := shutil.which("postgres"):
        folders.insert(0, Path(found).resolve().parent)
    return next((folder for folder in folders if (folder / "pg_isready").exists()), None)


def _unprivileged() -> list[str]:
    """PostgreSQL refuses to run as root. setpriv becomes the server itself: its process id is the one to signal."""
    if os.geteuid() != 0:
        return []
    user = ["--reuid=postgres", "--regid=postgres", "--clear-groups"]
    return ["setpriv", *user, "--pdeathsig", "INT"]
