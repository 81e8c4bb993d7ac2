"""The address of the page names the selected node: it can be shared, reloaded and gone back to."""

import re

import pytest
from playwright.async_api import expect

from tests.e2e.page.dashboard import Dashboard
from tests.e2e.page.depot import Feeder, served

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def selected(tab: Dashboard, node_id: str) -> None:
    """Wait for that."""
    await expect(tab.node(node_id)).to_have_attribute("aria-selected", "true")
    await expect(tab.explanation(node_id).first).to_be_visible()


async def test_a_link_leads_to_its_node_and_back_and_reload_keep_it(feeder: Feeder, tab: Dashboard) -> None:
    async with served(feeder.database_url, feeder.clock) as address:
        await tab.page.goto(f"{address}#cp-1%2F1")
        await selected(tab, "cp-1/1")
        await tab.node("gc-1").click()
        await selected(tab, "gc-1")
        await expect(tab.page).to_have_url(re.compile("#gc-1$"))
        await tab.page.reload()
        await selected(tab, "gc-1")
        await tab.page.go_back()
        await selected(tab, "cp-1/1")


async def test_a_link_to_a_node_that_is_not_there_shows_the_page_all_the_same(feeder: Feeder, tab: Dashboard) -> None:
    async with served(feeder.database_url, feeder.clock) as address:
        await tab.page.goto(f"{address}#nowhere")
        await tab.is_live()
        await selected(tab, "f-1")
        await tab.page.goto(f"{address}#%")
        await selected(tab, "depot")


async def test_the_focus_goes_to_the_heading_where_what_had_it_is_gone(feeder: Feeder, tab: Dashboard) -> None:
    async with served(feeder.database_url, feeder.clock) as address:
        await tab.page.goto(f"{address}#f-1")
        await selected(tab, "f-1")
        await tab.explanation("f-1").get_by_role("button", name="cp-1").first.focus()
        await tab.page.keyboard.press("Enter")
        await expect(tab.page.get_by_role("heading", name="cp-1", exact=True)).to_be_focused()
