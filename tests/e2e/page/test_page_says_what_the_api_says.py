"""The sentence of the API stands on the page, in its title and in the list of depots, and is the one that is so."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx
import pytest
from playwright.async_api import expect

from adapters.clock import VirtualClock
from domain.microgrid import Microgrid
from tests.builders import EIGHT, a_configuration, a_cycle_completed
from tests.e2e.page.dashboard import Dashboard
from tests.e2e.page.depot import Building, served
from tests.integration.api.depots import add

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def never_heard(depot: Building) -> None:
    await depot.decide()


async def in_order(depot: Building) -> None:
    await depot.draws(150_000)


async def over(depot: Building) -> None:
    for load_w in (150_000, 220_000, 220_000):
        await depot.draws(load_w)


async def silent(depot: Building) -> None:
    """The links of all its devices are dead; its worker goes on."""
    await depot.draws(150_000)
    depot.later(200)
    await depot.decide()


async def undecided(depot: Building) -> None:
    """Its only worker was killed, or the whole process stopped."""
    await depot.draws(150_000)
    depot.later(63)


async def stopped(depot: Building) -> None:
    """Its limit falls to less than any vehicle needs."""
    configuration = depot.depot.configuration
    needing = tuple(
        replace(each, connectors=tuple(replace(connector, min_power_w=10_000) for connector in each.connectors))
        for each in configuration.charge_points
    )
    await depot.configure(replace(configuration, version=2, charge_points=needing))
    await depot.draws(150_000)
    lowered = replace(
        depot.depot.configuration.circuits[0], default_capacity_w=35_000, safe_operating_capacity_w=35_000
    )
    circuits = (lowered, *depot.depot.configuration.circuits[1:])
    await depot.configure(replace(depot.depot.configuration, version=3, circuits=circuits))
    for _ in range(2):
        await depot.draws(30_000, each_w=0)


SAID: dict[Callable[[Building], Awaitable[None]], str] = {
    never_heard: "No data from the depot yet",
    in_order: "All loads within limits",
    over: "gc-1 is 20 kW over its limit",
    silent: "No data from the depot since 08:00",
    undecided: "Not decided for 63 s",
    stopped: "2 vehicles stopped: gc-1 fell to 35 kW at 08:00",
}


async def answered(address: str, path: str) -> Any:
    async with httpx.AsyncClient(base_url=address, trust_env=False) as client:
        return (await client.get(path)).json()


@pytest.mark.parametrize("happens", SAID)
async def test_the_page_says_what_the_api_says_and_that_is_so(
    database_url: str, tab: Dashboard, happens: Callable[[Building], Awaitable[None]]
) -> None:
    """Holds HTTP-16."""
    depot = Building(database_url)
    await depot.provision()
    await happens(depot)
    async with served(depot.database_url, depot.clock) as address:
        says = [await answered(address, path) for path in ("v1/microgrids/depot", "v1/microgrids/depot/overview")]
        assert [each["state"]["sentence"] for each in says] == [SAID[happens]] * 2
        await tab.page.goto(address)
        await expect(tab.page.locator("#verdict")).to_have_text(SAID[happens])
        if happens is not in_order:
            assert SAID[happens] in await tab.page.title()


async def test_a_list_of_six_depots_that_nobody_decides_for_says_so_of_each(database_url: str, tab: Dashboard) -> None:
    for number in range(6):
        name = f"depot-{number}"
        configured = Microgrid(name).configure(a_configuration(name), EIGHT).events
        await add(database_url, [*configured, a_cycle_completed(name, 3)], VirtualClock(EIGHT))
    async with served(database_url, VirtualClock(EIGHT + timedelta(minutes=11, seconds=1))) as address:
        items = (await answered(address, "v1/microgrids"))["items"]
        assert [each["state"]["sentence"] for each in items] == ["Not decided for 11 min"] * 6
        await tab.page.goto(address)
        rows = tab.page.get_by_role("listitem")
        await expect(rows).to_have_count(6)
        await expect(rows.filter(has_text="Not decided for 11 min")).to_have_count(6)
        await expect(rows.filter(has_text="All loads within limits")).to_have_count(0)
