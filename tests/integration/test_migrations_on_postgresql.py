"""The same migrations on PostgreSQL: from nothing to the newest schema, never half way, and by one at a time."""

import asyncio

import pytest
from alembic import command
from sqlalchemy import Connection, text
from sqlalchemy.engine import make_url

from adapters.database.engine import UnusableDatabase, create_engine
from adapters.database.migrations import config, upgrade
from adapters.database.schema import Revisions, UnreachableDatabase, is_newest, revisions
from adapters.database.tables import metadata
from tests.databases import execute
from tests.integration.states_before_packing import states_are_packed
from tests.services.processes import free_port

DEFINITIONS = """
    SELECT conrelid::regclass::text, pg_get_constraintdef(oid), conname FROM pg_constraint
    WHERE connamespace = 'public'::regnamespace AND conrelid::regclass::text NOT LIKE '%_version'
    UNION
    SELECT tablename, indexdef, indexname FROM pg_indexes WHERE schemaname = 'public' AND tablename NOT LIKE '%_version'
    UNION
    SELECT table_name, concat_ws(' ', data_type, character_maximum_length, is_nullable, column_default), column_name
    FROM information_schema.columns WHERE table_schema = 'public' AND table_name NOT LIKE '%_version'
"""


async def definitions_in(url: str) -> set[tuple[str, ...]]:
    """Every constraint, index and column: its table, what it is, its name."""
    engine = create_engine(url)
    async with engine.connect() as connection:
        found = {tuple(row) for row in await connection.execute(text(DEFINITIONS))}
    await engine.dispose()
    return found


async def test_an_empty_database_becomes_the_newest(empty_postgresql_url: str) -> None:
    assert await revisions(empty_postgresql_url) == Revisions()
    assert not await is_newest(empty_postgresql_url)

    await upgrade(empty_postgresql_url)
    await upgrade(empty_postgresql_url)

    assert await is_newest(empty_postgresql_url)


async def test_the_migrated_schema_is_that_of_the_tables(postgresql_url: str) -> None:
    engine = create_engine(postgresql_url)
    async with engine.begin() as connection:
        await connection.run_sync(lambda synchronous: command.check(config(synchronous)))  # raises on a difference
    await engine.dispose()


async def test_constraints_of_the_migrated_schema_are_those_of_the_tables(empty_postgresql_url: str) -> None:
    await upgrade(empty_postgresql_url)
    migrated = await definitions_in(empty_postgresql_url)

    def create_anew(connection: Connection) -> None:
        metadata.drop_all(connection)
        metadata.create_all(connection)

    engine = create_engine(empty_postgresql_url)
    async with engine.begin() as connection:
        await connection.run_sync(create_anew)
    await engine.dispose()

    assert await definitions_in(empty_postgresql_url) == migrated
    assert {table for table, _, _ in migrated} == set(metadata.tables)


async def test_states_of_before_they_were_packed_say_what_they_said(empty_postgresql_url: str) -> None:
    await states_are_packed(empty_postgresql_url)


async def test_an_upgrade_that_fails_leaves_nothing_behind(empty_postgresql_url: str) -> None:
    await execute(empty_postgresql_url, "CREATE TABLE cycles (in_the_way INTEGER)")

    with pytest.raises(UnusableDatabase, match='"cycles" already exists'):
        await upgrade(empty_postgresql_url)
    assert await revisions(empty_postgresql_url) == Revisions()

    await execute(empty_postgresql_url, "DROP TABLE cycles")
    await upgrade(empty_postgresql_url)


async def test_migrations_that_run_at_once_wait_for_each_other(empty_postgresql_url: str) -> None:
    await asyncio.gather(*(upgrade(empty_postgresql_url) for _ in range(4)))

    assert await is_newest(empty_postgresql_url)


async def test_a_database_that_nobody_made_cannot_be_used(postgresql_url: str) -> None:
    nowhere = make_url(postgresql_url).set(database="nowhere").render_as_string(hide_password=False)
    with pytest.raises(UnusableDatabase, match='database "nowhere" does not exist') as refused:
        await upgrade(nowhere)
    assert not isinstance(refused.value, UnreachableDatabase)


async def test_a_server_that_is_away_may_be_there_later() -> None:
    with pytest.raises(UnreachableDatabase):
        await is_newest(f"postgresql+asyncpg://postgres@127.0.0.1:{free_port()}/busbar")
