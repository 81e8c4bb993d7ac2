"""The lines of `busbar replay` (CLI-19 to CLI-21): messages and their instants in, events out."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final, NotRequired

from pydantic import TypeAdapter, ValidationError
from pydantic_core import from_json, to_json
from typing_extensions import TypedDict

from adapters.messages import registry
from adapters.messages.configuration import SITE_CONFIGURATION
from adapters.messages.envelope import structured
from adapters.messages.lines import LineError, invalid_snapshot, read_line, write_error
from adapters.messages.parsing import faults
from adapters.messages.scalars import ClockReading, Flag, Text
from application.replay import BEGINNING, Happening, Input, Replay, TakeOver, TimeMark
from domain.events import DomainEvent
from domain.site.configuration import Fault

STREAM: Final = "replay"
LONGEST_GAP: Final = timedelta(days=366)
"""Between two lines. Every cycle that is due meanwhile is played: a slip in a year would go on for days."""


class LineV1(TypedDict):
    """A line of input: a message, a take-over, or a time mark."""

    at: ClockReading
    id: NotRequired[Text | None]
    type: NotRequired[Text | None]
    data: NotRequired[Any]
    take_over: NotRequired[Flag | None]


_LINE: Final = TypeAdapter(LineV1)


def read_input(line: bytes, not_before: datetime) -> Input | LineError:
    """A line as what happens at its instant: no earlier than another, nor long after it. Never raises."""
    wire = read_line(line, _LINE)
    if isinstance(wire, LineError):
        return wire
    if wire["at"] < not_before:
        return _unusable("/at", "Input should not be earlier than the line before")
    if not_before > BEGINNING and wire["at"] - not_before > LONGEST_GAP:
        return _unusable("/at", f"Input should be at most {LONGEST_GAP.days} days later than the line before")
    happening = _happening(wire)
    return happening if isinstance(happening, LineError) else Input(wire["at"], happening, wire.get("id"))


def answers(replay: Replay, line: bytes) -> tuple[Iterator[bytes], bool]:
    """The answers to one line, each without its end, and whether the line could be used."""
    given = read_input(line, replay.now)
    if isinstance(given, LineError):
        return iter((write_error(given),)), False
    return _played(replay, given), True


def write_event(event: DomainEvent, workspace_id: str | None = None) -> bytes:
    """A line of output without its end: a CloudEvent in the structured mode. `workspace_id` is its microgrid's."""
    message = registry.write(event, stream=STREAM, workspace_id=workspace_id)
    assert message.value is not None
    return structured(message, from_json(message.value))


def write_time_mark(at: datetime) -> bytes:
    """A line of input without its end."""
    return to_json({"at": at})


def write_take_over(at: datetime) -> bytes:
    """A line of input without its end."""
    return to_json({"at": at, "take_over": True})


def write_message(at: datetime, message_id: str | None, message_type: str, value: bytes) -> bytes:
    """A line of input without its end: a message of this id, type and value, taken in at this instant."""
    head = {"at": at} | ({} if message_id is None else {"id": message_id}) | {"type": message_type}
    return b'%b,"data":%b}' % (to_json(head).removesuffix(b"}"), value)


def _played(replay: Replay, given: Input) -> Iterator[bytes]:
    for event in replay.play(given):
        yield write_event(event, replay.workspace_of(event.microgrid_id))
    if isinstance(given.happening, TimeMark):
        yield to_json({"at": given.at, "next_due": replay.next_due()})


def _happening(wire: LineV1) -> Happening | LineError:
    message_type, data = wire.get("type"), wire.get("data")
    if wire.get("take_over"):
        if message_type is None and data is None:
            return TakeOver()
        return _unusable("/take_over", "Input should be a take-over or a message, not both")
    if message_type is not None:
        return _message(message_type, data)
    return TimeMark() if data is None else _unusable("/type", "Input should say of which type the data are")


def _message(message_type: str, data: Any) -> Happening | LineError:
    reader = registry.READERS.get(message_type)
    if reader is None:
        return _unusable("/type", f"Input should be one of {', '.join(registry.READERS)}")
    try:
        return reader(data)
    except ValidationError as error:
        found = faults(error)
    if message_type == SITE_CONFIGURATION:
        malformed = registry.malformed_configuration(data, found, json.dumps(data).encode())
        if malformed is not None:
            return malformed
    return invalid_snapshot(tuple(replace(fault, path=f"/data{fault.path or ''}") for fault in found))


def _unusable(path: str, message: str) -> LineError:
    return invalid_snapshot((Fault("malformed", path, message),))
