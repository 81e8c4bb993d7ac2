"""A real Chromium for the tests of the page, driven by Playwright."""

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from playwright.async_api import Browser, async_playwright

from tests.services.finding import missing

MISSING: Final = "A test of the page needs Chromium (Debian, Ubuntu: apt install chromium)."
PROGRAMS: Final = ("chromium", "chromium-browser", "google-chrome")
OPTIONS: Final = (
    "--no-sandbox",  # root may not have one
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def program() -> str | None:
    """Where the browser is, None where it is not installed."""
    return next(filter(None, map(shutil.which, PROGRAMS)), None)


@asynccontextmanager
async def a_browser() -> AsyncIterator[Browser]:
    """A browser of our own; where it is not installed, the test is skipped, or fails where CI is set."""
    async with launched(program() or missing(MISSING)) as browser:
        yield browser


@asynccontextmanager
async def launched(executable: str) -> AsyncIterator[Browser]:
    """This browser, without a window and without a word to anybody but the pages it opens."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=executable, args=OPTIONS)
        try:
            yield browser
        finally:
            await browser.close()
