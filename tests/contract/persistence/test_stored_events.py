"""What every StoredEvents promises to the streams of the read side."""

from datetime import timedelta

from application.ports.read_side import NewestEvent
from tests.builders import EIGHT
from tests.contract.persistence.conftest import Persistence
from tests.contract.persistence.test_pending_events import append, publish
from tests.contract.persistence.test_read_model_changes import advance


async def numbers(persistence: Persistence, after: int, limit: int = 100, of: str = "north") -> list[int]:
    return [event.event_seq for event in await persistence.stored_events.after(of, after, limit)]


async def newest(persistence: Persistence, of: str = "north") -> int:
    return (await persistence.stored_events.newest(of)).event_seq


async def project(persistence: Persistence, *event_seqs: int, of: str = "north") -> None:
    for event_seq in event_seqs:
        for projection in ("status", "cycles"):
            await advance(persistence, event_seq, projection, of)


async def test_events_follow_in_their_order_a_page_at_a_time(persistence: Persistence) -> None:
    await append(persistence, *(("north", seq) for seq in (1, 2, 3, 10, 11)), ("south", 4))
    await project(persistence, 11)

    assert await numbers(persistence, 0) == [1, 2, 3, 10, 11]
    assert await numbers(persistence, 2) == [3, 10, 11]
    assert await numbers(persistence, 2, limit=2) == [3, 10]
    assert await numbers(persistence, 11) == []


async def test_an_event_is_there_with_its_type_and_its_bytes(persistence: Persistence) -> None:
    await append(persistence, ("north", 1))
    (pending,) = await persistence.pending_events.pending(["north"], 1)
    await project(persistence, 1)

    (event,) = await persistence.stored_events.after("north", 0, 10)

    assert (event.type, event.data) == ("busbar.CycleCompleted.v1", pending.message.value)


async def test_an_event_is_there_once_the_slowest_projection_has_taken_it_in(persistence: Persistence) -> None:
    await append(persistence, ("north", 1), ("north", 2), ("south", 1))
    assert (await newest(persistence), await numbers(persistence, 0)) == (0, [])

    await project(persistence, 1)
    await advance(persistence, 2, "status", "north")

    assert (await newest(persistence), await numbers(persistence, 0)) == (1, [1])
    assert (await newest(persistence, "south"), await numbers(persistence, 0, of="south")) == (0, [])


async def test_where_the_first_events_are_forgotten_the_others_are_there(persistence: Persistence) -> None:
    await append(persistence, ("north", 1), ("north", 2), ("north", 3))
    await project(persistence, 1, 2, 3)
    await publish(persistence, ("north", 1), ("north", 2))
    await persistence.pending_events.prune(EIGHT + timedelta(seconds=1))

    assert await numbers(persistence, 0) == [3]
    assert await newest(persistence) == 3


async def test_the_newest_event_has_its_trace_context_as_long_as_it_is_kept(persistence: Persistence) -> None:
    assert await persistence.stored_events.newest("north") == NewestEvent(0, None)
    await append(persistence, ("north", 1), ("south", 1))
    (pending,) = await persistence.pending_events.pending(["north"], 1)
    assert dict(pending.message.headers)["traceparent"] == b"none"
    await project(persistence, 1)
    assert await persistence.stored_events.newest("north") == NewestEvent(1, "none")

    await publish(persistence, ("north", 1))
    await persistence.pending_events.prune(EIGHT + timedelta(seconds=1))
    assert await persistence.stored_events.newest("north") == NewestEvent(1, None)
