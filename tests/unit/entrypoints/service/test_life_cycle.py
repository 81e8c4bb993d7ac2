"""What a process that is told to stop still does: it ends what it began, and carries on with it until all is done."""

import asyncio
import gc
import weakref
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from application.ports.bus import Offsets, Partition
from application.ports.ownership import Fenced
from application.ports.persistence import StorageUnavailable
from entrypoints.service import life_cycle
from entrypoints.service.health import Health, Turn
from entrypoints.service.life_cycle import Joined, Lasting
from entrypoints.service.standstill import Progress

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


class Silent:
    """A source that nothing comes from."""

    async def trouble(self) -> str | None:
        return None

    async def offsets(self) -> Mapping[Partition, Offsets]:
        return {}


@pytest.fixture
def only_told() -> Iterator[None]:
    """Cycles are collected by nobody but those who say so."""
    gc.disable()
    yield
    gc.enable()


@pytest.mark.usefixtures("only_told")
async def test_of_a_membership_that_failed_nothing_lies_beside_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(life_cycle, "RETRY_S", 0)
    stop, health = asyncio.Event(), Health(answers, lambda: 0.0)
    kept: list[weakref.ref[Work]] = []
    alive: list[int] = []

    @asynccontextmanager
    async def join() -> AsyncIterator[Joined]:
        alive.append(sum(each() is not None for each in kept))
        work = Work()
        kept.append(weakref.ref(work))

        async def fail() -> bool:
            raise Fenced

        if len(kept) == 4:
            stop.set()
        yield Joined(Silent(), (work.take, fail), why_behind=lambda: f"{work.waiting} wait")

    lasting = Lasting(health, Progress(lambda: 0.0), stop)
    nowhere = f"sqlite+aiosqlite:///{tmp_path / 'never-made'}"
    await asyncio.wait_for(life_cycle.stay_joined(join, nowhere, lasting), PATIENCE_S)
    assert alive == [0, 0, 0, 0]
