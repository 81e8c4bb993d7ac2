"""Every process with the rights that the documents give it, and no others, at a real broker and in a real database."""

import asyncio
import json
import re
import signal
import urllib.request
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.engine import URL

from adapters.database import rights
from adapters.database.engine import create_engine
from tests.e2e.processes import Ended
from tests.e2e.stacks import Stack, a_prefix, until
from tests.services import postgresql
from tests.services.certificates import Authority
from tests.services.processes import free_port
from tests.services.secured_kafka import Right, SecuredBroker, a_secured_broker

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
GRANTS = ROOT / "deploy" / "postgresql" / "roles.sql"
ROLES = {"worker": "busbar_worker", "project": "busbar_projector", "api": "busbar_api"}
OWNER = "busbar_migrate"
TOPICS = ("configuration", "telemetry", "events", "dead-letter")
PLAYED = ("--scenario", "joondalup-small", "--for", "6s", "--json")


def documented(prefix: str) -> list[Right]:
    """What the page says that each process may do at the brokers; users are called as their commands."""
    found = []
    page = (ROOT / "docs" / "how-to" / "rights.md").read_text("utf-8")
    _, _, table = page.partition("| process | `Read` | `Write` | group |\n|---|---|---|---|\n")
    for row in table.partition("\n\n")[0].splitlines():
        users, reads, writes, groups = (re.findall(r"`([a-z-]+)`", cell) for cell in row.strip("|").split("|"))
        for user in users:
            found += [Right(user, "topic", f"{prefix}.{name}", "Read") for name in reads]
            found += [Right(user, "topic", f"{prefix}.{name}", "Write") for name in writes]
            found += [Right(user, "group", f"{prefix}.{name}", "Read") for name in groups]
    (migrating,) = re.findall(r"`busbar migrate` needs ([^.]+) of the four topics", page)
    operations = re.findall(r"`(\w+)`", migrating)
    return found + [Right("migrate", "topic", f"{prefix}.{name}", each) for name in TOPICS for each in operations]


@pytest.fixture(scope="module")
def database() -> Iterator[Mapping[str, str]]:
    """The address of one database by process, each with a role of its own; nothing is in it yet."""
    with postgresql.a_process(*postgresql.FORGETFUL) as server:
        administrator = server.url.set(drivername="postgresql+asyncpg")
        _execute(administrator, f"CREATE ROLE {OWNER} LOGIN CREATEROLE", f"CREATE DATABASE depots OWNER {OWNER}")
        addresses = {user: administrator.set(username=user, database="depots") for user in ROLES}
        owner = administrator.set(username=OWNER, database="depots")
        yield {name: url.render_as_string() for name, url in {**addresses, "migrate": owner}.items()}


@pytest.fixture(scope="module")
def broker() -> Iterator[SecuredBroker]:
    with a_secured_broker(sorted({right.user for right in documented("")})) as broker:
        yield broker


@pytest.fixture(scope="module")
def stack(broker: SecuredBroker, database: Mapping[str, str], tmp_path_factory: pytest.TempPathFactory) -> Stack:
    """Migrated, with every right that is documented. What is said of no process in particular goes past them."""
    stack = Stack(tmp_path_factory.mktemp("stack"), broker.inner, database["migrate"], a_prefix())
    broker.grant(documented(stack.prefix))
    ended = stack.run("migrate", **broker.by_password("migrate"))
    assert ended.code == 0, ended.err
    _execute(database["migrate"], GRANTS.read_text("utf-8"))
    _execute(database["migrate"], *(f"CREATE USER {user} IN ROLE {role}" for user, role in ROLES.items()))
    return stack


def _execute(url: URL | str, *scripts: str) -> None:
    async def execute() -> None:
        engine = create_engine(url).execution_options(isolation_level="AUTOCOMMIT")
        async with engine.connect() as connection:
            driver = (await connection.get_raw_connection()).driver_connection
            assert driver is not None
            for script in scripts:
                await driver.execute(script)
        await engine.dispose()

    asyncio.run(execute())


def shows_a_cycle(port: int, microgrid_id: str) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/v1/microgrids/{microgrid_id}", timeout=5) as answer:
            return json.load(answer)["latest_cycle"] is not None
    except OSError:
        return False


def refused(ended: Ended) -> str:
    """The sentence with which a process refused to begin."""
    assert (ended.code, ended.out) == (2, b""), ended
    assert b"Traceback" not in ended.err
    return ended.complaints[-1]


def test_the_grants_are_what_each_process_asks_for(stack: Stack) -> None:
    async def granted() -> Mapping[str, Mapping[str, set[str]]]:
        engine, found = create_engine(stack.database_url), defaultdict[str, dict[str, set[str]]](dict)
        async with engine.connect() as connection:
            statement = "SELECT grantee, table_name, privilege_type FROM information_schema.role_table_grants"
            for role, table, privilege in await connection.execute(text(statement)):
                found[role].setdefault(table, set()).add(privilege)
        await engine.dispose()
        return found

    found = asyncio.run(granted())
    for role, wanted in (("worker", rights.WORKER), ("project", rights.PROJECTOR), ("api", rights.API)):
        assert found[ROLES[role]] == {table: set(privileges) for table, privileges in wanted.items()}


def test_each_process_does_its_work_with_its_own_rights_alone(
    stack: Stack, broker: SecuredBroker, database: Mapping[str, str]
) -> None:
    """Holds ENV-2."""
    port = free_port()
    worker_told = broker.by_certificate("worker") | {"BUSBAR_DATABASE_URL": database["worker"]}
    projector_told = broker.by_password("project") | {"BUSBAR_DATABASE_URL": database["project"]}
    with (
        stack.running("worker", "worker", **worker_told) as worker,
        stack.running("projector", "project", **projector_told) as projector,
        stack.running("api", "api", "--port", str(port), BUSBAR_DATABASE_URL=database["api"]) as api,
    ):
        worker.has_joined()
        projector.has_joined()
        played = stack.run("simulate", *PLAYED, **broker.by_certificate("simulate"))
        assert played.code == 0, played.err
        assert json.loads(played.out)["cycles"] > 0
        until(lambda: shows_a_cycle(port, "joondalup-small"), api.log)

        assert stack.run("send", "-", **broker.by_password("send")).code == 0
        stack.publish("telemetry", "charge_point.telemetry.v1", [{"microgrid_id": "joondalup-small"}])
        until(lambda: b"malformed" in stack.run("dead-letters", **broker.by_password("dead-letters")).out, worker.log)
        for process in (worker, projector, api):
            assert process.end(signal.SIGTERM) < 30
            assert process.code == 0
            for complaint in ("Authorization", "denied", "Traceback", "joining again"):
                assert complaint not in process.log.read_text()


@pytest.mark.parametrize(
    ("command", "user", "denied"),
    [
        (("worker",), "project", "read {0}.configuration, read {0}.telemetry, write {0}.events, write {0}.dead-letter"),
        (("worker",), "simulate", "read {0}.configuration"),
        (("project",), "worker", "join the group {0}.projector"),
        (("project",), "send", "read {0}.events"),
        (("simulate", *PLAYED), "gateway", "write {0}.configuration"),
        (("events",), "send", "read {0}.events"),
        (("send", "-"), "configure", "write {0}.telemetry"),
        (("dead-letters",), "worker", "read {0}.dead-letter"),
    ],
)
def test_a_process_with_the_rights_of_another_is_refused_in_a_sentence(
    stack: Stack, broker: SecuredBroker, command: tuple[str, ...], user: str, denied: str
) -> None:
    """Holds ENV-4."""
    assert denied.format(stack.prefix) in refused(stack.run(*command, **broker.by_password(user)))


@pytest.mark.parametrize(
    ("command", "role", "denied"),
    [("worker", "project", "SELECT microgrids"), ("project", "api", "INSERT log"), ("api", "worker", "SELECT cycles")],
)
def test_a_process_with_the_role_of_another_is_refused_in_a_sentence(
    stack: Stack, broker: SecuredBroker, database: Mapping[str, str], command: str, role: str, denied: str
) -> None:
    told = broker.by_password("worker") | {"BUSBAR_DATABASE_URL": database[role]}
    complaint = refused(stack.run(command, **told))
    assert "BUSBAR_DATABASE_URL" in complaint
    assert denied in complaint


def test_a_migration_without_its_rights_is_refused_in_a_sentence(stack: Stack, broker: SecuredBroker) -> None:
    told = broker.by_password("worker") | {"BUSBAR_TOPIC_PREFIX": a_prefix()}
    assert "cannot be made" in refused(stack.run("migrate", **told))
    assert "how long it keeps messages" in refused(stack.run("migrate", **broker.by_password("worker")))


def test_a_certificate_that_brokers_do_not_know_is_refused_in_a_sentence(
    stack: Stack, broker: SecuredBroker, tmp_path: Path
) -> None:
    told = broker.by_certificate("worker")
    certfile, keyfile = Authority(tmp_path, "stranger").sign("worker")
    strange = {"BUSBAR_KAFKA_SSL_CERTFILE": str(certfile), "BUSBAR_KAFKA_SSL_KEYFILE": str(keyfile)}
    without = {name: value for name, value in told.items() if name not in strange}
    for variables in (told | strange, without):
        assert "BUSBAR_KAFKA_SSL_CERTFILE" in refused(stack.run("worker", **variables))


def test_brokers_that_cannot_be_trusted_are_refused_in_a_sentence(
    stack: Stack, broker: SecuredBroker, tmp_path: Path
) -> None:
    other = {"BUSBAR_KAFKA_SSL_CAFILE": str(Authority(tmp_path, "stranger").cafile)}
    for told in (broker.by_certificate("worker"), broker.by_password("worker")):
        assert "BUSBAR_KAFKA_SSL_CAFILE" in refused(stack.run("worker", **told | other))
