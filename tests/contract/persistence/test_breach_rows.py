"""What every read model keeps of breaches, and how it answers for them."""

from dataclasses import replace
from datetime import timedelta

from application.queries.rows import BreachRow, BreachState
from domain.breaches.constraint import ConstraintCleared
from tests.builders import EIGHT
from tests.contract.persistence.conftest import Persistence
from tests.unit.application.projections.test_breaches import OPENED


def a_breach(breach_id: str = "b-1", opened_seq: int = 7, of: str = "depot") -> BreachRow:
    """An open breach."""
    opened = replace(OPENED, microgrid_id=of, breach_id=breach_id, event_seq=opened_seq)
    return BreachRow(opened_seq, EIGHT + timedelta(seconds=opened_seq, microseconds=5), None, opened)


def cleared(breach: BreachRow, opened_seq: int = 99) -> BreachRow:
    """The same as the event tells that clears it, which does not know when it opened."""
    at = EIGHT + timedelta(hours=1)
    assert not isinstance(breach.latest, ConstraintCleared)
    latest = ConstraintCleared.of(replace(breach.latest, excess_w=-3))
    return BreachRow(opened_seq, at, at, latest)


async def put(persistence: Persistence, *rows: BreachRow) -> None:
    async with persistence.read_model_transactions.begin() as changes:
        for row in rows:
            await changes.put_breaches([row])
        await changes.commit()


async def found(persistence: Persistence, state: BreachState, before: int | None = None, limit: int = 10) -> list[str]:
    rows = await persistence.read_model.breaches("depot", state, before, limit)
    return [row.breach_id for row in rows]


async def test_a_breach_comes_back_as_it_was_put(persistence: Persistence) -> None:
    await put(persistence, a_breach())
    assert await persistence.read_model.breaches("depot", BreachState.ALL, None, 10) == [a_breach()]


async def test_a_breach_keeps_when_it_opened_and_takes_the_rest(persistence: Persistence) -> None:
    await put(persistence, a_breach(), cleared(a_breach()))

    (row,) = await persistence.read_model.breaches("depot", BreachState.ALL, None, 10)
    assert row == replace(cleared(a_breach()), opened_seq=7, opened_at=a_breach().opened_at)


async def test_breaches_are_found_by_their_state(persistence: Persistence) -> None:
    await put(persistence, *(a_breach(f"b-{seq}", seq) for seq in (1, 2, 3)), cleared(a_breach("b-2", 2)))

    assert await found(persistence, BreachState.OPEN) == ["b-3", "b-1"]
    assert await found(persistence, BreachState.CLOSED) == ["b-2"]
    assert await found(persistence, BreachState.ALL) == ["b-3", "b-2", "b-1"]


async def test_breaches_come_in_pages_the_last_opened_first(persistence: Persistence) -> None:
    await put(persistence, *(a_breach(f"b-{seq}", seq) for seq in (9, 100, 11)), a_breach("other", 50, of="another"))

    assert await found(persistence, BreachState.ALL, limit=2) == ["b-100", "b-11"]
    assert await found(persistence, BreachState.ALL, before=11, limit=2) == ["b-9"]
    assert await found(persistence, BreachState.ALL, before=9) == []


async def test_the_latest_breaches_are_those_that_are_open_and_the_last_that_opened(persistence: Persistence) -> None:
    async def latest(limit: int = 10) -> list[str]:
        return [row.breach_id for row in await persistence.read_model.latest_breaches("depot", limit)]

    assert await latest() == []
    await put(persistence, a_breach("other", 50, of="another"), cleared(a_breach("b-1", 1), 1))
    assert await latest() == ["b-1"]
    await put(persistence, cleared(a_breach("b-2", 2), 2), *(a_breach(f"b-{seq}", seq) for seq in (3, 4, 5)))
    assert (await latest(), await latest(2)) == (["b-5", "b-4", "b-3"], ["b-5", "b-4"])
    await put(persistence, cleared(a_breach("b-5", 5)))
    assert (await latest(), await latest(2)) == (["b-5", "b-4", "b-3"],) * 2


async def test_open_breaches_are_counted_by_microgrid(persistence: Persistence) -> None:
    await put(
        persistence,
        a_breach("b-1", 1),
        a_breach("b-2", 2),
        a_breach("b-3", 3),
        cleared(a_breach("b-3", 3)),
        a_breach("b-1", 1, of="another"),
        a_breach("b-1", 1, of="third"),
        cleared(a_breach("b-1", 1, of="third")),
    )

    assert await persistence.read_model.open_breaches() == {"depot": 2, "another": 1}


async def test_a_breach_that_is_not_committed_is_forgotten(persistence: Persistence) -> None:
    async with persistence.read_model_transactions.begin() as changes:
        await changes.put_breaches([a_breach()])

    assert await persistence.read_model.open_breaches() == {}
