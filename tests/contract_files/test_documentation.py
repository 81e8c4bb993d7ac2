"""The documentation: its pages name what there is, its site is built without a warning and needs no other host."""

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from entrypoints.cli.main import busbar
from tests.documentation import built
from tools.reference import faults
from tools.reference.pages import FOLDER, pages

ROOT = FOLDER.parent
LOADS = {("link", "href"), ("script", "src"), ("img", "src"), ("source", "src"), ("iframe", "src"), ("object", "data")}


@dataclass
class Page(HTMLParser):
    """What a page loads, where it leads, and the places in it that can be led to."""

    text: str
    loads: list[str] = field(default_factory=list)
    leads: list[str] = field(default_factory=list)
    places: set[str] = field(default_factory=set)
    classes: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        super().__init__()
        self.feed(self.text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if (tag, name) in LOADS:
                self.loads.append(value or "")
            elif (tag, name) == ("a", "href"):
                self.leads.append(value or "")
            elif name == "id":
                self.places.add(value or "")
            elif name == "class":
                self.classes.update((value or "").split())


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site, built strict, in a folder of its own."""
    return built(tmp_path_factory.mktemp("documentation"))


@pytest.fixture(scope="module")
def html(site: Path) -> Mapping[Path, Page]:
    return {file: Page(file.read_text("utf-8")) for file in site.rglob("*.html") if file.name != "404.html"}


def test_every_command_is_listed() -> None:
    commands = pages()["reference/commands.md"]
    assert [name for name in busbar.commands if f"### busbar {name}\n" not in commands] == []


@pytest.mark.parametrize("change", [*faults.FAULTS, *faults.WARNINGS], ids=lambda change: change[0])
def test_a_changed_example_has_the_fault_that_the_page_says_and_the_example_has_none(change: faults.Change) -> None:
    code, path, value = change
    assert code in faults.said(faults.changed(path, value))
    assert faults.said(faults.changed(("version",), 2)) == {}


def test_every_page_can_be_found_in_the_navigation() -> None:
    named = set(_leaves(tomllib.loads((ROOT / "zensical.toml").read_text("utf-8"))["project"]["nav"]))
    written = {str(file.relative_to(FOLDER)) for file in FOLDER.rglob("*.md") if file.parent != FOLDER / "adr"}
    assert named - {"adr/index.md"} == written


def _leaves(node: object) -> Iterator[str]:
    if isinstance(node, str):
        yield node
    elif isinstance(node, dict | list):
        for each in node.values() if isinstance(node, dict) else node:
            yield from _leaves(each)


def test_no_page_loads_anything_from_another_host(html: Mapping[Path, Page]) -> None:
    assert len(html) > 60
    outside = [(file.name, each) for file, page in html.items() for each in page.loads if urlsplit(each).netloc]
    assert outside == []
    # What the theme would fetch a library for.
    assert [file for file, page in html.items() if page.classes & {"mermaid", "arithmatex"}] == []


def test_no_style_loads_anything_from_another_host(site: Path) -> None:
    styles = [file.read_text("utf-8") for file in site.rglob("*.css")]
    assert styles
    assert [
        each for text in styles for each in re.findall(r"(?:url\(|@import\s*)[\"']?(?:https?:)?//[^)\"';]+", text)
    ] == []


def test_every_link_leads_to_a_page_and_a_place_of_the_site(html: Mapping[Path, Page]) -> None:
    lost = [
        (file.parent.name, each) for file, page in html.items() for each in page.leads if not _leads(file, each, html)
    ]
    assert lost == []


def _leads(file: Path, link: str, html: Mapping[Path, Page]) -> bool:
    parts = urlsplit(link)
    if parts.scheme or parts.netloc:
        return True
    there = (file.parent / unquote(parts.path)).resolve() if parts.path else file
    there = there / "index.html" if there.is_dir() else there
    if not there.exists():
        return False
    return not parts.fragment or there not in html or unquote(parts.fragment) in html[there].places
