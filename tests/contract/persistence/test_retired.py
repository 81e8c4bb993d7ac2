"""What every persistence port keeps of a microgrid that is retired, and for how long."""

from dataclasses import replace
from datetime import timedelta

from application.projections.standing import configured
from application.queries.rows import BreachState
from tests.builders import EIGHT, a_microgrid
from tests.contract.persistence.conftest import Persistence
from tests.contract.persistence.test_breach_rows import a_breach
from tests.contract.persistence.test_microgrid_repository import load, store
from tests.contract.persistence.test_read_model import configuration_applied
from tests.contract.persistence.test_read_model_changes import STATUS, advance, of_another


async def test_a_microgrid_that_is_retired_is_read_as_it_was_with_its_site(persistence: Persistence) -> None:
    """Holds SITE-9."""
    retired = a_microgrid().retire(EIGHT, "r-1").microgrid
    await store(persistence.transactions, retired)

    stored = await load(persistence.transactions_of_another_worker)
    assert stored == replace(retired, version=1)
    assert (stored.decided_site, stored.state.retirements) == (None, ("r-1",))


async def test_a_microgrid_that_retired_is_forgotten_with_its_breaches_and_keeps_its_position(
    persistence: Persistence,
) -> None:
    """Holds CLI-33."""
    standing = configured(None, configuration_applied())
    for of, retired_at in (("depot", EIGHT), ("another", EIGHT + timedelta(days=1)), ("third", None)):
        await advance(persistence, 1, of=of)
        async with persistence.read_model_transactions.begin() as changes:
            await changes.put_statuses([of_another(STATUS, of)])
            await changes.put_news([], {of: replace(standing, retired_at=retired_at)})
            await changes.put_breaches([a_breach(of=of)])
            await changes.commit()

    async with persistence.read_model_transactions.begin() as changes:
        assert await changes.prune_retired(EIGHT + timedelta(hours=1)) == 1
        await changes.commit()
    assert [row.microgrid_id for row in await persistence.read_model.glances()] == ["another", "third"]
    assert await persistence.read_model.status("depot") is None
    assert await persistence.read_model.breaches("depot", BreachState.ALL, None, 10) == []
    assert len(await persistence.read_model.breaches("another", BreachState.ALL, None, 10)) == 1
    assert not await advance(persistence, 1)


async def test_a_microgrid_that_is_in_use_again_is_kept(persistence: Persistence) -> None:
    standing = configured(None, configuration_applied())
    for retired_at in (EIGHT, None):
        async with persistence.read_model_transactions.begin() as changes:
            await changes.put_statuses([STATUS])
            await changes.put_news([], {"depot": replace(standing, retired_at=retired_at)})
            await changes.commit()
    async with persistence.read_model_transactions.begin() as changes:
        assert await changes.prune_retired(EIGHT + timedelta(hours=1)) == 0
