"""The page without a mouse: one tab stop in the tree, arrows inside it, Enter for an explanation."""

import re
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Locator, expect

from tests.e2e.page.dashboard import Dashboard, word
from tests.e2e.page.depot import Feeder, served

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest_asyncio.fixture(loop_scope="session")
async def opened(feeder: Feeder, tab: Dashboard) -> AsyncIterator[Dashboard]:
    """The page, with the focus on the first node of the tree."""
    async with served(feeder.database_url, feeder.clock) as address:
        await tab.page.goto(address)
        await tab.is_live()
        await enter_tree(tab)
        await tab.page.keyboard.press("Home")
        yield tab


def in_tree(tab: Dashboard) -> Locator:
    """The node that has the focus."""
    return tab.tree.locator("[role=treeitem]:focus")


async def enter_tree(tab: Dashboard) -> None:
    """Press Tab until the focus is in the tree."""
    for _ in range(30):
        await tab.page.keyboard.press("Tab")
        if await in_tree(tab).count():
            return
    raise AssertionError("the tree is not reached by Tab")


async def test_the_tree_is_one_tab_stop(opened: Dashboard) -> None:
    await opened.page.keyboard.press("Tab")
    await expect(in_tree(opened)).to_have_count(0)
    await opened.page.keyboard.press("Shift+Tab")
    await expect(opened.node("depot")).to_be_focused()


async def test_arrows_home_and_end_move_in_the_tree(opened: Dashboard) -> None:
    press = opened.page.keyboard.press
    for node_id in ("gc-1", "f-1", "cp-1", "cp-1/1", "cp-2", "cp-2/1"):
        await press("ArrowDown")
        await expect(opened.node(node_id)).to_be_focused()
    await press("ArrowUp")
    await expect(opened.node("cp-2")).to_be_focused()
    await press("Home")
    await expect(opened.node("depot")).to_be_focused()
    await press("End")
    await expect(opened.node("cp-2/1")).to_be_focused()
    await press("ArrowLeft")
    await expect(opened.node("cp-2")).to_be_focused()
    await press("ArrowRight")
    await expect(opened.node("cp-2/1")).to_be_focused()


async def test_the_levels_of_the_tree_are_told(opened: Dashboard) -> None:
    for level, node_id in enumerate(("depot", "gc-1", "f-1", "cp-1", "cp-1/1"), start=1):
        await expect(opened.node(node_id)).to_have_attribute("aria-level", str(level))


async def test_enter_on_a_connector_explains_its_setpoint_by_every_limit_above_it(opened: Dashboard) -> None:
    await opened.page.keyboard.press("End")
    await opened.page.keyboard.press("Enter")
    explanation = opened.explanation("cp-2/1")
    await expect(explanation).to_be_visible()
    for said in (r"Reason\s*Limited", r"Setpoint\s*50\s?kW", r"Target\s*50\s?kW"):
        await expect(explanation).to_contain_text(re.compile(said, re.IGNORECASE))
    await expect(explanation).not_to_contain_text("limit is its")
    chain = await explanation.get_by_role("listitem").all_inner_texts()
    for node_id, limit in {"cp-2/1": 80, "cp-2": 80, "f-1": 100, "gc-1": 400}.items():
        (link,) = (each for each in chain if word(node_id).search(each))
        assert re.search(rf"\b{limit}\s?kW", link), link
        assert bool(re.search(r"\bbinds\b", link)) == (node_id == "f-1"), link
    assert any(word("depot").search(each) for each in chain)


async def test_what_draws_below_a_node_is_read_as_separate_words(opened: Dashboard) -> None:
    await opened.node("f-1").click()
    items = opened.explanation("f-1").get_by_role("listitem")
    await expect(items).to_have_count(2)
    assert sorted([" ".join((await each.text_content() or "").split()) for each in await items.all()]) == [
        "cp-1 50 / 80",
        "cp-2 50 / 80",
    ]


async def test_the_focus_stays_where_it_is_when_a_cycle_comes(feeder: Feeder, opened: Dashboard) -> None:
    await opened.page.keyboard.press("End")
    cycle_seq = await opened.cycle_seq()
    await feeder.goes_on()
    await feeder.goes_on()
    await opened.is_at_cycle(cycle_seq + 2)
    await expect(opened.node("cp-2/1")).to_be_focused()
