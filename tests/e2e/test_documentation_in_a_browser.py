"""The documentation in a browser that reaches its site alone: each page is shown, and nothing else is asked for."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from playwright.async_api import Page, Route

from tests.documentation import built
from tests.services.chromium import a_browser


class Quiet(SimpleHTTPRequestHandler):
    """Serves a folder and logs nothing."""

    def log_message(self, format: str, *args: object) -> None:
        pass


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """The address at which a folder is served."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder))) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}/"
        server.shutdown()


@pytest.mark.slow
async def test_each_page_is_shown_with_nothing_reachable_but_the_site(tmp_path: Path) -> None:
    site = built(tmp_path)
    pages = sorted(str(file.parent.relative_to(site)) for file in site.rglob("index.html"))
    assert len(pages) > 60
    with served(site) as address:
        async with a_browser() as browser:
            page = await browser.new_page()
            outside, complaints = await watched(page, address)
            for path in pages:
                answer = await page.goto(f"{address}{path}/" if path != "." else address)
                assert answer is not None
                assert answer.ok, path
                await page.wait_for_load_state("networkidle")
                assert await page.locator("h1").first.is_visible(), path
                assert await page.evaluate("[...document.images].every(each => each.naturalWidth > 0)"), path
    assert outside == []
    assert complaints == []


async def watched(page: Page, address: str) -> tuple[list[str], list[str]]:
    """What a page asks of other hosts, which it does not get, and what it complains about."""
    outside: list[str] = []
    complaints: list[str] = []

    async def answer(route: Route) -> None:
        if route.request.url.startswith(address):
            await route.continue_()
        else:
            outside.append(route.request.url)
            await route.abort()

    await page.route("**/*", answer)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
    page.on("response", lambda each: complaints.append(each.url) if each.status >= 400 else None)
    return outside, complaints
