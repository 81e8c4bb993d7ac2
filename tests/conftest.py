"""Services that a whole run shares; and at its end, what its random snapshots exercised."""

from collections import Counter
from collections.abc import Iterator

import pytest
from hypothesis import settings

from tests.services import kafka
from tests.services.postgresql import MigratedDatabase, PostgresqlServer, a_server

# How long one example takes says something about the machine, nothing about the code.
settings.register_profile("without deadlines", deadline=None)
settings.load_profile("without deadlines")


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgresqlServer]:
    """A PostgreSQL server for the whole run."""
    with a_server() as server:
        yield server


@pytest.fixture(scope="session")
def migrated_postgresql(postgresql: PostgresqlServer) -> Iterator[MigratedDatabase]:
    """A PostgreSQL database at the newest schema for the whole run."""
    with postgresql.migrated() as database:
        yield database


@pytest.fixture
def postgresql_url(migrated_postgresql: MigratedDatabase) -> Iterator[str]:
    """The address of a PostgreSQL database at the newest schema that holds nothing."""
    yield migrated_postgresql.url
    migrated_postgresql.empty()


@pytest.fixture
def empty_postgresql_url(postgresql: PostgresqlServer) -> Iterator[str]:
    """The address of a new PostgreSQL database without any schema."""
    with postgresql.new_database() as url:
        yield url


@pytest.fixture(scope="session")
def kafka_broker() -> Iterator[kafka.Broker]:
    """One broker for all tests; each of them has topics of its own."""
    with kafka.broker() as broker:
        yield broker


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what needs a server or a browser, by the fixtures it asks for or the adapter that its case is named by."""
    for item in items:
        case = getattr(item, "callspec", None)
        asked = {*getattr(item, "fixturenames", ()), *("" if case is None else case.id).split("-")}
        if asked & {"postgresql", "kafka", "kafka_broker", "ground", "stack"}:
            item.add_marker(pytest.mark.service)
        if "browser" in asked:
            item.add_marker(pytest.mark.browser)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Sum up what tests recorded as the property `exercised`: how many snapshots had which feature."""
    exercised: Counter[str] = Counter()
    for report in terminalreporter.getreports("passed"):
        for name, counted in report.user_properties:
            if name == "exercised":
                exercised.update(counted)
    if exercised:
        snapshots = exercised.pop("snapshots")
        terminalreporter.section(f"{snapshots} random snapshots decided as by the oracle, of which had")
        terminalreporter.write_line(", ".join(f"{name} {count}" for name, count in exercised.most_common()))
