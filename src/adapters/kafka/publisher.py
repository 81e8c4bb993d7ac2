"""The bus, outbound: idempotent, acknowledged by all replicas in sync, in order per key."""

import asyncio
import logging
from collections.abc import Callable, Sequence

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from adapters.kafka.connection import RETRY_S, Connection, started, stopped, when_reachable
from adapters.messages.keys import encode_key
from application.ports.bus import Message, PublicationRefused

REQUEST_TIMEOUT_MS = 15_000
BATCH_BYTES = 256 * 1024

REQUEST_BYTES = 96 * 1024 * 1024
"""Of one message before it is compressed; the topic's `max.message.bytes` holds after that and is the broker's."""

_logger = logging.getLogger(__name__)


class KafkaPublisher:
    """EventPublisher of one topic. Keys are partitioned as Java's default partitioner does."""

    def __init__(self, connection: Connection, topic: str) -> None:
        self._connection = connection
        self._topic = topic
        self._producer: AIOKafkaProducer | None = None
        self._publishing = asyncio.Lock()

    async def publish(self, messages: Sequence[Message]) -> None:
        """Return once every message is acknowledged. Raises PublicationRefused.

        A producer that failed is replaced and all is sent again, which repeats messages but keeps the order of a key:
        idempotence holds for the life of one producer. What a new producer is refused too will never be taken.
        """
        async with self._publishing:
            renewed = False
            while True:
                try:
                    return await self._send(messages)
                except KafkaError as error:
                    await self._discard()
                    if renewed and not error.retriable:
                        raise PublicationRefused(f"{self._topic}: {error}") from error
                    _logger.warning("Publishing to %s again with a new producer: %s", self._topic, error)
                    renewed = True
                await asyncio.sleep(RETRY_S)

    async def close(self) -> None:
        """Flush and disconnect; waits for a bounded time where the brokers are away."""
        await self._discard()

    async def _send(self, messages: Sequence[Message]) -> None:
        if self._producer is None:
            self._producer = await when_reachable(lambda: started(self._new_producer()))
        pending: list[asyncio.Future[object]] = []
        try:
            for message in messages:
                # The client refuses a message that is null in key and value; what is serialised to null it takes.
                headers = list(message.headers)
                pending.append(await self._producer.send(self._topic, key=message, value=message, headers=headers))
            await asyncio.gather(*pending)
        finally:
            for future in pending:
                future.cancel()

    def _new_producer(self) -> AIOKafkaProducer:
        return producer_for(self._connection, key_serializer=_key, value_serializer=_value)

    async def _discard(self) -> None:
        producer, self._producer = self._producer, None
        if producer is not None:
            await stopped(producer)


def producer_for(connection: Connection, **serializers: Callable[[Message], bytes | None]) -> AIOKafkaProducer:
    """The client of a publisher, with every setting that matters."""
    return AIOKafkaProducer(
        **connection.arguments(),
        acks="all",
        enable_idempotence=True,
        compression_type="zstd",
        max_batch_size=BATCH_BYTES,
        max_request_size=REQUEST_BYTES,
        request_timeout_ms=REQUEST_TIMEOUT_MS,
        **serializers,
    )


def _key(message: Message) -> bytes | None:
    return None if message.key is None else encode_key(message.key)


def _value(message: Message) -> bytes | None:
    return message.value
