"""What every Streams promises: a database leads one stream, under a name of its own, until a new one is begun.

Holds EVT-3.
"""

from application.ports.persistence import PendingEvent
from tests.builders import EPOCH, a_cycle_completed
from tests.contract.persistence.conftest import Persistence
from tests.fakes.persistence import STREAM


def source_of(pending: PendingEvent) -> bytes | None:
    return dict(pending.message.headers)["ce_source"]


async def test_events_belong_to_the_stream_that_is_current_when_they_are_decided(persistence: Persistence) -> None:
    async with persistence.transactions.begin(EPOCH) as unit_of_work:
        unit_of_work.outbox.append([a_cycle_completed(event_seq=1)], None, None)
        await unit_of_work.commit()
    assert await persistence.streams.current() == STREAM
    begun = await persistence.streams.begin()
    for transactions in (persistence.transactions, persistence.transactions_of_another_worker):
        async with transactions.begin(EPOCH) as unit_of_work:
            unit_of_work.outbox.append([a_cycle_completed(event_seq=2)], None, None)
            pending = [*await persistence.pending_events.pending(["depot"], 10)]
            assert [source_of(each) for each in pending] == [STREAM.encode()]
    async with persistence.transactions.begin(EPOCH) as unit_of_work:
        unit_of_work.outbox.append([a_cycle_completed(event_seq=2)], None, None)
        await unit_of_work.commit()

    pending = [*await persistence.pending_events.pending(["depot"], 10)]
    assert [source_of(each) for each in pending] == [STREAM.encode(), begun.encode()]


async def test_every_new_stream_has_a_name_of_its_own(persistence: Persistence) -> None:
    names = [await persistence.streams.current(), *[await persistence.streams.begin() for _ in range(3)]]
    assert len(set(names)) == len(names)
    assert await persistence.streams.current() == names[-1]
