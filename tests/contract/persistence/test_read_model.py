"""What every ReadModel answers."""

from dataclasses import replace
from datetime import UTC, timedelta, timezone

from application.projections.standing import configured, decided
from application.queries.rows import CycleHead
from domain.events import ConfigurationApplied
from domain.microgrid import Microgrid
from tests.builders import EIGHT, a_configuration
from tests.contract.persistence.conftest import Persistence
from tests.contract.persistence.test_read_model_changes import STATUS, a_cycle, advance, of_another, put


async def test_microgrids_come_in_natural_order(persistence: Persistence) -> None:
    await put(persistence, *(of_another(STATUS, name) for name in ("depot-10", "depot-2", "Depot-1", "9")))

    statuses = await persistence.read_model.statuses()

    assert [status.microgrid_id for status in statuses] == ["9", "Depot-1", "depot-2", "depot-10"]


async def test_how_a_microgrid_stands_is_kept_and_shown_in_a_line(persistence: Persistence) -> None:
    await put(persistence, STATUS, of_another(STATUS, "another"))
    standing = decided(configured(None, configuration_applied()), a_cycle())
    async with persistence.read_model_transactions.begin() as changes:
        assert await changes.standings(["depot"]) == {}
        await changes.put_news([], {"depot": standing, "nowhere": standing})
        await changes.commit()

    async with persistence.read_model_transactions.begin() as changes:
        assert await changes.standings(["depot", "another", "nowhere"]) == {"depot": standing}
    another, depot = await persistence.read_model.glances()
    assert (another.microgrid_id, another.name, another.glance) == ("another", "Malaga depot", None)
    assert (depot.microgrid_id, depot.workspace_id, depot.glance) == ("depot", None, standing.glance)
    assert depot.glance is not None

    await put(persistence, replace(STATUS, configuration=a_configuration(version=8)))
    status = await persistence.read_model.status("depot")
    assert status is not None
    assert status.glance == standing.glance


def configuration_applied() -> ConfigurationApplied:
    return next(
        event
        for event in Microgrid("depot").configure(a_configuration(), EIGHT).events
        if isinstance(event, ConfigurationApplied)
    )


async def test_what_is_not_known_is_none_or_empty(persistence: Persistence) -> None:
    await put(persistence, STATUS, a_cycle())

    assert await persistence.read_model.status("another") is None
    assert await persistence.read_model.cycle("depot", 2) is None
    assert await persistence.read_model.cycle("another", 1) is None
    assert await persistence.read_model.cycles("another", None, 10) == []


async def test_cycles_come_newest_first_in_pages(persistence: Persistence) -> None:
    await put(persistence, *(a_cycle(cycle_seq=seq) for seq in (9, 10, 11, 100)), a_cycle("another", 50))

    async def page(before: int | None, limit: int) -> list[int]:
        return [cycle.cycle_seq for cycle in await persistence.read_model.cycles("depot", before, limit)]

    assert await page(None, 10) == [100, 11, 10, 9]
    assert await page(None, 2) == [100, 11]
    assert await page(11, 2) == [10, 9]
    assert await page(9, 2) == []


async def test_the_heads_of_cycles_are_the_cycles_without_what_is_long(persistence: Persistence) -> None:
    await put(persistence, *(a_cycle(cycle_seq=seq) for seq in (1, 2, 3)))

    heads = await persistence.read_model.cycle_heads("depot", None, 2)

    assert heads == [CycleHead.of(a_cycle(cycle_seq=seq)) for seq in (3, 2)]
    assert await persistence.read_model.cycle_heads("depot", 2, 10) == [CycleHead.of(a_cycle(cycle_seq=1))]
    assert await persistence.read_model.cycle_heads("another", None, 10) == []


async def test_what_was_put_comes_back_as_it_was(persistence: Persistence) -> None:
    name = 'Zürich \U0001f50c \\ "'
    configuration = a_configuration(version=10**12, name=name, workspace_id=name, max_import_w=0)
    unknown = replace(a_cycle().setpoints[0], limit_w=None, requested_w=0, measured_w=None, status=name)
    cycle = replace(a_cycle(), setpoints=(unknown,))
    status = replace(STATUS, configuration=configuration, latest_cycle=cycle)

    await put(persistence, status, cycle)

    assert await persistence.read_model.status("depot") == status
    assert await persistence.read_model.cycle("depot", 1) == cycle


async def test_instants_are_the_same_to_the_microsecond_and_in_a_zone(persistence: Persistence) -> None:
    perth = timezone(timedelta(hours=8))
    decided_at = (EIGHT + timedelta(microseconds=123_456)).astimezone(perth)

    at_that = replace(a_cycle(), decided_at=decided_at)
    await put(persistence, at_that)

    cycle = await persistence.read_model.cycle("depot", 1)
    assert cycle
    assert cycle.decided_at == decided_at
    assert cycle.decided_at.utcoffset() is not None
    assert cycle.decided_at.astimezone(UTC).microsecond == 123_456


async def test_how_far_projections_came_is_where_the_slowest_is(persistence: Persistence) -> None:
    for projection, microgrid_id, event_seq in (
        ("status", "north", 5),
        ("cycles", "north", 3),
        ("breaches", "north", 1),
        ("status", "south", 2),
    ):
        await advance(persistence, event_seq, projection, microgrid_id)

    assert await persistence.read_model.projected(["status", "cycles"]) == {"north": 3}
    assert await persistence.read_model.projected(["status"]) == {"north": 5, "south": 2}
