"""Telemetry as lines, a message each (CLI-30, CLI-31): how meters and scripts bring it without a bus of their own."""

from typing import Final

from pydantic import TypeAdapter
from pydantic_core import from_json

from adapters.messages import registry
from adapters.messages.lines import LineError, read_line
from adapters.messages.telemetry import CHARGE_POINT_TELEMETRY, CIRCUIT_TELEMETRY, TelemetryV1
from application.ports.bus import Message

_TELEMETRY: Final = TypeAdapter[TelemetryV1](TelemetryV1)


def message_of(line: bytes) -> Message | LineError:
    """The message that a line stands for, with the key that it has to have, or why the line is none. Never raises."""
    wire = read_line(line, _TELEMETRY)
    if isinstance(wire, LineError):
        return wire
    kind = CHARGE_POINT_TELEMETRY if "charge_point_id" in wire else CIRCUIT_TELEMETRY
    try:
        return registry.encode(kind, from_json(line))
    except ValueError as error:  # in what nothing reads: half a surrogate pair, thousands of digits, deep nesting
        return LineError("invalid_json", f"{error}.")
