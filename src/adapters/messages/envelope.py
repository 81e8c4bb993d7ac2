"""The CloudEvents 1.0 envelope: in Kafka's binary mode attributes in headers and data alone in the value, in the
structured mode one JSON object of both.
"""

import json
import re
from base64 import b64decode
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final

from pydantic_core import to_json

from adapters.messages.parsing import NotJson, parse
from application.ports.bus import Message

MEDIA_TYPE: Final = "application/json"
STRUCTURED: Final = "application/cloudevents+json"

SENDER: Final = "urn:busbar:sender"
"""The source of what our own command line sends to a service."""

_STREAMS: Final = "urn:busbar:"
_TRACEPARENT: Final = re.compile(r"00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")


def source_of(stream: str) -> str:
    """The source of the events of a stream."""
    return f"{_STREAMS}{stream}"


def schema_of(event_type: str) -> str:
    """What names the JSON Schema of a type's data: its `$id`."""
    return f"urn:busbar:schema:{event_type}"


def wrap(
    event_type: str,
    event_id: str,
    microgrid_id: str,
    value: bytes,
    *,
    source: str = SENDER,
    time: datetime | None = None,
    sequence: int | None = None,
    workspace_id: str | None = None,
    traceparent: str | None = None,
) -> Message:
    """A message of this service, equal for equal arguments: a re-publish has the same headers and bytes."""
    attributes = {
        "ce_specversion": "1.0",
        "ce_id": event_id,
        "ce_source": source,
        "ce_type": event_type,
        "ce_subject": microgrid_id,
        "ce_time": None if time is None else _rfc3339(time),
        "ce_dataschema": schema_of(event_type),
        "ce_sequence": None if sequence is None else str(sequence),
        "ce_workspaceid": workspace_id,
        "content-type": MEDIA_TYPE,
        "traceparent": traceparent,
    }
    headers = tuple((name, text.encode()) for name, text in attributes.items() if text is not None)
    return Message(microgrid_id, headers, value)


def in_binary_mode(message: Message) -> tuple[Message, Any]:
    """A message in the structured mode as it would be in the binary mode; and its data, parsed.

    The trace context of its own headers counts where the object has none. Raises NotJson where the value is no JSON
    object, and where its `data_base64` is not.
    """
    event = parse(message.value or b"")
    if not isinstance(event, dict):
        raise NotJson("The value is no JSON object.")
    headers = [(name, value) for name, value in message.headers if name == "traceparent"]
    for name, value in event.items():
        if name in ("traceparent", "datacontenttype") and isinstance(value, str):
            headers.append((name.replace("datacontenttype", "content-type"), _utf8(value)))
        elif name not in ("data", "data_base64") and isinstance(value, str | int):
            headers.append((f"ce_{name}", _utf8(str(value))))
    data = event.get("data")
    if "data_base64" in event:
        try:
            data = parse(b64decode(event["data_base64"], validate=True))
        except (TypeError, ValueError) as error:
            raise NotJson("The value of data_base64 is not in base64.") from error
    return Message(message.key, tuple(headers), json.dumps(data).encode()), data


class Attributes:
    """What the headers of a message say: at once what everybody asks for, the rest when somebody does.

    `type`, the CloudEvents type, and `id`, by which a re-publish is known, are None where there is none.
    `is_structured`: attributes and data are said to stand in the value together. `is_json`: the value is said to be
    JSON, which is what CloudEvents assumes without a content type.
    """

    __slots__ = ("_headers", "id", "is_json", "is_structured", "type")

    def __init__(self, message: Message) -> None:
        """Of a name that occurs twice the last counts."""
        headers = self._headers = dict(message.headers)
        self.type = _text(headers.get("ce_type"))
        self.id = _text(headers.get("ce_id"))
        media_type = _media_type(headers.get("content-type"))
        self.is_json = media_type is None or media_type == MEDIA_TYPE
        self.is_structured = media_type == STRUCTURED

    @property
    def stream(self) -> str:
        """The stream that the source of an event names; empty where there is no source."""
        return (_text(self._headers.get("ce_source")) or "").removeprefix(_STREAMS)

    @property
    def traceparent(self) -> str | None:
        """The W3C trace context the message belongs to, None where there is none or it is no such thing."""
        text = _text(self._headers.get("traceparent"))
        return text if text and _TRACEPARENT.fullmatch(text) else None


def attributes(message: Message, headers: Attributes | None = None) -> Attributes:
    """Of a message in either mode, `headers` where they were read; of one in the structured mode that is no JSON object
    nothing.
    """
    headers = headers or Attributes(message)
    if not headers.is_structured:
        return headers
    try:
        return Attributes(in_binary_mode(message)[0])
    except NotJson:
        return Attributes(replace(message, headers=()))


def type_of(message: Message) -> str | None:
    """The CloudEvents type, None where there is none."""
    return Attributes(message).type


def structured(message: Message, data: Any) -> bytes:
    """The message in the structured mode of CloudEvents: one JSON object, attributes and data side by side."""
    headers = {name: value.decode(errors="replace") for name, value in message.headers if value is not None}
    attributes = {name.removeprefix("ce_"): text for name, text in headers.items() if name.startswith("ce_")}
    attributes["datacontenttype"] = headers.get("content-type", MEDIA_TYPE)
    if "traceparent" in headers:
        attributes["traceparent"] = headers["traceparent"]
    return to_json({**attributes, "data": data})


def _text(header: bytes | None) -> str | None:
    return None if header is None else header.decode("utf-8", "replace")


def _media_type(header: bytes | None) -> str | None:
    if header == b"application/json":  # of nearly every message
        return MEDIA_TYPE
    content_type = _text(header)
    return None if content_type is None else content_type.partition(";")[0].strip().lower()


def _utf8(text: str) -> bytes:
    return text.encode(errors="replace")


def _rfc3339(instant: datetime) -> str:
    return instant.astimezone(UTC).isoformat().replace("+00:00", "Z")
