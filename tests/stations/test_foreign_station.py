"""A station that others wrote (em-ocpp-chargepoint-simulator, a package of npm) at the real server."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest

from adapters.ocpp.findings import UNANSWERED
from tests.services import npm
from tests.stations.depot import Bus, Depot, configuration, gateway_of
from tests.stations.scripted import RATING_W, Habits

HERE = Path(__file__).with_name("foreign")
PATIENCE_S = 60


@asynccontextmanager
async def foreign(url: str, **variables: str) -> AsyncIterator[None]:
    """The station, with a vehicle that charges."""
    modules = npm.modules(HERE, "station", "A station that others wrote needs")
    main = modules / "em-ocpp-chargepoint-simulator" / "build" / "src" / "main.js"
    process = await asyncio.create_subprocess_exec(
        "node",
        main,
        "session.js",
        cwd=HERE,
        env=os.environ | {"STATION_URL": url} | variables,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        yield
    finally:
        process.kill()
        await process.wait()


async def soon(holds: Callable[[], object]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not holds():  # noqa: ASYNC110
            await asyncio.sleep(0.1)


@asynccontextmanager
async def alone(**variables: str) -> AsyncIterator[Depot]:
    """That station alone at a gateway."""
    bus = Bus()
    async with AsyncExitStack() as stack:
        gateway, port = await stack.enter_async_context(gateway_of(configuration({"cp-1": Habits()}), bus))
        await stack.enter_async_context(foreign(f"ws://127.0.0.1:{port}/cp-1", **variables))
        yield Depot(gateway, bus, port, {})


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """The station does not answer what it does not know: the gateway waits for that in vain."""
    monkeypatch.setattr("adapters.ocpp.link.ANSWERED_S", 1.5)


async def test_a_session_of_a_foreign_station_goes_up_and_its_limit_is_kept() -> None:
    async with alone(LIMITED="yes") as depot:

        def powers() -> list[int]:
            return [each["power_w"] for each in depot.bus.readings("cp-1") if each["power_w"] is not None]

        await soon(lambda: RATING_W in powers())
        deciding = asyncio.ensure_future(depot.decide_for(PATIENCE_S, 7_000))
        await soon(lambda: powers()[-1] == 7_000)
        deciding.cancel()
        reading = depot.bus.readings("cp-1")[-1]
        assert (reading["status"], reading["session"]["session_id"]) == ("Charging", "1")
        assert depot.gateway.findings()[0].sentence == "controlled"


async def test_a_foreign_station_that_knows_no_profiles_keeps_its_link_and_is_named() -> None:
    async with alone() as depot:
        await soon(lambda: depot.bus.readings("cp-1"))
        deciding = asyncio.ensure_future(depot.decide_for(PATIENCE_S, 7_000))
        await soon(lambda: depot.gateway.findings()[0].why == UNANSWERED)
        await asyncio.sleep(5)
        deciding.cancel()
        assert depot.gateway.findings()[0].why == UNANSWERED
        named = [each["applied_cycle_seq"] for each in depot.bus.readings("cp-1")]
        refused = [each["refused_cycle_seq"] for each in depot.bus.readings("cp-1")]
        assert set(named) == set(refused) == {None}
