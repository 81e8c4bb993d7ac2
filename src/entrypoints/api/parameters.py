"""The parameters of reads, as far as several routes share them."""

import re
from datetime import UTC, datetime
from typing import Annotated

from fastapi import Depends, Path, Query, Request
from pydantic import BeforeValidator

from application.ports.read_side import Shown
from application.queries.rows import StatusRow
from domain.site.identifiers import ID_PATTERN
from entrypoints.api.auth import Asking
from entrypoints.api.cursors import HIGHEST
from entrypoints.api.latest import Latest, LatestMicrogrids
from entrypoints.api.problems import Problem
from entrypoints.api.read_side import ReadSide

_RFC3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d{1,6})?([Zz]|[+-]\d\d:\d\d)", re.ASCII)


def read_side(request: Request) -> ReadSide:
    """What the application was given to read from."""
    given: ReadSide = request.app.state.read_side
    return given


Reads = Annotated[ReadSide, Depends(read_side)]

MicrogridId = Annotated[str, Path(description="The microgrid's id.", examples=["malaga"])]


async def latest_known(request: Request, microgrid_id: MicrogridId, caller: Asking) -> Latest:
    """The newest of the microgrid that the path names, as far as the caller may know of it. Raises Problem."""
    microgrids: LatestMicrogrids = request.app.state.latest
    latest = await microgrids.of(microgrid_id) if re.fullmatch(ID_PATTERN, microgrid_id) else None
    if latest is None or not caller.sees(latest.microgrid):
        raise Problem(404, f"There is no microgrid {microgrid_id!r}.")
    request.state.shown = Shown(microgrid_id, latest.event.event_seq, latest.event.traceparent)
    return latest


LatestKnown = Annotated[Latest, Depends(latest_known)]


async def known_microgrid(latest: LatestKnown) -> StatusRow:
    """Its configuration and latest cycle."""
    return latest.microgrid


Known = Annotated[StatusRow, Depends(known_microgrid)]


def _instant(text: object) -> datetime:
    """RFC 3339 alone: neither a number of seconds nor a time without a zone."""
    if not (isinstance(text, str) and _RFC3339.fullmatch(text)):
        raise ValueError("write it like 2026-11-22T08:00:00Z")
    try:
        return datetime.fromisoformat(text.upper()).astimezone(UTC)
    except OverflowError:
        raise ValueError("that is before or after all times") from None


Instant = Annotated[datetime, BeforeValidator(_instant)]

Limit = Annotated[int, Query(ge=1, le=500, description="How many items at most.")]
Cursor = Annotated[str | None, Query(description="Where to read on: `next_cursor` of the page before.")]
CycleSeq = Annotated[int, Path(ge=1, le=HIGHEST, description="The number of a published cycle.", examples=[17])]
From = Annotated[Instant | None, Query(alias="from", description="From this instant on (RFC 3339).")]
To = Annotated[Instant | None, Query(alias="to", description="Before this instant (RFC 3339).")]
