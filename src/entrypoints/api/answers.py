"""Answers to reads: JSON with a strong ETag, or 304 where the reader has it already."""

import csv
import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime
from io import StringIO
from operator import attrgetter
from typing import Any, Final

import msgspec
from fastapi import Request
from pydantic_core import to_json
from starlette.responses import Response

from application.queries.rows import StatusRow
from domain.sharing.plan import Setpoint
from entrypoints.api.compression import tag_as_sent

CSV = "text/csv"

_BEGINS_FORMULAS: Final = ("=", "+", "-", "@", "\t", "\r", "\n")
"""A spreadsheet passes over white space before a formula."""

_ENCODER: Final = msgspec.json.Encoder()
_BUT_SESSION: Final = attrgetter(*[each.name for each in fields(Setpoint) if each.name != "session"])
"""That is the last field."""

_ENTITY_TAG = re.compile(r'(?:W/)?("[^"]*")')


@dataclass(frozen=True, slots=True)
class Representation:
    """JSON and its ETag, a digest of the bytes."""

    body: bytes
    etag: str


def represent(payload: Any) -> Representation:
    """The payload as JSON."""
    return _represented(to_json(payload))


def represent_without(unsaid: str, payload: Any) -> Representation:
    """A dataclass as the same JSON, made in a third of the time, but for this field. Keys are text all through it."""
    said = {each.name: getattr(payload, each.name) for each in fields(payload) if each.name != unsaid}
    return _represented(_ENCODER.encode(said))


def without_sessions(row: StatusRow) -> StatusRow:
    """The same with setpoints whose `session` is left out of what is represented of them."""
    if row.latest_cycle is None:
        return row
    left_out: Any = msgspec.UNSET
    setpoints = [Setpoint(*(*_BUT_SESSION(each), left_out)) for each in row.latest_cycle.setpoints]
    return replace(row, latest_cycle=replace(row.latest_cycle, setpoints=tuple(setpoints)))


def _represented(body: bytes) -> Representation:
    return Representation(body, f'"{hashlib.sha256(body).hexdigest()[:32]}"')


def with_members(representation: Representation, members: Mapping[str, Any]) -> Representation:
    """The object that was represented before, with more members: what changes while the rest stays."""
    first = to_json(members).removesuffix(b"}")
    digest = hashlib.sha256(first).hexdigest()[:16]
    return Representation(first + b"," + representation.body[1:], f'{representation.etag[:-1]}-{digest}"')


def answer(request: Request, payload: Any) -> Response:
    """The payload, where the reader has not got it."""
    return answer_with(request, represent(payload))


def wants_csv(request: Request) -> bool:
    """Whether the reader asks for comma-separated values, before or without JSON."""
    accepted = [part.partition(";")[0].strip().lower() for part in request.headers.get("accept", "").split(",")]
    known = [each for each in accepted if each in (CSV, "application/json", "application/*", "*/*")]
    return bool(known) and known[0] == CSV


def answer_csv(
    request: Request, columns: Sequence[str], rows: Iterable[Sequence[object]], next_cursor: str | None
) -> Response:
    """A table with a line of column names, and a link to what comes after it where there is more."""
    written = StringIO()
    table = csv.writer(written)
    table.writerow(columns)
    table.writerows([[_cell(each) for each in row] for row in rows])
    body = written.getvalue().encode()
    etag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    response = answer_with(request, Representation(body, etag), f"{CSV}; charset=utf-8")
    if next_cursor is not None:
        following = request.url.include_query_params(cursor=next_cursor)
        response.headers["Link"] = f'<{following.path}?{following.query}>; rel="next"'
    return response


def _cell(value: object) -> object:
    """As a spreadsheet reads it: nothing for null, and no text that it takes for a formula."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    return f"'{value}" if isinstance(value, str) and value.startswith(_BEGINS_FORMULAS) else value


def spreadsheet_time(instant: datetime) -> str:
    """The instant as spreadsheets read times: without a zone, in UTC, to the second."""
    return f"{instant.astimezone(UTC):%Y-%m-%d %H:%M:%S}"


def answer_with(request: Request, representation: Representation, media_type: str = "application/json") -> Response:
    """What was represented before, where the reader has not got it."""
    etag = tag_as_sent(representation.etag, representation.body, request.headers)
    vary = "Authorization, Accept, Accept-Encoding"
    headers = {"ETag": etag, "Cache-Control": "private, no-cache", "Vary": vary}
    if is_known(request, etag):
        return Response(status_code=304, headers=headers)
    return Response(representation.body, 200, headers, media_type)


def is_known(request: Request, etag: str) -> bool:
    """Whether the reader names this ETag as one that it has."""
    known = ", ".join(request.headers.getlist("if-none-match"))
    return known.strip() == "*" or etag in _ENTITY_TAG.findall(known)
