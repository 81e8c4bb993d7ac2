"""What every read model keeps of hours and of the log, and how it answers for them."""

from dataclasses import replace
from datetime import datetime, timedelta

from application.queries.log import HappeningCode, LogEntry, LogQuery
from application.queries.rows import HourRow, NodeBucket
from domain.sharing.plan import Quality
from tests.builders import EIGHT
from tests.contract.persistence.conftest import Persistence

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def an_hour(number: int, node_id: str = "gc-1", of: str = "depot") -> HourRow:
    at = EIGHT + number * HOUR
    known = NodeBucket(at, 10**12, 10**12, 100, 90, 0, 5, Quality.BAD)
    unknown = NodeBucket(at + timedelta(minutes=59), None, None, None, None, 0, 7, Quality.MISSING)
    return HourRow(of, node_id, at, (known, unknown))


def an_entry(number: int, minute: int = 0, of: str = "depot", node_id: str = "gc-1") -> LogEntry:
    at = EIGHT + timedelta(minutes=minute, microseconds=5)
    code = HappeningCode.LIMIT_CHANGED if number % 2 else HappeningCode.CHARGER_BACK
    return LogEntry(of, at, number, code, node_id, sentence="Málaga", before_w=1, now_w=None, duration_s=number)


async def put(persistence: Persistence, *rows: HourRow | LogEntry) -> None:
    async with persistence.read_model_transactions.begin() as changes:
        await changes.past.put_hours([row for row in rows if isinstance(row, HourRow)])
        await changes.past.put_log([row for row in rows if isinstance(row, LogEntry)])
        await changes.commit()


async def newest_hour(persistence: Persistence, of: str) -> datetime | None:
    async with persistence.read_model_transactions.begin() as changes:
        return await changes.past.newest_hour(of)


async def test_the_hours_of_a_node_come_back_as_they_were_the_newest_first(persistence: Persistence) -> None:
    await put(persistence, *map(an_hour, (0, 2, 1)), an_hour(3, "gc-2"), an_hour(4, of="another"))

    found = await persistence.read_model.node_hours("depot", "gc-1", EIGHT + 2 * HOUR, 10)
    assert found == [an_hour(1), an_hour(0)]
    assert await persistence.read_model.node_hours("depot", "gc-1", EIGHT + DAY, 1) == [an_hour(2)]
    assert await newest_hour(persistence, "depot") == EIGHT + 3 * HOUR
    assert await newest_hour(persistence, "nowhere") is None


async def test_only_hours_before_are_pruned(persistence: Persistence) -> None:
    await put(persistence, *map(an_hour, (0, 1, 2)), an_hour(0, of="another"))

    async with persistence.read_model_transactions.begin() as changes:
        assert await changes.past.prune_hours(EIGHT + HOUR) == 2
        await changes.commit()
    assert await persistence.read_model.node_hours("depot", "gc-1", EIGHT + DAY, 10) == [an_hour(2), an_hour(1)]


async def test_the_log_comes_newest_first_of_a_time_a_code_or_a_node(persistence: Persistence) -> None:
    entries = [an_entry(1), an_entry(2), an_entry(3, 5), an_entry(4, 9), replace(an_entry(5, 9), node_id="cp-1")]
    await put(persistence, *entries, an_entry(6, of="another"))

    async def found(limit: int = 10, **wanted: object) -> list[int]:
        query = replace(LogQuery(EIGHT, EIGHT + DAY), **wanted)  # type: ignore[arg-type]
        return [each.number for each in await persistence.read_model.log("depot", query, limit)]

    assert await found() == [5, 4, 3, 2, 1]
    assert await found(limit=2) == [5, 4]
    assert await found(after=(entries[3].at, 4)) == [3, 2, 1]
    assert await found(after=(entries[1].at, 2)) == [1]
    assert await found(code=HappeningCode.CHARGER_BACK) == [4, 2]
    assert await found(node_id="cp-1") == [5]
    assert await found(since=EIGHT + timedelta(minutes=5), until=EIGHT + timedelta(minutes=9)) == [3]
    (newest,) = await persistence.read_model.log("depot", LogQuery(EIGHT, EIGHT + DAY), 1)
    assert newest == entries[4]


async def test_only_entries_before_are_pruned(persistence: Persistence) -> None:
    await put(persistence, an_entry(1), an_entry(2, 5))

    async with persistence.read_model_transactions.begin() as changes:
        assert await changes.past.prune_log(EIGHT + timedelta(minutes=5)) == 1
        await changes.commit()
    assert await persistence.read_model.log("depot", LogQuery(EIGHT, EIGHT + DAY), 10) == [an_entry(2, 5)]
