"""The topic of dead letters."""

from collections.abc import Sequence

from adapters.messages.letters import dead_letter
from application.ports.bus import EventPublisher, Position, Unreadable


class DeadLetterTopic:
    """DeadLetters on one topic of any bus."""

    def __init__(self, publisher: EventPublisher) -> None:
        self._publisher = publisher

    async def put(self, letters: Sequence[tuple[Position, Unreadable]]) -> None:
        await self._publisher.publish([dead_letter(position, unreadable) for position, unreadable in letters])
