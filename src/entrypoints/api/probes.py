"""What a process says of itself to operators and their tools."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request


@dataclass(frozen=True, slots=True)
class Probes:
    """Each answers the question it is named after; those with `why` with a sentence, or with None where all is well."""

    why_not_live: Callable[[], str | None]
    why_not_ready: Callable[[], Awaitable[str | None]]
    metrics: Callable[[], bytes]


def probes(request: Request) -> Probes:
    """Those the application was given."""
    given: Probes = request.app.state.probes
    return given


Asked = Annotated[Probes, Depends(probes)]
