"""`charge_point.telemetry.v1` and `circuit.telemetry.v1` on the wire (TEL-1 to TEL-7).

Where a key may be absent, null says the same: no statement.
"""

from collections.abc import Mapping
from typing import Annotated, Final, NotRequired, TypeAlias, final

from pydantic import AfterValidator, Discriminator, FailFast, Tag, TypeAdapter
from pydantic_core import PydanticCustomError
from typing_extensions import TypedDict

from adapters.messages.scalars import (
    ClockReading,
    Flag,
    Id,
    Instant,
    Integer,
    MeasuredFigure,
    MeasuredLimit,
    Name,
    RateUnit,
    ReportedConnectorNumber,
    SessionId,
    Status,
)
from domain.knowledge.readings import (
    DEFAULT_PRIORITY,
    STATUSES,
    ChargePointTelemetry,
    CircuitTelemetry,
    ConnectorReading,
    Control,
    Session,
    Telemetry,
)

CHARGE_POINT_TELEMETRY: Final = "charge_point.telemetry.v1"
CIRCUIT_TELEMETRY: Final = "circuit.telemetry.v1"


class SessionV1(TypedDict):
    """A charging session."""

    session_id: SessionId
    """The charger's own id of the session (OCPP's transaction id): text, or an integer, which is kept as its decimal
    text.
    """
    started_at: NotRequired[Instant | None]
    """When the session began (UTC)."""
    departs_at: NotRequired[Instant | None]
    """When the vehicle is to leave (UTC)."""
    energy_needed_wh: NotRequired[MeasuredFigure | None]
    """The energy that the vehicle still needs, in watt-hours; 0 or less: none. A fraction is rounded to the nearest
    whole.
    """
    priority: NotRequired[Integer | None]
    """The rank of the session in order `priority`: the lower goes first; null: 100."""


class ConnectorReadingV1(TypedDict):
    """One connector of a charge point's message."""

    connector_id: ReportedConnectorNumber
    """The connector by its OCPP number, from 1; 0, the whole station, is passed over."""
    status: Status
    """The status in OCPP's words, of 1.6 or 2.0.1, in any case. Preparing, Charging, SuspendedEV, SuspendedEVSE,
    Occupied and EVConnected mean that a vehicle may want power.
    """
    power_w: NotRequired[MeasuredFigure | None]
    """What the connector draws, in watts; 0: nothing; null: not known, and then room is held for it. A fraction is
    rounded to the nearest whole.
    """
    requested_w: NotRequired[MeasuredLimit | None]
    """What the vehicle asks for, in watts; 0: nothing; null: as much as the ratings allow."""
    applied_limit_w: NotRequired[MeasuredLimit | None]
    """The limit in force at the charger, in watts, as it was read back from there, never copied from a command that was
    accepted; null: not read back, and the last one reported counts.
    """
    applied_cycle_seq: NotRequired[Integer | None]
    """The newest cycle whose setpoint is known to be in force. Report it always or never: once a connector named a
    cycle, only setpoints that it names count as received. Null: not known.
    """
    refused_cycle_seq: NotRequired[Integer | None]
    """The cycle whose setpoint the charger refused; null: none."""
    session: NotRequired[SessionV1 | None]
    """The charging session; null: none."""


class ControlV1(TypedDict):
    """What a gateway found a charger to do."""

    why: NotRequired[Name | None]
    """Why the charger cannot be held to a limit, in words; null: it is controlled."""
    unit: NotRequired[RateUnit | None]
    """In which unit the charger takes its limits: `W`, watts; `A`, amperes of each phase; null: not known."""
    reads_back: NotRequired[Flag | None]
    """Whether the charger tells the limit in force; null: not known."""
    lapses: NotRequired[Flag | None]
    """Whether a limit ends in the charger by itself; null: not known."""


def _one_reading_each(readings: list[ConnectorReadingV1]) -> list[ConnectorReadingV1]:
    if len({reading["connector_id"] for reading in readings}) != len(readings):
        raise PydanticCustomError("repeated_connector", "A connector should be reported once in a message")
    return readings


@final
class ChargePointTelemetryV1(TypedDict):
    """A charge point's message. One that reports a connector twice is malformed: neither reading is newer."""

    microgrid_id: Id
    """The microgrid that the charge point belongs to; the key of the message."""
    charge_point_id: Id
    """The charge point, by its id in the configuration. Any message of it shows that its link is alive."""
    sequence: Integer
    """A number that rises with every message of the charge point, over restarts too (the clock in milliseconds does).
    Of two messages with the same `measured_at` the higher counts.
    """
    measured_at: ClockReading
    """When it was measured (UTC), also where the message is passed on later. Of each connector the newest counts; one
    more than 60 s ahead of the receiver's clock is dropped.
    """
    connectors: Annotated[list[ConnectorReadingV1], FailFast(), AfterValidator(_one_reading_each)]
    """The connectors that there is something to say of, each at most once; the others keep their last reading. Empty: a
    sign of life alone.
    """
    control: NotRequired[ControlV1 | None]
    """What the gateway found the charger to do; the newest that is said is shown, and nothing is decided by it. Null:
    no statement.
    """


@final
class CircuitTelemetryV1(TypedDict):
    """A reading of a circuit's meter."""

    microgrid_id: Id
    """The microgrid that the circuit belongs to; the key of the message."""
    circuit_id: Id
    """The circuit, by its id in the configuration, which has it as `metered`."""
    sequence: Integer
    """A number that rises with every message of the meter, over restarts too (the clock in milliseconds does). Of two
    messages with the same `measured_at` the higher counts.
    """
    measured_at: ClockReading
    """When it was measured (UTC), also where the message is passed on later. The newest counts; one more than 60 s
    ahead of the receiver's clock is dropped.
    """
    power_w: MeasuredFigure
    """What is drawn from the circuit in all, in watts, import positive; negative: fed back. A fraction is rounded to
    the nearest whole.
    """


def _type_of(data: object) -> str:
    of_a_circuit = isinstance(data, Mapping) and "circuit_id" in data and "charge_point_id" not in data
    return CIRCUIT_TELEMETRY if of_a_circuit else CHARGE_POINT_TELEMETRY


TelemetryV1: TypeAlias = Annotated[
    Annotated[ChargePointTelemetryV1, Tag(CHARGE_POINT_TELEMETRY)]
    | Annotated[CircuitTelemetryV1, Tag(CIRCUIT_TELEMETRY)],
    Discriminator(_type_of),
]
"""Either kind where no envelope tells which: told by the id it has."""

STATUS_SPELLINGS: Final = {status.casefold(): status for status in STATUSES}
"""Chargers spell them in any case."""

_CHARGE_POINT: Final = TypeAdapter(ChargePointTelemetryV1)
_CIRCUIT: Final = TypeAdapter(CircuitTelemetryV1)


def read_charge_point_telemetry(data: object) -> ChargePointTelemetry:
    """Parsed JSON as a charge point's message. Raises pydantic's ValidationError."""
    return _charge_point(_CHARGE_POINT.validate_python(data))


def read_circuit_telemetry(data: object) -> CircuitTelemetry:
    """Parsed JSON as a meter's message. Raises pydantic's ValidationError."""
    return _circuit(_CIRCUIT.validate_python(data))


def telemetry_from(wire: ChargePointTelemetryV1 | CircuitTelemetryV1) -> Telemetry:
    """The message that a wire shape of either kind states."""
    return _circuit(wire) if "circuit_id" in wire else _charge_point(wire)


def _circuit(wire: CircuitTelemetryV1) -> CircuitTelemetry:
    return CircuitTelemetry(**wire)


def _charge_point(wire: ChargePointTelemetryV1) -> ChargePointTelemetry:
    return ChargePointTelemetry(
        wire["microgrid_id"],
        wire["charge_point_id"],
        wire["sequence"],
        wire["measured_at"],
        tuple(map(_reading, wire["connectors"])),
        None if (control := wire.get("control")) is None else _control(control),
    )


def _control(wire: ControlV1) -> Control:
    return Control(wire.get("why"), wire.get("unit"), wire.get("reads_back"), wire.get("lapses"))


def _reading(wire: ConnectorReadingV1) -> ConnectorReading:
    session = wire.get("session")
    return ConnectorReading(
        wire["connector_id"],
        STATUS_SPELLINGS.get(wire["status"].casefold(), wire["status"]),
        wire.get("power_w"),
        wire.get("requested_w"),
        wire.get("applied_limit_w"),
        wire.get("applied_cycle_seq"),
        None if session is None else _session(session),
        wire.get("refused_cycle_seq"),
    )


def _session(wire: SessionV1) -> Session:
    priority = wire.get("priority")
    return Session(
        wire["session_id"],
        wire.get("started_at"),
        wire.get("departs_at"),
        wire.get("energy_needed_wh"),
        DEFAULT_PRIORITY if priority is None else priority,
    )
