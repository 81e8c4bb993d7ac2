"""Streams of JSON, one object a line, and what is answered to a line that cannot be used."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from io import BufferedReader
from typing import BinaryIO, Final, TypeVar

from pydantic import TypeAdapter, ValidationError
from pydantic_core import to_json

from adapters.messages.parsing import NotJson, faults, parse, summary
from domain.site.configuration import Fault

MAX_LINE_BYTES: Final = 16 * 2**20
CHUNK_BYTES: Final = 2**20

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class LineError:
    """Why a line cannot be used. The paths of its faults are JSON pointers into the line."""

    code: str
    message: str
    faults: tuple[Fault, ...] = ()


def lines(stream: BinaryIO) -> Iterator[bytes]:
    """The lines of a stream without their ends. Of one that is too long no more is kept than shows that it is."""
    while line := stream.readline(MAX_LINE_BYTES + 1):
        rest = line
        while rest and not rest.endswith(b"\n"):
            rest = stream.readline(MAX_LINE_BYTES)
        yield line.removesuffix(b"\n")


def as_they_come(stream: BufferedReader) -> Iterator[Sequence[bytes]]:
    """The lines of a stream without their ends, so many at once as one look at it brings: none waits for the next.

    Of one that is too long no more is kept than shows that it is.
    """
    rest = b""
    while read := stream.read1(CHUNK_BYTES):
        *lines, rest = (rest + read).split(b"\n")
        rest = rest[: MAX_LINE_BYTES + 1]
        if lines:
            yield lines
    if rest:
        yield [rest]


def read_line(line: bytes, shape: TypeAdapter[_T]) -> _T | LineError:
    """A line in the shape that it should have. Never raises."""
    if len(line) > MAX_LINE_BYTES:
        return LineError("line_too_long", "The line is longer than 16 MiB.")
    try:
        return shape.validate_python(parse(line))
    except NotJson as error:
        return LineError("invalid_json", str(error))
    except ValidationError as error:
        return invalid_snapshot(faults(error))


def invalid_snapshot(found: tuple[Fault, ...]) -> LineError:
    """The answer to a line of another shape than it should have."""
    return LineError("invalid_snapshot", summary(found), found)


def write_error(error: LineError, number: int | None = None) -> bytes:
    """A line of output without its end, for a line that cannot be used; with its `number`, from 1 on, where the answers
    are not as many as the lines.
    """
    return to_json(({} if number is None else {"line": number}) | {"error": error})
