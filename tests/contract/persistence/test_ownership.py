"""What every Ownership promises, and every Transactions about the epochs it issues."""

import asyncio

import pytest

from application.ports.ownership import Epoch, Fenced
from tests.builders import EPOCH, a_cycle_completed, a_microgrid
from tests.contract.persistence.conftest import Persistence


async def test_every_claim_is_a_higher_epoch(persistence: Persistence) -> None:
    assert await persistence.ownership.claim([7]) == [Epoch(7, 1)]
    assert await persistence.ownership.claim([7]) == [Epoch(7, 2)]
    assert await persistence.ownership.claim([7]) == [Epoch(7, 3)]


async def test_partitions_are_counted_apart_and_come_ascending(persistence: Persistence) -> None:
    await persistence.ownership.claim([9])

    assert await persistence.ownership.claim({11, 9, 2}) == [Epoch(2, 1), Epoch(9, 2), Epoch(11, 1)]


async def test_nothing_claimed_is_nothing_owned(persistence: Persistence) -> None:
    assert await persistence.ownership.claim([]) == []


async def test_whoever_was_overtaken_is_fenced(persistence: Persistence) -> None:
    (newer,) = await persistence.ownership.claim([EPOCH.partition])

    with pytest.raises(Fenced):
        async with persistence.transactions.begin(EPOCH):
            pass

    async with persistence.transactions_of_another_worker.begin(newer) as unit_of_work:
        assert await unit_of_work.microgrids.get("depot") is None


@pytest.mark.parametrize("epoch", [Epoch(EPOCH.partition, 2), Epoch(1, 1)], ids=["to come", "of another partition"])
async def test_an_epoch_that_was_never_issued_is_fenced(persistence: Persistence, epoch: Epoch) -> None:
    with pytest.raises(Fenced):
        async with persistence.transactions.begin(epoch):
            pass


async def test_a_claim_of_another_partition_fences_nobody(persistence: Persistence) -> None:
    await persistence.ownership.claim([1, 2])

    async with persistence.transactions.begin(EPOCH) as unit_of_work:
        await unit_of_work.microgrids.save(a_microgrid())
        await unit_of_work.commit()


async def test_an_epoch_does_not_end_inside_a_unit_of_work(persistence: Persistence) -> None:
    async with persistence.transactions.begin(EPOCH) as unit_of_work:
        claiming = asyncio.create_task(claim_and_read(persistence))
        done, _ = await asyncio.wait([claiming], timeout=0.1)
        assert not done
        await unit_of_work.microgrids.save(a_microgrid())
        unit_of_work.outbox.append([a_cycle_completed()], None, None)
        await unit_of_work.commit()

    assert await claiming, "the next owner goes on from what was committed"


async def claim_and_read(persistence: Persistence) -> bool:
    (epoch,) = await persistence.ownership.claim([EPOCH.partition])
    async with persistence.transactions_of_another_worker.begin(epoch) as unit_of_work:
        return await unit_of_work.microgrids.get("depot") is not None


async def test_one_unit_of_work_may_be_of_several_epochs_and_needs_them_all(persistence: Persistence) -> None:
    one, another = await persistence.ownership.claim([1, 2])
    both = {"north": one, "south": another}
    async with persistence.transactions.begin(both) as unit_of_work:
        await unit_of_work.microgrids.save(a_microgrid("north"), a_microgrid("south"))
        await unit_of_work.commit()

    await persistence.ownership.claim([2])
    with pytest.raises(Fenced):
        async with persistence.transactions.begin(both):
            pass


async def test_workers_that_claim_at_once_get_different_epochs(persistence: Persistence) -> None:
    await persistence.ownership.claim([1, 2, 3])
    async with persistence.transactions.begin(Epoch(2, 1)):  # in the middle: the claims stop with some of their locks
        claims = [asyncio.create_task(persistence.ownership.claim(each)) for each in ([3, 2, 1], [1, 2, 3], [2])]
        await asyncio.wait(claims, timeout=0.1)

    epochs = [epoch for claimed in await asyncio.gather(*claims) for epoch in claimed]

    assert sorted((epoch.partition, epoch.number) for epoch in epochs) == [
        (1, 2), (1, 3), (2, 2), (2, 3), (2, 4), (3, 2), (3, 3)
    ]  # fmt: skip
