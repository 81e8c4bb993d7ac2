"""Makes docs/demo.svg from a real run: the live view of the default scenario, 35 simulated minutes in.

Run it with `make picture`.
"""

import asyncio
import tempfile
from pathlib import Path

from rich.console import Console

from entrypoints.container import SCENARIOS_BY_NAME, Container
from entrypoints.demo import open_demo
from entrypoints.live_view import depot_view

SECONDS = 35 * 60

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


async def main() -> None:
    """Play, render, write."""
    with tempfile.TemporaryDirectory() as folder:
        container = Container(
            database_url=f"sqlite+aiosqlite:///{folder}/picture.sqlite3", scenario=SCENARIOS_BY_NAME["malaga"], seed=1
        )
        async with open_demo(container) as demo:
            for _ in range(SECONDS):
                await demo.tick()
            status = await demo.status()
            if status is None:
                raise RuntimeError("the read model does not know the depot")
            console = Console(record=True, width=112, file=(Path(folder) / "nowhere").open("w"))
            console.print(depot_view(status, demo.summary(), demo.now, speed=10, address="http://127.0.0.1:8080/"))
    console.save_svg(str(Path(__file__).with_name("demo.svg")), title="busbar demo", code_format=TEMPLATE)


if __name__ == "__main__":
    asyncio.run(main())
