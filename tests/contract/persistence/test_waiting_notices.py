"""What every database keeps of notices that wait to be sent."""

from dataclasses import replace
from datetime import timedelta

from application.ports.notifying import Notice
from application.queries.log import HappeningCode, LogEntry
from tests.builders import EIGHT
from tests.contract.persistence.conftest import Persistence

ENTRY = LogEntry("depot", EIGHT, 300_001, HappeningCode.LIMIT_CHANGED, "gc-1", "It is “5 kW”", 5_000, None, 2**40)
NOTICE = Notice(ENTRY, "a-stream", EIGHT + timedelta(seconds=7, microseconds=5))


def a_notice(number: int, of: str = "depot") -> Notice:
    return replace(NOTICE, entry=replace(ENTRY, microgrid_id=of, number=number))


async def put(persistence: Persistence, *notices: Notice) -> None:
    async with persistence.read_model_transactions.begin() as changes:
        await changes.past.put_notices(notices)
        await changes.commit()


async def test_a_notice_comes_back_as_it_was_put(persistence: Persistence) -> None:
    await put(persistence)
    assert await persistence.waiting_notices.microgrids() == []
    await put(persistence, NOTICE)
    assert await persistence.waiting_notices.of("depot", 10) == [NOTICE]


async def test_notices_are_in_order_a_microgrid_and_leave_one_by_one(persistence: Persistence) -> None:
    """Holds HOOK-3."""
    await put(persistence, *(a_notice(number) for number in (900_000, 1_000_000, 300_001)), a_notice(1, "another"))
    assert await persistence.waiting_notices.microgrids() == ["another", "depot"]
    assert [each.entry.number for each in await persistence.waiting_notices.of("depot", 2)] == [300_001, 900_000]

    await persistence.waiting_notices.done(a_notice(300_001))
    await persistence.waiting_notices.done(a_notice(300_001))
    await persistence.waiting_notices.done(a_notice(1, "another"))
    assert await persistence.waiting_notices.microgrids() == ["depot"]
    assert [each.entry.number for each in await persistence.waiting_notices.of("depot", 9)] == [900_000, 1_000_000]


async def test_a_notice_that_waits_waits_since_it_was_put_first(persistence: Persistence) -> None:
    await put(persistence, NOTICE)
    await put(persistence, replace(NOTICE, waiting_since=EIGHT + timedelta(days=1)))
    assert await persistence.waiting_notices.of("depot", 10) == [NOTICE]


async def test_nothing_waits_of_a_transaction_that_was_not_committed(persistence: Persistence) -> None:
    async with persistence.read_model_transactions.begin() as changes:
        await changes.past.put_notices([NOTICE])
    assert await persistence.waiting_notices.microgrids() == []
