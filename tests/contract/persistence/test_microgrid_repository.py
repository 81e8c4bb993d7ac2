"""What every MicrogridRepository promises, inside every UnitOfWork."""

import asyncio
from dataclasses import replace

import pytest

from application.ports.persistence import ConcurrentChange, Transactions
from domain.microgrid import Microgrid, MicrogridState, Refusal
from domain.site.configuration import (
    ChargePoint,
    Circuit,
    Connector,
    Order,
    Settings,
    SiteConfiguration,
    Strategy,
    Unit,
)
from domain.site.power import MAX_MAGNITUDE
from domain.site.site import Site
from tests.builders import EPOCH, a_configuration, a_microgrid, a_site, a_state
from tests.contract.persistence.conftest import Persistence

NESTED_AND_UNSORTED = SiteConfiguration(
    "depot",
    name="Dépôt Zürich-Nord “Ω”",
    version=2**40,
    workspace_id="tenant-1",
    max_import_w=0,
    strategy=Strategy(Unit.CHARGER, Order.LEAST_LAXITY),
    settings=Settings(refresh_interval_s=20, apply_tolerance_w=0),
    time_zone="Europe/Zurich",
    circuits=(
        Circuit("f-10", "f-2", "", None, 0, metered=True, generation=True),
        Circuit("gc-2", None, "Second", MAX_MAGNITUDE, None),
        Circuit("f-2", "gc-2", "Feeder", 0, MAX_MAGNITUDE),
        Circuit("gc-1", None, "First", 0, 0, metered=True, generation=True),
    ),
    charge_points=(
        ChargePoint("cp-10", "f-10", 180_000, (Connector(2, 150_000, 1, 2), Connector(1, 0)), 0, "Bucht 10"),
        ChargePoint("cp-2", "gc-1", 80_000, (Connector(7, 80_000),), None),
    ),
)


async def load(transactions: Transactions, microgrid_id: str = "depot") -> Microgrid | None:
    async with transactions.begin(EPOCH) as unit_of_work:
        return await unit_of_work.microgrids.get(microgrid_id)


async def store(transactions: Transactions, microgrid: Microgrid) -> None:
    async with transactions.begin(EPOCH) as unit_of_work:
        await unit_of_work.microgrids.save(microgrid)
        await unit_of_work.commit()


async def test_a_microgrid_never_stored_is_not_found(persistence: Persistence) -> None:
    assert await load(persistence.transactions) is None


@pytest.mark.parametrize(
    "configuration",
    [
        pytest.param(a_configuration(), id="plain"),
        pytest.param(NESTED_AND_UNSORTED, id="nested and unsorted"),
        pytest.param(a_configuration(charge_points=()), id="no charge points"),
        pytest.param(a_configuration(chargers=110), id="large"),
    ],
)
async def test_a_stored_microgrid_is_read_as_it_was(persistence: Persistence, configuration: SiteConfiguration) -> None:
    """Holds SITE-1."""
    site = Site.of(configuration)
    microgrid = Microgrid("depot", site, a_state(site, event_seq=5, cycle_seq=3))

    await store(persistence.transactions, microgrid)

    stored = replace(microgrid, version=1)
    assert await load(persistence.transactions) == stored
    assert await load(persistence.transactions_of_another_worker) == stored


async def test_a_microgrid_of_which_only_a_refusal_is_known_has_no_site(persistence: Persistence) -> None:
    refused = Microgrid("depot", None, MicrogridState(event_seq=1, refusals=(Refusal(None, "5f2c"),)))

    await store(persistence.transactions, refused)

    assert await load(persistence.transactions) == replace(refused, version=1)


async def test_many_are_read_at_once_as_one_by_one(persistence: Persistence) -> None:
    unsorted = replace(NESTED_AND_UNSORTED, microgrid_id="nested")
    stored = [a_microgrid(f"depot-{number}") for number in range(120)]
    stored += [Microgrid("nested", Site.of(unsorted)), Microgrid("refused")]
    stored.append(a_microgrid("left-out"))
    for microgrid in stored:
        await store(persistence.transactions, microgrid)
    ids = [microgrid.microgrid_id for microgrid in stored[:-1]]

    for transactions in (persistence.transactions, persistence.transactions_of_another_worker):
        async with transactions.begin(EPOCH) as unit_of_work:
            found = await unit_of_work.microgrids.get_all([*ids, "nowhere"])
        assert {each.microgrid_id: each for each in found} == {
            microgrid_id: await load(persistence.transactions, microgrid_id) for microgrid_id in ids
        }
        assert len(found) == len(ids)


async def test_each_save_raises_the_stored_version_by_one(persistence: Persistence) -> None:
    microgrid = a_microgrid()
    for version in (1, 2, 3):
        await store(persistence.transactions, microgrid)
        microgrid = replace(microgrid, version=version)

    assert await load(persistence.transactions) == microgrid


async def test_a_unit_of_work_sees_what_it_saved_itself(persistence: Persistence) -> None:
    await store(persistence.transactions, a_microgrid())
    reconfigured = a_microgrid(version=1, site=a_site(version=2, chargers=3))

    async with persistence.transactions.begin(EPOCH) as unit_of_work:
        await unit_of_work.microgrids.save(reconfigured)
        assert await unit_of_work.microgrids.get("depot") == replace(reconfigured, version=2)


async def test_what_is_not_committed_never_was(persistence: Persistence) -> None:
    await store(persistence.transactions, a_microgrid())
    before = await load(persistence.transactions)

    async with persistence.transactions.begin(EPOCH) as unit_of_work:
        await unit_of_work.microgrids.save(a_microgrid(version=1, site=a_site(version=2, chargers=3)))
        await unit_of_work.microgrids.save(a_microgrid("another"))

    assert await load(persistence.transactions) == before
    assert await load(persistence.transactions, "another") is None


async def test_an_error_inside_a_unit_of_work_rolls_it_back(persistence: Persistence) -> None:
    async def decide() -> None:
        async with persistence.transactions.begin(EPOCH) as unit_of_work:
            await unit_of_work.microgrids.save(a_microgrid())
            raise RuntimeError("the decision failed")

    with pytest.raises(RuntimeError, match="the decision failed"):
        await decide()

    assert await load(persistence.transactions) is None


async def test_a_stale_microgrid_is_refused_and_changes_nothing(persistence: Persistence) -> None:
    await store(persistence.transactions, a_microgrid())
    read_by_both = a_microgrid(version=1)
    await store(persistence.transactions, replace(read_by_both, state=MicrogridState(event_seq=7)))

    with pytest.raises(ConcurrentChange):
        await store(
            persistence.transactions_of_another_worker,
            replace(read_by_both, site=a_site(version=2, chargers=3)),
        )

    stored = await load(persistence.transactions)
    assert stored == replace(read_by_both, state=MicrogridState(event_seq=7), version=2)


async def test_two_cannot_provision_the_same_microgrid(persistence: Persistence) -> None:
    await store(persistence.transactions, a_microgrid())

    with pytest.raises(ConcurrentChange):
        await store(persistence.transactions_of_another_worker, a_microgrid())


async def test_a_microgrid_that_is_not_stored_cannot_be_changed(persistence: Persistence) -> None:
    with pytest.raises(ConcurrentChange):
        await store(persistence.transactions, a_microgrid(version=1))


async def test_all_that_are_stored_are_listed(persistence: Persistence) -> None:
    await store(persistence.transactions, a_microgrid("north"))
    await store(persistence.transactions, Microgrid("south", None, MicrogridState(event_seq=1)))

    async with persistence.transactions.begin(EPOCH) as unit_of_work:
        assert await unit_of_work.microgrids.newest_events() == {"north": 0, "south": 1}


async def test_states_of_many_are_saved_at_once_and_their_sites_stay(persistence: Persistence) -> None:
    names = [f"depot-{number}" for number in range(70)]
    for name in names:
        await store(persistence.transactions, a_microgrid(name, site=a_site(name)))
    decided = [
        a_microgrid(name, version=1, site=a_site(name, version=9, chargers=9), state=a_state(a_site(name), seq, seq))
        for seq, name in enumerate(names, 1)
    ]

    async with persistence.transactions.begin(EPOCH) as unit_of_work:
        await unit_of_work.microgrids.save_states(*decided)
        await unit_of_work.commit()

    for microgrid in decided:
        stored = replace(microgrid, version=2, site=a_site(microgrid.microgrid_id))
        assert await load(persistence.transactions_of_another_worker, microgrid.microgrid_id) == stored


async def test_one_stale_state_among_many_refuses_them_all(persistence: Persistence) -> None:
    for name in ("north", "south", "west"):
        await store(persistence.transactions, a_microgrid(name, site=a_site(name)))
    await store(persistence.transactions, a_microgrid("south", version=1, site=a_site("south")))
    saved = [a_microgrid(name, version=1, site=a_site(name)) for name in ("north", "south", "west")]

    async with persistence.transactions.begin(EPOCH) as unit_of_work:
        with pytest.raises(ConcurrentChange):
            await unit_of_work.microgrids.save_states(*saved)


async def test_nothing_to_save_is_saved(persistence: Persistence) -> None:
    async with persistence.transactions.begin(EPOCH) as unit_of_work:
        await unit_of_work.microgrids.save_states()
        await unit_of_work.microgrids.save()
        await unit_of_work.commit()


async def test_a_new_configuration_replaces_the_site_for_every_worker(persistence: Persistence) -> None:
    await store(persistence.transactions, a_microgrid(site=a_site(chargers=3, connectors=2)))
    assert await load(persistence.transactions)
    assert await load(persistence.transactions_of_another_worker)

    reconfigured = a_microgrid(version=1, site=a_site(version=2, chargers=1, connectors=1, workspace_id="tenant-1"))
    await store(persistence.transactions, reconfigured)

    assert await load(persistence.transactions) == replace(reconfigured, version=2)
    assert await load(persistence.transactions_of_another_worker) == replace(reconfigured, version=2)


async def test_a_configuration_that_was_rolled_back_may_return_with_other_content(persistence: Persistence) -> None:
    await store(persistence.transactions, a_microgrid())
    async with persistence.transactions.begin(EPOCH) as unit_of_work:
        await unit_of_work.microgrids.save(a_microgrid(version=1, site=a_site(version=2, chargers=3)))
        await unit_of_work.microgrids.get("depot")

    other = a_microgrid(version=1, site=a_site(version=2, chargers=5))
    await store(persistence.transactions, other)

    assert await load(persistence.transactions) == replace(other, version=2)


async def test_microgrids_do_not_touch_each_other(persistence: Persistence) -> None:
    await store(persistence.transactions, a_microgrid("north"))
    await store(persistence.transactions, a_microgrid("south", site=a_site("south", chargers=4)))

    await store(persistence.transactions, a_microgrid("north", version=1, site=a_site("north", version=2, chargers=1)))

    assert await load(persistence.transactions, "south") == a_microgrid(
        "south", version=1, site=a_site("south", chargers=4)
    )


async def test_units_of_work_that_run_at_once_lose_no_change(persistence: Persistence) -> None:
    await store(persistence.transactions, a_microgrid())

    async def count(transactions: Transactions) -> None:
        for _ in range(5):
            while True:
                try:
                    async with transactions.begin(EPOCH) as unit_of_work:
                        microgrid = await unit_of_work.microgrids.get("depot")
                        assert microgrid
                        state = replace(microgrid.state, event_seq=microgrid.state.event_seq + 1)
                        await unit_of_work.microgrids.save(replace(microgrid, state=state))
                        await unit_of_work.commit()
                        break
                except ConcurrentChange:
                    continue

    async with asyncio.TaskGroup() as workers:
        workers.create_task(count(persistence.transactions))
        workers.create_task(count(persistence.transactions_of_another_worker))

    counted = await load(persistence.transactions)
    assert counted
    assert (counted.state.event_seq, counted.version) == (10, 11)


async def test_a_cancelled_unit_of_work_leaves_nothing_and_blocks_nobody(persistence: Persistence) -> None:
    saved = asyncio.Event()

    async def decide_for_ever() -> None:
        async with persistence.transactions.begin(EPOCH) as unit_of_work:
            await unit_of_work.microgrids.save(a_microgrid())
            saved.set()
            await asyncio.Event().wait()

    deciding = asyncio.create_task(decide_for_ever())
    await saved.wait()
    deciding.cancel()
    with pytest.raises(asyncio.CancelledError):
        await deciding

    await store(persistence.transactions_of_another_worker, a_microgrid())
    assert await load(persistence.transactions) == a_microgrid(version=1)
