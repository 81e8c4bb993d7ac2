"""The vehicles that are there: when each is ready, and which will not be."""

import re
from datetime import timedelta

import pytest
from playwright.async_api import Locator, expect

from domain.knowledge.readings import Session
from tests.e2e.page.conftest import NewTab
from tests.e2e.page.dashboard import Dashboard
from tests.e2e.page.depot import Feeder, served
from tests.unit.domain.depot import EIGHT

pytestmark = pytest.mark.asyncio(loop_scope="session")


def vehicles(tab: Dashboard) -> Locator:
    return tab.page.get_by_role("region", name="Vehicles")


def lines(tab: Dashboard) -> Locator:
    return vehicles(tab).get_by_role("listitem")


async def draw(feeder: Feeder, **sessions: Session | None) -> None:
    """Both chargers draw 50 kW, for these sessions."""
    feeder.later(40)
    for charge_point in ("cp_1", "cp_2"):
        connector = f"{charge_point.replace('_', '-')}/1"
        feeder.depot.hears(connector, 50_000, applied_limit_w=50_000, session=sessions.get(charge_point))
    await feeder.decide()


def leaves_in(hours: int, needed_wh: int | None) -> Session:
    return Session(f"to {hours}", EIGHT, EIGHT + timedelta(hours=hours), needed_wh)


async def test_vehicles_that_will_not_be_ready_come_first_and_say_by_how_much(feeder: Feeder, tab: Dashboard) -> None:
    await draw(feeder, cp_1=leaves_in(6, 100_000), cp_2=leaves_in(3, 250_000))
    async with served(feeder.database_url, feeder.clock) as address:
        await tab.page.goto(address)
        await tab.is_live()
        said = "1 vehicle will not be ready in time at present powers: cp-2/1 leaves at 11:00"
        await expect(vehicles(tab)).to_contain_text(f"{said}; local time, UTC")
        await expect(lines(tab)).to_have_count(2)
        await expect(lines(tab).first).to_have_text(re.compile(r"^cp-2/1 Short by 10\d(\.\d)? kWh at 11:00 50 kW, "))
        await expect(lines(tab).last).to_contain_text(
            re.compile(r"Ready by 10:0\d, leaves 14:00 .* needed, since 08:00")
        )

        await lines(tab).first.get_by_role("button").click()
        await expect(tab.explanation("cp-2/1")).to_contain_text(re.compile(r"Vehicle\s*Short by 10\d"))


async def test_vehicles_that_will_not_be_ready_stand_in_the_order_in_which_they_leave(
    feeder: Feeder, tab: Dashboard
) -> None:
    await draw(feeder, cp_1=leaves_in(3, 400_000), cp_2=leaves_in(2, 150_000))
    async with served(feeder.database_url, feeder.clock) as address:
        await tab.page.goto(address)
        await expect(lines(tab)).to_contain_text([re.compile("^cp-2/1 .* at 10:00"), re.compile("^cp-1/1 .* at 11:00")])


@pytest.mark.parametrize("width", [390, 1280])
async def test_the_first_screen_says_that_vehicles_will_not_be_ready_and_leads_to_them(
    feeder: Feeder, new_tab: NewTab, width: int
) -> None:
    tab = await new_tab(viewport={"width": width, "height": 800})
    await draw(feeder, cp_1=leaves_in(6, 100_000), cp_2=leaves_in(3, 250_000))
    async with served(feeder.database_url, feeder.clock) as address:
        await tab.page.goto(address)
        await tab.is_live()
        said = tab.page.get_by_role("button", name="1 vehicle will not be ready in time")
        await expect(said).to_be_in_viewport()
        await expect(said).to_have_text("1 vehicle will not be ready in time at present powers: cp-2/1 leaves at 11:00")
        await expect(said).to_have_css("color", "rgb(143, 86, 0)")
        await said.press("Enter")
        await expect(vehicles(tab).get_by_role("heading")).to_be_focused()
        await expect(lines(tab).first).to_be_in_viewport()

        await draw(feeder, cp_1=leaves_in(6, 100_000), cp_2=leaves_in(9, 250_000))
        await expect(said).to_be_hidden()
        await expect(vehicles(tab)).to_contain_text("2 vehicles, none known to be late at present powers")


async def test_what_a_vehicle_needs_is_not_made_up_where_nothing_was_said(feeder: Feeder, tab: Dashboard) -> None:
    await draw(feeder, cp_1=Session("1"), cp_2=None)
    async with served(feeder.database_url, feeder.clock) as address:
        await tab.page.goto(address)
        await expect(lines(tab)).to_have_count(1)
        await expect(lines(tab)).to_have_text(re.compile(r"^cp-1/1 Not said what it needs 50 kW, [\d.]+ kWh taken$"))


async def test_a_vehicle_that_came_is_there_without_a_reload(feeder: Feeder, tab: Dashboard) -> None:
    async with served(feeder.database_url, feeder.clock) as address:
        await tab.page.goto(address)
        await expect(vehicles(tab)).to_contain_text("None")
        await draw(feeder, cp_1=leaves_in(6, 0), cp_2=None)
        await expect(lines(tab)).to_contain_text(["Ready, leaves 14:00"])
