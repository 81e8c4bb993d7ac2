"""Whether a member of a group says truly that it is alive and ready."""

import asyncio
from collections.abc import Mapping

import pytest

from application.ports.bus import Offsets, Partition
from entrypoints.service import health
from entrypoints.service.health import LOST_S, RECENTLY_S, Health


class Group:
    """A source whose membership comes and goes."""

    def __init__(self) -> None:
        self.assigned = True

    async def trouble(self) -> str | None:
        return None if self.assigned else "It has no partitions."

    async def offsets(self) -> Mapping[Partition, Offsets]:
        return {}


class Process:
    """A member with two turns, a database and a clock."""

    def __init__(self) -> None:
        self.time = 1000.0
        self.database = True
        self.database_is_stuck = False
        self.group = Group()
        self.health = Health(self._database_answers, lambda: self.time)

    def join(self) -> None:
        self.health.joined(self.group, (self.decide, self.relay))

    async def get_on(self) -> None:
        await self.health.take(self.decide)
        await self.health.take(self.relay)

    async def decide(self) -> bool:
        return True

    async def relay(self) -> bool:
        return False

    async def _database_answers(self) -> bool:
        if self.database_is_stuck:
            await asyncio.Event().wait()
        return self.database

    async def is_ready(self) -> bool:
        return await self.health.why_not_ready() is None


async def test_a_member_is_ready_once_each_of_its_turns_was_taken() -> None:
    process = Process()
    assert not await process.is_ready()
    process.join()
    await process.health.take(process.decide)
    assert not await process.is_ready()
    await process.health.take(process.relay)
    assert await process.is_ready()


async def test_who_left_the_group_is_not_ready_until_it_joined_anew_and_got_on() -> None:
    process = Process()
    process.join()
    await process.get_on()
    process.health.left()
    assert not await process.is_ready()
    process.join()
    assert not await process.is_ready()
    await process.get_on()
    assert await process.is_ready()


async def test_a_member_without_assignment_or_database_is_not_ready() -> None:
    process = Process()
    process.join()
    await process.get_on()
    process.group.assigned = False
    assert not await process.is_ready()
    process.group.assigned, process.database = True, False
    assert not await process.is_ready()
    process.database = True
    assert await process.is_ready()


async def test_a_member_that_owes_something_is_not_ready_and_says_what() -> None:
    process, owed = Process(), ["The newest cycle is older than twice its interval in 3 of 10 depots."]
    process.health.joined(process.group, (process.decide, process.relay), lambda: owed[0] if owed else None)
    await process.get_on()
    assert await process.health.why_not_ready() == owed[0]
    owed.clear()
    assert await process.is_ready()


async def test_a_database_that_keeps_its_answer_back_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "ANSWERED_S", 0.01)
    process = Process()
    process.join()
    await process.get_on()
    process.database_is_stuck = True
    assert not await process.is_ready()


async def test_who_does_not_get_on_is_not_ready_but_alive() -> None:
    process = Process()
    process.join()
    await process.get_on()
    process.time += RECENTLY_S + 1
    await process.health.take(process.decide)
    assert not await process.is_ready()
    assert process.health.why_not_live() is None
    await process.health.take(process.relay)
    assert await process.is_ready()


async def test_a_turn_that_does_not_end_though_it_was_given_up_makes_a_process_dead() -> None:
    process, ending = Process(), asyncio.Event()

    async def stuck() -> bool:
        return await ending.wait()

    turn = asyncio.create_task(process.health.take(stuck))
    await asyncio.sleep(0)
    process.time += LOST_S
    assert process.health.why_not_live() is None
    process.time += 1
    assert process.health.why_not_live() is not None
    ending.set()
    await turn
    assert process.health.why_not_live() is None


async def test_a_turn_that_fails_is_no_progress() -> None:
    process = Process()

    async def failing() -> bool:
        raise ConnectionError

    process.health.joined(process.group, (failing,))
    with pytest.raises(ConnectionError):
        await process.health.take(failing)
    assert not await process.is_ready()
    process.time += LOST_S + 1
    assert process.health.why_not_live() is None
