"""All that can be used on the page is reached without a mouse, and what goes away leaves the focus on the page."""

import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Final

import pytest
import pytest_asyncio
from playwright.async_api import Locator, expect

from adapters.clock import VirtualClock
from domain.knowledge.readings import Session
from domain.microgrid import Microgrid
from domain.site.configuration import Circuit
from entrypoints.api.auth import OneToken
from tests.e2e.page.dashboard import Dashboard
from tests.e2e.page.depot import Building, ShownDepot, served
from tests.integration.api.depots import Depots
from tests.unit.domain.depot import EIGHT, Depot, charger, feeder, grid

pytestmark = pytest.mark.asyncio(loop_scope="session")

CHARGERS: Final = 14
"""More than fit a short list of vehicles, or of those that are held back."""

USABLE: Final = """() => {
    const all = document.querySelectorAll(`a[href], button, input, select, textarea, summary, [role=button],
        [role=treeitem], [tabindex="0"]`);
    window.usable = [...all].filter((each) => !each.disabled && each.checkVisibility());
    return window.usable.length;
}"""

FOCUSED: Final = "() => window.usable.indexOf(document.activeElement)"

TOLD: Final = """(index) => {
    const each = window.usable[index];
    return `${each.closest("[id]").id}: ${each.tagName} ${each.getAttribute("aria-label") ?? each.textContent}`;
}"""


class Crowded(ShownDepot):
    """A full depot in which every card has something: chargers that are held back, a breach, a warning, a long log."""

    def __init__(self, database_url: str) -> None:
        self.depot = Depot(
            grid("gc-1", 200_000, 180_000, metered=True),
            feeder("f-1", "gc-1", 100_000),
            *[charger(f"cp-{number:02}", "f-1", 80_000) for number in range(1, CHARGERS + 1)],
        )
        configuration = self.depot.configuration
        unlimited = Circuit("f-2", "gc-1", "Yard", None, None)
        self.depot.configuration = replace(configuration, circuits=(*configuration.circuits, unlimited))
        self.depot.microgrid = Microgrid("depot").configure(self.depot.configuration, EIGHT).microgrid
        self._second = 0
        super().__init__(database_url, self.depot)

    async def goes_on(self, seconds: float = 6, *, site_w: int = 220_000, vehicles: int = CHARGERS) -> None:
        """All chargers speak; one after the other draws most."""
        self.later(seconds)
        self._second += 1
        for number in range(1, CHARGERS + 1):
            draws_w = 2_000 + 500 * ((number + self._second) % CHARGERS)
            session = Session(f"s-{number}", EIGHT, EIGHT + timedelta(hours=9), 300_000) if number <= vehicles else None
            status = "Charging" if session else "Available"
            self.depot.hears(
                f"cp-{number:02}/1",
                draws_w if session else 0,
                applied_limit_w=draws_w,
                session=session,
                status=status,
            )
        self.depot.meters("gc-1", site_w)
        await self.decide()

    async def falls_silent(self) -> None:
        """All chargers, for as long as is called so."""
        self.later(100)
        await self.decide()


@pytest_asyncio.fixture(loop_scope="session")
async def crowded(database_url: str) -> Crowded:
    depot = Crowded(database_url)
    await depot.provision()
    for _ in range(4):
        await depot.goes_on()
        await depot.falls_silent()
    for _ in range(8):  # a meter that was silent is relied on again after 30 s
        await depot.goes_on()
    return depot


async def unreached(tab: Dashboard) -> list[str]:
    """What can be used and is neither a stop of the Tab key nor, in the tree, found by the arrows."""
    count = await tab.page.evaluate(USABLE)
    reached: set[int] = set()
    await tab.page.evaluate("document.activeElement.blur()")
    await tab.page.mouse.click(0, 0)
    for _ in range(count + 2):
        await tab.page.keyboard.press("Tab")
        focused = await tab.page.evaluate(FOCUSED)
        if focused in reached:
            break
        reached.add(focused)
        if await tab.tree.locator("[role=treeitem]:focus").count():
            reached |= await _walked(tab)
    return [await tab.page.evaluate(TOLD, each) for each in range(count) if each not in reached]


async def _walked(tab: Dashboard) -> set[int]:
    """The nodes that the arrows lead to, from the first one on; what is closed is opened."""
    press, walked = tab.page.keyboard.press, list[int]()
    await press("Home")
    while (focused := await tab.page.evaluate(FOCUSED)) not in walked[-1:]:
        walked.append(focused)
        if await tab.tree.locator("[role=treeitem][aria-expanded=false]:focus").count():
            await press("ArrowRight")
        await press("ArrowDown")
    return set(walked)


async def use(button: Locator) -> None:
    """By the keyboard."""
    await button.focus()
    await button.press("Enter")


async def nothing(tab: Dashboard) -> None:
    """As it is when it is opened."""
    await expect(tab.page.get_by_role("button", name="Show all 14")).to_be_visible()
    await expect(tab.page.get_by_role("button", name="Show earlier")).to_be_visible()
    await expect(tab.breaches.get_by_role("button")).to_have_count(1)


async def the_table(tab: Dashboard) -> None:
    await use(tab.page.get_by_role("button", name="Table of all"))
    await expect(tab.page.get_by_role("rowheader")).to_have_count(4 + 2 * CHARGERS)


async def those_held_back_and_the_explanation_of_one(tab: Dashboard) -> None:
    await use(tab.page.get_by_role("button", name=re.compile("Held back \\d")))
    await use(tab.page.get_by_role("rowheader").get_by_role("button", name="cp-03/1"))
    await expect(tab.explanation("cp-03/1").first).to_be_visible()


async def all_vehicles_the_whole_log_and_the_last_hour(tab: Dashboard) -> None:
    await use(tab.page.get_by_role("button", name="Show all 14"))
    await use(tab.page.get_by_role("button", name="Show earlier"))
    await use(tab.page.get_by_role("button", name="1 h", exact=True))
    await expect(tab.page.get_by_role("slider", name="Ten seconds")).to_be_visible()


@asynccontextmanager
async def opened(depot: ShownDepot, tab: Dashboard) -> AsyncIterator[None]:
    async with served(depot.database_url, depot.clock) as address:
        await tab.page.goto(address)
        await tab.is_live()
        yield


@pytest.mark.parametrize(
    "view",
    [nothing, the_table, those_held_back_and_the_explanation_of_one, all_vehicles_the_whole_log_and_the_last_hour],
)
async def test_all_of_a_view_is_reached_by_the_keyboard_alone(
    crowded: Crowded, tab: Dashboard, view: Callable[[Dashboard], Awaitable[None]]
) -> None:
    async with opened(crowded, tab):
        await view(tab)
        assert await unreached(tab) == []


async def test_all_of_the_list_of_depots_is_reached_by_the_keyboard_alone(depots: Depots, tab: Dashboard) -> None:
    async with served(depots.url, VirtualClock(depots.now)) as address:
        await tab.page.goto(address)
        await expect(tab.page.get_by_role("listitem")).to_have_count(3)
        assert await unreached(tab) == []


async def test_the_way_in_is_reached_by_the_keyboard_and_leaves_the_focus_on_the_page(
    crowded: Crowded, tab: Dashboard
) -> None:
    async with served(crowded.database_url, crowded.clock, OneToken("a-token")) as address:
        await tab.page.goto(address)
        token = tab.page.get_by_label("Access token")
        await expect(token).to_be_focused()
        assert await unreached(tab) == []
        await token.fill("a-token")
        await token.press("Enter")
        await tab.is_live()
        await is_kept(tab)
    # What a browser says of an answer that refuses is no complaint of the page.
    tab.complaints = [each for each in tab.complaints if "401" not in each]


async def is_kept(tab: Dashboard) -> None:
    """Something on the page has the focus."""
    assert await tab.page.evaluate("document.activeElement !== document.body")


async def test_the_focus_stays_on_its_element_while_a_cycle_comes_every_second(
    crowded: Crowded, tab: Dashboard
) -> None:
    """Also in a table whose order is another one with every cycle."""
    async with opened(crowded, tab):
        await the_table(tab)
        await use(tab.page.get_by_role("button", name="Draws, kW"))
        for held in (
            tab.page.get_by_role("rowheader").get_by_role("button", name="cp-07/1"),
            tab.explanation("f-1").get_by_role("button", name="cp-05"),
            tab.breaches.get_by_role("button"),
        ):
            if not await held.count():
                await use(tab.node("f-1"))
            await held.focus()
            for _ in range(3):
                cycle_seq = await tab.cycle_seq()
                await crowded.goes_on(40)
                await tab.is_at_cycle(cycle_seq + 1)
                await expect(held).to_be_focused()


async def test_what_goes_away_leaves_the_focus_on_the_heading_of_its_card(crowded: Crowded, tab: Dashboard) -> None:
    page = tab.page
    heading = page.get_by_role("heading")
    async with opened(crowded, tab):
        await use(page.get_by_role("button", name=re.compile("Held back \\d")))
        await page.get_by_role("button", name="In", exact=True).focus()
        await crowded.goes_on(40, vehicles=0)
        await expect(page.get_by_role("rowheader")).to_have_count(0)
        await expect(heading.filter(has_text=re.compile("^Find$"))).to_be_focused()

        show_all = page.get_by_role("button", name="Show all 14")
        await crowded.goes_on(40)
        await show_all.focus()
        await crowded.goes_on(40, vehicles=3)
        await expect(show_all).to_have_count(0)
        await expect(heading.filter(has_text=re.compile("^Vehicles$"))).to_be_focused()

        await tab.breaches.get_by_role("button").focus()
        for _ in range(3):
            await crowded.goes_on(site_w=120_000)
        await expect(tab.breaches).to_contain_text("None open")
        await expect(heading.filter(has_text=re.compile("^Breaches$"))).to_be_focused()


async def test_a_warning_that_a_configuration_takes_away_leaves_the_focus_on_the_heading_of_the_page(
    database_url: str, tab: Dashboard
) -> None:
    building = Building(database_url)
    sound = building.depot.configuration
    unlimited = Circuit("f-2", "gc-1", "Yard", None, None)
    building.depot.configuration = replace(sound, circuits=(*sound.circuits, unlimited))
    building.depot.microgrid = Microgrid("depot").configure(building.depot.configuration, EIGHT).microgrid
    await building.provision()
    await building.draws(100_000)
    async with opened(building, tab):
        warnings = tab.page.get_by_role("region", name="The configuration ought to be looked at")
        await warnings.get_by_role("button", name="f-2").focus()
        await building.configure(replace(sound, version=sound.version + 1))
        await building.draws(100_000)
        await expect(warnings).to_have_count(0)
        await expect(tab.page.get_by_role("heading", level=1)).to_be_focused()


async def test_a_depot_that_is_gone_leaves_the_focus_on_the_heading_of_the_page(
    crowded: Crowded, tab: Dashboard
) -> None:
    """Its page says so; what had the focus is not shown any more."""
    async with opened(crowded, tab):
        await tab.page.get_by_role("searchbox").focus()
        await tab.page.route("**/overview*", lambda route: route.fulfill(status=404, json={"detail": "It is gone."}))
        await crowded.goes_on(40)
        await expect(tab.page.get_by_role("alert")).to_contain_text("It is gone.")
        await is_kept(tab)
    tab.complaints = [each for each in tab.complaints if "404" not in each]
