"""The relay: from the outbox to the bus, in order, again after a crash, and forgotten in time."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest

from adapters.clock import VirtualClock
from adapters.messages import registry
from application.mailbox import Mailbox
from application.owned_partitions import OwnedPartitions
from application.ports import Message, PendingEvent
from application.relay import BATCH, KEPT, PRUNED_EVERY, Relay
from tests.builders import EIGHT, a_cycle_completed
from tests.fakes.persistence import InMemoryDatabase, InMemoryOwnership, InMemoryPendingEvents, InMemoryTransactions


class Lost(Exception):
    """The process ended here."""


class Bus:
    """An EventPublisher that remembers, and can be away."""

    def __init__(self) -> None:
        self.messages: list[Message] = []
        self.away = False

    async def publish(self, messages: Sequence[Message]) -> None:
        if self.away:
            raise Lost
        self.messages += messages

    @property
    def ids(self) -> list[str]:
        return [(dict(message.headers)["ce_id"] or b"").decode() for message in self.messages]


class PendingEventsOfALostProcess(InMemoryPendingEvents):
    """Publishing was the last thing it did."""

    async def mark_published(self, events: Sequence[PendingEvent], at: datetime) -> None:
        raise Lost


class Outbox:
    """An outbox in memory, and relays on it."""

    def __init__(self) -> None:
        self.database = InMemoryDatabase()
        self.transactions = InMemoryTransactions(self.database, registry.write)
        self.bus = Bus()
        self.clock = VirtualClock(EIGHT)
        self.owned = self.owned_by_a_worker("north", "south")
        self.relay = self.a_relay(InMemoryPendingEvents(self.database))

    def owned_by_a_worker(self, *microgrids: str) -> OwnedPartitions:
        ownership = InMemoryOwnership(self.database)
        owned = OwnedPartitions(ownership, self.transactions, Mailbox(), lambda _: 0, self.clock)
        for microgrid_id in microgrids:
            owned.add(microgrid_id)
        return owned

    def a_relay(self, pending: InMemoryPendingEvents) -> Relay:
        return Relay(pending, self.bus, self.owned, self.clock)

    async def append(self, *keys: tuple[str, int]) -> None:
        (epoch,) = await InMemoryOwnership(self.database).claim([0])
        async with self.transactions.begin(epoch) as transaction:
            await transaction.outbox.append([a_cycle_completed(*key) for key in keys], None)
            await transaction.commit()

    async def drain(self) -> int:
        """The number of batches it took."""
        batches = 0
        while await self.relay.turn():
            batches += 1
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
    await outbox.append(("north", 1), ("south", 1), ("north", 2))
    assert await outbox.drain() == 1
    await outbox.append(("south", 2), ("north", 3))
    assert await outbox.drain() == 1

    for microgrid_id, last in (("north", 3), ("south", 2)):
        own = [each for each in outbox.bus.ids if each.startswith(microgrid_id)]
        assert own == [f"{microgrid_id}/{event_seq}" for event_seq in range(1, last + 1)]


async def test_events_of_microgrids_that_another_worker_owns_are_left_to_its_relay(outbox: Outbox) -> None:
    await outbox.append(("north", 1), ("elsewhere", 1))
    assert await outbox.drain() == 1
    assert outbox.bus.ids == ["north/1"]


async def test_a_backlog_is_published_batch_after_batch_in_order(outbox: Outbox) -> None:
    count = 2 * BATCH + 1
    await outbox.append(*(("north", event_seq) for event_seq in range(1, count + 1)))
    assert await outbox.drain() == 3
    assert outbox.bus.ids == [f"north/{event_seq}" for event_seq in range(1, count + 1)]


async def test_an_empty_outbox_is_no_work(outbox: Outbox) -> None:
    assert not await outbox.relay.turn()
    assert outbox.bus.messages == []


async def test_what_the_bus_did_not_take_is_published_later(outbox: Outbox) -> None:
    await outbox.append(("north", 1))
    outbox.bus.away = True
    with pytest.raises(Lost):
        await outbox.relay.turn()

    outbox.bus.away = False
    await outbox.append(("north", 2))
    await outbox.drain()
    assert outbox.bus.ids == ["north/1", "north/2"]


async def test_a_relay_lost_between_publishing_and_marking_publishes_the_same_again(outbox: Outbox) -> None:
    await outbox.append(("north", 1), ("north", 2))
    with pytest.raises(Lost):
        await outbox.a_relay(PendingEventsOfALostProcess(outbox.database)).turn()

    await outbox.drain()
    assert outbox.bus.ids == ["north/1", "north/2"] * 2
    assert outbox.bus.messages[:2] == outbox.bus.messages[2:]
    assert not await outbox.relay.turn()


async def test_published_events_are_forgotten_after_an_hour(outbox: Outbox) -> None:
    await outbox.append(("north", 1))
    await outbox.drain()
    outbox.at(timedelta(minutes=30))
    await outbox.append(("north", 2))
    await outbox.drain()

    outbox.at(KEPT)
    await outbox.drain()
    assert outbox.kept == [1, 2]

    outbox.at(KEPT + PRUNED_EVERY)
    await outbox.drain()
    assert outbox.kept == [2]


async def test_an_event_that_was_never_published_is_not_forgotten(outbox: Outbox) -> None:
    await outbox.append(("north", 1))
    outbox.at(3 * KEPT)
    await outbox.drain()
    assert outbox.bus.ids == ["north/1"]


async def test_old_events_are_looked_for_once_a_minute(outbox: Outbox) -> None:
    await outbox.append(("north", 1))
    await outbox.drain()
    outbox.at(KEPT)
    await outbox.relay.turn()

    outbox.at(KEPT + PRUNED_EVERY - timedelta(seconds=1))
    await outbox.relay.turn()
    assert outbox.kept == [1]

    outbox.at(KEPT + PRUNED_EVERY)
    await outbox.relay.turn()
    assert outbox.kept == []
