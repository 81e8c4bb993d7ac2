"""What happened in a depot: the log on its page, by the clock of the site."""

import csv
import re
from collections.abc import AsyncIterator
from io import StringIO
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Locator, expect

from tests.e2e.page.dashboard import Dashboard
from tests.e2e.page.depot import Building, ShownDepot, served
from tests.unit.domain.depot import Depot, charger, grid

pytestmark = pytest.mark.asyncio(loop_scope="session")

OVER = 220_000
UNDER = 150_000
PERTH = "Australia/Perth"
"""Eight hours before UTC, all year."""


@pytest_asyncio.fixture(loop_scope="session")
async def building(database_url: str) -> Building:
    """A depot in Perth, in which a breach opened at 16:00:18."""
    building = Building(database_url, PERTH)
    await building.provision()
    for load_w in (UNDER, OVER, OVER):
        await building.draws(load_w)
    return building


@pytest_asyncio.fixture(loop_scope="session")
async def opened(building: Building, tab: Dashboard) -> AsyncIterator[Dashboard]:
    async with served(building.database_url, building.clock) as address:
        await tab.page.goto(address)
        await tab.is_live()
        yield tab


def log(tab: Dashboard) -> Locator:
    return tab.page.get_by_role("region", name="What happened")


def entries(tab: Dashboard) -> Locator:
    return log(tab).get_by_role("listitem")


def rows(file: Path) -> list[dict[str, str]]:
    """As a spreadsheet reads it, which takes a file for UTF-8 where that is its first mark."""
    assert file.read_bytes().startswith(b"\xef\xbb\xbf")
    return list(csv.DictReader(StringIO(file.read_text("utf-8-sig"))))


async def test_what_happened_is_told_newest_first_by_the_clock_of_the_site(
    building: Building, opened: Dashboard
) -> None:
    await expect(log(opened)).to_contain_text(f"Local time, {PERTH}")
    await expect(entries(opened).first).to_contain_text(re.compile(r"^16:00:18 gc-1\b.*over its limit"))
    await expect(entries(opened).last).to_contain_text("onfiguration")

    for load_w in (UNDER, UNDER):
        await building.draws(load_w)
    await expect(entries(opened).first).to_contain_text(re.compile(r"^16:00:30 gc-1\b"))
    await expect(entries(opened).first).not_to_contain_text("over its limit")


async def test_since_when_a_load_is_over_is_the_same_on_the_card_of_the_breach_and_in_the_log(
    building: Building, opened: Dashboard
) -> None:
    await expect(opened.breaches).to_contain_text("220 of 200 kW, over since 16:00:12, for ")
    await expect(opened.answer("Last breach")).to_contain_text("20 kW over since 16:00:12, ")
    await expect(entries(opened).first).to_contain_text("gc-1 is 20 kW over its limit of 200 kW since 16:00:12")

    for load_w in (UNDER, UNDER):
        await building.draws(load_w)
    history = opened.page.get_by_role("region", name="Breach history")
    await expect(history).to_contain_text(re.compile(r"gc-1 .* since 22 Nov,? 16:00:12"))


async def test_the_log_can_be_of_one_kind_alone(opened: Dashboard) -> None:
    kinds = log(opened).get_by_role("combobox")
    await kinds.select_option("Breaches opened")
    await expect(entries(opened)).to_have_count(1)
    await kinds.select_option("Vehicles on again")
    await expect(entries(opened)).to_have_count(0)
    await expect(log(opened)).to_contain_text("Nothing of that kind")


async def test_an_entry_leads_to_the_node_it_is_about_by_the_keyboard_alone(opened: Dashboard) -> None:
    await entries(opened).first.get_by_role("button").focus()
    await opened.page.keyboard.press("Enter")
    await expect(opened.node("gc-1")).to_have_attribute("aria-selected", "true")


async def test_the_log_is_saved_as_a_table(opened: Dashboard, tmp_path: Path) -> None:
    await log(opened).get_by_role("combobox").select_option("Breaches opened")
    async with opened.page.expect_download() as started:
        await log(opened).get_by_role("button", name="CSV").click()
    await (await started.value).save_as(tmp_path / "log.csv")
    (row,) = rows(tmp_path / "log.csv")
    assert (row["code"], row["node_id"], row["now_w"]) == ("breach_opened", "gc-1", "220000")


def day(tab: Dashboard) -> Locator:
    return tab.page.get_by_role("region", name="Last 24 hours")


async def test_the_day_of_the_selected_node_is_drawn_with_its_highest_load(opened: Dashboard) -> None:
    await expect(day(opened)).to_contain_text("Last 24 hours of gc-1")
    await expect(day(opened).get_by_role("img")).to_have_accessible_name(
        re.compile(r"^The highest load was 16:00: \d+ kW, at most 220 kW, limit 200 kW$")
    )
    await opened.node("cp-1/1").click()
    await expect(day(opened)).to_contain_text("Last 24 hours of cp-1/1")
    await expect(day(opened).get_by_role("img")).to_have_accessible_name(re.compile("at most 60 kW"))


async def test_a_minute_of_the_day_is_read_by_the_keyboard_and_a_minute_that_comes_is_added(
    building: Building, opened: Dashboard
) -> None:
    minute = day(opened).get_by_role("slider", name="Minute")
    await expect(minute).to_have_attribute("aria-valuetext", re.compile("^16:00: "))
    building.later(110)
    await building.draws(UNDER)
    await expect(minute).to_have_attribute("aria-valuetext", re.compile("^16:02: 150 kW, at most 150 kW, limit 200 kW"))
    await minute.focus()
    await opened.page.keyboard.press("ArrowLeft")
    await expect(day(opened)).to_contain_text(re.compile("16:00: .*at most 220 kW"))


async def test_the_day_is_saved_as_a_table(opened: Dashboard, tmp_path: Path) -> None:
    async with opened.page.expect_download() as started:
        await day(opened).get_by_role("button", name="CSV").click()
    download = await started.value
    assert download.suggested_filename == "gc-1.csv"
    await download.save_as(tmp_path / "day.csv")
    (row,) = rows(tmp_path / "day.csv")
    assert (row["at"], row["measured_max_w"], row["limit_w"]) == ("2026-11-22T08:00:00Z", "220000", "200000")


@pytest.mark.parametrize(
    ("button", "title", "bucket"),
    [("1 h", "Last hour", "Ten seconds"), ("7 d", "Last 7 days", "Quarter of an hour")],
)
async def test_the_chart_is_over_an_hour_or_a_week_too_and_the_address_says_so(
    opened: Dashboard, button: str, title: str, bucket: str
) -> None:
    await expect(day(opened).get_by_role("slider", name="Minute")).to_be_visible()
    await day(opened).get_by_role("button", name=button).click()
    chart = opened.page.get_by_role("region", name=title)
    await expect(chart.get_by_role("slider", name=bucket)).to_be_visible()
    await expect(chart.get_by_role("img")).to_have_accessible_name(re.compile("at most 220 kW, limit 200 kW$"))
    await opened.page.reload()
    await expect(chart.get_by_role("button", name=button)).to_have_attribute("aria-pressed", "true")
    await opened.page.go_back()
    await expect(day(opened).get_by_role("slider", name="Minute")).to_be_visible()


async def test_nodes_are_kept_in_the_chart_beside_the_one_that_is_looked_at_and_the_address_says_which(
    opened: Dashboard,
) -> None:
    minute = day(opened).get_by_role("slider", name="Minute")
    keep = day(opened).get_by_role("button", name="Keep in chart")
    kept = day(opened).get_by_role("list", name="Kept in the chart")
    await expect(minute).to_have_attribute("aria-valuetext", re.compile("limit 200 kW$"))
    await keep.press("Enter")
    await expect(keep).to_have_attribute("aria-pressed", "true")
    await expect(kept).to_have_count(0)

    await opened.node("cp-1").click()
    await expect(day(opened)).to_contain_text("Last 24 hours of cp-1")
    await expect(kept.get_by_role("button")).to_have_accessible_name("Leave out gc-1")
    await expect(minute).to_have_attribute("aria-valuetext", re.compile(r"^16:00: .*; gc-1 \d+ kW$"))
    await expect(day(opened).locator("path.kept")).to_have_attribute("d", re.compile("^M"))
    await expect(opened.page).to_have_url(re.compile("#cp-1&with=gc-1$"))

    await opened.page.reload()
    await expect(minute).to_have_attribute("aria-valuetext", re.compile("; gc-1 "))
    await kept.get_by_role("button").press("Enter")
    await expect(kept).to_have_count(0)
    await expect(minute).to_have_attribute("aria-valuetext", re.compile("limit 60 kW$"))
    await expect(day(opened).get_by_role("heading")).to_be_focused()


async def test_many_that_happened_alike_at_one_moment_are_one_line(database_url: str, tab: Dashboard) -> None:
    depot = Depot(grid("gc-1", 400_000), *[charger(f"cp-{number}", "gc-1", 60_000) for number in range(1, 8)])
    shown = ShownDepot(database_url, depot)
    await shown.provision()
    for heard in (False, True):
        for number in range(1, 8) if heard else ():
            depot.hears(f"cp-{number}/1", 0)
        await shown.decide()
        shown.later(40)
    async with served(database_url, shown.clock) as address:
        await tab.page.goto(address)
        await expect(entries(tab).first).to_contain_text(
            re.compile(
                r"cp-\d is heard again, after \d+ s, and so are 6 others: cp-\d, cp-\d, cp-\d, cp-\d, cp-\d, cp-\d$"
            )
        )
