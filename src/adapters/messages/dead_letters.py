"""Dead letters: the message as it came, and the headers `dlq_*` that say where it lay and what is wrong with it."""

from collections.abc import Sequence
from typing import Final

from application.ports.bus import EventPublisher, Message, Position, Unreadable

DETAIL: Final = 1000
"""How many characters are said of what is wrong."""


class DeadLetterTopic:
    """DeadLetters on one topic of any bus."""

    def __init__(self, publisher: EventPublisher) -> None:
        self._publisher = publisher

    async def put(self, letters: Sequence[tuple[Position, Unreadable]]) -> None:
        await self._publisher.publish([dead_letter(position, unreadable) for position, unreadable in letters])


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
