"""The page while things happen: a breach opens and clears, cycles stay away, the service is gone and comes back."""

import re
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

import pytest
import pytest_asyncio
from playwright.async_api import expect

from domain.breaches.constraint import ConstraintBreached, ConstraintCleared
from domain.events import CycleCompleted
from tests.e2e.page.dashboard import STALE, Dashboard
from tests.e2e.page.depot import Building, served

pytestmark = pytest.mark.asyncio(loop_scope="session")

PROMISED_MS = 2_000
"""Within this the page shows what was published."""

MARK = "status => getComputedStyle(status, '::before').backgroundColor"

OVER = 220_000
UNDER = 150_000


@pytest_asyncio.fixture(loop_scope="session")
async def building(database_url: str) -> AsyncIterator[Building]:
    building = Building(database_url)
    await building.provision()
    await building.draws(UNDER)
    yield building


async def open_page(tab: Dashboard, address: str) -> None:
    await tab.page.goto(address)
    await tab.is_live()


async def test_a_node_over_its_limit_shows_within_two_seconds_and_its_breach_too_until_it_clears(
    building: Building, tab: Dashboard
) -> None:
    async with served(building.database_url, building.clock) as address:
        await open_page(tab, address)
        await expect(tab.page.get_by_text("All loads within limits")).to_be_visible()
        await expect(tab.node("gc-1")).not_to_have_accessible_name(re.compile("over limit"))
        await expect(tab.breaches).not_to_contain_text("gc-1")

        assert CycleCompleted in await building.draws(OVER)
        await expect(tab.node("gc-1")).to_have_accessible_name(re.compile("220.*200.*over limit"), timeout=PROMISED_MS)
        await expect(tab.page.get_by_text("1 node over just now, not long enough for a breach")).to_be_visible()

        assert ConstraintBreached in await building.draws(OVER)
        await expect(tab.breaches).to_contain_text("gc-1", timeout=PROMISED_MS)
        await expect(tab.breaches).to_contain_text(re.compile(r"\+20\s?kW"))
        await expect(tab.page.get_by_text("gc-1 is 20 kW over its limit", exact=True)).to_be_visible(
            timeout=PROMISED_MS
        )

        assert ConstraintCleared not in await building.draws(UNDER)
        assert ConstraintCleared in await building.draws(UNDER)
        await expect(tab.breaches).not_to_contain_text("gc-1", timeout=PROMISED_MS)
        await expect(tab.page.get_by_text("All loads within limits")).to_be_visible()
        await expect(tab.node("gc-1")).not_to_have_accessible_name(re.compile("over limit"))
        await expect(tab.answer("Last breach")).to_contain_text("gc-1")


async def test_a_load_that_is_nearly_nothing_has_no_sign(building: Building, tab: Dashboard) -> None:
    building.later(40)
    await building.draws(-300)
    async with served(building.database_url, building.clock) as address:
        await open_page(tab, address)
        await expect(tab.node("gc-1")).to_have_accessible_name(re.compile(r"gc-1, 0 of 200 kilowatts, 0 percent"))
        await expect(tab.node("gc-1")).to_have_text(re.compile(r"(?<!-)\b0 / 200 kW"))


async def test_what_is_held_for_chargers_that_are_not_heard_from_stands_beside_the_load(
    building: Building, tab: Dashboard
) -> None:
    building.later(600)
    await building.decide()
    async with served(building.database_url, building.clock) as address:
        await tab.page.goto(address)
        await expect(tab.live).to_have_text(re.compile(r"No data, cycle 2\b"))
        await expect(tab.page.get_by_text("No data from the depot since")).to_be_visible()
        await expect(tab.node("f-1")).to_have_accessible_name(re.compile(r"\b[1-9]\d* kilowatts held"))
        await tab.node("f-1").click()
        await expect(tab.explanation("f-1")).to_contain_text(re.compile(r"– \+ [1-9]\d* held / 150 kW"))


async def test_without_cycles_the_page_says_how_old_it_is_and_what_it_says_is_the_last_that_is_known(
    building: Building, tab: Dashboard
) -> None:
    async with served(building.database_url, building.clock) as address:
        await tab.page.clock.install()
        await open_page(tab, address)

        building.later(25)
        await tab.page.clock.fast_forward(25_000)
        await expect(tab.live).to_have_text(STALE)
        await expect(tab.live).to_have_text(re.compile(r"\b(2[5-9]|[3-9]\d) s\b"))
        await expect(tab.page.get_by_text("last known")).to_be_visible()

        await building.draws(UNDER)
        await tab.is_live()
        await expect(tab.page.get_by_text("last known")).not_to_be_visible()


async def test_a_page_that_is_opened_on_a_stale_depot_says_so(building: Building, tab: Dashboard) -> None:
    building.later(95)
    async with served(building.database_url, building.clock) as address:
        await tab.page.goto(address)
        await expect(tab.live).to_have_text(STALE)
        await expect(tab.page.get_by_text("last known")).to_be_visible()


async def test_a_service_that_comes_back_is_found_again_and_nothing_is_shown_twice(
    building: Building, tab: Dashboard
) -> None:
    await building.draws(OVER)
    await building.draws(OVER)
    async with served(building.database_url, building.clock) as address:
        await open_page(tab, address)
        before = await tab.nodes.count()
        shown = await tab.cycle_seq()
        await expect(tab.breaches.get_by_text("gc-1")).to_have_count(1)
        mark = await tab.live.evaluate(MARK)
    await expect(tab.live).not_to_have_text(re.compile(r"\bLive\b"))
    assert await tab.live.evaluate(MARK) != mark

    async with served(building.database_url, building.clock, port=urlsplit(address).port or 0) as again:
        assert again == address
        await tab.is_live()
        building.later(40)
        await building.draws(OVER)
        await tab.is_at_cycle(shown + 1)
        assert await tab.nodes.count() == before
        await expect(tab.breaches.get_by_text("gc-1")).to_have_count(1)
