"""Every type of message: how one that came in is read, and how one that goes out is written."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, Final, TypeAlias, TypeVar, assert_never

from pydantic import TypeAdapter, ValidationError
from pydantic_core import from_json, to_json

from adapters.messages import envelope, events
from adapters.messages.configuration import SITE_CONFIGURATION, read_configuration
from adapters.messages.parsing import NotJson, faults, parse, summary
from adapters.messages.plain_telemetry import PLAIN_READERS
from adapters.messages.retirement import MICROGRID_RETIREMENT, read_retirement
from adapters.messages.scalars import Id, Integer
from adapters.messages.telemetry import (
    CHARGE_POINT_TELEMETRY,
    CIRCUIT_TELEMETRY,
    read_charge_point_telemetry,
    read_circuit_telemetry,
)
from application import event_types
from application.ports.bus import (
    MESSAGE_BYTES,
    Digest,
    Inbound,
    MalformedConfiguration,
    Message,
    PublishedEvent,
    Retirement,
    Tombstone,
    Unreadable,
)
from domain.breaches.constraint import ConstraintBreached, ConstraintCleared
from domain.events import (
    ConfigurationApplied,
    ConfigurationRejected,
    CycleCompleted,
    DomainEvent,
    MicrogridProvisioned,
    MicrogridRetired,
)
from domain.knowledge.readings import Telemetry
from domain.site.configuration import Fault, SiteConfiguration

_T = TypeVar("_T")

Body: TypeAlias = SiteConfiguration | Retirement | Telemetry | PublishedEvent
"""What a readable message says. It belongs to one microgrid, whose id is the key of the message."""

WRITERS: Final[Mapping[type[DomainEvent], tuple[str, Callable[[Any], bytes]]]] = {
    MicrogridProvisioned: (event_types.MICROGRID_PROVISIONED, events.write_microgrid_provisioned),
    ConfigurationApplied: (event_types.CONFIGURATION_APPLIED, events.write_configuration_applied),
    ConfigurationRejected: (event_types.CONFIGURATION_REJECTED, events.write_configuration_rejected),
    MicrogridRetired: (event_types.MICROGRID_RETIRED, events.write_microgrid_retired),
    CycleCompleted: (event_types.CYCLE_COMPLETED, events.write_cycle_completed),
    ConstraintBreached: (event_types.CONSTRAINT_BREACHED, events.write_constraint_breached),
    ConstraintCleared: (event_types.CONSTRAINT_CLEARED, events.write_constraint_cleared),
}
"""A domain event's class -> its CloudEvents type, and what makes JSON of it."""

READERS: Final[Mapping[str, Callable[[Any], SiteConfiguration | Retirement | Telemetry]]] = {
    SITE_CONFIGURATION: read_configuration,
    MICROGRID_RETIREMENT: read_retirement,
    CHARGE_POINT_TELEMETRY: read_charge_point_telemetry,
    CIRCUIT_TELEMETRY: read_circuit_telemetry,
}
"""A CloudEvents type that comes in -> what makes a body of parsed JSON, or raises pydantic's ValidationError.

Events are read by their head alone: one of a newer release's type has its place in the stream too.
"""

ID_LENGTH: Final = 1000
"""Of a message's id in characters: it is repeated in what answers it."""

_TOPIC_OF_TOMBSTONES: Final = "configuration"
_TOPIC_OF_EVENTS: Final = "events"
_ID: Final = TypeAdapter[str](Id)
_VERSION: Final = TypeAdapter[int](Integer)


def read(topic: str, message: Message, attributes: envelope.Attributes | None = None) -> Inbound:
    """What a message says, or why nobody can read it. Never raises. `topic` is named with any prefix, `attributes` are
    what the headers say, where they were read.

    The codes of Unreadable: `no_value`, `missing_type`, `unknown_type`, `unsupported_content_type`,
    `invalid_json`, `malformed`, `key_mismatch`, `too_large`, `invalid_header`.
    """
    if message.value is None:
        if topic.rpartition(".")[2] == _TOPIC_OF_TOMBSTONES:
            return Tombstone(message.key)
        return Unreadable("no_value", "The value is null.", message)
    if len(message.value) > MESSAGE_BYTES:
        dropped = Digest.of(message.value)
        detail = f"The value is {dropped.length} bytes long, more than {MESSAGE_BYTES}."
        return Unreadable("too_large", detail, replace(message, value=None), dropped)
    data = None
    as_it_came, attributes = message, attributes or envelope.Attributes(message)
    structured = attributes.is_structured
    try:
        if structured:
            message, data = envelope.in_binary_mode(message)
            attributes = envelope.Attributes(message)
    except NotJson as error:
        return Unreadable("invalid_json", str(error), message)
    reader, unreadable = _reader(topic, attributes)
    if reader is None:
        return Unreadable(*unreadable, as_it_came)
    if not structured and (body := _quickly(reader, message.value or b"")) is not None:
        return body if body.microgrid_id == message.key else _key_mismatch(message)
    try:
        if not structured:
            data = parse(message.value or b"")
    except NotJson as error:
        return Unreadable("invalid_json", str(error), as_it_came)
    return _read(reader, data, message.value or b"", as_it_came)


def _reader(topic: str, attributes: envelope.Attributes) -> tuple[Callable[[Any], Body] | None, tuple[str, str]]:
    """What reads the data of a message in the binary mode, or the code and the sentence that say why nothing does."""
    event_type = attributes.type
    if event_type is None:
        return None, ("missing_type", "There is no ce_type.")
    if len(attributes.id or "") > ID_LENGTH:
        return None, ("invalid_header", f"The ce_id is longer than {ID_LENGTH} characters.")
    reader: Callable[[Any], Body] | None = READERS.get(event_type)
    if topic.rpartition(".")[2] == _TOPIC_OF_EVENTS:
        reader = events.EventReader(event_type, attributes.stream)
    if reader is None:
        return None, ("unknown_type", "The type in ce_type is none that is read here.")
    if not attributes.is_json:
        return None, ("unsupported_content_type", "The content type is not application/json.")
    return reader, ("", "")


def _quickly(reader: Callable[[Any], Body], value: bytes) -> Body | None:
    """What nearly every message says; None where one has to be looked at closely: it may have `1.0` for a whole number,
    or be wrong, and `parse` and what reads it then say where.
    """
    plain = reader.plain if isinstance(reader, events.EventReader) else PLAIN_READERS.get(reader)
    try:
        if plain is not None and (body := plain(value)) is not None:
            return body
        return reader(from_json(value, allow_inf_nan=False))
    except (ValueError, RecursionError):
        return None


def _read(reader: Callable[[Any], Body], data: Any, content: bytes, message: Message) -> Inbound:
    try:
        body: Body | MalformedConfiguration = reader(data)
    except ValidationError as error:
        found = faults(error)
        is_configuration = reader is READERS[SITE_CONFIGURATION]
        malformed = malformed_configuration(data, found, content) if is_configuration else None
        if malformed is None:
            return Unreadable("malformed", summary(found), message)
        body = malformed
    except RecursionError:
        return Unreadable("invalid_json", "The values are nested too deep.", message)
    return body if body.microgrid_id == message.key else _key_mismatch(message)


def write(
    event: DomainEvent, *, stream: str, traceparent: str | None = None, workspace_id: str | None = None
) -> Message:
    """The message that announces an event: the same id, headers and bytes however often it is written.

    The id names the stream: where a new one begins, a subscriber that knows ids alone does not take it for the old.
    """
    event_type, data_of = WRITERS[type(event)]
    return envelope.wrap(
        event_type,
        f"{stream}/{event.microgrid_id}/{event.event_seq}",
        event.microgrid_id,
        data_of(event),
        source=envelope.source_of(stream),
        time=_time(event),
        sequence=event.event_seq,
        workspace_id=workspace_id,
        traceparent=traceparent,
    )


def _time(event: DomainEvent) -> datetime:
    """When it was decided, applied, refused or retired."""
    match event:
        case MicrogridProvisioned():
            return event.provisioned_at
        case ConfigurationApplied():
            return event.applied_at
        case ConfigurationRejected():
            return event.rejected_at
        case MicrogridRetired():
            return event.retired_at
        case CycleCompleted() | ConstraintBreached() | ConstraintCleared():
            return event.decided_at
        case _:
            assert_never(event)


def encode(message_type: str, payload: Mapping[str, Any], message_id: str | None = None) -> Message:
    """A payload, which names its `microgrid_id`, as a message of a type.

    Its id stands for its content where none is given: the same again is then the same message.
    """
    value = to_json(payload)
    return envelope.wrap(message_type, message_id or hashlib.sha256(value).hexdigest(), payload["microgrid_id"], value)


def malformed_configuration(data: Any, found: tuple[Fault, ...], value: bytes) -> MalformedConfiguration | None:
    """A configuration of a wrong shape as it can be answered; None where it names no microgrid."""
    microgrid_id = _member(data, "microgrid_id", _ID)
    if microgrid_id is None:
        return None
    digest = hashlib.sha256(value).hexdigest()
    return MalformedConfiguration(microgrid_id, _member(data, "version", _VERSION), found, digest)


def _member(data: Any, name: str, kind: TypeAdapter[_T]) -> _T | None:
    try:
        return kind.validate_python(data[name])
    except (TypeError, KeyError, ValidationError):
        return None


def _key_mismatch(message: Message) -> Unreadable:
    return Unreadable("key_mismatch", "The key of the message is not the microgrid_id of its data.", message)
