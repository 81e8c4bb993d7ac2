"""An upgrade that is not finished: the release before goes on beside the newer tables, and reads what is written."""

from dataclasses import replace
from pathlib import Path

import pytest
from alembic import command
from pydantic_core import from_json
from sqlalchemy import Connection, select

from adapters.clock import VirtualClock
from adapters.database import stored_state
from adapters.database.engine import UnusableDatabase, create_engine
from adapters.database.migrations import config, upgrade
from adapters.database.ownership import SqlOwnership
from adapters.database.packing import unpack
from adapters.database.schema import FORMER, Revisions, is_newest, newest_schema, revisions
from adapters.database.tables import microgrid_state
from adapters.database.unit_of_work import SqlTransactions
from adapters.messages import registry
from domain.microgrid import Microgrid
from tests.builders import EIGHT, a_microgrid
from tests.databases import execute, sqlite_url


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Of an empty database."""
    if request.param == "sqlite":
        return sqlite_url(tmp_path / "busbar.sqlite3")
    empty: str = request.getfixturevalue("empty_postgresql_url")
    return empty


async def formerly_migrated(url: str) -> None:
    """As 0.2.0 left it."""

    def migrate(connection: Connection) -> None:
        command.upgrade(config(connection), FORMER)

    engine = create_engine(url, migrating=True)
    async with engine.begin() as connection:
        await connection.run_sync(migrate)
    await engine.dispose()
    await execute(url, "CREATE TABLE alembic_version AS SELECT * FROM prepared_version", "DROP TABLE prepared_version")


async def stored(url: str, *microgrids: Microgrid) -> dict[str, tuple[int, set[str]]]:
    """Save these, and see by microgrid under which number that was, and which fields."""
    engine = create_engine(url)
    (epoch,) = await SqlOwnership(engine).claim([0])
    async with SqlTransactions(engine, registry.write, VirtualClock(EIGHT)).begin(epoch) as transaction:
        there = {
            each.microgrid_id: each
            for each in await transaction.microgrids.get_all([m.microgrid_id for m in microgrids])
        }
        await transaction.microgrids.save(
            *(
                replace(each, version=there[each.microgrid_id].version if each.microgrid_id in there else 0)
                for each in microgrids
            )
        )
        await transaction.commit()
    async with engine.connect() as connection:
        rows = (await connection.execute(select(microgrid_state))).all()
    await engine.dispose()
    return {row.microgrid_id: (row.schema_number, set(from_json(unpack(row.data)))) for row in rows}


async def test_until_the_upgrade_is_finished_the_release_before_may_go_on_and_reads_what_is_written(url: str) -> None:
    """Holds CLI-23."""
    await formerly_migrated(url)
    assert not await is_newest(url)

    for _ in range(2):
        assert not await upgrade(url, finish=False)
        assert await revisions(url) == Revisions(newest_schema(), FORMER)
    assert await is_newest(url)
    number, kept = (await stored(url, a_microgrid()))["depot"]
    assert number == stored_state.FORMER_NUMBER
    assert not kept & stored_state.SINCE.keys()

    assert await upgrade(url)
    assert await revisions(url) == Revisions(newest_schema(), newest_schema())
    number, kept = (await stored(url, a_microgrid()))["depot"]
    assert number == stored_state.SCHEMA_NUMBER
    assert kept >= stored_state.SINCE.keys()


async def test_what_the_release_before_would_lose_it_is_not_given(url: str) -> None:
    """It parks a depot that it cannot read: a retired one, for which there are no cycles anyway."""
    await formerly_migrated(url)
    await upgrade(url, finish=False)
    retired = a_microgrid().retire(EIGHT, "a-message").microgrid
    number, kept = (await stored(url, retired))["depot"]
    assert (number, kept >= stored_state.SINCE.keys()) == (stored_state.SCHEMA_NUMBER, True)


async def test_an_empty_database_has_no_release_before(url: str) -> None:
    assert await upgrade(url, finish=False)
    assert await revisions(url) == Revisions(newest_schema(), newest_schema())


async def test_a_release_goes_on_beside_a_newer_one_whose_upgrade_is_not_finished_and_no_longer_than_that(
    url: str,
) -> None:
    await upgrade(url)
    await execute(url, "UPDATE prepared_version SET version_num = '9999'")
    assert await is_newest(url)
    assert await upgrade(url, finish=False)
    assert await revisions(url) == Revisions("9999", newest_schema())

    await execute(url, "UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(UnusableDatabase, match="a newer release brought it to schema 9999"):
        await is_newest(url)
