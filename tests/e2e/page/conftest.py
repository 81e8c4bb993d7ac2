"""A browser for all tests of the page, and in it a tab for each of them."""

from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, TypeAlias

import pytest
import pytest_asyncio
from playwright.async_api import Browser

from tests.databases import new_sqlite
from tests.e2e.page.dashboard import PATIENCE_MS, Dashboard
from tests.e2e.page.depot import Feeder
from tests.integration.api.depots import Depots, fill
from tests.services.chromium import a_browser

NewTab: TypeAlias = Callable[..., Coroutine[Any, Any, Dashboard]]


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    """Started once a run, in the loop that every test of the page runs in."""
    async with a_browser() as browser:
        yield browser


@pytest_asyncio.fixture(loop_scope="session")
async def new_tab(browser: Browser) -> AsyncIterator[NewTab]:
    """Opens tabs that share nothing, by the options of a browser context.

    None of them may have asked anything of another host, or have anything to complain about.
    """
    tabs = []
    async with AsyncExitStack() as stack:

        async def open_tab(**options: Any) -> Dashboard:
            context = await stack.enter_async_context(await browser.new_context(**options))
            context.set_default_timeout(PATIENCE_MS)
            tab = Dashboard(await context.new_page())
            tab.watch()
            tabs.append(tab)
            return tab

        yield open_tab
    assert [tab.complaints for tab in tabs if tab.complaints] == []
    assert {host.partition(":")[0] for tab in tabs for host in tab.hosts} <= {"127.0.0.1"}


@pytest_asyncio.fixture(loop_scope="session")
async def tab(new_tab: NewTab) -> Dashboard:
    """One on a desk."""
    return await new_tab(viewport={"width": 1440, "height": 900})


@pytest.fixture
def database_url(tmp_path: Path) -> str:
    """A database at the newest schema."""
    return new_sqlite(tmp_path)


@pytest_asyncio.fixture(loop_scope="session")
async def feeder(database_url: str) -> Feeder:
    """A depot in which something binds."""
    feeder = Feeder(database_url)
    await feeder.provision()
    await feeder.goes_on()
    await feeder.goes_on()
    return feeder


@pytest.fixture(scope="session")
def depots(tmp_path_factory: pytest.TempPathFactory) -> Depots:
    """Three depots: one that was played until something was over its limit, one decided in words, one undecided."""
    return fill(tmp_path_factory.mktemp("depots"))
