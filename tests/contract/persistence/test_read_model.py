"""What every ReadModel answers."""

import json
from dataclasses import replace
from datetime import UTC, timedelta, timezone

from application.queries.rows import CycleRow
from tests.builders import EIGHT
from tests.contract.persistence.conftest import Persistence
from tests.contract.persistence.test_read_model_changes import STATUS, a_cycle, advance, put


async def test_microgrids_come_in_natural_order(persistence: Persistence) -> None:
    await put(persistence, *(replace(STATUS, microgrid_id=name) for name in ("depot-10", "depot-2", "Depot-1", "9")))

    statuses = await persistence.read_model.statuses()

    assert [status.microgrid_id for status in statuses] == ["9", "Depot-1", "depot-2", "depot-10"]


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
    data = {"cycle_seq": 2, "nodes": [{"node_id": "gc-1"}], "totals": {"requested_w": None}, "setpoints": [{}]}
    await put(persistence, *(a_cycle(cycle_seq=seq) for seq in (1, 3)), replace(a_cycle(cycle_seq=2), data=data))

    newest, before = await persistence.read_model.cycle_heads("depot", None, 2)

    assert newest == a_cycle(cycle_seq=3)
    assert before == replace(a_cycle(cycle_seq=2), data={"cycle_seq": 2, "totals": {"requested_w": None}})
    assert await persistence.read_model.cycle_heads("depot", 2, 10) == [a_cycle(cycle_seq=1)]
    assert await persistence.read_model.cycle_heads("another", None, 10) == []


async def test_json_values_come_back_as_they_were(persistence: Persistence) -> None:
    data = {"text": 'Zürich \U0001f50c \\ "', "watts": 10**12, "none": None, "nested": [{"empty": {}}, [], -1, True]}
    status = replace(STATUS, configuration=data, nodes=[data, {}], warnings=[{"code": "x"}], latest_cycle=data)
    cycle = replace(a_cycle(), data=data)

    await put(persistence, status, cycle)

    assert await persistence.read_model.status("depot") == status
    assert await persistence.read_model.cycle("depot", 1) == cycle


async def test_json_keys_keep_their_order(persistence: Persistence) -> None:
    """What is served as it is keeps the order of the contract: neither sorted nor by length, as JSONB has it."""
    data = {"node_id": 1, "at": 2, "mode": {"z": 3, "a": 4}, "b": 5}
    status = replace(STATUS, configuration=data, nodes=[data], latest_cycle=data)

    await put(persistence, status, replace(a_cycle(), data=data))

    read = await persistence.read_model.status("depot")
    cycle = await persistence.read_model.cycle("depot", 1)
    assert read
    assert cycle
    for each in (read.configuration, read.nodes[0], read.latest_cycle, cycle.data):
        assert json.dumps(each) == json.dumps(data)


async def test_rows_that_were_read_are_the_reader_s_own(persistence: Persistence) -> None:
    await put(persistence, STATUS)
    status = await persistence.read_model.status("depot")
    assert status
    status.configuration["version"] = 99

    assert await persistence.read_model.status("depot") == STATUS


async def test_instants_are_the_same_to_the_microsecond_and_in_a_zone(persistence: Persistence) -> None:
    perth = timezone(timedelta(hours=8))
    decided_at = (EIGHT + timedelta(microseconds=123_456)).astimezone(perth)

    await put(persistence, CycleRow("depot", 1, 3, decided_at, {}))

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
