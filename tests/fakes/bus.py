"""A bus that remembers, and how a process ends that nobody is left to handle."""

from collections.abc import Sequence

from application.ports.bus import Message, PublicationRefused


class Lost(BaseException):
    """The process ended here: nobody is left to handle it."""


class RememberedMessages:
    """An EventPublisher that keeps what it is given.

    `away`: what it raises instead; `refused`: the events that it does not take, as `microgrid/event_seq`.
    """

    def __init__(self) -> None:
        self.messages: list[Message] = []
        self.away: type[BaseException] | None = None
        self.refused: set[str] = set()
        self.calls = 0

    async def publish(self, messages: Sequence[Message]) -> None:
        """Of a batch with a message that is refused, what came before it is on the bus."""
        self.calls += 1
        if self.away is not None:
            raise self.away
        for message in messages:
            if id_of(message) in self.refused:
                raise PublicationRefused(id_of(message))
            self.messages.append(message)

    @property
    def ids(self) -> list[str]:
        return [id_of(message) for message in self.messages]

    def of(self, microgrid_id: str) -> list[int]:
        """What is on the bus of a microgrid, without what came again, by `event_seq`."""
        return [int(each.split("/")[1]) for each in dict.fromkeys(self.ids) if each.startswith(microgrid_id)]


def id_of(message: Message) -> str:
    """The microgrid and `event_seq` of an event, without its stream; nothing of another message."""
    return (dict(message.headers).get("ce_id") or b"").decode().partition("/")[2]
