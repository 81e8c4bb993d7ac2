"""The reads that a spreadsheet may want too: a node over time, what happened, and the vehicles there are."""

from collections.abc import Sequence
from dataclasses import fields
from datetime import UTC, datetime
from typing import Annotated, Any, Final

from fastapi import APIRouter, Path, Query, Request
from starlette.responses import Response

from application.queries.history import Step
from application.queries.history import history as buckets_of
from application.queries.log import HappeningCode, LogEntry, LogQuery
from application.queries.rows import NodeBucket, StatusRow
from application.queries.sessions import SessionLine
from application.queries.sessions import sessions as sessions_of
from application.queries.status import as_of
from domain.sharing.plan import ServedSession
from domain.site.identifiers import connector_node_id, natural_key
from entrypoints.api import cursors, described, examples, past_schemas, schemas
from entrypoints.api.answers import answer, answer_csv, spreadsheet_time, wants_csv
from entrypoints.api.parameters import Cursor, From, Known, Limit, Reads, To
from entrypoints.api.problems import Problem

ITEMS: Final = 50
ROWS: Final = 10_000
"""How many rows a table has where nothing is said."""

_BEGINNING = datetime.min.replace(tzinfo=UTC)
_END = datetime.max.replace(tzinfo=UTC)

_HISTORY: Final = tuple(each.name for each in fields(NodeBucket))
_LOG: Final = ("at", "code", "node_id", "sentence", "before_w", "now_w", "duration_s")
_SESSION: Final = tuple(each.name for each in fields(ServedSession))
_TIME: Final = "time_utc"
"""`at` as a spreadsheet reads it."""
_OF_A_LINE: Final = ("power_w", "state", "ready_at", "short_by_wh")

router = APIRouter(prefix="/v1/microgrids", tags=["microgrids"])


@router.get(
    "/{microgrid_id}/history/{node_id:path}",
    summary="Show a node over time",
    responses=described.table(schemas.History, examples.HISTORY, 404, 422),
)
async def history(
    request: Request,
    microgrid: Known,
    reads: Reads,
    node_id: Annotated[str, Path(description="A node or, as `cp-001/1`, a connector.", examples=["gc-1"])],
    since: From = None,
    until: To = None,
    step: Annotated[Step, Query(description="How long a bucket is.")] = Step.TEN_SECONDS,
    limit: Limit = ITEMS,
    cursor: Cursor = None,
) -> Response:
    """What a node drew and was allowed, newest first."""
    if not _has(microgrid, node_id):
        raise Problem(404, f"There is no node {node_id!r} in {microgrid.microgrid_id}.")
    end = until or _END
    if cursor is not None:
        end = min(end, cursors.instant("history", cursor))
    count = _count(request, limit)
    buckets = await buckets_of(
        reads.read_model,
        microgrid.microgrid_id,
        node_id,
        step,
        since=since or _BEGINNING,
        until=end,
        limit=count + 1,
    )
    items, next_cursor = cursors.page(buckets, count, "history", lambda bucket: bucket.at.isoformat())
    if wants_csv(request):
        return answer_csv(request, (*_HISTORY, _TIME), [_cells(each, _HISTORY) for each in items], next_cursor)
    return _page(request, items, next_cursor, microgrid, reads)


@router.get(
    "/{microgrid_id}/log",
    summary="Show what happened",
    responses=described.table(past_schemas.Log, examples.LOG, 404, 422),
)
async def log(
    request: Request,
    microgrid: Known,
    reads: Reads,
    since: From = None,
    until: To = None,
    code: Annotated[HappeningCode | None, Query(description="Only what is of this kind.")] = None,
    node_id: Annotated[str | None, Query(description="Only what happened at this node or connector.")] = None,
    limit: Limit = ITEMS,
    cursor: Cursor = None,
) -> Response:
    """Breaches, configurations, limits, silent and disobedient chargers, stopped vehicles; newest first."""
    after = None if cursor is None else cursors.entry("log", cursor)
    count = _count(request, limit)
    wanted = LogQuery(since or _BEGINNING, until or _END, code, node_id, after=after)
    entries = await reads.read_model.log(microgrid.microgrid_id, wanted, count + 1)
    items, next_cursor = cursors.page(entries, count, "log", lambda each: f"{each.at.isoformat()} {each.number}")
    if wants_csv(request):
        return answer_csv(request, (*_LOG, _TIME), [_cells(each, _LOG) for each in items], next_cursor)
    return _page(request, list(map(_logged, items)), next_cursor, microgrid, reads)


@router.get(
    "/{microgrid_id}/sessions",
    summary="List vehicles",
    responses=described.table(past_schemas.Sessions, examples.SESSIONS, 404, 422),
)
async def sessions(
    request: Request, microgrid: Known, reads: Reads, limit: Limit = ITEMS, cursor: Cursor = None
) -> Response:
    """The vehicle at each connector, and whether it will be ready when it leaves; in natural order of connectors."""
    lines = sessions_of(microgrid)
    if cursor is not None:
        before = natural_key(cursors.identifier("sessions", cursor))
        lines = [line for line in lines if natural_key(line.connector) > before]
    items, next_cursor = cursors.page(lines, _count(request, limit), "sessions", lambda line: line.connector)
    if wants_csv(request):
        columns = ("connector", *_SESSION, *_OF_A_LINE)
        return answer_csv(request, columns, list(map(_flat, items)), next_cursor)
    return _page(request, items, next_cursor, microgrid, reads)


def _page(request: Request, items: Any, next_cursor: str | None, microgrid: StatusRow, reads: Reads) -> Response:
    page = {"items": items, "next_cursor": next_cursor}
    return answer(request, page | {"as_of": as_of(microgrid, reads.clock.now())})


def _cells(item: NodeBucket | LogEntry, columns: Sequence[str]) -> list[object]:
    return [*(getattr(item, column) for column in columns), spreadsheet_time(item.at)]


def _logged(entry: LogEntry) -> dict[str, Any]:
    return {column: getattr(entry, column) for column in _LOG}


def _flat(line: SessionLine) -> list[object]:
    session = [getattr(line.session, name) for name in _SESSION]
    return [line.connector, *session, *[getattr(line, name) for name in _OF_A_LINE]]


def _count(request: Request, limit: int) -> int:
    return ROWS if wants_csv(request) and "limit" not in request.query_params else limit


def _has(microgrid: StatusRow, node_id: str) -> bool:
    return any(node.node_id == node_id for node in microgrid.nodes) or any(
        connector_node_id(charge_point.charge_point_id, connector.connector_id) == node_id
        for charge_point in microgrid.configuration.charge_points
        for connector in charge_point.connectors
    )
