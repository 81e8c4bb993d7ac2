"""The page of `busbar demo` as it is started by hand: the Malaga depot, alive."""

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import expect

from tests.e2e.page.conftest import NewTab
from tests.e2e.page.dashboard import Dashboard
from tests.e2e.processes import running
from tests.e2e.test_api import address_of

pytestmark = pytest.mark.asyncio(loop_scope="session")

DESK = {"width": 1440, "height": 900}
PHONE = {"width": 390, "height": 844}
MALAGA = "v1/microgrids/malaga"


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where a demo serves its page."""
    with running(tmp_path_factory.mktemp("home"), "demo", "--seed", "1", "--port", "0") as demo:
        yield address_of(demo)


async def read(address: str, path: str) -> Any:
    async with httpx.AsyncClient(base_url=address, trust_env=False, timeout=20) as client:
        response = await client.get(path)
    assert response.status_code == 200, response.text
    return response.json()


async def a_cycle(address: str) -> Any:
    """The latest, whole."""
    status = await read(address, MALAGA)
    return await read(address, f"{MALAGA}/cycles/{status['as_of']['cycle_seq']}")


async def charging(address: str) -> dict[str, Any]:
    """The setpoint of a connector that is told something above 0."""
    setpoints = (await a_cycle(address))["setpoints"]
    found: dict[str, Any] = next(each for each in setpoints if each["limit_w"])
    return found


async def test_the_depot_is_there_and_alive_when_the_address_is_opened(address: str, tab: Dashboard) -> None:
    await tab.page.goto(address)
    await tab.is_live()
    await expect(tab.page.get_by_role("heading", name="Malaga depot")).to_be_visible()

    cycle = await a_cycle(address)
    await expect(tab.tree).to_have_count(1)
    await expect(tab.nodes).to_have_count(len(cycle["nodes"]) + len(cycle["setpoints"]))
    for node_id in ("malaga", "gc-1", "f-3", "f-4-3", "cp-001", "cp-055", "cp-001/1", "cp-055/2"):
        await expect(tab.node(node_id)).to_have_count(1)


async def test_what_a_name_says_of_the_type_is_not_said_twice(address: str, tab: Dashboard) -> None:
    await tab.page.goto(address)
    await tab.node("gc-1").click()
    await expect(tab.node("gc-1")).to_have_accessible_name(re.compile("^Grid connection 1, gc-1,"))
    await expect(tab.explanation("gc-1")).to_contain_text("Grid connection 1:")
    await expect(tab.explanation("gc-1")).not_to_contain_text("Grid connection Grid connection")


async def test_every_cycle_that_comes_is_shown(address: str, tab: Dashboard) -> None:
    await tab.page.goto(address)
    await tab.is_live()
    names = await tab.node("gc-1").get_attribute("aria-label")
    first = await tab.cycle_seq()
    await expect(tab.live).not_to_have_text(re.compile(rf"\bcycle\s+{first:,}\b"))
    assert await tab.cycle_seq() > first
    await expect(tab.node("gc-1")).not_to_have_attribute("aria-label", names or "")


async def test_the_page_asks_nothing_of_another_host(address: str, tab: Dashboard) -> None:
    await tab.page.goto(address)
    await tab.is_live()
    first = await tab.cycle_seq()
    await expect(tab.live).not_to_have_text(re.compile(rf"\bcycle\s+{first:,}\b"))
    assert tab.hosts == {urlsplit(address).netloc}


async def test_a_click_on_a_connector_opens_the_explanation_of_its_setpoint(address: str, tab: Dashboard) -> None:
    setpoint = await charging(address)
    node_id = f"{setpoint['charge_point_id']}/{setpoint['connector_id']}"
    await tab.page.goto(address)
    await tab.node(node_id).click()
    explanation = tab.explanation(node_id)
    await expect(explanation).to_be_visible()

    parents = {node["node_id"]: node["parent_id"] for node in (await read(address, MALAGA))["nodes"]}
    above: str | None = setpoint["charge_point_id"]
    while above is not None:
        await expect(explanation).to_contain_text(above)
        above = parents[above]
    for word in ("Reason", "Setpoint", "Target"):
        await expect(explanation).to_contain_text(re.compile(word, re.IGNORECASE))


async def violations(tab: Dashboard) -> list[str]:
    """What the accessibility checker finds or cannot decide, and where.

    It cannot decide on the contrast of text over a drawing: the figures in charts, in the colours of other text.
    """
    response = (await Axe().run(tab.page)).response
    return [
        f"{kind}: {each['id']} ({each['impact']}): {[node['target'] for node in each['nodes'][:3]]}"
        for kind in ("violations", "incomplete")
        for each in response[kind]
        if (kind, each["id"]) != ("incomplete", "color-contrast")
    ]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("viewport", [DESK, PHONE], ids=["desk", "phone"])
async def test_nothing_is_found_or_left_open_by_the_accessibility_checker(
    address: str, new_tab: NewTab, viewport: dict[str, int], scheme: str
) -> None:
    setpoint = await charging(address)
    node_id = f"{setpoint['charge_point_id']}/{setpoint['connector_id']}"
    tab = await new_tab(viewport=viewport, color_scheme=scheme)
    await tab.page.goto(address)
    await tab.is_live()
    assert await violations(tab) == []
    await tab.node(node_id).click()
    await expect(tab.explanation(node_id)).to_be_visible()
    assert await violations(tab) == []
    await tab.page.get_by_role("button", name="Table of all").click()
    await expect(tab.page.get_by_role("columnheader", name="Held back by")).to_be_visible()
    assert await violations(tab) == []


async def test_what_is_selected_is_seen_where_colours_are_forced(address: str, new_tab: NewTab) -> None:
    tab = await new_tab(viewport=DESK, forced_colors="active")
    await tab.page.goto(address)
    await tab.node("gc-1").click()
    outline = "each => getComputedStyle(each).outlineStyle"
    assert await tab.node("gc-1").evaluate(outline) == "solid"
    assert await tab.node("gc-2").evaluate(outline) == "none"
    assert await tab.page.get_by_role("button", name="24 h").evaluate(outline) == "solid"
    assert await tab.page.get_by_role("button", name="7 d").evaluate(outline) == "none"


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_a_background_is_dark_where_dark_is_asked_for(address: str, new_tab: NewTab, scheme: str) -> None:
    tab = await new_tab(viewport=DESK, color_scheme=scheme)
    await tab.page.goto(address)
    await tab.is_live()
    painted = await tab.page.evaluate("getComputedStyle(document.body).backgroundColor")
    red, green, blue = (int(each) for each in re.findall(r"\d+", painted)[:3])
    assert (red + green + blue < 3 * 128) == (scheme == "dark")


@pytest.mark.parametrize("percent", [100, 200])
async def test_a_phone_never_scrolls_sideways(address: str, new_tab: NewTab, percent: int) -> None:
    tab = await new_tab(viewport=PHONE, is_mobile=True, has_touch=True)
    await tab.page.goto(address)
    await tab.is_live()
    await tab.page.evaluate(
        "percent => document.documentElement.style.setProperty('font-size', `${percent}%`)", percent
    )
    assert await tab.page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
