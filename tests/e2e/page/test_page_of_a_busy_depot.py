"""What the page of a large depot costs while a cycle comes every second: bytes on the wire, and the browser's time."""

import asyncio
from collections import Counter
from datetime import timedelta
from random import Random
from typing import Any, Final
from urllib.parse import urlsplit

import pytest
from playwright.async_api import CDPSession

from domain.knowledge.readings import Session
from domain.site.configuration import Settings
from tests.e2e.page.dashboard import Dashboard
from tests.e2e.page.depot import ShownDepot, served
from tests.unit.domain.depot import EIGHT, Depot, charger, feeder, grid

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.slow]

CHARGERS: Final = 120
"""Of two connectors each."""
SECONDS: Final = 20
MOST_BYTES: Final = 15_000
MOST_OF_A_PROCESSOR: Final = 0.06
"""Seen: 0.04, and 0.06 more to paint."""
ASKED_BY_THE_PAGE: Final = {"ScriptDuration", "RecalcStyleDuration", "LayoutDuration"}


class Busy(ShownDepot):
    """All of its connectors charge, each at another power every second."""

    def __init__(self, database_url: str) -> None:
        self._draw = Random(1)
        chargers = [charger(f"cp-{each:03}", f"f-{each % 12}", 75_000, 75_000) for each in range(1, CHARGERS + 1)]
        feeders = [feeder(f"f-{each}", f"gc-{each % 2}", 800_000) for each in range(12)]
        settings = Settings(telemetry_cycle_interval_s=1)
        self.depot = Depot(grid("gc-0", 3_600_000), grid("gc-1", 3_600_000), *feeders, *chargers, settings=settings)
        self.sessions = {
            f"cp-{each:03}/{number}": self._draw.randrange(60_000, 200_000)
            for each in range(1, CHARGERS + 1)
            for number in (1, 2)
        }
        super().__init__(database_url, self.depot)

    async def goes_on(self) -> None:
        """A second, in which every connector says what it draws and what it still needs."""
        self.later(1)
        for connector, needed_wh in self.sessions.items():
            power_w = self._draw.randrange(20_000, 75_000)
            self.sessions[connector] = needed_wh - power_w // 3600
            session = Session(connector, EIGHT, EIGHT + timedelta(hours=8), self.sessions[connector])
            self.depot.hears(connector, power_w, session=session)
        await self.decide()


class Wire:
    """What a tab received, by the route that it asked for."""

    def __init__(self) -> None:
        self.bytes: Counter[str] = Counter()
        self.answers: Counter[str] = Counter()
        self._routes: dict[str, str] = {}

    async def watch(self, devtools: CDPSession) -> None:
        """From now on."""
        devtools.on("Network.requestWillBeSent", self._asked)
        devtools.on("Network.dataReceived", self._received)
        devtools.on("Network.responseReceived", self._answered)
        await devtools.send("Network.enable")

    def _asked(self, event: dict[str, Any]) -> None:
        self._routes[event["requestId"]] = urlsplit(event["request"]["url"]).path.rpartition("/")[2]

    def _answered(self, event: dict[str, Any]) -> None:
        self._count(event["requestId"], event["response"]["encodedDataLength"])
        self.answers[self._routes[event["requestId"]]] += 1

    def _received(self, event: dict[str, Any]) -> None:
        self._count(event["requestId"], event["encodedDataLength"])

    def _count(self, request_id: str, number: float) -> None:
        self.bytes[self._routes[request_id]] += int(number)


async def processor_s(devtools: CDPSession) -> float:
    """How long the main thread ran, styled and laid out the page so far, by the clock of the thread.

    What it paints is left out: here a processor paints in place of a graphics card, as long again and more.
    """
    metrics = (await devtools.send("Performance.getMetrics"))["metrics"]
    return float(sum(each["value"] for each in metrics if each["name"] in ASKED_BY_THE_PAGE))


async def test_a_cycle_a_second_of_240_connectors_is_cheap_to_send_and_to_show(
    database_url: str, tab: Dashboard
) -> None:
    depot = Busy(database_url)
    await depot.provision()
    await depot.goes_on()
    devtools, wire = await tab.page.context.new_cdp_session(tab.page), Wire()
    await wire.watch(devtools)
    await devtools.send("Performance.enable", {"timeDomain": "threadTicks"})
    loop = asyncio.get_running_loop()
    async with served(depot.database_url, depot.clock) as address:
        await tab.page.goto(address)
        await tab.is_live()
        before, wire.bytes, wire.answers = await processor_s(devtools), Counter(), Counter()
        for _ in range(SECONDS):
            begun = loop.time()
            await depot.goes_on()
            await asyncio.sleep(max(0.0, 1 - (loop.time() - begun)))
        computed_s = await processor_s(devtools) - before

    assert wire.answers["overview"] >= SECONDS / 3
    update = wire.bytes["overview"] / wire.answers["overview"] + wire.bytes["stream"] / SECONDS
    assert update < MOST_BYTES, wire.bytes
    assert 0 < computed_s < MOST_OF_A_PROCESSOR * wire.answers["overview"], "of the main thread, for each update"
