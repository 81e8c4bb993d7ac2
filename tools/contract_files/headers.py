"""The headers of messages, as JSON Schemas."""

from collections.abc import Iterable, Mapping
from typing import Any, Final, TypeAlias

from adapters.messages.envelope import MEDIA_TYPE, schema_of, source_of
from domain.site.identifiers import ID_PATTERN

Part: TypeAlias = dict[str, Any]

ID: Final[Part] = {"type": "string", "pattern": ID_PATTERN}

CODES: Final[Mapping[str, str]] = {
    "no_value": "The value is null",
    "missing_type": "There is no `ce_type`",
    "unknown_type": "The type is none that is read on this topic",
    "unsupported_content_type": "The content type is not JSON",
    "invalid_json": "The value is no JSON text",
    "malformed": "The value has not the shape of its type",
    "key_mismatch": "The key is missing or not the `microgrid_id` of the data",
    "unknown_microgrid": "What is to retire never was, and no more refusals of such are remembered",
    "wrong_partition": "The record lies where its key does not belong: another partitioner sent it",
    "too_large": "The value is larger than 16 MiB unpacked; the letter goes without it",
    "invalid_header": "A header cannot be used: a `ce_id` of more than 1,000 characters",
    "processing_failed": "The message can be read, and to act on it failed",
}
"""Why a message became a dead letter."""


def event_headers(name: str) -> Part:
    """The headers of an event in their order: `ce_workspaceid` and `traceparent` are not on every one."""
    return _object(
        {
            "ce_specversion": {"type": "string", "const": "1.0", "description": "The version of CloudEvents"},
            "ce_id": {
                "type": "string",
                "description": "Stream, microgrid id and `event_seq`: the same however often it is sent",
            },
            "ce_source": {
                "type": "string",
                "pattern": f"^{source_of('')}.+$",
                "description": "The stream, which a database leads. A new one resets a subscriber's position",
            },
            "ce_type": {"type": "string", "const": name, "description": "What the event announces, with its version"},
            "ce_subject": {**ID, "description": "The id of the microgrid"},
            "ce_time": {
                "type": "string",
                "format": "date-time",
                "description": "When it was decided, applied, refused or retired",
            },
            "ce_dataschema": {"type": "string", "const": schema_of(name), "description": "The `$id` of its schema"},
            "ce_sequence": {
                "type": "string",
                "pattern": "^[1-9][0-9]*$",
                "description": "`event_seq`, to be compared as a number",
            },
            "ce_workspaceid": {**ID, "description": "The workspace of the microgrid, where it has one"},
            "content-type": {"type": "string", "const": MEDIA_TYPE, "description": "What the value is"},
            "traceparent": _TRACEPARENT,
        },
        optional={"ce_workspaceid", "traceparent"},
    )


def inbound_headers(name: str) -> Part:
    """The headers of a message that Busbar receives."""
    return _object(
        {
            "ce_specversion": {"type": "string", "const": "1.0", "description": "The version of CloudEvents"},
            "ce_id": {
                "type": "string",
                "minLength": 1,
                "description": "What the sender knows the message by: what is answered is so under this id",
            },
            "ce_source": {"type": "string", "minLength": 1, "description": "The sender, a URI"},
            "ce_type": {"type": "string", "const": name, "description": "What the message says, with its version"},
            "ce_subject": {"type": "string", "description": "Not read; the id of the microgrid fits here"},
            "ce_time": {"type": "string", "format": "date-time", "description": "Not read; `measured_at` is"},
            "ce_dataschema": {"type": "string", "description": "Not read; the `$id` of its schema fits here"},
            "content-type": {"type": "string", "description": f"{MEDIA_TYPE}, also where it is absent"},
            "traceparent": _TRACEPARENT,
        },
        optional={"ce_subject", "ce_time", "ce_dataschema", "content-type", "traceparent"},
    )


def _object(properties: Mapping[str, Part], optional: Iterable[str] = ()) -> Part:
    required = [name for name in properties if name not in set(optional)]
    return {"type": "object", "properties": dict(properties), "required": required}


_TRACEPARENT: Final[Part] = {
    "type": "string",
    "pattern": "^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$",
    "description": "W3C trace context",
}

DEAD_LETTER_HEADERS: Final[Part] = _object(
    {
        "dlq_topic": {"type": "string", "description": "The topic where the message lay"},
        "dlq_partition": {"type": "string", "pattern": "^[0-9]+$", "description": "The partition where it lay"},
        "dlq_offset": {"type": "string", "pattern": "^[0-9]+$", "description": "The offset that it had there"},
        "dlq_code": {
            "type": "string",
            "enum": list(CODES),
            "description": "Why it cannot be read\n\n" + "\n".join(f"- `{code}`: {why}" for code, why in CODES.items()),
        },
        "dlq_detail": {"type": "string", "description": "Which field, and what about it"},
        "dlq_length": {
            "type": "string",
            "pattern": "^[0-9]+$",
            "description": "Of a value that is `too_large`, in bytes: the letter has none",
        },
        "dlq_sha256": {"type": "string", "pattern": "^[0-9a-f]{64}$", "description": "Of the same value"},
    },
    optional={"dlq_length", "dlq_sha256"},
)
