"""How much history takes (ADR 0022): a node and minute stored, and a day of one node read."""

from datetime import timedelta
from pathlib import Path
from random import Random

import pytest
from sqlalchemy import func, select

from adapters.database.engine import create_engine
from adapters.database.past import SqlPastChanges
from adapters.database.tables import node_hours
from application.queries.rows import HourRow, NodeBucket
from domain.sharing.plan import Quality
from tests.builders import EIGHT
from tests.databases import new_sqlite

BYTES = 30
"""Of a node and minute at most."""

OF_A_KEY = 24
"""What a database puts before each row, at least."""

NODES = 12
HOURS = 24


def a_noisy_minute(rng: Random, hour: int, minute: int) -> NodeBucket:
    """Every figure another one each minute, as of a busy depot."""
    load_w = rng.randrange(300_000, 900_000)
    return NodeBucket(
        EIGHT + timedelta(hours=hour, minutes=minute),
        measured_w=load_w,
        measured_max_w=load_w + rng.randrange(20_000),
        limit_w=1_000_000,
        allocated_w=load_w + rng.randrange(-40_000, 40_000),
        background_w=rng.randrange(20_000, 60_000),
        reserved_w=0,
        quality=Quality.OK,
    )


@pytest.fixture
def url(tmp_path: Path) -> str:
    return new_sqlite(tmp_path)


async def test_a_node_and_minute_takes_thirty_bytes_and_a_day_of_a_node_reads_far_under_a_megabyte(url: str) -> None:
    rng, engine = Random(1), create_engine(url)
    hours = [
        HourRow(
            "a-depot",
            f"circuit-{node}",
            EIGHT + timedelta(hours=hour),
            tuple(a_noisy_minute(rng, hour, minute) for minute in range(60)),
        )
        for node in range(NODES)
        for hour in range(HOURS)
    ]
    async with engine.begin() as connection:
        await SqlPastChanges(connection).put_hours(hours)
        row = node_hours.c
        key = func.length(row.microgrid_id) + func.length(row.node_id) + func.length(row.hour)
        of_a_row = func.length(row.minutes) + 2 * key + OF_A_KEY
        stored = (await connection.execute(select(func.sum(of_a_row)))).scalar_one()
        of_one = select(func.sum(func.length(row.minutes))).where(row.node_id == "circuit-1")
        read = (await connection.execute(of_one)).scalar_one()
    await engine.dispose()

    assert stored / (NODES * HOURS * 60) <= BYTES
    assert read < 100_000
