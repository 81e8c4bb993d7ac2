"""What every clock promises to those who ask it for the time and sleep by it."""

import asyncio
from datetime import UTC, datetime, timedelta, timezone
from typing import Protocol

import pytest

from adapters.clock import SystemClock, VirtualClock
from application.ports.clock import Clock

START = datetime(2026, 11, 22, 8, tzinfo=UTC)
MOMENT = timedelta(milliseconds=5)


class ClockUnderTest(Protocol):
    """A clock, and how time passes on it."""

    clock: Clock

    async def reach(self, instant: datetime) -> None:
        """Let time pass until the clock shows this instant, and let those run who were woken."""
        ...


class OnSystemClock:
    """Time passes by itself."""

    def __init__(self) -> None:
        self.clock = SystemClock()

    async def reach(self, instant: datetime) -> None:
        await asyncio.sleep((instant - self.clock.now() + 4 * MOMENT).total_seconds())


class OnVirtualClock:
    """Time passes when it is told to."""

    def __init__(self) -> None:
        self.clock = VirtualClock(START)

    async def reach(self, instant: datetime) -> None:
        await asyncio.sleep(0)
        self.clock.advance(instant)
        await asyncio.sleep(0)
        await asyncio.sleep(0)


@pytest.fixture(params=[OnSystemClock, OnVirtualClock], ids=["system", "virtual"])
def time(request: pytest.FixtureRequest) -> ClockUnderTest:
    made: ClockUnderTest = request.param()
    return made


def test_now_is_in_utc(time: ClockUnderTest) -> None:
    assert time.clock.now().tzinfo is UTC


async def test_time_passes_forwards(time: ClockUnderTest) -> None:
    before = time.clock.now()
    await time.reach(before + MOMENT)
    assert time.clock.now() >= before + MOMENT


async def test_a_sleeper_wakes_at_its_instant_and_not_before(time: ClockUnderTest) -> None:
    instant = time.clock.now() + 9 * MOMENT

    async def woken_at() -> datetime:
        await time.clock.sleep_until(instant)
        return time.clock.now()

    sleeper = asyncio.create_task(woken_at())
    await time.reach(instant - 6 * MOMENT)
    await time.reach(instant)
    assert sleeper.done()
    assert await sleeper >= instant


async def test_sleepers_wake_in_the_order_of_their_instants(time: ClockUnderTest) -> None:
    woken: list[int] = []
    start = time.clock.now()

    async def sleep(moments: int) -> None:
        await time.clock.sleep_until(start + moments * MOMENT)
        woken.append(moments)

    async with asyncio.TaskGroup() as sleepers:
        for moments in (9, 3, 12, 6):
            sleepers.create_task(sleep(moments))
        await time.reach(start + 12 * MOMENT)
    assert woken == [3, 6, 9, 12]


async def test_sleeping_until_a_past_instant_returns_but_lets_others_run(time: ClockUnderTest) -> None:
    ran = asyncio.Event()
    asyncio.get_running_loop().call_soon(ran.set)
    await time.clock.sleep_until(time.clock.now() - MOMENT)
    assert ran.is_set()


async def test_a_sleeper_that_gave_up_holds_up_nobody(time: ClockUnderTest) -> None:
    instant = time.clock.now() + 4 * MOMENT
    impatient = asyncio.create_task(time.clock.sleep_until(instant))
    patient = asyncio.create_task(time.clock.sleep_until(instant))
    await asyncio.sleep(0)
    impatient.cancel()
    await time.reach(instant)
    assert impatient.cancelled()
    assert patient.done()


async def test_an_instant_without_a_zone_is_an_error(time: ClockUnderTest) -> None:
    with pytest.raises(TypeError):
        await time.clock.sleep_until(datetime(2026, 11, 22))  # noqa: DTZ001


async def test_virtual_time_stands_still_until_it_is_advanced() -> None:
    clock = VirtualClock(START)
    await asyncio.sleep(0.01)
    assert clock.now() == START
    clock.advance(START + timedelta(hours=1))
    assert clock.now() == START + timedelta(hours=1)


async def test_virtual_sleepers_of_one_instant_wake_in_the_order_they_came() -> None:
    clock = VirtualClock(START)
    woken: list[str] = []

    async def sleep(name: str) -> None:
        await clock.sleep_until(START + MOMENT)
        woken.append(name)

    async with asyncio.TaskGroup() as sleepers:
        for name in ("c", "a", "b"):
            sleepers.create_task(sleep(name))
        await asyncio.sleep(0)
        clock.advance(START + MOMENT)
    assert woken == ["c", "a", "b"]


def test_virtual_time_does_not_run_backwards() -> None:
    clock = VirtualClock(START)
    clock.advance(START)
    with pytest.raises(ValueError, match="backwards"):
        clock.advance(START - MOMENT)


def test_virtual_time_is_in_utc_wherever_it_was_told() -> None:
    perth = timezone(timedelta(hours=8))
    clock = VirtualClock(datetime(2026, 11, 22, 16, tzinfo=perth))
    assert (clock.now(), clock.now().tzinfo) == (START, UTC)
    clock.advance(datetime(2026, 11, 22, 17, tzinfo=perth))
    assert (clock.now(), clock.now().tzinfo) == (START + timedelta(hours=1), UTC)


def test_virtual_time_cannot_start_without_a_zone() -> None:
    with pytest.raises(ValueError, match="zone-aware"):
        VirtualClock(datetime(2026, 11, 22))  # noqa: DTZ001
