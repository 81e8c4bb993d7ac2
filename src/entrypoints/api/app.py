"""The application: routes, problems, and what stands around them."""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, ClassVar

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute
from pydantic import TypeAdapter
from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp

from application.queries.history import Step
from application.queries.rows import BreachState
from entrypoints.api import operations, past_routes, routes, schemas
from entrypoints.api.auth import Access
from entrypoints.api.compression import Compressed
from entrypoints.api.described import Responses
from entrypoints.api.feed import Feed
from entrypoints.api.latest import LatestMicrogrids
from entrypoints.api.meaning import MeaningfulSchema
from entrypoints.api.measured import Measured, Requests
from entrypoints.api.page import serving as page
from entrypoints.api.probes import Probes
from entrypoints.api.problems import answer_with_problems
from entrypoints.api.read_side import ReadSide
from entrypoints.api.shell import HeadAsGet, KnownHosts, SecurityHeaders
from entrypoints.api.stream import STREAMS, Abort, Places

API_VERSION = "1"

DESCRIPTION = """What Busbar decided, and why: the read side, fed by its events.

Power is whole watts, import positive; energy whole watt-hours; times are RFC 3339 in UTC. Null means that nothing is
stated, 0 that nothing may flow. HEAD is answered as GET is. Every error is a problem document (RFC 9457). Readers
ignore keys that they do not know."""

LICENSE = {"name": "Apache License 2.0", "identifier": "Apache-2.0"}

SERVERS: list[dict[str, Any]] = [
    {
        "url": "{origin}",
        "description": "A process of `busbar api`, a `busbar demo` or a `busbar run`.",
        "variables": {"origin": {"default": "http://127.0.0.1:8080", "description": "Where the process is served."}},
    }
]


def create_app(
    read_side: ReadSide,
    feed: Feed,
    access: Access,
    abort: Abort = lambda client: None,
    *,
    hosts: Collection[str] | None = None,
    cors_origins: Sequence[str] = (),
    requests: Requests | None = None,
    streams: int = STREAMS,
) -> ASGIApp:
    """The read side as an ASGI application, measured by `requests` where they are given.

    `hosts`: requests to another Host than these and loopback are not answered; all are where it is None.
    `streams`: how many a caller may follow at once.
    """
    app = new_app()
    app.state.read_side = read_side
    app.state.latest = LatestMicrogrids(read_side)
    app.state.probes = _probes(read_side)
    app.state.feed = feed
    app.state.access = access
    app.state.abort = abort
    app.state.places = Places(streams)
    if cors_origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=cors_origins,
            allow_methods=["GET", "HEAD"],
            allow_headers=["Authorization", "If-None-Match", "Last-Event-ID"],
            expose_headers=["ETag"],
        )
    return _in_its_shell(app if requests is None else Measured(app, requests), hosts)


def create_operations_app(probes: Probes, *, hosts: Collection[str] | None) -> ASGIApp:
    """The operations routes alone, of a process that serves nothing else."""
    app = FastAPI(openapi_url=None, redirect_slashes=False)
    app.state.probes = probes
    app.include_router(operations.router)
    answer_with_problems(app)
    return _in_its_shell(app, hosts)


def _in_its_shell(app: ASGIApp, hosts: Collection[str] | None) -> ASGIApp:
    served: ASGIApp = HeadAsGet(Compressed(app))
    return SecurityHeaders(served if hosts is None else KnownHosts(served, hosts))


def _probes(read_side: ReadSide) -> Probes:
    async def why_not_ready() -> str | None:
        return None if await read_side.is_ready() else "The database does not answer."

    return Probes(lambda: None, why_not_ready, read_side.metrics)


def new_app() -> FastAPI:
    """The routes, without anything to read from: as much as describes itself."""
    app = FastAPI(
        title="Busbar",
        version=API_VERSION,
        openapi_url=None,
        redirect_slashes=False,
        generate_unique_id_function=lambda route: route.name,
    )
    app.include_router(routes.router)
    app.include_router(past_routes.router)
    app.include_router(operations.router)
    app.include_router(operations.describing)
    app.include_router(page.router)
    answer_with_problems(app)
    app.openapi = _described(app)  # type: ignore[method-assign]
    return app


def _described(app: FastAPI) -> Callable[[], dict[str, Any]]:
    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _document(app)
        return app.openapi_schema

    return openapi


def _document(app: FastAPI) -> dict[str, Any]:
    document = get_openapi(
        title=app.title,
        version=app.version,
        description=DESCRIPTION,
        license_info=LICENSE,
        servers=SERVERS,
        routes=app.routes,
    )
    described = (
        *routes.router.routes,
        *past_routes.router.routes,
        *operations.router.routes,
        *operations.describing.routes,
    )
    of_ours = [route for route in described if isinstance(route, APIRoute)]
    document["components"]["schemas"] = _shapes(of_ours)
    for route in of_ours:
        operation = document["paths"][route.path_format]["get"]
        # Nothing is asked where the service has no issuer of tokens; of some routes it never is.
        operation["security"] = [*operation["security"], {}] if "security" in operation else []
        responses = operation["responses"]
        if 422 not in route.responses:
            responses.pop("422", None)
        _put_examples(responses, route.responses)
    return document


def _shapes(described: Sequence[APIRoute]) -> dict[str, Any]:
    """The shape of every answer and problem, and what they are made of. The framework's own say less, and some of them
    are never answered here.
    """
    answered = [answer["model"] for route in described for answer in route.responses.values() if "model" in answer]
    shapes = [TypeAdapter(shape) for shape in dict.fromkeys([*answered, schemas.Problem, BreachState, Step])]
    _, defined = TypeAdapter.json_schemas(
        [(index, "serialization", shape) for index, shape in enumerate(shapes)],
        ref_template="#/components/schemas/{model}",
        schema_generator=_AnswerSchema,
    )
    known: dict[str, Any] = defined["$defs"]
    return dict(sorted(known.items()))


class _AnswerSchema(MeaningfulSchema):
    like: ClassVar[Mapping[type, type]] = schemas.ALIKE


def _put_examples(written: dict[str, Any], given: Responses) -> None:
    """The framework leaves nulls out of examples."""
    for status, response in given.items():
        for media_type, content in response.get("content", {}).items():
            if "example" in content:
                written[str(status)]["content"][media_type]["example"] = content["example"]
