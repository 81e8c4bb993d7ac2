"""Bad messages, each with a header that says what it is, and what has to become of it."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from pydantic_core import from_json, to_json

from adapters.messages import registry
from adapters.messages.configuration import SITE_CONFIGURATION
from adapters.messages.telemetry import CHARGE_POINT_TELEMETRY
from application.ports.bus import Message
from tests.faults.history import Headers, Record

HEADER: Final = "planted"

MARKED_W: Final = 77_777
"""The power of readings that must not count."""

MARKED: Final = re.compile(rb'":\s*%d\b' % MARKED_W)
"""The same as the value of a field; in an instant, say, these digits may be too."""

DEAD_LETTERS: Final = (
    "no_value",
    "missing_type",
    "unknown_type",
    "unsupported_content_type",
    "invalid_json",
    "malformed",
    "key_mismatch",
)
"""Kinds that nobody can read, named by their code."""

REJECTED: Final = "rejected"
DUPLICATE: Final = "duplicate"
LATE: Final = "late"
UNCOUNTED: Final = ("future", "unknown")
MADE_UP: Final = "made_up"
"""A malformed configuration of a microgrid that nobody knows: answered, or a dead letter where there are too many."""

WHOEVER_OWNS: Final = (*DEAD_LETTERS, REJECTED, DUPLICATE, *UNCOUNTED)
"""Kinds whose fate does not depend on what was heard before, so not on who decides. A late reading's does: for a worker
that has just taken over it may be the newest."""

WHATEVER_THE_CLOCK: Final = (*DEAD_LETTERS, REJECTED, DUPLICATE, "unknown")
"""Kinds whose fate does not depend on the clock either: a reading of the future is none on a host that is ahead."""


def bad_message(kind: str, reading: dict[str, Any], version: int) -> tuple[str, Message]:
    """The topic and the message of this kind, made of a reading; `version` is a configuration's that is newer."""
    microgrid_id = reading["microgrid_id"]
    match kind:
        case "no_value":
            return "telemetry", _marked(kind, Message(microgrid_id, _headers(CHARGE_POINT_TELEMETRY), None))
        case "missing_type":
            return "telemetry", _marked(kind, Message(microgrid_id, (), to_json(reading)))
        case "unknown_type":
            return "telemetry", _marked(kind, Message(microgrid_id, _headers("no.such.type"), to_json(reading)))
        case "unsupported_content_type":
            headers = (*_headers(CHARGE_POINT_TELEMETRY), ("content-type", b"text/plain"))
            return "telemetry", _marked(kind, Message(microgrid_id, headers, to_json(reading)))
        case "invalid_json":
            return "telemetry", _marked(kind, Message(microgrid_id, _headers(CHARGE_POINT_TELEMETRY), b"{"))
        case "malformed":
            return "telemetry", _marked(kind, _telemetry({**reading, "sequence": "many"}))
        case "key_mismatch":
            headers = _headers(CHARGE_POINT_TELEMETRY)
            return "telemetry", _marked(kind, Message("nobody", headers, to_json(reading)))
        case "rejected" | "made_up":
            refused = {"microgrid_id": microgrid_id, "version": version, "charge_points": "none"}
            return "configuration", _marked(kind, registry.encode(SITE_CONFIGURATION, refused))
        case "duplicate":
            return "telemetry", _marked(kind, _telemetry(reading))
        case "late":
            late = {**_powerful(reading), "measured_at": _from_now(-600), "sequence": 0}
            return "telemetry", _marked(kind, _telemetry(late))
        case "future":
            future = {**_powerful(reading), "measured_at": _from_now(600)}
            return "telemetry", _marked(kind, _telemetry(future))
        case "unknown":
            unknown = {**_powerful(reading), "charge_point_id": "cp-unknown"}
            return "telemetry", _marked(kind, _telemetry(unknown))
    raise ValueError(kind)


def kind_of(message: Message) -> str:
    """What was planted; empty where nothing was."""
    return (dict(message.headers).get(HEADER) or b"").decode()


def as_dead_letter(record: Record, code: str) -> Message:
    """Key, value and headers as they came, and the coordinates."""
    place, message = record.position, record.message
    found = {
        "dlq_topic": place.topic,
        "dlq_partition": str(place.partition),
        "dlq_offset": str(place.offset),
        "dlq_code": code,
    }
    headers = (*message.headers, *((name, text.encode()) for name, text in found.items()))
    return Message(message.key, headers, message.value)


def but_for_detail(letter: Message) -> Message:
    """What is said to be wrong is a sentence for people."""
    return replace(letter, headers=tuple(each for each in letter.headers if each[0] != "dlq_detail"))


def coordinates(letter: Message) -> tuple[str, int, int]:
    """Topic, partition and offset that a dead letter names."""
    headers = {name: (value or b"").decode() for name, value in letter.headers}
    return headers["dlq_topic"], int(headers["dlq_partition"]), int(headers["dlq_offset"])


def refused(message: Message) -> tuple[str, int]:
    """The microgrid and the version that the answer to a malformed configuration names."""
    data = from_json(message.value or b"")
    return data["microgrid_id"], data["version"]


def _marked(kind: str, message: Message) -> Message:
    return Message(message.key, (*message.headers, (HEADER, kind.encode())), message.value)


def _telemetry(reading: dict[str, Any]) -> Message:
    return registry.encode(CHARGE_POINT_TELEMETRY, reading)


def _headers(message_type: str) -> Headers:
    return (("ce_type", message_type.encode()),)


def _powerful(reading: dict[str, Any]) -> dict[str, Any]:
    return {**reading, "connectors": [{**each, "power_w": MARKED_W} for each in reading["connectors"]]}


def _from_now(seconds: int) -> str:
    return (datetime.now(UTC) + timedelta(seconds=seconds)).isoformat().replace("+00:00", "Z")
