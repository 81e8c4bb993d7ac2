"""What the brokers let this client do with topics (KIP-430), and how many partitions those have.

The client knows no version of the request that asks for rights; this one it sends all the same. It asks by name, as a
client sees no others than its own where brokers have access control lists, and makes none by asking.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import (
    GroupAuthorizationFailedError,
    KafkaError,
    TopicAuthorizationFailedError,
    UnknownTopicOrPartitionError,
    for_code,
)
from aiokafka.protocol.api import Request, RequestStruct, Response
from aiokafka.protocol.types import Array, Boolean, Int16, Int32, Schema, String

_READ, _WRITE = 3, 4
"""Operations of access control lists; what is allowed has the bits of these numbers."""

_NOT_SAID: Final = -(2**31)
_GROUP: Final = 0


@dataclass(frozen=True, slots=True)
class Use:
    """What a process does on the bus: topics by name, and the group it joins, where it joins one."""

    reads: Sequence[str] = ()
    writes: Sequence[str] = ()
    group: str | None = None

    @property
    def topics(self) -> Sequence[str]:
        return list(dict.fromkeys((*self.reads, *self.writes)))


@dataclass(frozen=True, slots=True)
class Found:
    """What there is of a use: the partitions of each topic, and in words what is not allowed."""

    partitions: Mapping[str, int]
    denied: Sequence[str]


async def found(admin: AIOKafkaAdminClient, use: Use) -> Found:
    """A topic that is not there has no partitions; one that may not be seen has neither, and is denied."""
    response = await admin._send_request(_MetadataRequest(use.topics))
    topics = {topic["topic"]: topic for topic in response.to_object()["topics"]}
    denied = [f"read {each}" for each in use.reads if not _allows(topics[each], _READ)]
    denied += [f"write {each}" for each in use.writes if not _allows(topics[each], _WRITE)]
    if use.group is not None and not await _is_seen(admin, use.group):
        denied.append(f"join the group {use.group}")
    return Found({name: len(topic["partitions"]) for name, topic in topics.items() if topic["partitions"]}, denied)


def _allows(topic: Mapping[str, Any], operation: int) -> bool:
    error = for_code(topic["error_code"])
    if error is TopicAuthorizationFailedError:
        return False
    allowed: int = topic["authorized_operations"]
    return error is UnknownTopicOrPartitionError or allowed == _NOT_SAID or bool(allowed >> operation & 1)


async def _is_seen(admin: AIOKafkaAdminClient, group: str) -> bool:
    try:
        await admin._client.coordinator_lookup(_GROUP, group)
    except GroupAuthorizationFailedError:
        return False
    except KafkaError as error:
        # The topic of groups is made when the first of them is asked for.
        if not error.retriable:
            raise
    return True


class _MetadataResponse(Response):
    API_KEY = 3
    API_VERSION = 8
    SCHEMA = Schema(
        ("throttle_time_ms", Int32),
        ("brokers", Array(("node_id", Int32), ("host", String()), ("port", Int32), ("rack", String()))),
        ("cluster_id", String()),
        ("controller_id", Int32),
        (
            "topics",
            Array(
                ("error_code", Int16),
                ("topic", String()),
                ("is_internal", Boolean),
                (
                    "partitions",
                    Array(
                        ("error_code", Int16),
                        ("partition", Int32),
                        ("leader", Int32),
                        ("leader_epoch", Int32),
                        ("replicas", Array(Int32)),
                        ("isr", Array(Int32)),
                        ("offline_replicas", Array(Int32)),
                    ),
                ),
                ("authorized_operations", Int32),
            ),
        ),
        ("cluster_authorized_operations", Int32),
    )


class _MetadataRequestStruct(RequestStruct):
    API_KEY = 3
    API_VERSION = 8
    RESPONSE_TYPE = _MetadataResponse
    SCHEMA = Schema(
        ("topics", Array(String())),
        ("allow_auto_topic_creation", Boolean),
        ("include_cluster_authorized_operations", Boolean),
        ("include_topic_authorized_operations", Boolean),
    )


class _MetadataRequest(Request[_MetadataRequestStruct]):
    API_KEY = 3

    def __init__(self, topics: Collection[str]) -> None:
        self._topics = topics

    def build(self, request_struct_class: type[_MetadataRequestStruct]) -> _MetadataRequestStruct:
        return request_struct_class(list(self._topics), False, False, True)
