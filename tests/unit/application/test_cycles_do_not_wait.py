"""A worker never waits for one thing while another is due: what is due is decided, what arrives is taken in."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise

import pytest

from adapters.clock import VirtualClock
from application.cycles import AT_ONCE
from application.mailbox import STRANGERS
from application.ports.bus import Message, Position, PublicationRefused, Unreadable
from domain.knowledge.readings import Receipt
from domain.site.configuration import Settings
from tests.builders import EIGHT, a_configuration
from tests.unit.application.service import TELEMETRY, Service, Worker
from tests.unit.application.telemetry import a_charger_says, a_meter_says

EVERY_S = 2
LATE = timedelta(milliseconds=250)
BESIDE = a_configuration("beside", connectors=1, settings=Settings(refresh_interval_s=EVERY_S))
WORK = timedelta(milliseconds=2)


class BusyClock(VirtualClock):
    """Time passes while something is worked on: with each look at the steady clock, some of them a cycle."""

    is_busy = False

    def steady(self) -> timedelta:
        if self.is_busy:
            self.advance(self.now() + WORK)
        return super().steady()


@pytest.fixture
async def service() -> Service:
    return Service(BusyClock(EIGHT))


async def a_worker(service: Service) -> Worker:
    """One that has decided for the depot beside once; from now on time passes."""
    worker = await service.start()
    await service.offer(BESIDE)
    while await worker.turn():
        pass
    assert isinstance(service.clock, BusyClock)
    service.clock.is_busy = True
    return worker


async def run(service: Service, worker: Worker, seconds: float) -> None:
    """Both loops, until so many seconds have passed."""
    until = EIGHT + timedelta(seconds=seconds)

    async def repeat(take_in: bool) -> None:
        while service.clock.now() < until:
            await (worker.take_in() if take_in else worker.decide())
            await asyncio.sleep(0)

    await asyncio.wait_for(asyncio.gather(repeat(True), repeat(False)), 60)


def gaps(service: Service, microgrid_id: str = "beside") -> list[float]:
    """Seconds between the published cycles of a depot."""
    cycles = [
        row.created_at
        for (of, _), row in sorted(service.database.tables.outbox.items())
        if of == microgrid_id and dict(row.message.headers)["ce_type"] == b"busbar.cycle.completed.v1"
    ]
    return [(later - earlier).total_seconds() for earlier, later in pairwise(cycles)]


async def test_many_configurations_at_once_leave_no_depot_beside_them_undecided(service: Service) -> None:
    worker = await a_worker(service)
    for number in range(1500):
        await service.offer(a_configuration(f"new-{number}", chargers=1, connectors=1))
    await run(service, worker, seconds=30)

    assert len(gaps(service)) >= 13
    assert max(gaps(service)) <= EVERY_S + LATE.total_seconds()
    assert len(service.database.tables.microgrids) > 500, "and they are taken in meanwhile"


async def test_readings_are_taken_in_however_many_configurations_wait_to_be_answered(service: Service) -> None:
    worker = await a_worker(service)
    for number in range(1500):
        await service.offer(a_configuration(f"new-{number}", chargers=1, connectors=1))
    for turn in range(1, 6):
        await worker.take_in()
        await service.say(a_charger_says(turn, "Finishing", service.clock.now(), microgrid_id="beside"))
        await worker.take_in()
        assert service.counts.receipts[Receipt.KEPT] == turn
    assert len(service.database.tables.microgrids) < 1000, "and many wait all the time"


async def test_readings_that_come_with_their_configurations_wait_for_these_together() -> None:
    service = Service()
    worker = await service.start()
    for number in range(240):
        await service.offer(replace(BESIDE, microgrid_id=f"new-{number}"))
        await service.say(a_charger_says(1, "Finishing", EIGHT, microgrid_id=f"new-{number}"))
    await worker.take_in()

    assert service.counts.receipts == {Receipt.KEPT: 240}
    assert service.transactions.commits <= 240 / 15


async def test_many_ids_that_are_made_up_leave_no_depot_undecided_and_no_trace(service: Service) -> None:
    worker = await a_worker(service)
    for number in range(1500):
        await service.offer(replace(BESIDE, microgrid_id=f"made-up-{number}"), max_import_w="much")
        await service.say(a_meter_says(0, number + 1, microgrid_id=f"heard-of-{number}"))
    await run(service, worker, seconds=30)

    assert max(gaps(service)) <= EVERY_S + LATE.total_seconds()
    assert len(service.mailbox.ids) <= 1 + STRANGERS
    assert len(service.database.tables.microgrids) == 1 + STRANGERS
    assert service.counts.receipts == {Receipt.UNKNOWN: 1500}
    assert service.counts.dead_letters == {"malformed": 1500 - STRANGERS}
    assert {dict(each.headers)["dlq_code"] for each in await service.dead_letters()} == {b"malformed"}
    answered = [of for of, _ in service.database.tables.outbox if of.startswith("made-up-")]
    assert len(answered) == STRANGERS
    assert service.types(answered[0]) == ["configuration.rejected"]


async def test_however_much_is_due_readings_are_taken_in(service: Service) -> None:
    worker = await service.start()
    for number in range(400):
        await service.offer(replace(BESIDE, microgrid_id=f"due-{number}"))
    while await worker.turn():
        pass
    assert isinstance(service.clock, BusyClock)
    service.clock.advance(EIGHT + timedelta(seconds=EVERY_S))
    service.clock.is_busy = True
    at = service.clock.now()
    await service.say(*(a_charger_says(2, "Finishing", at, microgrid_id=f"due-{number}") for number in range(400)))

    deciding = asyncio.create_task(worker.decide())
    await asyncio.sleep(0)
    await worker.take_in()
    assert service.counts.receipts[Receipt.KEPT] == 400
    await deciding
    assert worker.cycles <= 400 + AT_ONCE, "long before all that was due is decided"


class BusThatIsAway:
    """Dead letters and positions wait for ever."""

    async def put(self, letters: Sequence[tuple[Position, Unreadable]]) -> None:
        await asyncio.Event().wait()


async def test_a_dead_letter_that_waits_for_the_bus_holds_up_no_cycle(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service.bus, "dead_letters", lambda _: BusThatIsAway())
    worker = await a_worker(service)
    await service.publish(TELEMETRY, Message("beside", (("ce_type", b"circuit.telemetry.v1"),), b"{"))
    taking_in = asyncio.create_task(worker.take_in())
    for _ in range(20):
        service.clock.advance(service.clock.now() + timedelta(seconds=1))
        await worker.decide()
        await asyncio.sleep(0)

    assert not taking_in.done()
    assert len(gaps(service)) >= 9
    taking_in.cancel()


class CountedLetters:
    """Dead letters; `offsets` are those of each time that some were put."""

    def __init__(self, refused: int | None = None) -> None:
        self.offsets: list[list[int]] = []
        self._refused = refused

    async def put(self, letters: Sequence[tuple[Position, Unreadable]]) -> None:
        offsets = [position.offset for position, _ in letters]
        self.offsets.append(offsets)
        if self._refused in offsets:
            raise PublicationRefused("too large")


@pytest.mark.parametrize(("refused", "put"), [(None, [[0, 1, 2]]), (1, [[0, 1, 2], [0], [1], [2]])])
async def test_dead_letters_go_out_together_so_that_many_do_not_keep_what_arrives_waiting(
    service: Service, monkeypatch: pytest.MonkeyPatch, refused: int | None, put: list[list[int]]
) -> None:
    letters = CountedLetters(refused)
    monkeypatch.setattr(service.bus, "dead_letters", lambda _: letters)
    worker = await a_worker(service)
    for _ in range(3):
        await service.publish(TELEMETRY, Message("beside", (("ce_type", b"circuit.telemetry.v1"),), b"{"))
    await worker.take_in()

    assert letters.offsets == put
    assert [each.offset for each in service.counts.refused_letters] == [each for each in (refused,) if each is not None]


# --- a depot that cannot be read ---------------------------------------------------------------------------


async def settle(worker: Worker) -> None:
    while await worker.turn():
        pass


def versions(service: Service, microgrid_id: str = "beside") -> list[int]:
    return [event.data["version"] for event in service.events(microgrid_id) if event.type.endswith("applied.v1")]


@pytest.fixture
async def unreadable() -> tuple[Service, Worker]:
    """A worker that took over a depot that it cannot read, and another one."""
    service = Service()
    worker = await service.start()
    await service.offer(BESIDE)
    await service.offer(replace(BESIDE, microgrid_id="other"))
    await settle(worker)
    service.transactions.unreadable["beside"] = ValueError("schema 99")
    return service, await service.start()


async def test_configurations_of_a_depot_that_cannot_be_read_are_kept_for_it(
    unreadable: tuple[Service, Worker],
) -> None:
    service, worker = unreadable
    for version in (2, 3):
        await service.offer(replace(BESIDE, version=version))
        await service.offer(replace(BESIDE, microgrid_id="other", version=version))
        await settle(worker)
    assert (versions(service), versions(service, "other")) == ([1], [1, 2, 3])
    assert await service.dead_letters() == []

    service.transactions.unreadable.clear()
    service.clock.advance(EIGHT + timedelta(seconds=60))
    await settle(worker)
    assert versions(service) == [1, 2, 3]
    assert service.types().count("cycle.completed") == 0
    assert service.types("beside")[-1] == "cycle.completed"


async def test_they_are_not_acknowledged_so_that_a_worker_that_takes_over_gets_them(
    unreadable: tuple[Service, Worker],
) -> None:
    service, worker = unreadable
    await service.offer(replace(BESIDE, version=2))
    await settle(worker)
    service.transactions.unreadable.clear()
    successor = await service.start()
    await settle(successor)
    assert versions(service) == [1, 2]

    begun = service.transactions.begun
    third = await service.start()
    await settle(third)
    assert versions(service) == [1, 2]
    assert service.counts.outdated_configurations == 0, "it is acknowledged once it is answered"
    assert service.transactions.begun > begun


async def test_what_is_given_up_unanswered_is_forgotten(unreadable: tuple[Service, Worker]) -> None:
    service, worker = unreadable
    await service.offer(replace(BESIDE, version=2))
    await settle(worker)
    await service.bus.rebalance("busbar.worker")
    service.transactions.unreadable.clear()
    service.clock.advance(EIGHT + timedelta(seconds=60))
    await settle(worker)
    assert versions(service) == [1, 2]
    assert service.counts.outdated_configurations == 0
