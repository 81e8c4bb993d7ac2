"""Dead letters: the message as it came, and the headers `dlq_*` that say where it lay and what is wrong with it."""

from application.ports import EventPublisher, Message, Position, Unreadable


class DeadLetterTopic:
    """DeadLetters on one topic of any bus."""

    def __init__(self, publisher: EventPublisher) -> None:
        self._publisher = publisher

    async def put(self, position: Position, unreadable: Unreadable) -> None:
        await self._publisher.publish([dead_letter(position, unreadable)])


def dead_letter(position: Position, unreadable: Unreadable) -> Message:
    """Key, value and headers as they came, then the coordinates and the code, as text."""
    coordinates = {
        "dlq_topic": position.topic,
        "dlq_partition": str(position.partition),
        "dlq_offset": str(position.offset),
        "dlq_code": unreadable.code,
    }
    message = unreadable.message
    headers = (*message.headers, *((name, value.encode()) for name, value in coordinates.items()))
    return Message(message.key, headers, message.value)
