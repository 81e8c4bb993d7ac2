"""Node history as the read model keeps it: ten seconds a bucket, the last cycle of each."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from application.projections.cycles import CYCLES
from application.projections.keeping import AS_A_RULE, PRUNED_EVERY
from application.projections.node_history import NODE_HISTORY
from application.queries.history import TEN_SECONDS, bucket_of
from application.queries.rows import HistoryRow, NodeBucket
from domain.events import CycleCompleted
from domain.sharing.plan import Quality
from tests.builders import EIGHT, a_cycle_completed
from tests.fakes.persistence import InMemoryDatabase, InMemoryReadModelTransactions
from tests.unit.application.read_side import project as take_in


def at(seconds: float, cycle_seq: int = 1, **changes: Any) -> CycleCompleted:
    """A cycle so many seconds after eight."""
    cycle = a_cycle_completed(cycle_seq=cycle_seq)
    return replace(cycle, decided_at=EIGHT + timedelta(seconds=seconds), **changes)


async def project(*cycles: CycleCompleted) -> list[HistoryRow]:
    database = InMemoryDatabase()
    for cycle in cycles:
        await take_in([cycle], InMemoryReadModelTransactions(database), (CYCLES, NODE_HISTORY))
    return sorted(database.tables.history.values(), key=lambda row: row.at)


def instants(rows: list[HistoryRow]) -> list[datetime]:
    return [row.at for row in rows]


async def test_a_bucket_holds_every_node_and_connector() -> None:
    (row,) = await project(at(0))

    assert list(row.nodes) == ["depot", "gc-1", "f-1", "cp-1", "cp-2", "cp-1/1", "cp-1/2", "cp-2/1", "cp-2/2"]
    assert row.nodes["depot"] == [0, None, 240_000, 0, 0, 0, 3]
    assert row.nodes["gc-1"] == [0, 4_000_000, 240_000, 0, 0, 0, 3]
    assert row.nodes["cp-1/2"] == [61_200, 60_000, 60_000, 0, 0, 61_200, 3]


async def test_a_bucket_begins_every_ten_seconds() -> None:
    rows = await project(at(0), at(9.999), at(10), at(24.5))
    assert instants(rows) == [EIGHT, EIGHT + TEN_SECONDS, EIGHT + 2 * TEN_SECONDS]


async def test_the_last_cycle_of_a_bucket_stands_for_it() -> None:
    later = at(9)
    later = replace(later, nodes=(replace(later.nodes[0], measured_w=777), *later.nodes[1:]))

    (row,) = await project(at(3), later)

    assert row.nodes["depot"][0] == 777


async def test_the_highest_load_and_the_lowest_limit_of_a_bucket_are_kept() -> None:
    first, *others = at(3).nodes
    loads = [(3, 900, 5000), (5, None, 4000), (7, 400, 6000)]
    cycles = [at(s, nodes=(replace(first, measured_w=load, limit_w=limit), *others)) for s, load, limit in loads]

    (row,) = await project(*cycles)
    assert bucket_of(row.at, row.nodes["depot"]) == NodeBucket(EIGHT, 400, 900, 4000, 240_000, 0, 0, Quality.OK)


async def test_buckets_are_forgotten_after_a_day() -> None:
    now = AS_A_RULE.fine_history.total_seconds() + 60
    rows = await project(at(0), at(50), at(60), at(now, cycle_seq=PRUNED_EVERY))
    assert instants(rows) == [EIGHT + timedelta(seconds=60), EIGHT + timedelta(seconds=now)]
