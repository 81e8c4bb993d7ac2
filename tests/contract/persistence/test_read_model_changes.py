"""What every ReadModelChanges promises: an event's effect and the position after it, together and once."""

from dataclasses import replace
from datetime import timedelta

import pytest

from application.ports.bus import PublishedEvent
from application.ports.persistence import ConcurrentChange
from application.ports.read_side import EventGap, Reached
from application.projections.projector import gathering
from application.queries.rows import StatusRow
from domain.events import CycleCompleted, TreeNode
from domain.sharing.plan import Outcome
from domain.site.configuration import SiteWarning
from domain.site.power_tree import NodeType
from tests.builders import EIGHT, a_configuration, a_cycle_completed, a_cycle_row
from tests.contract.persistence.conftest import Persistence
from tests.fakes.persistence import STREAM

STATUS = StatusRow(
    a_configuration(version=7),
    (TreeNode("depot", NodeType.MICROGRID, None, "Malaga"),),
    (SiteWarning("unlimited_circuit", "f-1", "It has no limit."),),
    None,
)


def of_another(status: StatusRow, microgrid_id: str) -> StatusRow:
    return replace(status, configuration=replace(status.configuration, microgrid_id=microgrid_id))


def a_cycle(microgrid_id: str = "depot", cycle_seq: int = 1) -> CycleCompleted:
    decided_at = EIGHT + timedelta(minutes=cycle_seq)
    return replace(a_cycle_completed(microgrid_id, cycle_seq + 2, cycle_seq), decided_at=decided_at)


def an_event(event_seq: int, of: str = "depot", stream: str = STREAM) -> PublishedEvent:
    return PublishedEvent(of, event_seq, "busbar.cycle.completed.v1", "{}", stream)


async def advance(
    persistence: Persistence, event_seq: int, projection: str = "status", of: str = "depot", stream: str = STREAM
) -> bool:
    async with persistence.read_model_transactions.begin() as changes:
        gathered = await gathering([an_event(event_seq, of, stream)], changes)
        claimed = gathered.advance(projection, an_event(event_seq, of, stream))
        await gathered.write(changes)
        await changes.commit()
        return claimed


async def put(persistence: Persistence, *rows: StatusRow | CycleCompleted) -> None:
    async with persistence.read_model_transactions.begin() as changes:
        for row in rows:
            match row:
                case StatusRow():
                    await changes.put_statuses([row])
                case CycleCompleted():
                    await changes.put_cycles([a_cycle_row(row)])
        await changes.commit()


async def test_events_are_claimed_one_after_the_other(persistence: Persistence) -> None:
    assert [await advance(persistence, seq) for seq in (1, 2, 3)] == [True, True, True]


async def test_a_projection_may_begin_anywhere(persistence: Persistence) -> None:
    assert await advance(persistence, 41)
    assert await advance(persistence, 42)


async def test_an_event_is_claimed_once(persistence: Persistence) -> None:
    for seq in (1, 2, 3):
        await advance(persistence, seq)

    assert [await advance(persistence, seq) for seq in (3, 1, 2, 3)] == [False, False, False, False]
    assert await advance(persistence, 4)


async def test_a_lost_event_is_noticed_and_the_position_stays(persistence: Persistence) -> None:
    await advance(persistence, 1)

    with pytest.raises(EventGap):
        await advance(persistence, 3)

    assert await advance(persistence, 2)
    assert await advance(persistence, 3)


async def test_projections_and_microgrids_have_their_own_positions(persistence: Persistence) -> None:
    mine = (("status", "north"), ("cycles", "north"), ("status", "south"))

    for event_seq in (5, 6):
        assert [await advance(persistence, event_seq, *each) for each in mine] == [True, True, True]


async def test_a_new_stream_begins_anywhere_and_the_one_before_has_ended(persistence: Persistence) -> None:
    assert [await advance(persistence, seq) for seq in (60, 61)] == [True, True]
    await persistence.streams.begin("another")

    assert await advance(persistence, 62)
    assert await advance(persistence, 42, stream="another")
    assert [await advance(persistence, seq) for seq in (62, 63)] == [False, False]
    assert not await advance(persistence, 42, stream="another")
    assert await advance(persistence, 43, stream="another")
    with pytest.raises(EventGap):
        await advance(persistence, 45, stream="another")


async def test_a_stream_that_is_not_the_databases_moves_no_position_on(persistence: Persistence) -> None:
    assert await advance(persistence, 1)
    assert not await advance(persistence, 2, stream="of-somebody-else")
    assert await advance(persistence, 2)


async def test_events_of_two_streams_may_come_in_one_batch(persistence: Persistence) -> None:
    await persistence.streams.begin("another")
    events = [an_event(60), an_event(42, stream="another"), an_event(61)]
    async with persistence.read_model_transactions.begin() as changes:
        gathered = await gathering(events, changes)
        assert [gathered.advance("status", event) for event in events] == [True, True, False]


async def test_a_projection_that_is_set_back_into_a_former_stream_goes_on_there(persistence: Persistence) -> None:
    await advance(persistence, 60)
    await persistence.streams.begin("another")
    await advance(persistence, 42, stream="another")
    async with persistence.read_model_transactions.begin() as changes:
        await changes.positions(["depot"])
        await changes.put_positions({("status", "depot"): Reached(STREAM, 6)})
        await changes.commit()
    assert await advance(persistence, 7)
    assert await advance(persistence, 42, stream="another")


async def test_position_and_effect_are_forgotten_together(persistence: Persistence) -> None:
    async with persistence.read_model_transactions.begin() as changes:
        await changes.put_positions({("status", "depot"): Reached(STREAM, 1)})
        await changes.put_statuses([STATUS])
        await changes.put_cycles([a_cycle_row(a_cycle())])

    assert await persistence.read_model.status("depot") is None
    assert await persistence.read_model.cycle("depot", 1) is None
    assert await advance(persistence, 1)


async def test_position_and_effect_are_kept_together(persistence: Persistence) -> None:
    async with persistence.read_model_transactions.begin() as changes:
        await changes.put_positions({("status", "depot"): Reached(STREAM, 1)})
        await changes.put_statuses([STATUS])
        assert await persistence.read_model.status("depot") is None
        await changes.commit()

    assert await persistence.read_model.status("depot") == STATUS
    assert not await advance(persistence, 1)


async def test_a_status_replaces_the_one_before(persistence: Persistence) -> None:
    await put(persistence, STATUS)
    configuration = a_configuration(version=8, name="Málaga", workspace_id="tenant-1")
    reconfigured = replace(STATUS, configuration=configuration, nodes=(), warnings=())

    await put(persistence, reconfigured)

    assert await persistence.read_model.statuses() == [reconfigured]


async def test_a_status_without_a_cycle_keeps_the_latest_one(persistence: Persistence) -> None:
    await put(persistence, replace(STATUS, latest_cycle=a_cycle(cycle_seq=1)))
    reconfigured = replace(STATUS, configuration=a_configuration(version=8))

    await put(persistence, reconfigured)
    assert await persistence.read_model.status("depot") == replace(reconfigured, latest_cycle=a_cycle(cycle_seq=1))

    await put(persistence, replace(STATUS, latest_cycle=a_cycle(cycle_seq=2)))
    assert await persistence.read_model.status("depot") == replace(STATUS, latest_cycle=a_cycle(cycle_seq=2))


async def test_the_latest_cycle_changes_nothing_else_of_the_status(persistence: Persistence) -> None:
    await put(persistence, STATUS, of_another(STATUS, "another"))

    async with persistence.read_model_transactions.begin() as changes:
        await changes.put_news([a_cycle_row(a_cycle(cycle_seq=3))], {})
        await changes.commit()

    assert await persistence.read_model.status("depot") == replace(STATUS, latest_cycle=a_cycle(cycle_seq=3))
    assert await persistence.read_model.status("another") == of_another(STATUS, "another")


async def test_the_latest_cycle_of_a_microgrid_without_a_status_is_dropped(persistence: Persistence) -> None:
    async with persistence.read_model_transactions.begin() as changes:
        await changes.put_news([a_cycle_row(a_cycle(cycle_seq=3))], {})
        await changes.commit()

    assert await persistence.read_model.statuses() == []


async def test_a_cycle_that_is_put_again_replaces_itself(persistence: Persistence) -> None:
    await put(persistence, a_cycle(), a_cycle(cycle_seq=2))

    again = replace(a_cycle(), outcome=Outcome.BALANCED)
    await put(persistence, again)

    assert await persistence.read_model.cycles("depot", None, 10) == [a_cycle(cycle_seq=2), again]


async def test_only_cycles_decided_before_are_pruned(persistence: Persistence) -> None:
    await put(persistence, *(a_cycle(cycle_seq=seq) for seq in (1, 2, 3)), a_cycle("another"))

    async with persistence.read_model_transactions.begin() as changes:
        assert await changes.prune_cycles(EIGHT + timedelta(minutes=2)) == 2
        await changes.commit()

    assert await persistence.read_model.cycles("depot", None, 10) == [a_cycle(cycle_seq=3), a_cycle(cycle_seq=2)]
    assert await persistence.read_model.cycles("another", None, 10) == []


async def test_a_projection_can_be_set_back_and_forth(persistence: Persistence) -> None:
    for event_seq in (5, 6, 7):
        await advance(persistence, event_seq)
    for event_seq, projection in ((5, "status"), (11, "status"), (2, "cycles")):
        async with persistence.read_model_transactions.begin() as changes:
            await changes.positions(["depot"])
            await changes.put_positions({(projection, "depot"): Reached(STREAM, event_seq)})
            await changes.commit()
        assert not await advance(persistence, event_seq, projection)
        assert await advance(persistence, event_seq + 1, projection)


async def test_who_begins_with_a_microgrid_that_another_projector_has_begun_with_writes_nothing(
    persistence: Persistence,
) -> None:
    async with persistence.read_model_transactions.begin() as changes:
        await changes.put_positions({("status", "depot"): Reached(STREAM, 3)})
        await changes.commit()
    with pytest.raises(ConcurrentChange):
        async with persistence.read_model_transactions.begin() as changes:
            await changes.put_positions({("status", "depot"): Reached(STREAM, 2)})
    assert await advance(persistence, 4)
