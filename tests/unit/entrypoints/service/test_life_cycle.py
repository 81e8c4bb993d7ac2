"""What a process that is told to stop still does: it ends what it began, and carries on with it until all is done."""

import asyncio
from collections.abc import Sequence

import pytest

from application.ports.ownership import Fenced
from application.ports.persistence import StorageUnavailable
from entrypoints.service import life_cycle
from entrypoints.service.health import Health, Turn

PATIENCE_S = 30.0


async def answers() -> bool:
    return True


class Work:
    """A worker of two loops: one takes work in, slowly, and the other carries it on, a piece a turn."""

    def __init__(self) -> None:
        self.stop = asyncio.Event()
        self.taking = asyncio.Event()
        self.may_end = asyncio.Event()
        self.health = Health(answers, lambda: 0.0)
        self.waiting = 0
        self.done = 0

    async def take(self) -> bool:
        self.taking.set()
        await self.may_end.wait()
        self.waiting += 3
        return True

    async def carry_on(self) -> bool:
        await asyncio.sleep(0)
        if not self.waiting:
            return False
        self.waiting -= 1
        self.done += 1
        return True

    @property
    def turns(self) -> Sequence[Turn]:
        return (self.take, self.carry_on)


async def test_what_was_begun_when_the_process_is_told_to_stop_is_ended_and_carried_on() -> None:
    work = Work()
    taking_turns = asyncio.ensure_future(life_cycle.take_turns(work.turns, work.health, work.stop))
    await work.taking.wait()
    work.stop.set()
    for _ in range(10):
        await asyncio.sleep(0)
    assert not taking_turns.done()

    work.may_end.set()
    await asyncio.wait_for(taking_turns, PATIENCE_S)
    assert (work.waiting, work.done) == (0, 3)


async def test_what_does_not_end_is_left_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(life_cycle, "DRAINING_S", 0.05)
    work = Work()
    taking_turns = asyncio.ensure_future(life_cycle.take_turns(work.turns, work.health, work.stop))
    await work.taking.wait()
    work.stop.set()
    await asyncio.wait_for(taking_turns, PATIENCE_S)
    assert work.done == 0


@pytest.mark.parametrize(
    ("error", "foreseen"),
    [
        (StorageUnavailable("sorry, too many clients already"), True),
        (ExceptionGroup("", [StorageUnavailable(), ExceptionGroup("", [Fenced()])]), True),
        (ExceptionGroup("", [StorageUnavailable(), ZeroDivisionError()]), False),
        (ZeroDivisionError(), False),
    ],
    ids=repr,
)
def test_only_what_somebody_has_to_look_into_is_logged_with_its_traceback(error: Exception, foreseen: bool) -> None:
    assert life_cycle.is_foreseen(error) is foreseen


async def test_a_loop_that_fails_ends_the_others() -> None:
    async def fail() -> bool:
        raise ZeroDivisionError

    work = Work()
    with pytest.raises(ExceptionGroup) as raised:
        await asyncio.wait_for(life_cycle.take_turns((work.take, fail), work.health, work.stop), PATIENCE_S)
    assert raised.group_contains(ZeroDivisionError)
