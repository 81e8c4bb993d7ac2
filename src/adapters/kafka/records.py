"""Records as what was received: read, with what the envelope says, or put aside with a code."""

import asyncio
from collections.abc import Callable, Sequence
from time import monotonic
from typing import Final, TypeAlias

from aiokafka import ConsumerRecord

from adapters.kafka.raw_fetch import RawRecord
from adapters.messages import envelope
from adapters.messages.keys import decode_key
from application.ports.bus import MESSAGE_BYTES, Inbound, Message, Position, Received, Unreadable

GIVES_WAY_S: Final = 0.01

Read: TypeAlias = Callable[[str, Message, envelope.Attributes], Inbound]
"""Makes sense of a message of the topic named first, with what its headers say. Never raises: what it cannot read is
`Unreadable`.
"""


def received(record: "ConsumerRecord[bytes, bytes]", read: Read) -> Received:
    """A record that the client could read."""
    message = Message(_key(record), tuple(record.headers), record.value)
    headers = envelope.Attributes(message)
    body = read(record.topic, message, headers)
    attributes = envelope.attributes(message, headers)
    # A broker may be told to keep the time of arrival instead; one before 0 is none.
    sent_ms = record.timestamp if record.timestamp >= 0 else None
    # Arguments by name take twice as long.
    return Received(_position(record), message, body, attributes.id, attributes.traceparent, sent_ms)


async def all_received(records: Sequence["ConsumerRecord[bytes, bytes]"], read: Read) -> Sequence[Received]:
    """The same of each. That may take its time, as sites are large: whoever decides has turns meanwhile."""
    found: list[Received] = []
    gave_way = monotonic()
    for record in records:
        found.append(received(record, read))
        if monotonic() - gave_way >= GIVES_WAY_S:
            await asyncio.sleep(0)
            gave_way = monotonic()
    return found


def stepped_over(raw: RawRecord, read: Read) -> Received:
    """A record that the client was passed over for. Of a header's name that is no UTF-8, the bytes that are none are
    written out as `\\xff`.
    """
    if raw.decodes and raw.dropped is None:
        return received(raw.record, read)
    headers = tuple(
        (name.encode(errors="surrogateescape").decode(errors="backslashreplace"), value)
        for name, value in raw.record.headers
    )
    message = Message(_key(raw.record), headers, raw.record.value)
    code, detail = "invalid_header", "The name of a header is no UTF-8."
    if raw.dropped is not None:
        length = raw.dropped.length
        code, detail = "too_large", raw.fault or f"The value is {length} bytes long, more than {MESSAGE_BYTES}."
    return Received(_position(raw.record), message, Unreadable(code, detail, message, raw.dropped))


def _key(record: "ConsumerRecord[bytes, bytes]") -> str | None:
    return None if record.key is None else decode_key(record.key)


def _position(record: "ConsumerRecord[bytes, bytes]") -> Position:
    return Position(record.topic, record.partition, record.offset)
