"""Forgetting in small bites: what gathered while nobody pruned goes the oldest first, a bounded number at once."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.database import retention
from adapters.database.engine import create_engine
from adapters.database.outbox import SqlPendingEvents
from adapters.database.read_model import SqlReadModel, SqlReadModelTransactions
from adapters.database.tables import outbox
from tests.builders import EIGHT, a_cycle_completed, a_cycle_row
from tests.databases import new_sqlite


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return new_sqlite(tmp_path)
    url: str = request.getfixturevalue("postgresql_url")
    return url


@pytest.fixture
async def engine(url: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[AsyncEngine]:
    """Of a database in which three rows are forgotten at once."""
    monkeypatch.setattr(retention, "AT_ONCE", 3)
    engine = create_engine(url)
    yield engine
    await engine.dispose()


async def test_a_projection_forgets_the_oldest_cycles_of_all_microgrids_first(engine: AsyncEngine) -> None:
    read_model = SqlReadModelTransactions(engine)
    async with read_model.begin() as changes:
        for seq in range(1, 6):  # the later of two microgrids' cycles come first
            cycle = a_cycle_completed(f"depot-{seq % 2}", 1, 9 - seq)
            await changes.put_cycles([a_cycle_row(replace(cycle, decided_at=EIGHT - timedelta(minutes=seq)))])
        await changes.commit()

    left = []
    for _ in range(3):
        async with read_model.begin() as changes:
            pruned = await changes.prune_cycles(EIGHT)
            await changes.commit()
        cycles = [each for name in ("depot-0", "depot-1") for each in await SqlReadModel(engine).cycles(name, None, 9)]
        left.append((pruned, sorted(cycle.cycle_seq for cycle in cycles)))

    assert left == [(3, [7, 8]), (2, []), (0, [])]


async def test_the_relay_forgets_all_it_may_however_much_there_is(engine: AsyncEngine) -> None:
    rows = [
        {"microgrid_id": "depot", "event_seq": seq, "ce_type": "x", "headers": [], "value": b""} for seq in range(1, 9)
    ]
    async with engine.begin() as connection:
        await connection.execute(outbox.insert(), [row | {"created_at": EIGHT, "published_at": EIGHT} for row in rows])

    assert await SqlPendingEvents(engine).prune(EIGHT + timedelta(seconds=1)) == 8
    assert await SqlPendingEvents(engine).republish_after({}) == 0
