"""Telemetry as nearly every message has it, by a compiled decoder: in two thirds of the time that the models take.

Whatever is not plainly in order here is left to `telemetry`: that says what is wrong, and takes what is odd, as `1.0`
for a whole number. So what is read here has to be read there, and as the same.
"""

import re
from collections.abc import Callable, Mapping
from typing import Annotated, Any, Final, Literal, TypeVar, overload

from msgspec import Meta, MsgspecError, Struct
from msgspec.json import Decoder

from adapters.messages.scalars import clock_reading, instant, rounded
from adapters.messages.telemetry import (
    STATUS_SPELLINGS,
    read_charge_point_telemetry,
    read_circuit_telemetry,
)
from domain.knowledge.readings import (
    DEFAULT_PRIORITY,
    ChargePointTelemetry,
    CircuitTelemetry,
    ConnectorReading,
    Control,
    Session,
    Telemetry,
)
from domain.site.identifiers import ID_PATTERN
from domain.site.power import MAX_MAGNITUDE

Integer = Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)]
ConnectorNumber = Annotated[int, Meta(ge=0, lt=2**31)]

_FIGURE: Final = Meta(ge=-MAX_MAGNITUDE, le=MAX_MAGNITUDE)
_LIMIT: Final = Meta(ge=0, le=MAX_MAGNITUDE)
Figure = Annotated[int, _FIGURE] | Annotated[float, _FIGURE]
Limit = Annotated[int, _LIMIT] | Annotated[float, _LIMIT]

_IS_ID: Final = re.compile(ID_PATTERN).fullmatch
_SESSION_ID_LENGTH: Final = 64
_WHY_LENGTH: Final = 200

_T = TypeVar("_T")


class _Session(Struct):
    session_id: str | int
    started_at: str | None = None
    departs_at: str | None = None
    energy_needed_wh: Figure | None = None
    priority: Integer | None = None


class _Connector(Struct):
    connector_id: ConnectorNumber
    status: str
    power_w: Figure | None = None
    requested_w: Limit | None = None
    applied_limit_w: Limit | None = None
    applied_cycle_seq: Integer | None = None
    session: _Session | None = None
    refused_cycle_seq: Integer | None = None


class _Control(Struct):
    why: str | None = None
    unit: Literal["W", "A"] | None = None
    reads_back: bool | None = None
    lapses: bool | None = None


class _ChargePoint(Struct):
    microgrid_id: str
    charge_point_id: str
    sequence: Integer
    measured_at: str
    connectors: list[_Connector]
    control: _Control | None = None


class _Circuit(Struct):
    microgrid_id: str
    circuit_id: str
    sequence: Integer
    measured_at: str
    power_w: Figure


_CHARGE_POINT: Final = Decoder(_ChargePoint)
_CIRCUIT: Final = Decoder(_Circuit)
_ODD: Final = (MsgspecError, ValueError, RecursionError)


def plain_charge_point_telemetry(value: bytes) -> ChargePointTelemetry | None:
    """A charge point's message; None where it is to be looked at closely."""
    try:
        wire = _decoded(_CHARGE_POINT, value)
        _check_ids(wire.microgrid_id, wire.charge_point_id)
        several = len(wire.connectors) > 1
        if several and len({each.connector_id for each in wire.connectors}) != len(wire.connectors):
            return None
        return ChargePointTelemetry(
            wire.microgrid_id,
            wire.charge_point_id,
            wire.sequence,
            clock_reading(wire.measured_at),
            tuple(map(_reading, wire.connectors)),
            None if wire.control is None else _control(wire.control),
        )
    except _ODD:
        return None


def plain_circuit_telemetry(value: bytes) -> CircuitTelemetry | None:
    """A meter's message; None where it is to be looked at closely."""
    try:
        wire = _decoded(_CIRCUIT, value)
        _check_ids(wire.microgrid_id, wire.circuit_id)
        measured_at = clock_reading(wire.measured_at)
    except _ODD:
        return None
    return CircuitTelemetry(wire.microgrid_id, wire.circuit_id, wire.sequence, measured_at, _whole(wire.power_w))


PLAIN_READERS: Final[Mapping[Callable[[Any], Any], Callable[[bytes], Telemetry | None]]] = {
    read_charge_point_telemetry: plain_charge_point_telemetry,
    read_circuit_telemetry: plain_circuit_telemetry,
}
"""What reads parsed JSON -> what reads the bytes of a plain message of the same type."""


def _decoded(decoder: Decoder[_T], value: bytes) -> _T:
    if not value.isascii():  # text of an unknown field is passed over, and may be no UTF-8
        raise ValueError("more than ASCII")
    return decoder.decode(value)


def _check_ids(one: str, other: str) -> None:
    if _IS_ID(one) is None or _IS_ID(other) is None:
        raise ValueError("no id")


def _reading(wire: _Connector) -> ConnectorReading:
    session = wire.session
    return ConnectorReading(
        wire.connector_id,
        _status(wire.status),
        _whole(wire.power_w),
        _whole(wire.requested_w),
        _whole(wire.applied_limit_w),
        wire.applied_cycle_seq,
        None if session is None else _session(session),
        wire.refused_cycle_seq,
    )


def _session(wire: _Session) -> Session:
    session_id = str(wire.session_id)
    if len(session_id) > _SESSION_ID_LENGTH or "\0" in session_id:
        raise ValueError("no session id")
    return Session(
        session_id,
        None if wire.started_at is None else instant(wire.started_at),
        None if wire.departs_at is None else instant(wire.departs_at),
        _whole(wire.energy_needed_wh),
        DEFAULT_PRIORITY if wire.priority is None else wire.priority,
    )


def _control(wire: _Control) -> Control:
    why = wire.why or ""
    if len(why) > _WHY_LENGTH or not why.isascii() or not why.isprintable():
        raise ValueError("no plain words")
    return Control(wire.why, wire.unit, wire.reads_back, wire.lapses)


def _status(status: str) -> str:
    known = STATUS_SPELLINGS.get(status.casefold())
    if known is None:
        raise ValueError("a status that is not known")
    return known


@overload
def _whole(number: float) -> int: ...
@overload
def _whole(number: float | None) -> int | None: ...
def _whole(number: float | None) -> int | None:
    return rounded(number) if isinstance(number, float) else number
