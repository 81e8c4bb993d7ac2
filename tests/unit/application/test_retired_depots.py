"""A depot that closed, as a worker and the read models have it (SITE-9, CLI-33, HTTP-16)."""

from dataclasses import replace
from datetime import timedelta

import pytest

from adapters.messages import registry
from adapters.messages.retirement import MICROGRID_RETIREMENT
from application import mailbox
from application.event_types import MICROGRID_RETIRED
from application.ports.bus import PublishedEvent
from application.projections.forgetting import EVERY, Forgetting
from application.projections.keeping import Keeping
from application.queries.microgrids import microgrids
from application.queries.state import StateCode
from domain.knowledge.readings import Receipt
from tests.builders import EIGHT
from tests.fakes.bus import Lost
from tests.fakes.persistence import InMemoryReadModel, InMemoryReadModelTransactions
from tests.unit.application.queries.test_log import told
from tests.unit.application.queries.test_state import Watched, a_depot, all_speak
from tests.unit.application.service import CONFIGURATION, Service, Worker, with_trace
from tests.unit.application.test_worker import DEPOT, STARTED, all_report, settle, started


@pytest.fixture
def service() -> Service:
    return Service()


async def retire(service: Service, message_id: str = "r-1", microgrid_id: str = "depot") -> None:
    message = registry.encode(MICROGRID_RETIREMENT, {"microgrid_id": microgrid_id}, message_id)
    await service.publish(CONFIGURATION, with_trace(message))


async def retired(service: Service) -> Worker:
    """A worker whose only depot was decided once, and closed."""
    worker = await started(service)
    await retire(service)
    await settle(worker)
    return worker


def answers(service: Service, microgrid_id: str = "depot") -> list[PublishedEvent]:
    return [each for each in service.events(microgrid_id) if "request_id" in each.data]


async def test_a_retirement_is_answered_and_no_cycle_follows(service: Service) -> None:
    worker = await retired(service)
    service.clock.advance(EIGHT + timedelta(hours=1))
    await all_report(service, sequence=2)
    await settle(worker)

    assert service.types() == [*STARTED, "microgrid.retired"]
    event = service.events()[-1]
    assert (event.type, event.event_seq) == (MICROGRID_RETIRED, 4)
    assert event.data == {
        "microgrid_id": "depot",
        "event_seq": 4,
        "version": 1,
        "request_id": "r-1",
        "retired_at": "2026-11-22T08:00:00Z",
    }
    assert service.counts.receipts[Receipt.UNKNOWN] == 3
    assert worker.cycles == 1


async def test_its_gauges_and_its_memory_are_given_up(service: Service) -> None:
    await started(service)
    assert (service.mailbox.figures().microgrids, service.mailbox.figures().retired) == (1, 0)
    service = Service()
    await retired(service)
    figures = service.mailbox.figures()
    assert (figures.microgrids, figures.retired, figures.undecided, figures.silent_chargers) == (0, 1, 0, 0)
    assert not service.mailbox.knows("depot")
    assert service.mailbox.next_due() is None


async def test_a_worker_that_takes_over_leaves_it_closed_and_takes_it_into_use_again(service: Service) -> None:
    await retired(service)
    worker = await service.start()
    service.clock.advance(EIGHT + timedelta(days=1))
    await settle(worker)
    assert service.types() == [*STARTED, "microgrid.retired"]
    assert service.mailbox.figures().retired == 1

    await service.offer(replace(DEPOT, version=2))
    await settle(worker)
    assert service.types() == [*STARTED, "microgrid.retired", "configuration.applied", "cycle.completed"]
    assert [event.event_seq for event in service.events()] == [1, 2, 3, 4, 5, 6]
    assert service.events()[-1].data["cycle_seq"] == 2
    assert (service.mailbox.figures().microgrids, service.mailbox.figures().retired) == (1, 0)


async def test_of_many_closed_depots_each_can_be_taken_into_use_again(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mailbox, "RETIRED", 16)
    worker, ids = await service.start(), [f"depot-{number}" for number in range(40)]
    for version in (1, 2):
        for microgrid_id in ids:
            await service.offer(replace(DEPOT, microgrid_id=microgrid_id, version=version))
        await settle(worker)
        if version == 1:
            for microgrid_id in ids:
                await retire(service, microgrid_id=microgrid_id)
            await settle(worker)
            assert service.mailbox.figures().retired == 40
            service.clock.advance(EIGHT + timedelta(minutes=1))
    for microgrid_id in ids:
        assert service.types(microgrid_id)[-2:] == ["configuration.applied", "cycle.completed"]
        assert "configuration.rejected" not in service.types(microgrid_id)


@pytest.mark.parametrize("commit", [1, 2, 3, 4, 5])
@pytest.mark.parametrize("moment", ["lost_before_commit", "lost_after_commit"])
async def test_a_worker_lost_on_the_way_costs_nothing_and_repeats_nothing(
    service: Service, commit: int, moment: str
) -> None:
    worker = await service.start()
    setattr(service.transactions, moment, commit)
    try:
        await service.offer(DEPOT)
        await settle(worker)
        await retire(service)
        await settle(worker)
        await service.offer(replace(DEPOT, version=2))
        await settle(worker)
    except Lost:
        await retire(service)
        await service.offer(replace(DEPOT, version=2))
        await settle(await service.start())

    types = service.types()
    assert [each.event_seq for each in service.events()] == list(range(1, len(types) + 1))
    assert types.count("microgrid.retired") <= 1
    assert types.count("configuration.applied") == 2
    assert "configuration.rejected" not in types
    assert service.mailbox.figures().microgrids == 1


async def test_what_is_not_in_use_is_answered_with_why(service: Service) -> None:
    worker = await retired(service)
    await retire(service, "r-1")
    await retire(service, "r-2")
    await retire(service, "r-3", "nowhere")
    await settle(worker)

    assert [(each.data["request_id"], each.data["faults"][0]["code"]) for each in answers(service)[2:]] == [
        ("r-2", "already_retired")
    ]
    (unknown,) = answers(service, "nowhere")
    assert (unknown.data["request_id"], unknown.data["faults"][0]["code"]) == ("r-3", "unknown_microgrid")


async def test_beyond_some_refusals_of_what_never_was_a_retirement_becomes_a_dead_letter(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Holds BUS-4."""
    monkeypatch.setattr(mailbox, "STRANGERS", 2)
    worker = await service.start()
    for name in ("one", "another", "third"):
        await retire(service, microgrid_id=name)
        await settle(worker)
    (letter,) = await service.dead_letters()
    assert (letter.key, dict(letter.headers)["dlq_code"]) == ("third", b"unknown_microgrid")


async def test_it_leaves_the_lists_when_its_log_has_run_out() -> None:
    watched = await retired_and_watched()
    read_model, clock = InMemoryReadModel(watched.database), Service().clock
    forgetting = Forgetting(InMemoryReadModelTransactions(watched.database), clock, Keeping(log=timedelta(days=2)))
    clock.advance(watched.at + timedelta(days=1, hours=23))
    await forgetting.turn()
    (line,) = await microgrids(read_model, clock.now())
    assert (line.state.code, line.state.since) == (StateCode.RETIRED, watched.at)
    assert line.state.sentence == "Retired on 22 November 2026: nothing is decided any more"

    clock.advance(clock.now() + timedelta(minutes=59))
    await forgetting.turn()
    assert len(await microgrids(read_model, clock.now())) == 1
    clock.advance(clock.now() + EVERY)
    await forgetting.turn()
    assert await microgrids(read_model, clock.now()) == []
    assert await told(watched) == []


async def test_it_is_told_of_in_the_log_and_of_the_way_back_too() -> None:
    watched = await retired_and_watched()
    assert [each.sentence for each in await told(watched)][-1] == (
        "Retired with configuration 2: nothing is decided any more"
    )
    await watched.configure()
    all_speak(watched)
    assert (await watched.decide()).code is StateCode.WITHIN_LIMITS


async def retired_and_watched() -> Watched:
    watched = await a_depot()
    all_speak(watched)
    await watched.decide()
    await watched.retire()
    assert (await watched.state(after_s=3600)).code is StateCode.RETIRED
    return watched
