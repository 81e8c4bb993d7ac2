"""Dead letters: the message as it came, and the headers `dlq_*` that say where it lay and what is wrong with it."""

from dataclasses import dataclass
from typing import Final

from pydantic_core import to_json

from adapters.messages import envelope
from adapters.messages.keys import encode_key
from adapters.messages.parsing import NotJson, parse
from application.ports.bus import Message, Position, Unreadable

DETAIL: Final = 1000
"""How many characters are said of what is wrong."""


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """What a letter says: what is wrong with the message, and where it lay. Its key has no lone surrogates."""

    code: str
    detail: str
    topic: str
    partition: int
    offset: int
    key: str | None
    microgrid_ids: frozenset[str]
    """Whose message it may be: that of its key, and that which its data name."""

    def is_of(self, microgrid_id: str | None) -> bool:
        """Whether it is of this microgrid; each is of any, which is None."""
        return microgrid_id is None or microgrid_id in self.microgrid_ids


def read(message: Message) -> DeadLetter | None:
    """A message of the dead-letter topic; None for one that was put there by something else. Never raises."""
    said = {name: value.decode(errors="replace") for name, value in message.headers if value is not None}
    try:
        place = said["dlq_topic"], int(said["dlq_partition"]), int(said["dlq_offset"])
        code = said["dlq_code"]
    except (KeyError, ValueError):
        return None
    key = None if message.key is None else encode_key(message.key).decode(errors="backslashreplace")
    named = {key, _named(message)} - {None}
    return DeadLetter(code, said.get("dlq_detail", ""), *place, key, frozenset(map(str, named)))


def write_line(letter: DeadLetter) -> bytes:
    """A line of output without its end: a JSON object."""
    return to_json(
        {
            "code": letter.code,
            "detail": letter.detail,
            "topic": letter.topic,
            "partition": letter.partition,
            "offset": letter.offset,
            "key": letter.key,
        }
    )


def _named(message: Message) -> str | None:
    """The microgrid that the data name, where anybody can tell."""
    try:
        data = (
            envelope.in_binary_mode(message)[1]
            if envelope.Attributes(message).is_structured
            else parse(message.value or b"")
        )
    except NotJson:
        return None
    named = data.get("microgrid_id") if isinstance(data, dict) else None
    return named if isinstance(named, str) else None


def dead_letter(position: Position, unreadable: Unreadable) -> Message:
    """Key, value and headers as they came, then the coordinates, the code and what is wrong, as text.

    A value that was too large is not there: its length and its digest are.
    """
    said = {
        "dlq_topic": position.topic,
        "dlq_partition": str(position.partition),
        "dlq_offset": str(position.offset),
        "dlq_code": unreadable.code,
        "dlq_detail": unreadable.detail[:DETAIL],
    }
    if unreadable.dropped is not None:
        said |= {"dlq_length": str(unreadable.dropped.length), "dlq_sha256": unreadable.dropped.sha256}
    message = unreadable.message
    headers = (*message.headers, *((name, text.encode(errors="backslashreplace")) for name, text in said.items()))
    return Message(message.key, headers, message.value)
