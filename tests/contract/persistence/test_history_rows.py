"""What every read model keeps of node history, and how it answers for it."""

from datetime import UTC, timedelta, timezone

import pytest

from application.queries.rows import HistoryRow, NodeBucket, NodeFigures
from tests.builders import EIGHT
from tests.contract.persistence.conftest import Persistence

DAY = timedelta(days=1)
STRANGE = ["cp-1/1", "a.b", "a:b-c_d", "10", "cp-001.2:x/12"]


def a_bucket(second: int, nodes: dict[str, NodeFigures] | None = None, of: str = "depot") -> HistoryRow:
    return HistoryRow(of, EIGHT + timedelta(seconds=second), nodes or {"gc-1": [second, 100, 90, 0, 0]})


async def put(persistence: Persistence, *rows: HistoryRow) -> None:
    async with persistence.read_model_transactions.begin() as changes:
        for row in rows:
            await changes.past.put_history([row])
        await changes.commit()


async def measured(persistence: Persistence, node_id: str = "gc-1", limit: int = 100) -> list[int | None]:
    buckets = await persistence.read_model.node_history("depot", node_id, EIGHT - DAY, EIGHT + DAY, limit)
    return [bucket.measured_w for bucket in buckets]


async def test_the_buckets_of_a_node_come_newest_first(persistence: Persistence) -> None:
    await put(persistence, a_bucket(10), a_bucket(0), a_bucket(20), a_bucket(30, of="another"))

    assert await persistence.read_model.node_history("depot", "gc-1", EIGHT, EIGHT + DAY, 2) == [
        NodeBucket(EIGHT + timedelta(seconds=20), 20, 20, 100, 90, 0, 0),
        NodeBucket(EIGHT + timedelta(seconds=10), 10, 10, 100, 90, 0, 0),
    ]


async def test_buckets_are_found_from_an_instant_on_until_before_another(persistence: Persistence) -> None:
    await put(persistence, *(a_bucket(second) for second in (0, 10, 20, 30)))
    perth = timezone(timedelta(hours=8))
    since, until = (EIGHT + timedelta(seconds=second) for second in (10, 30))

    for zone in (UTC, perth):
        buckets = await persistence.read_model.node_history(
            "depot", "gc-1", since.astimezone(zone), until.astimezone(zone), 100
        )
        assert [bucket.measured_w for bucket in buckets] == [20, 10]


@pytest.mark.parametrize("node_id", STRANGE)
async def test_a_node_of_any_name_is_found_and_no_other(persistence: Persistence, node_id: str) -> None:
    nodes: dict[str, NodeFigures] = {name: [number, None, None, 0, 0] for number, name in enumerate(STRANGE)}
    await put(persistence, a_bucket(0, nodes))

    assert await measured(persistence, node_id) == [STRANGE.index(node_id)]
    for unknown in ("cp-1", "1", "a", "b", "*", "nodes", '"', "'", "", "$"):
        assert await measured(persistence, unknown) == []


async def test_figures_may_be_missing(persistence: Persistence) -> None:
    await put(persistence, a_bucket(0, {"cp": [None, None, None, 0, 150_000]}))

    (bucket,) = await persistence.read_model.node_history("depot", "cp", EIGHT, EIGHT + DAY, 1)
    assert bucket == NodeBucket(EIGHT, None, None, None, None, 0, 150_000)


async def test_buckets_in_which_a_node_was_not_there_are_left_out_and_not_counted(persistence: Persistence) -> None:
    await put(persistence, a_bucket(0), a_bucket(10, {"other": [1, 1, 1, 1, 1]}), a_bucket(20))

    assert await measured(persistence, limit=2) == [20, 0]


async def test_a_bucket_that_is_put_again_replaces_itself(persistence: Persistence) -> None:
    await put(persistence, a_bucket(0), a_bucket(0, {"gc-1": [7, None, 0, 0, 0]}))

    assert await measured(persistence) == [7]


async def test_the_buckets_that_began_then_are_found_of_many_microgrids_at_once(persistence: Persistence) -> None:
    await put(persistence, a_bucket(0), a_bucket(10), a_bucket(10, of="another"))
    later = EIGHT + timedelta(seconds=10)

    async with persistence.read_model_transactions.begin() as changes:
        found = await changes.past.buckets({"depot": later, "another": EIGHT, "nowhere": EIGHT})
        assert await changes.past.buckets({}) == []
    assert found == [a_bucket(10)]


async def test_only_buckets_before_are_pruned(persistence: Persistence) -> None:
    await put(persistence, *(a_bucket(second) for second in (0, 10, 20)), a_bucket(0, of="another"))

    async with persistence.read_model_transactions.begin() as changes:
        assert await changes.past.prune_history(EIGHT + timedelta(seconds=10)) == 2
        await changes.commit()

    assert await measured(persistence) == [20, 10]
