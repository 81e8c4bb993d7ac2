"""Every error is a problem document (RFC 9457)."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from http import HTTPStatus
from typing import Any, Final

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic_core import to_json
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from application.ports.persistence import StorageUnavailable

MEDIA_TYPE: Final = "application/problem+json"
ALLOWED: Final = "GET, HEAD"

_logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Invalid:
    """A parameter that cannot be used, and why."""

    parameter: str
    detail: str


class Problem(Exception):
    """What a request is answered with instead."""

    def __init__(
        self,
        status: int,
        detail: str,
        *,
        errors: Sequence[Invalid] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.errors = errors
        self.headers = headers


def document(status: int, detail: str, errors: Sequence[Invalid] = ()) -> dict[str, Any]:
    """A problem that needs no type of its own: its title is the status's."""
    body: dict[str, Any] = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
    }
    return body | ({"errors": [asdict(error) for error in errors]} if errors else {})


def response(problem: Problem) -> Response:
    """The problem as an HTTP answer."""
    return Response(
        to_json(document(problem.status, problem.detail, problem.errors)),
        problem.status,
        {"Cache-Control": "no-store", **(problem.headers or {})},
        MEDIA_TYPE,
    )


def answer_with_problems(app: FastAPI) -> None:
    """Let nothing else answer an error."""
    app.add_exception_handler(Problem, _as_it_is)
    app.add_exception_handler(HTTPException, _by_the_framework)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(StorageUnavailable, _unavailable)
    app.add_exception_handler(Exception, _unexpected)


async def _as_it_is(_request: Request, error: Exception) -> Response:
    assert isinstance(error, Problem)
    return response(error)


async def _by_the_framework(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    match error.status_code:
        case 404:
            return response(Problem(404, f"There is nothing at {request.url.path}."))
        case 405:
            return response(Problem(405, f"Only {ALLOWED} are answered.", headers={"Allow": ALLOWED}))
        case status:
            return response(Problem(status, str(error.detail), headers=error.headers))


async def _invalid(_request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    errors = [Invalid(str(each["loc"][-1]), each["msg"]) for each in error.errors()]
    names = ", ".join(dict.fromkeys(each.parameter for each in errors))
    return response(Problem(422, f"These parameters cannot be used: {names}.", errors=errors))


async def _unavailable(_request: Request, error: Exception) -> Response:
    _logger.warning("the database does not answer: %s", error)
    return response(Problem(503, "The database does not answer.", headers={"Retry-After": "5"}))


async def _unexpected(_request: Request, _error: Exception) -> Response:
    """Whoever serves the application logs the error, which is raised again after this answer."""
    return response(Problem(500, "Something went wrong here; it is in the log."))


async def send_problem(problem: Problem, scope: Scope, receive: Receive, send: Send) -> None:
    """Answer from outside of the framework."""
    await response(problem)(scope, receive, send)
