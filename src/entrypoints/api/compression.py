"""Answers compressed for readers that take it: another representation than the plain one, with an ETag of its own."""

import re
from typing import Final

from starlette.datastructures import Headers
from starlette.middleware.gzip import GZipResponder
from starlette.types import ASGIApp, Receive, Scope, Send

LEAST: Final = 1000
"""Bytes of an answer that is compressed."""

LEVEL: Final = 6
"""An eighth less to send than with 4; the highest one, 9, takes several times as long for little more."""

_GZIP: Final = re.compile(r"(?:^|,)\s*gzip\s*(?:;\s*q=([01](?:\.\d{0,3})?)\s*)?(?=,|$)", re.IGNORECASE)


class Compressed:
    """Compresses answers of LEAST bytes and more, streams of events excepted."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        takes_it = scope["type"] == "http" and takes_gzip(Headers(scope=scope))
        await (GZipResponder(self._app, LEAST, LEVEL) if takes_it else self._app)(scope, receive, send)


def takes_gzip(headers: Headers) -> bool:
    """Whether the reader names gzip as an encoding that it takes."""
    found = _GZIP.search(headers.get("accept-encoding", ""))
    return found is not None and float(found[1] or 1) > 0


def tag_as_sent(etag: str, body: bytes, headers: Headers) -> str:
    """The strong ETag of what is sent for a body, given that of the plain one."""
    return f'{etag[:-1]}-gzip"' if len(body) >= LEAST and takes_gzip(headers) else etag
