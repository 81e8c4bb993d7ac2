"""What a worker owns, from assignment to revocation."""

from collections.abc import Callable

import pytest

from adapters.clock import VirtualClock
from adapters.memory.bus import MemoryBus
from adapters.memory.partitioning import partition_of
from adapters.messages import registry
from application.mailbox import Mailbox
from application.owned_partitions import OwnedPartitions
from application.ports.bus import Partition
from application.ports.ownership import Epoch, Fenced
from application.relay import Relay
from domain.microgrid import Microgrid
from tests.builders import EIGHT, a_microgrid
from tests.fakes.observation import RememberedCounts
from tests.fakes.persistence import InMemoryDatabase, InMemoryOwnership, InMemoryPendingEvents, InMemoryTransactions

NORTH, SOUTH = (partition_of(name, 4) for name in ("north", "south"))


def of_both_topics(*numbers: int) -> frozenset[Partition]:
    return frozenset(Partition(topic, number) for topic in ("configuration", "telemetry") for number in numbers)


class Stage:
    """A database that knows two depots and a refusal, and a worker's belongings."""

    def __init__(self) -> None:
        database = InMemoryDatabase()
        self.ownership = InMemoryOwnership(database)
        self.clock = VirtualClock(EIGHT)
        self.transactions = InMemoryTransactions(database, registry.write, self.clock.now)
        self.mailbox = Mailbox(self.clock)
        self.counts = RememberedCounts()
        self.bus = MemoryBus({"busbar.events": 1})
        self.relay = Relay(
            InMemoryPendingEvents(database), self.bus.publisher("busbar.events"), self.clock, self.counts
        )
        self.owned = self.owning(lambda key: partition_of(key, 4))

    def owning(self, partition_of: Callable[[str], int | None]) -> OwnedPartitions:
        return OwnedPartitions(
            self.ownership,
            self.transactions,
            self.mailbox,
            self.relay,
            partition_of,
            self.clock,
            self.counts,
        )

    async def store(self, *microgrids: Microgrid) -> None:
        (epoch,) = await self.ownership.claim([NORTH])
        async with self.transactions.begin(epoch) as transaction:
            for microgrid in microgrids:
                await transaction.microgrids.save(microgrid)
            await transaction.commit()


@pytest.fixture
async def stage() -> Stage:
    assert NORTH != SOUTH
    stage = Stage()
    await stage.store(a_microgrid("north"), a_microgrid("south"))
    return stage


async def test_a_partition_brings_its_microgrids_and_no_others(stage: Stage) -> None:
    await stage.owned.assigned(of_both_topics(NORTH))

    assert set(stage.mailbox.ids) == {"north"}
    assert stage.mailbox.knows("north")
    assert not stage.mailbox.knows("south")


async def test_each_assignment_is_an_epoch_of_its_own(stage: Stage) -> None:
    await stage.owned.assigned(of_both_topics(NORTH, SOUTH))
    assert (stage.owned.epoch_of("north"), stage.owned.epoch_of("south")) == (Epoch(NORTH, 2), Epoch(SOUTH, 1))

    await stage.owned.revoked(of_both_topics(NORTH, SOUTH))
    await stage.owned.assigned(of_both_topics(NORTH, SOUTH))
    assert (stage.owned.epoch_of("north"), stage.owned.epoch_of("south")) == (Epoch(NORTH, 3), Epoch(SOUTH, 2))


async def test_a_partition_that_is_given_up_takes_its_microgrids_with_it(stage: Stage) -> None:
    await stage.owned.assigned(of_both_topics(NORTH, SOUTH))
    await stage.owned.revoked(of_both_topics(SOUTH))

    assert set(stage.mailbox.ids) == {"north"}
    assert stage.mailbox.knows("north")
    assert not stage.mailbox.knows("south")
    with pytest.raises(Fenced):
        stage.owned.epoch_of("south")


async def test_a_microgrid_that_has_no_configuration_yet_is_owned_too(stage: Stage) -> None:
    await stage.store(Microgrid("refused"))

    await stage.owned.assigned(of_both_topics(*range(4)))

    assert "refused" in stage.mailbox.ids
    assert not stage.mailbox.knows("refused")


async def test_a_microgrid_of_no_partition_is_never_owned() -> None:
    stage = Stage()
    owned = stage.owning(lambda _: None)
    await stage.store(a_microgrid("north"))

    await owned.assigned(of_both_topics(*range(4)))

    assert set(stage.mailbox.ids) == set()
    with pytest.raises(Fenced):
        owned.epoch_of("north")
