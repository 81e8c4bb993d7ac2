"""The page as an operator reads it and a screen reader tells it: by roles and names, never by how it is built."""

import re
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlsplit

from playwright.async_api import ConsoleMessage, Locator, Page, Request, expect

PATIENCE_MS: Final = 20_000
expect.set_options(timeout=PATIENCE_MS)

LIVE: Final = re.compile(r"\bLive\b.*\bcycle\s+([\d,]+)")
STALE: Final = re.compile(r"\bStale\b")


def word(node_id: str) -> re.Pattern[str]:
    """The id where it is no part of another; as JavaScript reads a pattern too."""
    escaped = re.escape(node_id).replace("/", r"\/")
    return re.compile(rf"(?<![\w\/:-]){escaped}(?![\w\/:-])")


@dataclass
class Dashboard:
    """A tab. `hosts` are those it asked anything of, `complaints` what its console had to say."""

    page: Page
    hosts: set[str] = field(default_factory=set)
    complaints: list[str] = field(default_factory=list)

    def watch(self) -> None:
        """Note requests and complaints from now on."""
        self.page.on("request", self._asked)
        self.page.on("console", self._said)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def _asked(self, request: Request) -> None:
        if not request.url.startswith("data:"):
            self.hosts.add(urlsplit(request.url).netloc)

    def _said(self, message: ConsoleMessage) -> None:
        # What the browser says when nobody listens is no complaint of the page.
        if message.type in ("error", "warning") and "net::ERR_" not in message.text:
            self.complaints.append(message.text)

    # what stands on it

    @property
    def tree(self) -> Locator:
        return self.page.get_by_role("tree")

    @property
    def nodes(self) -> Locator:
        return self.tree.get_by_role("treeitem")

    @property
    def live(self) -> Locator:
        return self.page.get_by_role("status")

    @property
    def breaches(self) -> Locator:
        return self.page.get_by_role("region", name="Breaches")

    def node(self, node_id: str) -> Locator:
        """The node of the tree whose name holds this id, as a word."""
        return self.tree.get_by_role("treeitem", name=word(node_id))

    def answer(self, question: str) -> Locator:
        """What the page says to one of its questions."""
        term = self.page.get_by_role("region", name="Answers").get_by_role("term").filter(has_text=question)
        return term.locator("xpath=following-sibling::dd[1]")

    def explanation(self, node_id: str) -> Locator:
        """The region that explains a connector's setpoint."""
        heading = self.page.get_by_role("heading").filter(has_text=node_id)
        return self.page.get_by_role("region").filter(has=heading)

    # what it tells

    async def is_live(self) -> None:
        """Wait for that."""
        await expect(self.live).to_have_text(LIVE)

    async def cycle_seq(self) -> int:
        """The cycle that it shows."""
        said = LIVE.search(await self.live.inner_text())
        assert said is not None
        return int(said[1].replace(",", ""))

    async def is_at_cycle(self, cycle_seq: int) -> None:
        """Wait for that."""
        await expect(self.live).to_have_text(re.compile(rf"\bcycle\s+{cycle_seq:,}\b"))
