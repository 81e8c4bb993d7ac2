"""The topics: made explicitly, as a broker's defaults fit none of them, and never repartitioned."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import (
    KafkaConnectionError,
    TopicAlreadyExistsError,
    UnknownTopicOrPartitionError,
    for_code,
)

from adapters.kafka.connection import Connection, require_credentials
from adapters.kafka.rights import Use, found

CONFIGURATION = "configuration"
TELEMETRY, EVENTS = "telemetry", "events"
KEYED_BY_MICROGRID = (CONFIGURATION, TELEMETRY, EVENTS)
DEAD_LETTER = "dead-letter"

MESSAGE_BYTES = 8 * 1024 * 1024

DEAD_LETTER_BYTES = 64 * 1024 * 1024
"""More than the others take: a dead letter has more headers, and our codec may compress it less than its sender's."""


RETAIN_D: Final = {EVENTS: 7, TELEMETRY: 1, DEAD_LETTER: 14}
"""For how many days messages are kept where nothing else is said; of configurations the newest, for ever."""

_DAY_MS: Final = 86_400_000
_OF_THE_TOPIC: Final = 1
"""The source of a setting that was made for one topic."""

HEARING_S = 0.05


class UnusableTopics(Exception):
    """Topics are missing, cannot be made or are partitioned otherwise; the message names them."""


class NotAllowed(Exception):
    """The brokers do not let this client do what it is for; the message says what, after "may not"."""


async def create_missing(
    connection: Connection,
    prefix: str,
    partitions: int,
    replication: int,
    *,
    retain_d: Mapping[str, int] = RETAIN_D,
) -> Sequence[str]:
    """Make the topics that are missing, as often as one likes; returns their names, sorted.

    All of them, those that were there too, keep messages for so many days from then on.

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
            await _create(
                admin, [NewTopic(each, wanted[each], replication, None, _settings(each, retain_d)) for each in missing]
            )
        # The controller made them; the broker that is asked may hear of it later.
        while not set(wanted) <= set(await _partition_counts(admin)):  # noqa: ASYNC110
            await asyncio.sleep(HEARING_S)
        for name, days in retain_d.items():
            await _retain(admin, f"{prefix}.{name}", str(days * _DAY_MS))
    return missing


async def _retain(admin: Any, topic: str, retention_ms: str) -> None:
    """What else was set for the topic is set again: the request takes the place of all that was."""
    resource = ConfigResource(ConfigResourceType.TOPIC, topic)
    while True:
        (response,) = await admin.describe_configs([resource])
        ((error_code, message, _, _, entries),) = response.resources
        if for_code(error_code) is not UnknownTopicOrPartitionError:
            break
        await asyncio.sleep(HEARING_S)  # another broker is asked, which has not heard of the topic yet
    if error_code:
        raise UnusableTopics(f"{topic} does not say how long it keeps messages: {message or for_code(error_code)}")
    own = {name: value for name, value, _, source, *_ in entries if source == _OF_THE_TOPIC}
    if own.get("retention.ms") == retention_ms:
        return
    wanted = ConfigResource(ConfigResourceType.TOPIC, topic, own | {"retention.ms": retention_ms})
    (altered,) = await admin.alter_configs([wanted])
    ((error_code, message, *_),) = altered.resources
    if error_code:
        raise UnusableTopics(f"{topic} cannot be told how long to keep messages: {message or for_code(error_code)}")


async def _create(admin: AIOKafkaAdminClient, topics: list[NewTopic]) -> None:
    response = await admin.create_topics(topics)
    for answer in response.to_object()["topic_errors"]:
        error = for_code(answer["error_code"])
        if answer["error_code"] and error is not TopicAlreadyExistsError:
            raise UnusableTopics(f"{answer['topic']} cannot be made: {answer['error_message'] or error.__name__}")


async def require(connection: Connection, use: Use) -> int:
    """How many partitions each of the topics that are read together has. Raises NotAllowed and UnusableTopics.

    Raises KafkaConnectionError where no broker can be reached, and what `require_credentials` raises.
    """
    async with _admin(connection) as admin:
        there = await found(admin, use)
    if there.denied:
        raise NotAllowed(", ".join(there.denied))
    missing = [topic for topic in use.topics if topic not in there.partitions]
    if missing:
        raise UnusableTopics(f"topics are missing: {', '.join(missing)}")
    together = use.reads or use.writes
    counts = {there.partitions[topic] for topic in together}
    if len(counts) != 1:
        raise UnusableTopics(f"topics read together need equal partition counts: {', '.join(together)}")
    return counts.pop()


def _settings(topic: str, retain_d: Mapping[str, int]) -> dict[str, str]:
    days = retain_d.get(topic.rpartition(".")[2])
    return ({} if days is None else {"retention.ms": str(days * _DAY_MS)}) | {
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
