"""What every Outbox promises: events are told if their decision became true, and only then."""

import pytest
from sqlalchemy.exc import IntegrityError

from application.ports.persistence import ConcurrentChange
from tests.builders import EPOCH, a_cycle_completed, a_microgrid
from tests.contract.persistence.conftest import Persistence, encode
from tests.fakes.persistence import STREAM

TRACEPARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


async def test_events_are_pending_once_their_unit_of_work_commits(persistence: Persistence) -> None:
    events = [a_cycle_completed(event_seq=seq) for seq in (1, 2, 3)]

    async with persistence.transactions.begin(EPOCH) as unit_of_work:
        await unit_of_work.microgrids.save(a_microgrid())
        unit_of_work.outbox.append(events, TRACEPARENT, None)
        assert await persistence.pending_events.pending(["depot"], 10) == []
        await unit_of_work.commit()

    pending = await persistence.pending_events.pending(["depot"], 10)
    assert [(event.microgrid_id, event.event_seq) for event in pending] == [("depot", 1), ("depot", 2), ("depot", 3)]


async def test_a_message_keeps_its_key_headers_and_bytes(persistence: Persistence) -> None:
    event = a_cycle_completed(event_seq=41)

    async with persistence.transactions.begin(EPOCH) as unit_of_work:
        unit_of_work.outbox.append([event], TRACEPARENT, "tenant")
        await unit_of_work.commit()

    (pending,) = await persistence.pending_events.pending(["depot"], 10)
    assert pending.message == encode(event, stream=STREAM, traceparent=TRACEPARENT, workspace_id="tenant")


async def test_events_without_a_trace_are_stored_too(persistence: Persistence) -> None:
    async with persistence.transactions.begin(EPOCH) as unit_of_work:
        unit_of_work.outbox.append([a_cycle_completed()], None, None)
        await unit_of_work.commit()

    (pending,) = await persistence.pending_events.pending(["depot"], 10)
    assert pending.message == encode(a_cycle_completed(), stream=STREAM, traceparent=None, workspace_id=None)


async def test_a_decision_without_events_is_a_decision(persistence: Persistence) -> None:
    async with persistence.transactions.begin(EPOCH) as unit_of_work:
        await unit_of_work.microgrids.save(a_microgrid())
        unit_of_work.outbox.append([], TRACEPARENT, None)
        await unit_of_work.commit()

    assert await persistence.pending_events.pending(["depot"], 10) == []


async def test_events_that_are_not_committed_are_never_told(persistence: Persistence) -> None:
    async with persistence.transactions.begin(EPOCH) as unit_of_work:
        unit_of_work.outbox.append([a_cycle_completed()], TRACEPARENT, None)

    assert await persistence.pending_events.pending(["depot"], 10) == []


async def test_events_of_a_decision_that_came_too_late_are_never_told(persistence: Persistence) -> None:
    async def decide_too_late() -> None:
        async with persistence.transactions.begin(EPOCH) as unit_of_work:
            unit_of_work.outbox.append([a_cycle_completed()], TRACEPARENT, None)
            await unit_of_work.microgrids.save(a_microgrid(version=6))
            await unit_of_work.commit()

    with pytest.raises(ConcurrentChange):
        await decide_too_late()

    assert await persistence.pending_events.pending(["depot"], 10) == []


async def test_a_sequence_number_is_taken_once(persistence: Persistence) -> None:
    async with persistence.transactions.begin(EPOCH) as unit_of_work:
        unit_of_work.outbox.append([a_cycle_completed(event_seq=1)], TRACEPARENT, None)
        await unit_of_work.commit()

    async with persistence.transactions.begin(EPOCH) as unit_of_work:
        unit_of_work.outbox.append([a_cycle_completed(event_seq=1)], TRACEPARENT, None)
        with pytest.raises((IntegrityError, ValueError)):
            await unit_of_work.commit()


async def test_what_is_appended_is_what_will_be_pending(persistence: Persistence) -> None:
    """So it can be published without being read again."""
    async with persistence.transactions.begin(EPOCH) as unit_of_work:
        appended = [
            *unit_of_work.outbox.append([a_cycle_completed("north", 1), a_cycle_completed("north", 2)], None, None)
        ]
        appended += unit_of_work.outbox.append([a_cycle_completed("south", 7)], TRACEPARENT, None)
        await unit_of_work.commit()

    assert await persistence.pending_events.pending(["north", "south"], 10) == appended


async def test_what_was_published_is_marked_with_the_next_transaction(persistence: Persistence) -> None:
    async with persistence.transactions.begin(EPOCH) as unit_of_work:
        published = unit_of_work.outbox.append([a_cycle_completed(event_seq=seq) for seq in (1, 2)], None, None)
        await unit_of_work.commit()

    async with persistence.transactions.begin(EPOCH) as unit_of_work:
        unit_of_work.outbox.mark_published(published)
    assert len(await persistence.pending_events.pending(["depot"], 10)) == 2

    async with persistence.transactions.begin(EPOCH) as unit_of_work:
        unit_of_work.outbox.append([a_cycle_completed(event_seq=3)], None, None)
        unit_of_work.outbox.mark_published(published)
        await unit_of_work.commit()
    assert [each.event_seq for each in await persistence.pending_events.pending(["depot"], 10)] == [3]
