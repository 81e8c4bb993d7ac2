"""The reads (HTTP-1 to HTTP-7)."""

from dataclasses import fields
from datetime import UTC, datetime
from typing import Annotated, Any, Final

from fastapi import APIRouter, Header, Query, Request
from starlette.responses import Response

from adapters.messages.events import unsaid
from application.queries.breaches import Breach
from application.queries.microgrids import microgrids as list_microgrids
from application.queries.overview import overview as overview_of
from application.queries.rows import BreachState, StatusRow
from application.queries.status import AsOf, age_s, as_of, state_of, status_of
from domain.site.identifiers import natural_key
from entrypoints.api import cursors, described, examples, overview_schemas, schemas
from entrypoints.api.answers import answer, answer_with, represent_without, with_members, without_sessions
from entrypoints.api.auth import Asking
from entrypoints.api.feed import Feed, without_data
from entrypoints.api.parameters import Cursor, CycleSeq, Known, LatestKnown, Limit, Reads
from entrypoints.api.problems import Problem
from entrypoints.api.stream import EventStream, Places

ITEMS: Final = 50
"""How many items a page has where nothing is said."""

_CHANGING: Final = "state"
"""Changes while nothing happens."""

_BEGINNING = datetime.min.replace(tzinfo=UTC)

router = APIRouter(prefix="/v1/microgrids", tags=["microgrids"])

WhichBreaches = Annotated[BreachState, Query(description="Which breaches: those that are open, or over, or both.")]


@router.get("", summary="List microgrids", responses=described.read(schemas.Microgrids, examples.MICROGRIDS, 422))
async def microgrids(
    request: Request, caller: Asking, reads: Reads, limit: Limit = ITEMS, cursor: Cursor = None
) -> Response:
    """Every microgrid that the caller sees, in natural order of their ids."""
    lines = await list_microgrids(reads.read_model, reads.clock.now(), caller.sees)
    every = [line.as_of for line in lines]
    newest = max(every, key=lambda each: each.at or _BEGINNING, default=AsOf(None, None, None, "stale"))
    if cursor is not None:
        before = natural_key(cursors.identifier("microgrids", cursor))
        lines = [line for line in lines if natural_key(line.microgrid_id) > before]
    items, next_cursor = cursors.page(lines, limit, "microgrids", lambda line: line.microgrid_id)
    return _page(request, items, next_cursor, newest)


@router.get(
    "/{microgrid_id}",
    summary="Show a microgrid",
    responses=described.read(schemas.Status, examples.STATUS, 404),
)
async def status(request: Request, latest: LatestKnown, reads: Reads) -> Response:
    """A microgrid at a glance: its tree with the latest figures, the latest cycle, what is open."""
    now = reads.clock.now()
    state = as_of(latest.microgrid, now).state
    if state not in latest.shown:
        shown = status_of(latest.microgrid, latest.open_breaches, latest.not_ready, now)
        latest.shown[state] = represent_without(_CHANGING, shown)
    how = {"state": state_of(latest.microgrid.glance, now)}
    return answer_with(request, with_members(latest.shown[state], how))


@router.get(
    "/{microgrid_id}/overview",
    summary="Show all that a page shows",
    responses=described.read(overview_schemas.Overview, examples.OVERVIEW, 404, 422),
)
async def overview(
    request: Request,
    latest: LatestKnown,
    reads: Reads,
    sessions: Annotated[
        bool, Query(description="Whether setpoints have their `session`; a list of its own has them too.")
    ] = True,
) -> Response:
    """The tree down to the connectors, each node with its state in a word; what binds, who is held back and why."""
    now = reads.clock.now()
    variant = (as_of(latest.microgrid, now).state, sessions)
    if variant not in latest.overviews:
        row = latest.microgrid if sessions else without_sessions(latest.microgrid)
        seen = overview_of(row, latest.open_breaches, latest.last_breach, latest.not_ready, now)
        latest.overviews[variant] = represent_without(_CHANGING, seen)
    how = {"state": state_of(latest.microgrid.glance, now), "age_s": age_s(latest.microgrid, now)}
    return answer_with(request, with_members(latest.overviews[variant], how))


@router.get(
    "/{microgrid_id}/cycles",
    summary="List cycles",
    responses=described.read(schemas.Cycles, examples.CYCLES, 404, 422),
)
async def cycles(
    request: Request, microgrid: Known, reads: Reads, limit: Limit = ITEMS, cursor: Cursor = None
) -> Response:
    """The published cycles, newest first, without their nodes and setpoints."""
    before = cursors.sequence("cycles", cursor)
    rows = await reads.read_model.cycle_heads(microgrid.microgrid_id, before, limit + 1)
    items, next_cursor = cursors.page(rows, limit, "cycles", lambda row: str(row.cycle_seq))
    return _page(request, items, next_cursor, _as_of(microgrid, reads))


@router.get(
    "/{microgrid_id}/cycles/{cycle_seq}",
    summary="Show a cycle",
    responses=described.read(schemas.Cycle, examples.CYCLE, 404, 422),
)
async def cycle(request: Request, microgrid: Known, reads: Reads, cycle_seq: CycleSeq) -> Response:
    """One published cycle, whole."""
    row = await reads.read_model.cycle(microgrid.microgrid_id, cycle_seq)
    if row is None:
        raise Problem(404, f"There is no cycle {cycle_seq} of {microgrid.microgrid_id}, or it is kept no longer.")
    whole = {each.name: getattr(row, each.name) for each in fields(row)}
    for unspoken in unsaid(row):
        del whole[unspoken]
    return answer(request, whole | {"as_of": _as_of(microgrid, reads)})


@router.get(
    "/{microgrid_id}/breaches",
    summary="List breaches",
    responses=described.read(schemas.Breaches, examples.BREACHES, 404, 422),
)
async def breaches(
    request: Request,
    microgrid: Known,
    reads: Reads,
    state: WhichBreaches = BreachState.OPEN,
    limit: Limit = ITEMS,
    cursor: Cursor = None,
) -> Response:
    """Loads that are or were over their limits; what opened last comes first."""
    before = cursors.sequence("breaches", cursor)
    rows = await reads.read_model.breaches(microgrid.microgrid_id, state, before, limit + 1)
    items, next_cursor = cursors.page(rows, limit, "breaches", lambda row: str(row.opened_seq))
    return _page(request, [Breach.of(row) for row in items], next_cursor, _as_of(microgrid, reads))


@router.get(
    "/{microgrid_id}/stream",
    summary="Follow the events",
    responses=described.stream(examples.STREAM, 404, 422),
    response_class=EventStream,
    status_code=200,
)
async def stream(
    request: Request,
    microgrid: Known,
    caller: Asking,
    last_event_id: Annotated[
        str | None,
        Header(alias="Last-Event-ID", description="The last event that was received; later ones follow, each once."),
    ] = None,
    data: Annotated[
        bool, Query(description="Without it `data` is an empty object: only what happened is told.")
    ] = True,
) -> Response:
    """Server-sent events: `id` is `event_seq`, `event` the CloudEvents type, `data` the event's data.

    Without `Last-Event-ID` it begins with the next event. An event `reset` comes first where that id is unusable or
    beyond retention: read anew what you know, the events after the reset's id follow. A comment comes every 15 s.
    A stream ends when its token expires.
    """
    feed: Feed = request.app.state.feed
    parts = feed.listen(microgrid.microgrid_id, last_event_id or None)
    places: Places = request.app.state.places
    address = request.client.host if request.client else ""
    return EventStream(
        parts if data else without_data(parts),
        request.app.state.abort,
        places.one(caller.name or address),
        caller.until,
    )


def _page(request: Request, items: Any, next_cursor: str | None, shown_as_of: AsOf) -> Response:
    return answer(request, {"items": items, "next_cursor": next_cursor, "as_of": shown_as_of})


def _as_of(microgrid: StatusRow, reads: Reads) -> AsOf:
    return as_of(microgrid, reads.clock.now())
