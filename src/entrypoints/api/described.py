"""What the OpenAPI document says of answers: their shape, an example, and every problem there may be instead."""

from http import HTTPStatus
from typing import Any, Final, TypeAlias

from pydantic import BaseModel

from entrypoints.api import problems

Responses: TypeAlias = dict[int | str, dict[str, Any]]

PROBLEM: Final = {"$ref": "#/components/schemas/Problem"}

_DETAILS: Final = {
    401: "An access token is needed.",
    403: "The client of this token may not ask here.",
    404: "There is no microgrid 'malagga'.",
    421: "Without an issuer of tokens only requests to the loopback host are answered.",
    422: "These parameters cannot be used: limit.",
    500: "Something went wrong here; it is in the log.",
    503: "The database does not answer.",
}
_INVALID: Final = {422: [problems.Invalid("limit", "Input should be less than or equal to 500")]}

_ETAG: Final = {"ETag": {"description": "A digest of the body.", "schema": {"type": "string"}}}
_CHALLENGE: Final = {"WWW-Authenticate": {"description": "What is wanted (RFC 6750).", "schema": {"type": "string"}}}


def read(shape: type[BaseModel], example: dict[str, Any], *statuses: int) -> Responses:
    """A read with an ETag, and the problems of these statuses beside those that any read may have."""
    return {
        200: {"model": shape, "headers": _ETAG, "content": {"application/json": {"example": example}}},
        304: {"description": "The reader has this already: `If-None-Match` names its ETag.", "headers": _ETAG},
        **problem(401, 403, *statuses),
        **anywhere(),
    }


def table(shape: type[BaseModel], example: dict[str, Any], *statuses: int) -> Responses:
    """The same as comma-separated values too, for a reader that accepts them rather."""
    responses = read(shape, example, *statuses)
    content = responses[200]["content"] | {"text/csv": {"schema": {"type": "string"}}}
    following = {"Link": {"description": "What comes after it in a table: `rel=next`.", "schema": {"type": "string"}}}
    return responses | {200: responses[200] | {"content": content, "headers": {**_ETAG, **following}}}


def stream(example: str, *statuses: int) -> Responses:
    """A stream of events."""
    content = {"text/event-stream": {"schema": {"type": "string"}, "example": example}}
    return {
        200: {"description": "Events, until the reader leaves.", "content": content},
        **problem(401, 403, *statuses),
        **anywhere(),
    }


def anywhere() -> Responses:
    """The problems that every route may have."""
    return problem(421, 500, 503)


def problem(*statuses: int) -> Responses:
    """The problems of these statuses."""
    return {
        status: {
            "description": HTTPStatus(status).phrase,
            **({"headers": _CHALLENGE} if status in (401, 403) else {}),
            "content": {
                problems.MEDIA_TYPE: {
                    "schema": PROBLEM,
                    "example": problems.document(status, _DETAILS[status], _INVALID.get(status, ())),
                }
            },
        }
        for status in statuses
    }
