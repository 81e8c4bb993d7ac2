"""The topics: made explicitly, as a broker's defaults fit none of them, and never repartitioned."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaConnectionError, TopicAlreadyExistsError, for_code

from adapters.kafka.connection import Connection, require_credentials

CONFIGURATION = "configuration"
KEYED_BY_MICROGRID = (CONFIGURATION, "telemetry", "events")
DEAD_LETTER = "dead-letter"

MESSAGE_BYTES = 8 * 1024 * 1024

DEAD_LETTER_BYTES = 64 * 1024 * 1024
"""More than the others take: a dead letter has more headers, and our codec may compress it less than its sender's."""


HEARING_S = 0.05


class UnusableTopics(Exception):
    """Topics are missing, cannot be made or are partitioned otherwise; the message names them."""


async def create_missing(connection: Connection, prefix: str, partitions: int, replication: int) -> Sequence[str]:
    """Make the topics that are missing, as often as one likes; returns their names, sorted.

    Raises UnusableTopics, KafkaConnectionError where no broker can be reached, and what `require_credentials` raises.
    """
    wanted = {f"{prefix}.{name}": partitions for name in KEYED_BY_MICROGRID} | {f"{prefix}.{DEAD_LETTER}": 1}
    async with _admin(connection) as admin:
        there = await _partition_counts(admin)
        for topic, count in wanted.items():
            if there.get(topic, count) != count:
                raise UnusableTopics(f"{topic} has {there[topic]} partitions, not {count}, and keeps them")
        missing = sorted(set(wanted) - set(there))
        if missing:
            await _create(admin, [NewTopic(each, wanted[each], replication, None, _settings(each)) for each in missing])
        while True:
            # The controller made them; the broker that is asked may hear of it later.
            if set(wanted) <= set(await _partition_counts(admin)):
                return missing
            await asyncio.sleep(HEARING_S)


async def _create(admin: AIOKafkaAdminClient, topics: list[NewTopic]) -> None:
    response = await admin.create_topics(topics)
    for answer in response.to_object()["topic_errors"]:
        error = for_code(answer["error_code"])
        if answer["error_code"] and error is not TopicAlreadyExistsError:
            raise UnusableTopics(f"{answer['topic']} cannot be made: {answer['error_message'] or error.__name__}")


async def require(connection: Connection, topics: Sequence[str]) -> int:
    """How many partitions each of these topics has, which are used together. Raises UnusableTopics.

    Raises KafkaConnectionError where no broker can be reached, and what `require_credentials` raises.
    """
    async with _admin(connection) as admin:
        there = await _partition_counts(admin)
    missing = [topic for topic in topics if topic not in there]
    if missing:
        raise UnusableTopics(f"topics are missing: {', '.join(missing)}")
    counts = {there[topic] for topic in topics}
    if len(counts) != 1:
        raise UnusableTopics(f"topics read together need equal partition counts: {', '.join(topics)}")
    return counts.pop()


def _settings(topic: str) -> dict[str, str]:
    return {
        "cleanup.policy": "compact" if topic.endswith(f".{CONFIGURATION}") else "delete",
        "max.message.bytes": str(DEAD_LETTER_BYTES if topic.endswith(f".{DEAD_LETTER}") else MESSAGE_BYTES),
        # As it was sent, whatever the brokers' default: what was compressed to fit is not unpacked.
        "compression.type": "producer",
    }


@asynccontextmanager
async def _admin(connection: Connection) -> AsyncIterator[AIOKafkaAdminClient]:
    admin = AIOKafkaAdminClient(**connection.arguments())
    try:
        try:
            await admin.start()
        except KafkaConnectionError:
            await require_credentials(connection)
            raise
        yield admin
    finally:
        await admin.close()


async def _partition_counts(admin: AIOKafkaAdminClient) -> Mapping[str, int]:
    # All topics: asking for one by name would make a careless broker create it.
    return {topic["topic"]: len(topic["partitions"]) for topic in await admin.describe_topics()}
