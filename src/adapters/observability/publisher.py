"""What is published, each message under a span in the trace that its headers name. The message stays as it is."""

import logging
from collections.abc import Sequence

from opentelemetry.trace import Span, SpanKind, Status, StatusCode, TracerProvider, use_span

from adapters.messages import envelope
from adapters.observability import names
from adapters.observability.tracing import context_of
from application.ports.bus import EventPublisher, Message

_logger = logging.getLogger(__name__)


class TracedPublisher:
    """EventPublisher that lets another publish to the topic named, and traces it."""

    def __init__(
        self, inner: EventPublisher, topic: str, provider: TracerProvider, messaging_system: str = "kafka"
    ) -> None:
        self._inner = inner
        self._topic = topic
        self._tracer = provider.get_tracer(names.SERVICE)
        self._messaging_system = messaging_system

    async def publish(self, messages: Sequence[Message]) -> None:
        """Return once every message is acknowledged. Raises PublicationRefused."""
        spans = [self._begun(message) for message in messages]
        try:
            await self._inner.publish(messages)
        except BaseException as error:
            for span in spans:
                span.set_attribute(names.ERROR_TYPE, type(error).__qualname__)
                span.set_status(Status(StatusCode.ERROR, type(error).__qualname__))
                with use_span(span):
                    _logger.warning("Not published to %s: %s", self._topic, type(error).__qualname__)
            raise
        else:
            for span in spans:
                with use_span(span):
                    _logger.debug("Published to %s", self._topic)
        finally:
            for span in spans:
                span.end()

    def _begun(self, message: Message) -> Span:
        said = envelope.Attributes(message)
        attributes = {
            names.MESSAGING_SYSTEM: self._messaging_system,
            names.OPERATION_NAME: names.PUBLISH,
            names.OPERATION_TYPE: "send",
            names.DESTINATION: self._topic,
            names.MESSAGE_KEY: message.key,
            names.EVENT_ID: said.id,
            names.EVENT_TYPE: said.type,
        }
        return self._tracer.start_span(
            f"{names.PUBLISH} {self._topic}",
            context=context_of(said.traceparent),
            kind=SpanKind.PRODUCER,
            attributes={name: value for name, value in attributes.items() if value is not None},
        )
