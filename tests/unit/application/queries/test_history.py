"""A node over time (HTTP-19): ten seconds, minutes and quarters, of what is kept finely and of hours."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from application.projections.keeping import PRUNED_EVERY
from application.queries.history import Step, history
from application.queries.rows import NodeBucket
from domain.events import CycleCompleted
from domain.sharing.plan import Quality
from tests.builders import EIGHT, a_cycle_completed
from tests.fakes.persistence import InMemoryDatabase, InMemoryReadModel, InMemoryReadModelTransactions
from tests.unit.application.read_side import project


def at(seconds: int, cycle_seq: int, load_w: int | None, quality: Quality = Quality.OK) -> CycleCompleted:
    cycle = a_cycle_completed(cycle_seq=cycle_seq)
    root = replace(cycle.nodes[0], measured_w=load_w, quality=quality)
    return replace(cycle, decided_at=EIGHT + timedelta(seconds=seconds), nodes=(root, *cycle.nodes[1:]))


async def a_read_model(*cycles: CycleCompleted) -> InMemoryReadModel:
    database = InMemoryDatabase()
    for cycle in cycles:
        await project([cycle], InMemoryReadModelTransactions(database))
    return InMemoryReadModel(database)


async def read(
    read_model: InMemoryReadModel, step: Step, since_s: int = 0, until_s: int = 10**6, limit: int = 1000
) -> Sequence[NodeBucket]:
    since, until = (EIGHT + timedelta(seconds=each) for each in (since_s, until_s))
    return await history(read_model, "depot", "depot", step, since=since, until=until, limit=limit)


def told(buckets: Sequence[NodeBucket]) -> list[tuple[datetime, int | None, int | None]]:
    return [(each.at, each.measured_w, each.measured_max_w) for each in buckets]


async def test_a_minute_is_the_mean_of_what_is_known_the_highest_load_and_the_worst_quality() -> None:
    read_model = await a_read_model(
        at(0, 1, 1000), at(10, 2, None, Quality.MISSING), at(20, 3, 3001, Quality.ESTIMATED), at(61, 4, 7)
    )

    second, first = await read(read_model, Step.MINUTE)
    assert (first.at, first.measured_w, first.measured_max_w, first.quality) == (EIGHT, 2001, 3001, Quality.MISSING)
    assert (second.at, second.measured_w) == (EIGHT + timedelta(minutes=1), 7)


async def test_what_nothing_measured_is_not_0() -> None:
    (minute,) = await read(await a_read_model(at(0, 1, None, Quality.MISSING)), Step.MINUTE)
    assert (minute.measured_w, minute.measured_max_w) == (None, None)


async def test_hours_that_are_over_are_kept_by_the_minute_and_read_on_into_what_is_kept_finely() -> None:
    """A cycle a minute for two hours and ten minutes: the first whole hours are made with a 60th cycle."""
    cycles = [at(60 * minute, minute + 1, minute) for minute in range(130)]
    read_model = await a_read_model(*cycles)

    (hour,) = await read_model.node_hours("depot", "depot", EIGHT + timedelta(days=1), 10)
    assert (hour.hour, len(hour.minutes)) == (EIGHT, 60)
    found = await read(read_model, Step.MINUTE)
    assert [each.measured_w for each in found] == list(range(129, -1, -1))
    assert [each.measured_w for each in await read(read_model, Step.MINUTE, 600, 1200)] == list(range(19, 9, -1))
    assert len(await read(read_model, Step.MINUTE, limit=7)) == 7


async def test_minutes_outlive_what_they_were_made_of() -> None:
    day = 24 * 3600
    cycles = [at(60 * minute, minute + 1, minute) for minute in range(121)]
    later = [at(2 * day + 60 * minute, PRUNED_EVERY * (10 + minute), 5) for minute in range(2)]
    read_model = await a_read_model(*cycles, *later)

    assert await read(read_model, Step.TEN_SECONDS, 0, day) == []
    assert [each.measured_w for each in await read(read_model, Step.MINUTE, 0, 3600)] == list(range(59, -1, -1))


async def test_a_quarter_is_made_of_minutes() -> None:
    read_model = await a_read_model(*[at(60 * minute, minute + 1, minute) for minute in range(75)])

    quarters = await read(read_model, Step.QUARTER)
    assert told(quarters)[-2:] == [(EIGHT + timedelta(minutes=15), 22, 29), (EIGHT, 7, 14)]
    assert len(quarters) == 5
