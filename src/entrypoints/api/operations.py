"""What operators and their tools ask of the process itself. None of it needs a token."""

from fastapi import APIRouter, Request
from starlette.responses import PlainTextResponse, Response

from entrypoints.api import described, schemas
from entrypoints.api.answers import answer
from entrypoints.api.probes import Asked
from entrypoints.api.problems import Problem

METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8"

router = APIRouter(tags=["operations"])
"""Of every process."""

describing = APIRouter(tags=["operations"])
"""Of one that has an API to describe."""


def _healthy(status: str) -> described.Responses:
    content = {"application/json": {"example": {"status": status}}}
    return {200: {"model": schemas.Health, "content": content}, **described.anywhere()}


@router.get("/health/live", summary="Is the process alive?", responses=_healthy("live"))
async def live(probes: Asked) -> Response:
    """While it answers, and nothing it does is stuck."""
    _require_none(probes.why_not_live())
    return Response(b'{"status":"live"}', headers={"Cache-Control": "no-store"}, media_type="application/json")


@router.get("/health/ready", summary="Is it ready?", responses=_healthy("ready"))
async def ready(probes: Asked) -> Response:
    """Whether the database answers and has the schema of this release."""
    _require_none(await probes.why_not_ready())
    return Response(b'{"status":"ready"}', headers={"Cache-Control": "no-store"}, media_type="application/json")


@router.get(
    "/metrics",
    summary="Show metrics",
    responses={
        200: {"description": "Prometheus' text format.", "content": {"text/plain": {"schema": {"type": "string"}}}},
        **described.anywhere(),
    },
    response_class=PlainTextResponse,
)
async def metrics(probes: Asked) -> Response:
    """What is counted and measured in this process."""
    return Response(probes.metrics(), headers={"Cache-Control": "no-store"}, media_type=METRICS_TYPE)


def _require_none(why_not: str | None) -> None:
    if why_not is not None:
        raise Problem(503, why_not, headers={"Retry-After": "5"})


@describing.get(
    "/openapi.json",
    summary="Describe the API",
    responses={
        200: {"description": "This document.", "content": {"application/json": {"schema": {"type": "object"}}}},
        304: {"description": "The reader has this already."},
        **described.anywhere(),
    },
)
async def openapi(request: Request) -> Response:
    """The OpenAPI document."""
    return answer(request, request.app.openapi())
