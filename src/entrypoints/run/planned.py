"""Telemetry on its way to the bus, with what is planned joined to its sessions."""

from collections.abc import Sequence

from pydantic_core import from_json

from adapters.messages import envelope, registry
from application.ports.bus import EventPublisher, Message
from entrypoints.run.plan import IdTagOf, PlanFile, no_id_tag


class Planned:
    """EventPublisher that joins a plan to the sessions of what it is given."""

    def __init__(self, inner: EventPublisher, plan: PlanFile, id_tag_of: IdTagOf = no_id_tag) -> None:
        self._inner = inner
        self._plan = plan
        self._id_tag_of = id_tag_of

    async def publish(self, messages: Sequence[Message]) -> None:
        await self._inner.publish([self._joined(message) for message in messages])

    def _joined(self, message: Message) -> Message:
        kind = envelope.type_of(message)
        assert kind is not None
        assert message.value is not None
        return registry.encode(kind, self._plan.joined(from_json(message.value), self._id_tag_of))
