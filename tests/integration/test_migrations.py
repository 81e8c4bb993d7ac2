"""The migrations on SQLite: from nothing to the newest schema, and never half way."""

import re
import sqlite3
from pathlib import Path

import pytest
from alembic import command
from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from adapters.database.engine import UnusableDatabase, create_engine
from adapters.database.migrations import config, upgrade
from adapters.database.schema import Revisions, is_newest, newest_schema, revisions
from adapters.database.tables import metadata
from tests.databases import sqlite_url
from tests.integration.states_before_packing import states_are_packed


def tables_in(file: Path) -> set[str]:
    with sqlite3.connect(file) as connection:
        return {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}


async def test_an_empty_database_becomes_the_newest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "a folder with 100 % and ünïcode.sqlite3"
    assert await revisions(sqlite_url(file)) == Revisions()
    assert not await is_newest(sqlite_url(file))

    await upgrade(sqlite_url(file))

    assert await is_newest(sqlite_url(file))
    assert tables_in(file) == {*metadata.tables, "prepared_version", "alembic_version"}


async def test_the_newest_database_stays_as_it_is(tmp_path: Path) -> None:
    file = tmp_path / "busbar.sqlite3"
    await upgrade(sqlite_url(file))
    with sqlite3.connect(file) as connection:
        connection.execute("INSERT INTO projection_positions VALUES ('status', 'depot', 41, 'a-stream')")
        before = list(connection.iterdump())

    await upgrade(sqlite_url(file))

    with sqlite3.connect(file) as connection:
        assert list(connection.iterdump()) == before


async def test_the_migrated_schema_is_that_of_the_tables(tmp_path: Path) -> None:
    url = sqlite_url(tmp_path / "busbar.sqlite3")
    await upgrade(url)
    engine = create_engine(url)
    async with engine.begin() as connection:
        await connection.run_sync(lambda synchronous: command.check(config(synchronous)))  # raises on a difference
    await engine.dispose()


async def test_constraints_of_the_migrated_schema_are_those_of_the_tables(tmp_path: Path) -> None:
    """What the comparison above does not look at: checks, names, conditions of indexes."""
    migrated, created = tmp_path / "migrated.sqlite3", tmp_path / "created.sqlite3"
    await upgrade(sqlite_url(migrated))
    engine = create_engine(sqlite_url(created))
    async with engine.begin() as connection:
        await connection.run_sync(metadata.create_all)
    await engine.dispose()

    assert definitions_in(migrated) == definitions_in(created)


def definitions_in(file: Path) -> dict[str, list[str]]:
    """By table or index, the parts of its definition in no order."""
    with sqlite3.connect(file) as connection:
        rows = connection.execute(
            "SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE '%_version'"
        )
        return {name: sorted(parts_of(sql)) for name, sql in rows}


def parts_of(definition: str) -> list[str]:
    """What stands between the commas outside brackets, without quotes around names.

    SQLite writes a column that is added into the line before, and the name of a table that was renamed in quotes.
    """
    bare = definition.replace('"', "").rstrip().removesuffix(")")
    return [" ".join(part.split()) for part in re.split(r",(?![^(]*\))", bare)]


async def test_a_charge_point_of_before_it_had_a_name_is_called_by_its_id(tmp_path: Path) -> None:
    url = sqlite_url(tmp_path / "busbar.sqlite3")
    engine = create_engine(url)
    async with engine.begin() as connection:
        await connection.run_sync(lambda synchronous: command.upgrade(config(synchronous), "0003"))
        settings = "'depot', 'Depot', 1, 'connector', 'equal_share', '{}'"
        await connection.exec_driver_sql(
            "INSERT INTO microgrids (microgrid_id, name, version, strategy_unit, strategy_order, settings)"
            f" VALUES ({settings})"
        )
        await connection.exec_driver_sql("INSERT INTO charge_points VALUES ('depot', 'cp-1', 0, 'gc-1', 11000, NULL)")
    await engine.dispose()

    await upgrade(url)

    with sqlite3.connect(tmp_path / "busbar.sqlite3") as database:
        assert database.execute("SELECT name FROM charge_points").fetchall() == [("cp-1",)]
        assert database.execute("SELECT time_zone FROM microgrids").fetchall() == [("UTC",)]


async def test_a_database_of_before_streams_leads_one_of_its_own_behind_what_was_projected(tmp_path: Path) -> None:
    names = set()
    for file in (tmp_path / "one.sqlite3", tmp_path / "another.sqlite3"):
        engine = create_engine(sqlite_url(file))
        async with engine.begin() as connection:
            await connection.run_sync(lambda synchronous: command.upgrade(config(synchronous), "0004"))
            await connection.exec_driver_sql("INSERT INTO projection_positions VALUES ('status', 'depot', 41)")
        await engine.dispose()
        await upgrade(sqlite_url(file))
        await upgrade(sqlite_url(file))
        with sqlite3.connect(file) as database:
            ((name,),) = database.execute("SELECT stream_id FROM streams").fetchall()
            names.add(name)
            assert database.execute("SELECT * FROM projection_positions").fetchall() == [
                ("status", "depot", 41, "busbar")
            ]
    assert len(names) == 2


async def test_a_table_whose_rows_others_name_can_be_built_anew_and_nothing_may_be_left_without_what_it_names(
    tmp_path: Path,
) -> None:
    """As SQLite changes a constraint: a new table takes the rows over, and the old one goes."""
    url = sqlite_url(tmp_path / "busbar.sqlite3")
    await upgrade(url)
    with sqlite3.connect(tmp_path / "busbar.sqlite3") as database:
        columns = "microgrid_id, name, version, strategy_unit, strategy_order, settings"
        database.execute(
            f"INSERT INTO microgrids ({columns}) VALUES ('depot', 'Depot', 1, 'connector', 'equal_share', '{{}}')"
        )
        database.execute("INSERT INTO charge_points VALUES ('depot', 'cp-1', 0, 'gc-1', 11000, NULL, NULL)")

    engine = create_engine(url, migrating=True)
    async with engine.begin() as connection:
        await connection.run_sync(built_anew)
    await engine.dispose()
    await upgrade(url)

    with sqlite3.connect(tmp_path / "busbar.sqlite3") as database:
        assert database.execute("SELECT charge_point_id FROM charge_points").fetchall() == [("cp-1",)]
        assert database.execute("SELECT microgrid_id FROM microgrids").fetchall() == [("depot",)]
        database.execute("DELETE FROM microgrids")
    with pytest.raises(UnusableDatabase, match="rows of charge_points name rows that are not there"):
        await upgrade(url)


def built_anew(connection: Connection) -> None:
    orders = Operations(MigrationContext.configure(connection))
    with orders.batch_alter_table("microgrids", recreate="always") as table:
        table.alter_column("name", nullable=True)


async def test_states_of_before_they_were_packed_say_what_they_said(tmp_path: Path) -> None:
    url = sqlite_url(tmp_path / "busbar.sqlite3")
    await states_are_packed(url)


async def test_an_upgrade_that_fails_leaves_nothing_behind(tmp_path: Path) -> None:
    file = tmp_path / "busbar.sqlite3"
    with sqlite3.connect(file) as connection:
        connection.execute("CREATE TABLE cycles (in_the_way INTEGER)")

    with pytest.raises(UnusableDatabase, match="cycles already exists"):
        await upgrade(sqlite_url(file))

    assert tables_in(file) == {"cycles"}
    assert not await is_newest(sqlite_url(file))


def test_the_newest_schema_that_is_asked_for_is_the_one_that_migrations_lead_to() -> None:
    assert newest_schema() == ScriptDirectory.from_config(config()).get_current_head()


async def test_a_database_of_a_newer_release_is_refused_in_words(tmp_path: Path) -> None:
    """Holds CLI-23."""
    url = sqlite_url(tmp_path / "busbar.sqlite3")
    await upgrade(url)
    engine = create_engine(url)
    async with engine.begin() as connection:
        await connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    await engine.dispose()
    for refused in (upgrade(url), is_newest(url)):
        with pytest.raises(UnusableDatabase, match="a newer release brought it to schema 9999"):
            await refused
    assert (await revisions(url)).finished == "9999"
