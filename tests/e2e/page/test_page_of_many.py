"""The page of several microgrids, of a large one, and of names that somebody chose with care."""

import re
from datetime import timedelta

import httpx
import pytest
from playwright.async_api import expect

from adapters.clock import VirtualClock
from domain.microgrid import Microgrid
from domain.site.configuration import Circuit
from tests.builders import EIGHT, a_configuration
from tests.e2e.page.conftest import NewTab
from tests.e2e.page.dashboard import Dashboard
from tests.e2e.page.depot import ShownDepot, served
from tests.e2e.processes import PATIENCE_S
from tests.integration.api.depots import MICROGRIDS, NORTH, PLAYED, Depots, add
from tests.unit.domain.depot import Depot, charger, feeder, grid

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_of_several_microgrids_there_is_a_list_and_each_is_opened_from_it(depots: Depots, tab: Dashboard) -> None:
    """Holds HTTP-8."""
    async with served(depots.url, VirtualClock(depots.now)) as address:
        await tab.page.goto(address)
        for microgrid_id in MICROGRIDS:
            await expect(tab.page.get_by_role("link").filter(has_text=microgrid_id)).to_have_count(1)
        await expect(tab.tree).to_have_count(0)

        await tab.page.get_by_role("link").filter(has_text=PLAYED).click()
        await expect(tab.node("cp-2/2")).to_be_visible()
        await expect(tab.node(PLAYED)).to_be_visible()

        await tab.page.go_back()
        await tab.page.get_by_role("link").filter(has_text=NORTH).click()
        await expect(tab.node(NORTH)).to_be_visible()
        await expect(tab.tree).to_have_count(1)


async def test_the_list_says_of_every_depot_what_the_api_says_and_no_longer_that_all_is_well(
    depots: Depots, tab: Dashboard
) -> None:
    """Hours later, the only worker killed: nothing is decided any more. Holds HTTP-16."""
    async with served(depots.url, VirtualClock(depots.now + timedelta(hours=3))) as address:
        async with httpx.AsyncClient(base_url=address, trust_env=False, timeout=PATIENCE_S) as client:
            items = (await client.get("/v1/microgrids")).json()["items"]
        assert [each["state"]["code"] for each in items if each["microgrid_id"] == PLAYED] == ["not_decided"]

        await tab.page.goto(address)
        for each in items:
            row = tab.page.get_by_role("listitem").filter(has_text=each["microgrid_id"])
            await expect(row).to_contain_text(each["state"]["sentence"])


LANES = 12


def a_large_depot() -> Depot:
    """Two grid connections, twelve lanes, 130 dual chargers: 405 nodes."""
    lanes = [feeder(f"f-{lane}", f"gc-{1 + lane % 2}", 600_000) for lane in range(1, LANES + 1)]
    chargers = [charger(f"cp-{number}", f"f-{1 + number % LANES}", 75_000, 75_000) for number in range(1, 131)]
    return Depot(grid("gc-1", 2_000_000), grid("gc-2", 2_000_000), *lanes, *chargers)


@pytest.mark.parametrize("width", [1440, 390])
async def test_four_hundred_nodes_are_shown(database_url: str, new_tab: NewTab, width: int) -> None:
    depot = a_large_depot()
    shown = ShownDepot(database_url, depot)
    await shown.provision()
    for number in range(1, 131):
        depot.hears(f"cp-{number}/1", 30_000)
    await shown.decide()
    tab = await new_tab(viewport={"width": width, "height": 900})
    async with served(database_url, shown.clock) as address:
        await tab.page.goto(address)
        await tab.is_live()
        await expect(tab.nodes).to_have_count(405)
        for node_id in ("cp-1/1", "cp-130/2", "f-12"):
            await expect(tab.node(node_id)).to_have_count(1)
        assert await tab.page.evaluate("document.documentElement.scrollWidth") <= width


HOSTILE = "<img src=x onerror='taken = true'><b>bold</b> &amp; {{ 7 * 7 }}"


async def test_a_name_is_text_whatever_it_says(database_url: str, tab: Dashboard) -> None:
    circuits = (Circuit("gc-1", None, HOSTILE, 4_000_000), Circuit("f-1", "gc-1", HOSTILE, 1_200_000))
    clock = VirtualClock(EIGHT)
    configured = Microgrid("depot").configure(a_configuration(name=HOSTILE, circuits=circuits), EIGHT)
    await add(database_url, configured.events, clock)
    async with served(database_url, clock) as address:
        await tab.page.goto(address)
        await expect(tab.page.get_by_role("heading", name=HOSTILE)).to_be_visible()
        for node_id in ("depot", "gc-1", "f-1"):
            await expect(tab.node(node_id)).to_have_accessible_name(re.compile(re.escape(HOSTILE)))
        await expect(tab.page.locator("img")).to_have_count(0)
        assert await tab.page.evaluate("typeof taken") == "undefined"


CUT = """[...document.querySelectorAll("[role=treeitem], [role=treeitem] *")]
    .filter((each) => each.scrollWidth > each.clientWidth && getComputedStyle(each).overflowX !== "visible")
    .map((each) => each.textContent)"""


@pytest.mark.parametrize("width", [1440, 390])
async def test_a_long_name_is_shown_whole(database_url: str, new_tab: NewTab, width: int) -> None:
    name = "The connection of the yard behind the workshop"
    circuits = (Circuit("gc-1", None, name, 4_000_000), Circuit("f-1", "gc-1", name, 1_200_000))
    clock = VirtualClock(EIGHT)
    await add(database_url, Microgrid("depot").configure(a_configuration(circuits=circuits), EIGHT).events, clock)
    tab = await new_tab(viewport={"width": width, "height": 900})
    async with served(database_url, clock) as address:
        await tab.page.goto(address)
        await expect(tab.node("f-1")).to_contain_text(name)
        assert await tab.page.evaluate(CUT) == []
        assert await tab.page.evaluate("document.documentElement.scrollWidth") <= width
