"""Makes the pictures in the README from a real run: the default scenario, 35 simulated minutes in.

`demo.svg` is what its terminal shows, `page-desk.png` and `page-phone.png` what its page shows in Chromium. Run it with
`make picture`.
"""

import asyncio
import sys
import tempfile
from pathlib import Path
from typing import Any

from playwright.async_api import Browser
from rich.console import Console

from adapters.simulation.scenarios import SCENARIOS
from application.queries.status import MicrogridStatus
from entrypoints import settings
from entrypoints.api.beside import served_beside
from entrypoints.api.serve import Api
from entrypoints.container import Container
from entrypoints.demo.in_one_process import Demo, open_demo
from entrypoints.demo.screen import Screen
from tests.services import chromium

HERE = Path(__file__).resolve().parents[1] / "docs"
SECONDS = 35 * 60
WATCHED_S = 20
"""So long the page is looked at before its picture is taken."""

PAGES: dict[str, dict[str, Any]] = {
    "page-desk.png": {"viewport": {"width": 1440, "height": 900}, "color_scheme": "light"},
    "page-phone.png": {"viewport": {"width": 390, "height": 844}, "color_scheme": "dark", "is_mobile": True},
}

# The renderer's own template fetches fonts from elsewhere; a picture in a README should load nothing.
TEMPLATE = """\
<svg class="rich-terminal" viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg">
<style>
.{unique_id}-matrix {{ white-space: pre; font-family: ui-monospace, Menlo, Consolas, monospace;
  font-size: {char_height}px; line-height: {line_height}px; }}
{styles}
</style>
<defs><clipPath id="{unique_id}-clip-terminal">
<rect x="0" y="0" width="{terminal_width}" height="{terminal_height}" /></clipPath>{lines}</defs>
{chrome}
<g transform="translate({terminal_x}, {terminal_y})" clip-path="url(#{unique_id}-clip-terminal)">
{backgrounds}
<g class="{unique_id}-matrix" xml:space="preserve">{matrix}</g>
</g>
</svg>
"""


async def main(program: str) -> None:
    """Play, render, write."""
    with tempfile.TemporaryDirectory() as folder:
        container = Container(
            database_url=f"sqlite+aiosqlite:///{folder}/picture.sqlite3", scenario=SCENARIOS["malaga"], seed=1
        )
        async with open_demo(container) as demo:
            for _ in range(SECONDS):
                await demo.tick()
            picture_of_the_terminal(await shown(demo), demo, Path(folder) / "nowhere")
            api = Api(settings.load(), port=0)
            with served_beside(api, container):
                async with chromium.launched(program) as browser:
                    for name, options in PAGES.items():
                        await picture_of_the_page(browser, api.address, demo, HERE / name, options)


async def shown(demo: Demo) -> MicrogridStatus:
    """What the read model has."""
    status = await demo.status()
    if status is None:
        raise RuntimeError("the read model does not know the depot")
    return status


def picture_of_the_terminal(status: MicrogridStatus, demo: Demo, nowhere: Path) -> None:
    """The live view as it stands now."""
    screen = Screen(112, 40, speed=10, address="http://127.0.0.1:8080/")
    console = Console(record=True, width=screen.width, file=nowhere.open("w"))
    console.print(screen.of(status, demo.summary(), demo.now))
    console.save_svg(str(HERE / "demo.svg"), title="busbar demo", code_format=TEMPLATE)


async def picture_of_the_page(browser: Browser, address: str, demo: Demo, file: Path, options: dict[str, Any]) -> None:
    """The page after it was watched for a while, in a window with these options."""
    async with await browser.new_context(**options) as context:
        page = await context.new_page()
        await page.goto(address)
        await page.get_by_role("status").filter(has_text="Live").wait_for()
        for _ in range(WATCHED_S):
            await demo.tick()
        newest = (await shown(demo)).as_of.cycle_seq
        await page.get_by_role("status").filter(has_text=f"{newest:,}").wait_for()
        await page.screenshot(path=file)


if __name__ == "__main__":
    asyncio.run(main(chromium.program() or sys.exit(chromium.MISSING)))
