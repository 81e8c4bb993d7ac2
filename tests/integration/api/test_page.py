"""The page's shell and assets: open to all, cached by content, and with nothing of anybody else's in them."""

import re
from collections.abc import AsyncIterator
from importlib.resources import files

import httpx
import pytest

from entrypoints.api.app import create_app
from entrypoints.api.auth import AccessTokens
from entrypoints.api.feed import Feed
from entrypoints.api.page import serving as page
from entrypoints.api.read_side import ReadSide

ASSETS = sorted(each.name for each in files(page.__package__).joinpath("static").iterdir())
FILES = [("static", name) for name in ASSETS] + [("templates", "page.html")]


@pytest.fixture
async def guarded(read_side: ReadSide) -> AsyncIterator[httpx.AsyncClient]:
    """An API that wants tokens, asked without one."""
    access = AccessTokens("https://issuer.example", ("client",), "read")
    app = create_app(read_side, Feed(read_side.stored_events), access)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://busbar.example") as client:
        yield client


@pytest.mark.parametrize("path", ["/", "/microgrids/malaga", *(f"/assets/{page.DIGEST}/{name}" for name in ASSETS)])
async def test_shell_and_assets_are_open_and_a_reader_that_has_them_is_told_so(
    guarded: httpx.AsyncClient, path: str
) -> None:
    assert (await guarded.get("/v1/microgrids")).status_code == 401
    given = await guarded.get(path)
    assert given.status_code == 200
    assert given.headers["content-security-policy"].startswith("default-src 'self';")
    assert given.headers["x-content-type-options"] == "nosniff"
    again = await guarded.get(path, headers={"If-None-Match": given.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    head = await guarded.head(path)
    assert (head.status_code, head.content) == (200, b"")


async def test_the_shell_is_asked_for_anew_and_names_assets_that_are_kept_for_ever(client: httpx.AsyncClient) -> None:
    shell = await client.get("/")
    assert shell.headers["content-type"] == "text/html; charset=utf-8"
    assert shell.headers["cache-control"] == "no-cache"
    named = re.findall(r'(?:href|src)="(/assets/[^"]+)"', shell.text)
    assert {path.rpartition("/")[2] for path in named} == {"page.css", "page.js", "icon.svg"}
    for path in named:
        asset = await client.get(path)
        assert asset.status_code == 200
        assert "immutable" in asset.headers["cache-control"]


@pytest.mark.parametrize("path", ["/assets/0000000000000000/page.js", f"/assets/{page.DIGEST}/page.py"])
async def test_an_asset_of_another_release_or_none_at_all_is_not_found(client: httpx.AsyncClient, path: str) -> None:
    answered = await client.get(path)
    assert (answered.status_code, answered.headers["content-type"]) == (404, "application/problem+json")


@pytest.mark.parametrize(("folder", "name"), FILES, ids=[name for _, name in FILES])
def test_no_file_of_the_page_names_another_host_or_has_script_or_style_in_line(folder: str, name: str) -> None:
    text = files(page.__package__).joinpath(folder, name).read_text(encoding="utf-8")
    foreign = [url for url in re.findall(r"https?://[^\s\"']+", text) if url != "http://www.w3.org/2000/svg"]
    assert foreign == []
    assert re.findall(r"\sstyle\s*=|<style|<script>|\son\w+=\"|javascript:|@import|innerHTML|\beval\(", text) == []


@pytest.mark.parametrize("name", [name for name in ASSETS if name.endswith(".js")])
def test_a_script_imports_only_what_is_served_beside_it(name: str) -> None:
    text = files(page.__package__).joinpath("static", name).read_text(encoding="utf-8")
    assert set(re.findall(r'from "\./([^"]+)"', text)) <= set(ASSETS)
    assert len(re.findall(r"^import ", text, re.MULTILINE)) == len(
        re.findall(r'^import .* from "\./', text, re.MULTILINE)
    )
