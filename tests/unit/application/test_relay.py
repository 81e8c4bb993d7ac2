"""The relay: from the outbox to the bus, in order, again after a crash, and forgotten in time."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

import pytest

from adapters.clock import VirtualClock
from adapters.messages import registry
from application.ports.observing import Stage
from application.ports.persistence import PendingEvent
from application.relay import AT_HAND, BATCH, KEPT, PRUNED_EVERY, Relay
from tests.builders import EIGHT, a_cycle_completed
from tests.fakes.bus import Lost, RememberedMessages
from tests.fakes.observation import RememberedCounts
from tests.fakes.persistence import (
    InMemoryDatabase,
    InMemoryOwnership,
    InMemoryPendingEvents,
    InMemoryTransactions,
)


class CountingPendingEvents(InMemoryPendingEvents):
    """What is asked of the database."""

    def __init__(self, database: InMemoryDatabase) -> None:
        super().__init__(database)
        self.asked: list[list[str]] = []
        self.marked = 0

    async def pending(self, microgrids: Collection[str], limit: int) -> Sequence[PendingEvent]:
        self.asked.append(sorted(microgrids))
        return await super().pending(microgrids, limit)

    async def mark_published(self, events: Collection[PendingEvent], at: datetime) -> None:
        self.marked += 1
        await super().mark_published(events, at)


class Outbox:
    """An outbox in memory, a worker that fills it, and relays on it."""

    def __init__(self) -> None:
        self.database = InMemoryDatabase()
        self.bus = RememberedMessages()
        self.clock = VirtualClock(EIGHT)
        self.transactions = InMemoryTransactions(self.database, registry.write, self.clock.now)
        self.counts = RememberedCounts()
        self.pending = CountingPendingEvents(self.database)
        self.relay = self.a_relay()

    def a_relay(self) -> Relay:
        return Relay(self.pending, self.bus, self.clock, self.counts)

    async def append(self, *keys: tuple[str, int]) -> Sequence[PendingEvent]:
        """Commit these events, and mark by the way what was published before."""
        (epoch,) = await InMemoryOwnership(self.database).claim([0])
        async with self.transactions.begin(epoch) as transaction:
            events = transaction.outbox.append([a_cycle_completed(*key) for key in keys], None, None)
            published = self.relay.unmarked
            transaction.outbox.mark_published(published)
            await transaction.commit()
        self.relay.marked(published)
        return events

    async def decide(self, *keys: tuple[str, int]) -> None:
        """Commit these events, and hand them to the relay."""
        self.relay.hand(await self.append(*keys))

    def take_over(self) -> None:
        """Another relay goes on, for all microgrids that are known."""
        self.relay = self.a_relay()
        newest: dict[str, int] = {}
        for microgrid_id, event_seq in self.database.tables.outbox:
            newest[microgrid_id] = max(event_seq, newest.get(microgrid_id, 0))
        self.relay.resume(newest)

    async def drain(self) -> int:
        """The number of batches it took."""
        batches = 0
        while await self.relay.turn():
            batches += 1
            assert batches < 100
        return batches

    def at(self, after: timedelta) -> None:
        self.clock.advance(EIGHT + after)

    @property
    def kept(self) -> list[int]:
        return sorted(event_seq for _, event_seq in self.database.tables.outbox)


@pytest.fixture
def outbox() -> Outbox:
    return Outbox()


async def test_events_are_published_once_and_in_the_order_of_their_microgrid(outbox: Outbox) -> None:
    """Holds EVT-4."""
    await outbox.decide(("north", 1), ("south", 1), ("north", 2))
    assert await outbox.drain() == 1
    await outbox.decide(("south", 2), ("north", 3))
    assert await outbox.drain() == 1

    for microgrid_id, last in (("north", 3), ("south", 2)):
        own = [each for each in outbox.bus.ids if each.startswith(microgrid_id)]
        assert own == [f"{microgrid_id}/{event_seq}" for event_seq in range(1, last + 1)]


async def test_what_is_at_hand_is_published_without_asking_the_database(outbox: Outbox) -> None:
    for event_seq in range(1, 10):
        await outbox.decide(("north", event_seq))
        await outbox.drain()
    assert outbox.bus.of("north") == [*range(1, 10)]
    assert (outbox.pending.asked, outbox.pending.marked) == ([], 0)

    await outbox.append()
    outbox.take_over()
    assert await outbox.drain() == 0, "each was marked with the transaction after it"


async def test_what_is_published_is_marked_at_last_where_nothing_is_decided(outbox: Outbox) -> None:
    await outbox.decide(("north", 1))
    await outbox.drain()
    await outbox.relay.mark()
    await outbox.relay.mark()
    assert outbox.pending.marked == 1
    outbox.take_over()
    assert await outbox.drain() == 0


async def test_events_of_microgrids_that_another_worker_owns_are_left_to_its_relay(outbox: Outbox) -> None:
    await outbox.append(("elsewhere", 1))
    await outbox.decide(("north", 1))
    assert await outbox.drain() == 1
    assert outbox.bus.ids == ["north/1"]


async def test_a_backlog_is_published_batch_after_batch_in_order(outbox: Outbox) -> None:
    count = 2 * BATCH + 1
    await outbox.decide(*(("north", event_seq) for event_seq in range(1, count + 1)))
    assert await outbox.drain() == 3
    assert outbox.bus.ids == [f"north/{event_seq}" for event_seq in range(1, count + 1)]


async def test_an_empty_outbox_is_no_work(outbox: Outbox) -> None:
    assert not await outbox.relay.turn()
    assert outbox.bus.messages == []


async def test_what_the_bus_did_not_take_is_published_later(outbox: Outbox) -> None:
    await outbox.decide(("north", 1))
    outbox.bus.away = Lost
    with pytest.raises(Lost):
        await outbox.relay.turn()

    outbox.bus.away = None
    await outbox.decide(("north", 2))
    await outbox.drain()
    assert outbox.bus.ids == ["north/1", "north/2"]


async def test_a_relay_that_takes_over_publishes_the_rest_before_what_is_new(outbox: Outbox) -> None:
    await outbox.append(("north", 1), ("north", 2), ("south", 1))
    outbox.take_over()
    await outbox.decide(("north", 3), ("west", 1))
    await outbox.drain()
    await outbox.decide(("north", 4))
    await outbox.drain()

    assert outbox.bus.of("north") == [1, 2, 3, 4]
    assert len(outbox.bus.ids) == 6
    assert outbox.bus.of("south") == outbox.bus.of("west") == [1]
    asked = len(outbox.pending.asked)
    await outbox.decide(("north", 5))
    await outbox.drain()
    assert outbox.bus.of("north")[-1] == 5
    assert len(outbox.pending.asked) == asked, "what is caught up with is at hand again"


async def test_a_rest_longer_than_a_batch_is_read_batch_after_batch_in_order(outbox: Outbox) -> None:
    count = 2 * BATCH + 1
    await outbox.append(*(("north", event_seq) for event_seq in range(1, count + 1)))
    outbox.take_over()
    await outbox.relay.turn()
    await outbox.decide(("north", count + 1))
    await outbox.drain()
    assert outbox.bus.ids == [f"north/{event_seq}" for event_seq in range(1, count + 2)]


async def test_what_is_decided_while_the_rest_is_read_is_not_lost(outbox: Outbox) -> None:
    await outbox.append(("north", 1))
    outbox.take_over()

    async def read_and_decide(microgrids: Collection[str], limit: int) -> Sequence[PendingEvent]:
        outbox.pending.pending = asked  # type: ignore[method-assign]
        found = await asked(microgrids, limit)
        await outbox.decide(("north", 2))
        return found

    asked = outbox.pending.pending
    outbox.pending.pending = read_and_decide  # type: ignore[method-assign]
    await outbox.drain()
    assert outbox.bus.ids == ["north/1", "north/2"]


async def test_while_the_bus_is_away_memory_does_not_grow_and_nothing_is_lost(outbox: Outbox) -> None:
    many = AT_HAND + 300
    await outbox.decide(*((f"depot-{event_seq % 7}", 1 + event_seq // 7) for event_seq in range(many)))
    await outbox.drain()
    await outbox.decide(*((f"depot-{number}", 2 + many // 7) for number in range(7)))
    await outbox.drain()

    assert len(outbox.bus.ids) == len(set(outbox.bus.ids))
    for number in range(7):
        own = outbox.bus.of(f"depot-{number}/")
        assert own == sorted(own)
        assert len(own) == len([each for each in outbox.database.tables.outbox if each[0] == f"depot-{number}"])


async def test_a_relay_lost_between_publishing_and_marking_publishes_the_same_again(outbox: Outbox) -> None:
    """Holds EVT-2."""
    await outbox.decide(("north", 1), ("north", 2))
    await outbox.drain()

    outbox.take_over()
    await outbox.drain()
    assert outbox.bus.ids == ["north/1", "north/2"] * 2
    assert outbox.bus.messages[:2] == outbox.bus.messages[2:]
    assert not await outbox.relay.turn()


async def test_published_events_are_forgotten_after_an_hour(outbox: Outbox) -> None:
    await outbox.decide(("north", 1))
    await outbox.drain()
    await outbox.relay.mark()
    outbox.at(timedelta(minutes=30))
    await outbox.decide(("north", 2))
    await outbox.drain()
    await outbox.relay.mark()

    outbox.at(KEPT)
    await outbox.drain()
    assert outbox.kept == [1, 2]

    outbox.at(KEPT + PRUNED_EVERY)
    await outbox.drain()
    assert outbox.kept == [2]


async def test_an_event_that_was_never_published_is_not_forgotten(outbox: Outbox) -> None:
    await outbox.decide(("north", 1))
    outbox.at(3 * KEPT)
    await outbox.drain()
    assert outbox.bus.ids == ["north/1"]


async def test_old_events_are_looked_for_once_a_minute(outbox: Outbox) -> None:
    await outbox.decide(("north", 1))
    await outbox.drain()
    await outbox.relay.mark()
    outbox.at(KEPT)
    await outbox.relay.turn()

    outbox.at(KEPT + PRUNED_EVERY - timedelta(seconds=1))
    await outbox.relay.turn()
    assert outbox.kept == [1]

    outbox.at(KEPT + PRUNED_EVERY)
    await outbox.relay.turn()
    assert outbox.kept == []


async def test_an_event_that_is_refused_parks_its_microgrid_and_the_others_go_on(outbox: Outbox) -> None:
    outbox.bus.refused.add("north/2")
    await outbox.decide(("north", 1), ("north", 2), ("north", 3), ("south", 1))
    await outbox.drain()
    await outbox.decide(("north", 4), ("south", 2))
    await outbox.drain()

    assert outbox.bus.of("north") == [1]
    assert outbox.bus.of("south") == [1, 2]
    assert outbox.counts.failures == [(Stage.PUBLICATION, "north", "PublicationRefused 1")]
    calls = outbox.bus.calls
    assert await outbox.drain() == 0
    assert outbox.bus.calls == calls
    assert outbox.counts.waiting_since == EIGHT


async def test_a_parked_stream_is_tried_again_after_longer_and_longer_and_goes_on_in_order(outbox: Outbox) -> None:
    outbox.bus.refused.add("north/2")
    await outbox.decide(("north", 1), ("north", 2), ("north", 3))
    tried = []
    for second in range(40):
        so_far = len(outbox.counts.failures)
        outbox.at(timedelta(seconds=second))
        await outbox.drain()
        tried += [second] * (len(outbox.counts.failures) - so_far)
    assert tried == [0, 1, 3, 7, 15, 31]

    outbox.bus.refused.clear()
    await outbox.decide(("north", 4))
    outbox.at(timedelta(seconds=63))
    await outbox.drain()
    await outbox.decide(("north", 5))
    assert await outbox.drain() == 1
    assert outbox.bus.of("north") == [1, 2, 3, 4, 5]
    assert outbox.counts.waiting_since is None


async def test_a_clock_that_is_set_back_keeps_nobody_parked(outbox: Outbox) -> None:
    outbox.bus.refused.add("north/1")
    await outbox.decide(("north", 1))
    await outbox.drain()
    outbox.bus.refused.clear()
    outbox.clock.set(EIGHT - timedelta(minutes=10))
    outbox.clock.advance(outbox.clock.now() + timedelta(seconds=1))
    await outbox.drain()
    assert outbox.bus.ids == ["north/1"]


async def test_the_rest_of_a_refused_batch_is_published_once_more_at_most(outbox: Outbox) -> None:
    outbox.bus.refused.add("south/1")
    await outbox.decide(("north", 1), ("north", 2), ("south", 1))
    await outbox.drain()
    for second in (1, 3, 7):
        outbox.at(timedelta(seconds=second))
        await outbox.drain()
    assert outbox.bus.ids == ["north/1", "north/2", "north/1", "north/2"]


async def test_a_microgrid_that_another_worker_took_over_is_left_to_its_relay(outbox: Outbox) -> None:
    outbox.bus.refused.add("north/1")
    await outbox.decide(("north", 1))
    await outbox.drain()
    await outbox.decide(("south", 1), ("west", 1))
    outbox.relay.forget(lambda microgrid_id: microgrid_id != "west")
    outbox.bus.refused.clear()
    outbox.at(timedelta(seconds=5))
    await outbox.drain()
    assert outbox.bus.ids == ["west/1"]
