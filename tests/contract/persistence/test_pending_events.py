"""What every PendingEvents promises to the relay."""

from collections.abc import Sequence
from datetime import timedelta

from application.ports.persistence import PendingEvent
from tests.builders import EIGHT, EPOCH, a_cycle_completed
from tests.contract.persistence.conftest import Persistence

EVERYWHERE = ("a-late-one", "north", "south", "west")


async def append(persistence: Persistence, *keys: tuple[str, int]) -> None:
    async with persistence.transactions.begin(EPOCH) as unit_of_work:
        events = [a_cycle_completed(microgrid_id, event_seq) for microgrid_id, event_seq in keys]
        unit_of_work.outbox.append(events, None, None)
        await unit_of_work.commit()


async def publish(persistence: Persistence, *keys: tuple[str, int]) -> Sequence[PendingEvent]:
    published = [each for each in await persistence.pending_events.pending(EVERYWHERE, 100) if _key(each) in keys]
    assert len(published) == len(keys)
    await persistence.pending_events.mark_published(published, EIGHT)
    return published


async def pending(persistence: Persistence, limit: int = 100) -> list[tuple[str, int]]:
    return [_key(each) for each in await persistence.pending_events.pending(EVERYWHERE, limit)]


def _key(event: PendingEvent) -> tuple[str, int]:
    return event.microgrid_id, event.event_seq


async def test_events_of_a_microgrid_are_pending_in_their_order(persistence: Persistence) -> None:
    await append(persistence, ("north", 9), ("south", 1), ("north", 10))
    await append(persistence, ("north", 11), ("south", 2))

    assert await pending(persistence) == [("north", 9), ("north", 10), ("north", 11), ("south", 1), ("south", 2)]
    assert await pending(persistence, limit=2) == [("north", 9), ("north", 10)]


async def test_only_events_of_the_microgrids_asked_for_are_pending(persistence: Persistence) -> None:
    await append(persistence, ("north", 1), ("south", 1), ("west", 1))

    async def pending_of(*microgrids: str) -> list[str]:
        return [each.microgrid_id for each in await persistence.pending_events.pending(microgrids, 100)]

    assert await pending_of("west", "north", "nowhere") == ["north", "west"]
    assert await pending_of("south") == ["south"]
    assert await pending_of() == []


async def test_what_is_published_is_not_pending(persistence: Persistence) -> None:
    await append(persistence, ("north", 1), ("north", 2), ("south", 1))

    await publish(persistence, ("north", 1))

    assert await pending(persistence) == [("north", 2), ("south", 1)]


async def test_an_event_committed_late_is_not_skipped(persistence: Persistence) -> None:
    await append(persistence, ("north", 2), ("south", 1))
    await publish(persistence, ("north", 2), ("south", 1))

    await append(persistence, ("a-late-one", 1))
    await append(persistence, ("north", 1))

    assert await pending(persistence) == [("a-late-one", 1), ("north", 1)]


async def test_marking_is_harmless_when_repeated_or_empty(persistence: Persistence) -> None:
    await append(persistence, ("north", 1), ("north", 2))
    published = await publish(persistence, ("north", 1))

    await persistence.pending_events.mark_published(published, EIGHT)
    await persistence.pending_events.mark_published([], EIGHT)

    assert await pending(persistence) == [("north", 2)]


async def test_only_what_was_published_before_is_forgotten(persistence: Persistence) -> None:
    await append(persistence, ("north", 1), ("north", 2), ("north", 3))
    for event, minutes in zip(await persistence.pending_events.pending(EVERYWHERE, 2), (0, 30), strict=True):
        await persistence.pending_events.mark_published([event], EIGHT + timedelta(minutes=minutes))

    assert await persistence.pending_events.prune(EIGHT) == 0
    assert await persistence.pending_events.prune(EIGHT + timedelta(minutes=30)) == 1
    assert await persistence.pending_events.republish_after({}) == 1
    assert await pending(persistence) == [("north", 2), ("north", 3)]


async def test_what_was_never_published_is_never_forgotten(persistence: Persistence) -> None:
    await append(persistence, ("north", 1))

    assert await persistence.pending_events.prune(EIGHT + timedelta(days=365)) == 0
    assert await pending(persistence) == [("north", 1)]


async def test_events_beyond_a_position_become_pending_again_as_they_were(persistence: Persistence) -> None:
    await append(persistence, ("north", 1), ("north", 2), ("north", 3), ("south", 1), ("south", 2))
    before = await publish(persistence, ("north", 1), ("north", 2), ("north", 3), ("south", 1), ("south", 2))

    assert await persistence.pending_events.republish_after({"north": 1, "south": 2}) == 2

    assert await persistence.pending_events.pending(EVERYWHERE, 100) == before[1:3]


async def test_all_events_of_a_microgrid_without_a_position_become_pending_again(persistence: Persistence) -> None:
    await append(persistence, ("north", 1), ("south", 1), ("south", 2))
    await publish(persistence, ("north", 1), ("south", 1), ("south", 2))

    assert await persistence.pending_events.republish_after({"north": 1, "west": 7}) == 2

    assert await pending(persistence) == [("south", 1), ("south", 2)]


async def test_republishing_counts_only_what_was_published(persistence: Persistence) -> None:
    await append(persistence, ("north", 1), ("north", 2))
    await publish(persistence, ("north", 1))

    assert await persistence.pending_events.republish_after({}) == 1
    assert await persistence.pending_events.republish_after({}) == 0

    assert await pending(persistence) == [("north", 1), ("north", 2)]


async def test_what_is_published_again_is_done_again(persistence: Persistence) -> None:
    await append(persistence, ("north", 1))
    await publish(persistence, ("north", 1))
    await persistence.pending_events.republish_after({})

    await publish(persistence, ("north", 1))

    assert await pending(persistence) == []
