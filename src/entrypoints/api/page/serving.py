"""Serves the page's shell and its assets. They are open: they hold no figure, only what asks for them."""

import hashlib
from importlib.resources import files
from typing import Final

from fastapi import APIRouter, Request
from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.responses import Response

from entrypoints.api.answers import is_known
from entrypoints.api.compression import tag_as_sent
from entrypoints.api.problems import Problem

_TYPES: Final = {"css": "text/css", "js": "text/javascript", "svg": "image/svg+xml"}

_ASSETS: Final = {
    each.name: each.read_bytes()
    for each in sorted(files(__package__).joinpath("static").iterdir(), key=lambda each: each.name)
    if each.name.rpartition(".")[2] in _TYPES
}

DIGEST: Final = hashlib.sha256(b"".join(name.encode() + body for name, body in _ASSETS.items())).hexdigest()[:16]
"""Of all assets together: they refer to each other by relative names, so a change of one is a new folder of all."""

_SHELL: Final = (
    Environment(loader=PackageLoader(__package__), autoescape=True, undefined=StrictUndefined)
    .get_template("page.html")
    .render(assets=f"/assets/{DIGEST}")
    .encode()
)
_SHELL_TAG: Final = f'"{hashlib.sha256(_SHELL).hexdigest()[:32]}"'

router = APIRouter(include_in_schema=False)


@router.get("/")
@router.get("/microgrids/{microgrid_id}")
async def page(request: Request) -> Response:
    """The same shell for the list and for every microgrid: the script asks the API for what the address names."""
    return _cached(request, _SHELL, "text/html", _SHELL_TAG, "no-cache")


@router.get("/assets/{digest}/{name}")
async def asset(request: Request, digest: str, name: str) -> Response:
    """A style, script or picture of this release."""
    if digest != DIGEST or name not in _ASSETS:
        raise Problem(404, f"There is nothing at {request.url.path}.")
    media_type = _TYPES[name.rpartition(".")[2]]
    return _cached(request, _ASSETS[name], media_type, f'"{DIGEST}-{name}"', "public, max-age=31536000, immutable")


def _cached(request: Request, body: bytes, media_type: str, etag: str, cache_control: str) -> Response:
    etag = tag_as_sent(etag, body, request.headers)
    headers = {"ETag": etag, "Cache-Control": cache_control, "Vary": "Accept-Encoding"}
    if is_known(request, etag):
        return Response(status_code=304, headers=headers)
    return Response(body, 200, headers, media_type)
