"""Answers to reads: JSON with a strong ETag, or 304 where the reader has it already."""

import hashlib
import re
from typing import Any

from fastapi import Request
from pydantic_core import to_json
from starlette.responses import Response

_ENTITY_TAG = re.compile(r'(?:W/)?("[^"]*")')


def answer(request: Request, payload: Any) -> Response:
    """The payload as JSON; its ETag is a digest of the bytes."""
    body = to_json(payload)
    etag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    headers = {"ETag": etag, "Cache-Control": "private, no-cache", "Vary": "Authorization"}
    if _is_known(request, etag):
        return Response(status_code=304, headers=headers)
    return Response(body, 200, headers, "application/json")


def _is_known(request: Request, etag: str) -> bool:
    known = ", ".join(request.headers.getlist("if-none-match"))
    return known.strip() == "*" or etag in _ENTITY_TAG.findall(known)
