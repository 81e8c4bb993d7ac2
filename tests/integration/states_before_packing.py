"""A database of the release that stored states as JSON text, and what becomes of it."""

import json

import pytest
from alembic import command
from sqlalchemy import select, text

from adapters.clock import VirtualClock
from adapters.database.engine import create_engine
from adapters.database.migrations import config, upgrade
from adapters.database.ownership import SqlOwnership
from adapters.database.packing import unpack
from adapters.database.stored_state import UnreadableState
from adapters.database.tables import microgrid_state
from adapters.database.unit_of_work import SqlTransactions
from adapters.messages import registry
from tests.builders import EIGHT
from tests.unit.adapters.database.test_stored_state import OF_SCHEMA_2

READABLE = {f"depot-{number:03}": json.dumps(OF_SCHEMA_2, indent=2) for number in range(250)}
"""More than are converted at once."""

UNREADABLE = {"empty": "{}", "no object": '"cut of"', "ünïcode": '{"memory": "ö"}'}


async def states_are_packed(url: str) -> None:
    """Upgrade a database with states of before, and look at them: the same text, read or refused as it was."""
    engine = create_engine(url)
    async with engine.begin() as connection:
        await connection.run_sync(lambda synchronous: command.upgrade(config(synchronous), "0005"))
        stored = text("INSERT INTO microgrid_state VALUES (:id, 7, 3, 14, 16, 2, :data)")
        rows = [{"id": microgrid_id, "data": data} for microgrid_id, data in (READABLE | UNREADABLE).items()]
        await connection.execute(stored, rows)

    await upgrade(url)

    async with engine.connect() as connection:
        states = (await connection.execute(select(microgrid_state))).all()
    assert {row.microgrid_id: unpack(row.data).decode() for row in states} == READABLE | UNREADABLE
    assert {(*row[1:6],) for row in states} == {(7, 3, 14, 16, 2)}

    (epoch,) = await SqlOwnership(engine).claim([0])
    async with SqlTransactions(engine, registry.write, VirtualClock(EIGHT)).begin(epoch) as transaction:
        read = await transaction.microgrids.get_all(READABLE)
        assert {tuple(each.state.memory.ledger) for each in read} == {tuple(OF_SCHEMA_2["memory"]["ledger"])}
        assert len(read) == len(READABLE)
        for microgrid_id in UNREADABLE:
            with pytest.raises(UnreadableState, match="schema 2"):
                await transaction.microgrids.get(microgrid_id)
    await engine.dispose()
