"""Opaque cursors: the key of the last item of a page, and what it is the key of."""

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import TypeVar

from domain.site.identifiers import ID_PATTERN
from entrypoints.api.problems import Invalid, Problem

HIGHEST = 2**63 - 1
"""The highest number a database keeps."""

_IDENTIFIER = re.compile(rf"{ID_PATTERN.strip('^$')}(/[0-9]{{1,9}})?")

_Item = TypeVar("_Item")


def encode(kind: str, key: str) -> str:
    """The cursor behind the item with this key."""
    return urlsafe_b64encode(f"{kind} {key}".encode()).decode().rstrip("=")


def decode(kind: str, cursor: str) -> str:
    """The key in a cursor of this kind. Raises Problem."""
    try:
        text = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
    except ValueError:
        raise unusable() from None
    key = text.partition(" ")[2]
    if encode(kind, key) != cursor:
        raise unusable()
    return key


def sequence(kind: str, cursor: str | None) -> int | None:
    """The sequence number in a cursor, None without one. Raises Problem."""
    if cursor is None:
        return None
    key = decode(kind, cursor)
    if not (key.isascii() and key.isdecimal() and len(key) < 20 and int(key) <= HIGHEST):
        raise unusable()
    return int(key)


def instant(kind: str, cursor: str) -> datetime:
    """The instant in a cursor. Raises Problem."""
    try:
        at = datetime.fromisoformat(decode(kind, cursor))
        if at.tzinfo is None:
            raise unusable()
        return at.astimezone(UTC)
    except (ValueError, OverflowError):
        raise unusable() from None


def identifier(kind: str, cursor: str) -> str:
    """The id, of a microgrid or a connector, in a cursor. Raises Problem."""
    key = decode(kind, cursor)
    if not _IDENTIFIER.fullmatch(key):
        raise unusable()
    return key


def entry(kind: str, cursor: str) -> tuple[datetime, int]:
    """The instant and the number in a cursor. Raises Problem."""
    at, _, number = decode(kind, cursor).partition(" ")
    if not (number.isascii() and number.isdecimal() and len(number) < 20 and int(number) <= HIGHEST):
        raise unusable()
    return instant(kind, encode(kind, at)), int(number)


def unusable() -> Problem:
    """The answer to a cursor that was not handed out for this list."""
    return Problem(422, "The cursor is none that this list handed out.", errors=[Invalid("cursor", "unusable")])


def page(
    found: Sequence[_Item], limit: int, kind: str, key: Callable[[_Item], str]
) -> tuple[Sequence[_Item], str | None]:
    """The items of a page and the cursor of the next, given one item more than fits where there is one."""
    items = found[:limit]
    return items, encode(kind, key(items[-1])) if len(found) > limit else None
