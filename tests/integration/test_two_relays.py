"""Two workers' relays on one PostgreSQL: each publishes what its worker owns, nothing is lost, nothing overtakes."""

import asyncio
from collections import defaultdict
from collections.abc import Sequence

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.clock import VirtualClock
from adapters.database.outbox import SqlPendingEvents
from adapters.database.ownership import SqlOwnership
from adapters.database.unit_of_work import SqlTransactions
from adapters.memory.partitioning import partition_of
from adapters.messages import registry
from application.mailbox import Mailbox
from application.owned_partitions import OwnedPartitions
from application.ports.bus import Message, Partition
from application.relay import Relay
from domain.microgrid import Microgrid, MicrogridState
from tests.builders import EIGHT, a_cycle_completed
from tests.fakes.observation import RememberedCounts

PARTITIONS = 4
MICROGRIDS = [f"depot-{number}" for number in range(8)]
EVENTS = 25
ALL_IN_ORDER = {microgrid_id: list(range(1, EVENTS + 1)) for microgrid_id in MICROGRIDS}


class Bus:
    """An EventPublisher that takes its time over every message; `lost_after` so many it fails for good."""

    def __init__(self) -> None:
        self.published: defaultdict[str, list[int]] = defaultdict(list)
        self.lost_after: int | None = None

    async def publish(self, messages: Sequence[Message]) -> None:
        for message in messages:
            await asyncio.sleep(0)
            ce_id = dict(message.headers)["ce_id"]
            assert ce_id is not None
            _, microgrid_id, event_seq = ce_id.decode().split("/")
            self.published[microgrid_id].append(int(event_seq))
        if self.lost_after is not None and sum(map(len, self.published.values())) >= self.lost_after:
            raise ConnectionError("lost")


class WorkerOutbox:
    """What a worker owns, the events it decides, and its relay."""

    def __init__(self, engine: AsyncEngine, bus: Bus) -> None:
        clock = VirtualClock(EIGHT)
        self.transactions = SqlTransactions(engine, registry.write, clock)
        self.relay = Relay(SqlPendingEvents(engine), bus, clock, RememberedCounts())
        self.mailbox = Mailbox(clock)
        self.owned = OwnedPartitions(
            SqlOwnership(engine),
            self.transactions,
            self.mailbox,
            self.relay,
            lambda key: partition_of(key, PARTITIONS),
            clock,
            RememberedCounts(),
        )

    async def own(self, *numbers: int) -> None:
        await self.owned.assigned(frozenset(Partition("busbar.telemetry", number) for number in numbers))

    async def decide(self, microgrid_id: str) -> None:
        for event_seq in range(1, EVENTS + 1):
            async with self.transactions.begin(self.owned.epoch_of(microgrid_id)) as transaction:
                state = MicrogridState(event_seq=event_seq)
                await transaction.microgrids.save(Microgrid(microgrid_id, state=state, version=event_seq))
                events = transaction.outbox.append([a_cycle_completed(microgrid_id, event_seq)], None, None)
                await transaction.commit()
            self.relay.hand(events)

    async def decide_all(self) -> None:
        async with asyncio.TaskGroup() as deciding:
            for microgrid_id in self.mailbox.ids:
                deciding.create_task(self.decide(microgrid_id))

    async def drain(self, *, until: "asyncio.Task[None] | None" = None) -> None:
        """Publish until there is nothing left and nothing more to come."""
        while True:
            await asyncio.sleep(0)
            last = until is None or until.done()
            if not await self.relay.turn() and last:
                return


@pytest.fixture
async def workers(engine: AsyncEngine) -> tuple[WorkerOutbox, WorkerOutbox, Bus]:
    """Two workers that own half of the partitions each, every microgrid being known."""
    bus = Bus()
    one, another = WorkerOutbox(engine, bus), WorkerOutbox(engine, bus)
    await one.own(*range(PARTITIONS))
    for microgrid_id in MICROGRIDS:
        async with one.transactions.begin(one.owned.epoch_of(microgrid_id)) as transaction:
            await transaction.microgrids.save(Microgrid(microgrid_id))
            await transaction.commit()
    await one.owned.revoked(frozenset(Partition("busbar.telemetry", number) for number in range(PARTITIONS)))
    await one.own(0, 1)
    await another.own(2, 3)
    assert one.mailbox.ids
    assert another.mailbox.ids
    return one, another, bus


async def test_two_relays_at_once_publish_every_event_once_and_in_order(
    workers: tuple[WorkerOutbox, WorkerOutbox, Bus],
) -> None:
    one, another, bus = workers
    async with asyncio.timeout(60), asyncio.TaskGroup() as running:
        for worker in (one, another):
            running.create_task(worker.drain(until=running.create_task(worker.decide_all())))

    assert bus.published == ALL_IN_ORDER


async def test_what_a_lost_relay_did_not_mark_its_successor_publishes_again_and_goes_on(
    workers: tuple[WorkerOutbox, WorkerOutbox, Bus],
) -> None:
    one, another, bus = workers
    await asyncio.gather(one.decide_all(), another.decide_all())
    bus.lost_after = 1
    with pytest.raises(ConnectionError):
        await one.relay.turn()
    repeated = {microgrid_id: list(seqs) for microgrid_id, seqs in bus.published.items()}
    bus.lost_after = None

    await another.own(*range(PARTITIONS))
    await another.drain()

    assert repeated
    assert bus.published == {
        microgrid_id: [*repeated.get(microgrid_id, []), *seqs] for microgrid_id, seqs in ALL_IN_ORDER.items()
    }
