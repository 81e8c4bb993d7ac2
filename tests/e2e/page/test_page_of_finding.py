"""Finding nodes on the page: by id or name, by what is the matter with them, in a table that is sorted."""

import re
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
import pytest_asyncio
from playwright.async_api import Locator, expect

from domain.site.configuration import Circuit
from tests.e2e.page.dashboard import Dashboard
from tests.e2e.page.depot import Building, Feeder, served

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest_asyncio.fixture(loop_scope="session")
async def opened(feeder: Feeder, tab: Dashboard) -> AsyncIterator[Dashboard]:
    async with served(feeder.database_url, feeder.clock) as address:
        await tab.page.goto(address)
        await tab.is_live()
        yield tab


def finding(tab: Dashboard) -> Locator:
    return tab.page.get_by_role("region", name="Find")


def rows(tab: Dashboard) -> Locator:
    """Without the headings."""
    return finding(tab).get_by_role("row").filter(has=tab.page.get_by_role("rowheader"))


async def node_ids(tab: Dashboard) -> list[str]:
    return await rows(tab).get_by_role("button").all_inner_texts()


async def test_a_slash_leads_to_the_search_and_enter_to_what_was_found(opened: Dashboard) -> None:
    await opened.page.keyboard.press("/")
    await opened.page.keyboard.type("CP-2")
    await expect(rows(opened)).to_have_count(2)
    await expect(finding(opened)).to_contain_text("2 of 7")
    await opened.page.keyboard.press("Enter")
    await expect(opened.node("cp-2")).to_have_attribute("aria-selected", "true")

    await opened.page.keyboard.press("Escape")
    await expect(rows(opened)).to_have_count(0)
    await opened.page.keyboard.type("nowhere")
    await expect(finding(opened)).to_contain_text("Nothing like that")


async def test_those_that_are_held_back_are_counted_and_shown_alone(opened: Dashboard) -> None:
    held_back = finding(opened).get_by_role("button", name="Held back 2")
    await expect(finding(opened).get_by_role("button", name="Silent 0")).to_be_visible()
    await held_back.click()
    await expect(held_back).to_have_attribute("aria-pressed", "true")
    await expect(rows(opened)).to_have_count(2)
    await expect(rows(opened).first).to_contain_text(re.compile(r"cp-1/1\s*cp-1\s*held back\s*50\s*50.*f-1$"))
    await held_back.click()
    await expect(rows(opened)).to_have_count(0)


async def test_the_table_is_sorted_by_the_column_that_is_chosen_and_turned_by_choosing_it_again(
    opened: Dashboard,
) -> None:
    await finding(opened).get_by_role("button", name="Table of all").click()
    await expect(rows(opened)).to_have_count(7)
    heading = finding(opened).get_by_role("columnheader", name="May draw, kW")
    await heading.get_by_role("button").click()
    await expect(heading).to_have_attribute("aria-sort", "descending")
    assert (await node_ids(opened))[0] == "gc-1"
    await heading.get_by_role("button").click()
    await expect(heading).to_have_attribute("aria-sort", "ascending")
    assert (await node_ids(opened))[-1] == "gc-1"


async def test_a_row_leads_to_its_node_by_the_keyboard_and_says_why_it_draws_what_it_does(opened: Dashboard) -> None:
    await finding(opened).get_by_role("button", name="Held back").click()
    await rows(opened).get_by_role("button", name="cp-2/1").focus()
    await opened.page.keyboard.press("Enter")
    await expect(opened.node("cp-2/1")).to_have_attribute("aria-selected", "true")
    announced = opened.page.locator("[aria-live=polite]").first
    await expect(announced).to_contain_text("cp-2/1. It may draw 50 kW and draws 50 kW. Limited by f-1.")
    await expect(rows(opened).get_by_role("button", name="cp-2/1")).to_be_focused()


async def test_what_ought_to_be_looked_at_in_the_configuration_is_said(database_url: str, tab: Dashboard) -> None:
    building = Building(database_url)
    configuration = building.depot.configuration
    unlimited = Circuit("f-2", "gc-1", "Yard", None, None)
    building.depot.configuration = replace(configuration, circuits=(*configuration.circuits, unlimited))
    await building.provision()
    async with served(building.database_url, building.clock) as address:
        await tab.page.goto(address)
        warnings = tab.page.get_by_role("region", name="The configuration ought to be looked at")
        await expect(warnings).to_contain_text("f-2 States no capacity at all, so it limits nothing.")
        await warnings.get_by_role("button", name="f-2").click()
        await expect(tab.node("f-2")).to_have_attribute("aria-selected", "true")
