"""The page where tokens are asked for: it is open itself, what it shows is not."""

import asyncio
import re
import time
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Locator, expect

from entrypoints.api.auth import AccessTokens
from tests.e2e.page.conftest import NewTab
from tests.e2e.page.dashboard import Dashboard
from tests.e2e.page.depot import Feeder, served
from tests.integration.api.issuer import CLIENT, SCOPE, Issuer, an_issuer

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest.fixture(scope="module")
def issuer() -> Iterator[Issuer]:
    with an_issuer() as issuer:
        yield issuer


@pytest_asyncio.fixture(loop_scope="session")
async def address(feeder: Feeder, issuer: Issuer) -> AsyncIterator[str]:
    """Where only the issuer's tokens open anything."""
    access = AccessTokens(issuer.url, (CLIENT,), SCOPE)
    async with served(feeder.database_url, feeder.clock, access) as address:
        yield address


def token_field(tab: Dashboard) -> Locator:
    return tab.page.get_by_label(re.compile("token", re.IGNORECASE))


async def give(tab: Dashboard, token: str) -> None:
    await token_field(tab).fill(token)
    await token_field(tab).press("Enter")


def unauthorised(tab: Dashboard) -> bool:
    """Whether all that the console complains of are refusals; they are forgotten."""
    refused = all("401" in complaint or "403" in complaint for complaint in tab.complaints)
    tab.complaints.clear()
    return refused


async def test_a_token_is_asked_for_once_a_tab_and_the_stream_is_read_with_it(
    address: str, feeder: Feeder, issuer: Issuer, tab: Dashboard, new_tab: NewTab
) -> None:
    """Holds HTTP-15."""
    await tab.page.goto(address)
    await expect(token_field(tab)).to_be_visible()
    await expect(tab.nodes).to_have_count(0)
    assert unauthorised(tab)

    await give(tab, issuer.token())
    await tab.is_live()
    cycle_seq = await tab.cycle_seq()
    await feeder.goes_on()
    await tab.is_at_cycle(cycle_seq + 1)

    await tab.page.reload()
    await tab.is_at_cycle(cycle_seq + 1)
    await expect(token_field(tab)).not_to_be_visible()
    assert issuer.token().split(".")[0] not in tab.page.url

    another = await new_tab()
    await another.page.goto(address)
    await expect(token_field(another)).to_be_visible()
    assert unauthorised(another)


async def test_a_token_that_is_given_on_the_page_of_a_microgrid_opens_it_as_if_it_had_been_there(
    address: str, issuer: Issuer, tab: Dashboard
) -> None:
    await tab.page.goto(f"{address}microgrids/depot")
    await give(tab, issuer.token())
    await tab.is_live()
    assert unauthorised(tab)

    await tab.node("cp-2/1").click()
    await tab.page.keyboard.press("ArrowLeft")
    await expect(tab.node("cp-2")).to_be_focused()
    assert tab.complaints == []


async def test_a_token_that_expires_while_the_page_is_open_is_asked_for_anew(
    address: str, feeder: Feeder, issuer: Issuer, tab: Dashboard
) -> None:
    await tab.page.goto(address)
    expires = int(time.time()) + 6
    await give(tab, issuer.token(exp=expires))
    await tab.is_live()
    await asyncio.sleep(expires + 1 - time.time())  # by the clock of the system, which tokens are checked by

    await feeder.goes_on()
    await expect(token_field(tab)).to_be_visible()
    await expect(tab.page.get_by_role("alert")).to_contain_text("expired")
    assert unauthorised(tab)
    await give(tab, issuer.token())
    await tab.is_live()
    await expect(token_field(tab)).not_to_be_visible()


@pytest.mark.parametrize(
    ("changes", "told"),
    [({"exp": 1}, "expired"), ({"client_id": "somebody-else"}, "client"), ({"scope": "openid"}, "scope")],
    ids=["expired", "another client", "without the scope"],
)
async def test_a_token_that_is_refused_is_told_why_and_another_may_be_given(
    address: str, issuer: Issuer, tab: Dashboard, changes: dict[str, Any], told: str
) -> None:
    await tab.page.goto(address)
    await give(tab, issuer.token(**changes))
    await expect(tab.page.get_by_role("alert")).to_contain_text(told)
    await expect(tab.nodes).to_have_count(0)
    assert unauthorised(tab)

    await give(tab, issuer.token())
    await tab.is_live()
