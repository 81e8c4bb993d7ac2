"""Answers to reads: JSON with a strong ETag, or 304 where the reader has it already."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fastapi import Request
from pydantic_core import to_json
from starlette.responses import Response

_ENTITY_TAG = re.compile(r'(?:W/)?("[^"]*")')


@dataclass(frozen=True, slots=True)
class Representation:
    """JSON and its ETag, a digest of the bytes."""

    body: bytes
    etag: str


def represent(payload: Any) -> Representation:
    """The payload as JSON."""
    body = to_json(payload)
    return Representation(body, f'"{hashlib.sha256(body).hexdigest()[:32]}"')


def with_members(representation: Representation, members: Mapping[str, Any]) -> Representation:
    """The object that was represented before, with more members: what changes while the rest stays."""
    first = to_json(members).removesuffix(b"}")
    digest = hashlib.sha256(first).hexdigest()[:16]
    return Representation(first + b"," + representation.body[1:], f'{representation.etag[:-1]}-{digest}"')


def answer(request: Request, payload: Any) -> Response:
    """The payload, where the reader has not got it."""
    return answer_with(request, represent(payload))


def answer_with(request: Request, representation: Representation) -> Response:
    """What was represented before, where the reader has not got it."""
    headers = {"ETag": representation.etag, "Cache-Control": "private, no-cache", "Vary": "Authorization"}
    if is_known(request, representation.etag):
        return Response(status_code=304, headers=headers)
    return Response(representation.body, 200, headers, "application/json")


def is_known(request: Request, etag: str) -> bool:
    """Whether the reader names this ETag as one that it has."""
    known = ", ".join(request.headers.getlist("if-none-match"))
    return known.strip() == "*" or etag in _ENTITY_TAG.findall(known)
