"""What the page says of a bay whose vehicle takes less than it may, takes nothing, or is not heard any more."""

import re

import pytest
from playwright.async_api import expect

from tests.e2e.page.conftest import NewTab
from tests.e2e.page.dashboard import Dashboard
from tests.e2e.page.depot import Feeder, served

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_a_vehicle_that_takes_less_than_it_may_is_not_held_back(feeder: Feeder, tab: Dashboard) -> None:
    feeder.later(40)
    feeder.depot.hears("cp-1/1", 20_000, applied_limit_w=50_000)
    feeder.depot.hears("cp-2/1", 50_000, applied_limit_w=50_000)
    await feeder.decide()
    async with served(feeder.database_url, feeder.clock) as address:
        await tab.page.goto(address)
        await tab.is_live()
        held_back = tab.answer("Held back")
        await expect(held_back).to_contain_text("1 vehicle; 1 other takes less than it may:")
        await expect(held_back).to_have_attribute("data-node-ids", "cp-2/1")
        await expect(tab.node("cp-1/1")).to_have_accessible_name(re.compile("takes less than it may$"))
        await expect(tab.node("cp-2/1")).to_have_accessible_name(re.compile("held back$"))
        await tab.page.get_by_role("button", name="Takes less 1").click()
        await expect(tab.page.locator("#nodes-body tr")).to_contain_text(["takes less than it may"])
        await tab.node("cp-1/1").click()
        await expect(tab.explanation("cp-1/1")).to_contain_text("Limited by f-1, but takes less than it may")


async def test_a_bay_whose_vehicle_takes_nothing_is_told_from_an_empty_one(feeder: Feeder, tab: Dashboard) -> None:
    feeder.later(40)
    feeder.depot.hears("cp-1/1", 0, status="SuspendedEV", requested_w=0)
    feeder.depot.hears("cp-2/1", 0, status="Available")
    await feeder.decide()
    async with served(feeder.database_url, feeder.clock) as address:
        await tab.page.goto(address)
        await expect(tab.node("cp-1/1")).to_have_accessible_name(re.compile("plugged in, takes nothing$"))
        await expect(tab.node("cp-2/1")).to_have_accessible_name(re.compile("idle$"))
        await expect(tab.node("cp-1/1").locator(".mark")).to_have_attribute("d", re.compile("^M"))
        await expect(tab.node("cp-2/1").locator(".mark")).to_have_attribute("d", "")


async def test_who_charges_is_not_counted_of_those_that_are_not_heard(feeder: Feeder, tab: Dashboard) -> None:
    async with served(feeder.database_url, feeder.clock) as address:
        await tab.page.goto(address)
        charging = tab.page.locator(".figures > div").filter(has_text="Charging")
        await expect(charging).to_have_text(re.compile(r"2\s+of 2$"))

        for _ in range(4):
            feeder.later(40)
            feeder.depot.hears("cp-1/1", 50_000, applied_limit_w=50_000)
            await feeder.decide()
        await expect(charging).to_have_text(re.compile(r"1\s+of 2, 1 last heard charging$"))

        feeder.later(200)
        await feeder.decide()
        await expect(charging).to_have_text(re.compile(r"–\s+of 2, 2 last heard charging$"))


async def test_a_phone_shows_first_what_is_most_needed(feeder: Feeder, new_tab: NewTab) -> None:
    tab = await new_tab(viewport={"width": 390, "height": 844})
    async with served(feeder.database_url, feeder.clock) as address:
        await tab.page.goto(address)
        await tab.is_live()
        tops = []
        for name in ("Breaches", "Answers", "Vehicles", "Find"):
            box = await tab.page.get_by_role("region", name=name, exact=True).bounding_box()
            assert box is not None
            tops.append(box["y"])
        diagram = await tab.tree.bounding_box()
        assert diagram is not None
        assert [*tops, diagram["y"]] == sorted([*tops, diagram["y"]])
        assert tops[1] < 844
