"""The bus as an AsyncAPI 3.0 document: topics, keys, headers, types, and who sends and receives what."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import yaml

from adapters.kafka.topics import RETAIN_D
from adapters.messages.configuration import SITE_CONFIGURATION
from adapters.messages.envelope import MEDIA_TYPE, STRUCTURED, schema_of, source_of
from adapters.messages.telemetry import CHARGE_POINT_TELEMETRY, CIRCUIT_TELEMETRY
from domain.site.identifiers import ID_PATTERN
from entrypoints.topics import CONFIGURATION, DEAD_LETTER, EVENTS, PARTITIONS, TELEMETRY
from tools.contract_files.schemas import INBOUND, OUTBOUND

Part: TypeAlias = dict[str, Any]

BINDING: Final = "0.5.0"
DEFAULT_PREFIX, _, _ = EVENTS.rpartition(".")
MIB: Final = 2**20
DAY_MS: Final = 86_400_000
DEAD: Final = "dead-letter"


@dataclass(frozen=True, slots=True)
class Topic:
    """One topic: which types of message lie there, and how it is kept. `group` is what Busbar receives it with."""

    address: str
    does: str
    about: str
    types: tuple[str, ...]
    partitions: int = PARTITIONS
    max_message_bytes: int = 8 * MIB
    cleanup: str = "delete"
    retain_d: int | None = None
    group: str | None = None

    @property
    def name(self) -> str:
        """The address without its prefix."""
        return self.address.rpartition(".")[2]


CODES: Final = [
    "no_value",
    "missing_type",
    "unknown_type",
    "unsupported_content_type",
    "invalid_json",
    "malformed",
    "key_mismatch",
    "wrong_partition",
    "too_large",
    "invalid_header",
    "processing_failed",
]

TOPICS: Final = (
    Topic(
        CONFIGURATION,
        "receive",
        "Site configurations, the newest version of each microgrid kept. A null value changes nothing.",
        (SITE_CONFIGURATION,),
        cleanup="compact",
        group="worker",
    ),
    Topic(
        TELEMETRY,
        "receive",
        "What charge points and meters report.",
        (CHARGE_POINT_TELEMETRY, CIRCUIT_TELEMETRY),
        group="worker",
        retain_d=RETAIN_D["telemetry"],
    ),
    Topic(
        EVENTS,
        "send",
        "What Busbar decided and observed: at least once, in order of `event_seq`, which has no gaps in a microgrid. "
        "A message that is sent again has the same id, headers and bytes.",
        tuple(OUTBOUND),
        retain_d=RETAIN_D["events"],
    ),
    Topic(
        DEAD_LETTER,
        "send",
        "Messages that nobody could read, as they came, with their coordinates in headers.",
        (DEAD,),
        partitions=1,
        max_message_bytes=64 * MIB,
        retain_d=RETAIN_D["dead-letter"],
    ),
)


def asyncapi(schemas: Mapping[str, Part], examples: Mapping[str, Part]) -> str:
    """The document in YAML. Schemas are referred to as files beside it; examples are part of it."""
    types = [*INBOUND, *OUTBOUND]
    messages = {name: _message(name, schemas[name], examples[name]) for name in types} | {DEAD: _dead_letter()}
    document = {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Busbar",
            "version": "1.0.0",
            "description": (
                "CloudEvents 1.0 in Kafka's binary mode: attributes in headers, data alone in the value. What Busbar "
                f"receives may be in the structured mode too (`{STRUCTURED}`). Keys are partitioned as Java's default "
                "partitioner does (murmur2); a record elsewhere is refused. Messages are kept as stated where no "
                "`BUSBAR_RETAIN_` setting says otherwise. "
                "Within a version fields are added, never renamed, retyped or removed."
            ),
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": MEDIA_TYPE,
        "servers": {
            "kafka": {
                "host": "{bootstrap}",
                "protocol": "kafka",
                "description": "BUSBAR_KAFKA_BOOTSTRAP_SERVERS",
                "variables": {"bootstrap": {"default": "localhost:9092"}},
            }
        },
        "channels": {topic.name: _channel(topic) for topic in TOPICS},
        "operations": {f"{topic.does}-{topic.name}": _operation(topic) for topic in TOPICS},
        "components": {"messages": messages},
    }
    return yaml.dump(document, Dumper=_WithoutAliases, sort_keys=False, allow_unicode=True, width=120)


class _WithoutAliases(yaml.SafeDumper):
    def ignore_aliases(self, data: Any) -> bool:
        return True


def _channel(topic: Topic) -> Part:
    return {
        "address": f"{{prefix}}.{topic.name}",
        "description": topic.about,
        "parameters": {"prefix": {"default": DEFAULT_PREFIX, "description": "BUSBAR_TOPIC_PREFIX"}},
        "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in topic.types},
        "bindings": {
            "kafka": {
                "partitions": topic.partitions,
                "topicConfiguration": {
                    "cleanup.policy": [topic.cleanup],
                    "max.message.bytes": topic.max_message_bytes,
                    **({} if topic.retain_d is None else {"retention.ms": topic.retain_d * DAY_MS}),
                },
                "bindingVersion": BINDING,
            }
        },
    }


def _operation(topic: Topic) -> Part:
    group = f"{DEFAULT_PREFIX}.{topic.group}"
    binding = {"groupId": {"type": "string", "const": group}, "bindingVersion": BINDING}
    return {
        "action": topic.does,
        "channel": {"$ref": f"#/channels/{topic.name}"},
        **({"bindings": {"kafka": binding}} if topic.group else {}),
    }


def _message(name: str, schema: Part, example: Part) -> Part:
    return {
        "name": name,
        "title": schema["title"],
        "summary": schema["description"].partition("\n")[0],
        "contentType": MEDIA_TYPE,
        "headers": event_headers(name) if name in OUTBOUND else _inbound_headers(name),
        "payload": {
            "schemaFormat": "application/schema+json;version=draft-07",
            "schema": {"$ref": f"./schemas/{name}.json"},
        },
        "bindings": {"kafka": {"key": {**_ID, "description": "The id of the microgrid"}, "bindingVersion": BINDING}},
        "examples": [{"headers": example["headers"], "payload": example["payload"]}],
    }


def event_headers(name: str) -> Part:
    """The headers of an event in their order: `ce_workspaceid` and `traceparent` are not on every one."""
    return _object(
        {
            "ce_specversion": {"type": "string", "const": "1.0"},
            "ce_id": {
                "type": "string",
                "description": "Stream, microgrid id and `event_seq`: the same however often it is sent",
            },
            "ce_source": {
                "type": "string",
                "pattern": f"^{source_of('')}.+$",
                "description": "The stream, which a database leads. A new one resets a subscriber's position",
            },
            "ce_type": {"type": "string", "const": name},
            "ce_subject": {**_ID, "description": "The id of the microgrid"},
            "ce_time": {
                "type": "string",
                "format": "date-time",
                "description": "When it was decided, applied or refused",
            },
            "ce_dataschema": {"type": "string", "const": schema_of(name), "description": "The `$id` of its schema"},
            "ce_sequence": {
                "type": "string",
                "pattern": "^[1-9][0-9]*$",
                "description": "`event_seq`, to be compared as a number",
            },
            "ce_workspaceid": {**_ID, "description": "The workspace of the microgrid, where it has one"},
            "content-type": {"type": "string", "const": MEDIA_TYPE},
            "traceparent": _TRACEPARENT,
        },
        optional={"ce_workspaceid", "traceparent"},
    )


def _inbound_headers(name: str) -> Part:
    return _object(
        {
            "ce_specversion": {"type": "string", "const": "1.0"},
            "ce_id": {"type": "string", "minLength": 1},
            "ce_source": {"type": "string", "minLength": 1},
            "ce_type": {"type": "string", "const": name},
            "ce_subject": {"type": "string"},
            "ce_time": {"type": "string", "format": "date-time"},
            "ce_dataschema": {"type": "string"},
            "content-type": {"type": "string", "description": f"{MEDIA_TYPE}, also where it is absent"},
            "traceparent": _TRACEPARENT,
        },
        optional={"ce_subject", "ce_time", "ce_dataschema", "content-type", "traceparent"},
    )


def _dead_letter() -> Part:
    return {
        "name": DEAD,
        "title": "DeadLetter",
        "summary": "A message as it came: key, value and headers, whatever they are, and these headers more.",
        "contentType": "application/octet-stream",
        "headers": _object(
            {
                "dlq_topic": {"type": "string", "description": "Where it lay"},
                "dlq_partition": {"type": "string", "pattern": "^[0-9]+$"},
                "dlq_offset": {"type": "string", "pattern": "^[0-9]+$"},
                "dlq_code": {"type": "string", "enum": CODES, "description": "Why it cannot be read"},
                "dlq_detail": {"type": "string", "description": "Which field, and what about it"},
                "dlq_length": {
                    "type": "string",
                    "pattern": "^[0-9]+$",
                    "description": "Of a value that is `too_large`, in bytes: the letter has none",
                },
                "dlq_sha256": {"type": "string", "pattern": "^[0-9a-f]{64}$", "description": "Of the same value"},
            },
            optional={"dlq_length", "dlq_sha256"},
        ),
        "payload": {"description": "Any bytes, or none"},
        "bindings": {"kafka": {"key": {"type": ["string", "null"]}, "bindingVersion": BINDING}},
    }


def _object(properties: Mapping[str, Part], optional: Iterable[str] = ()) -> Part:
    required = [name for name in properties if name not in set(optional)]
    return {"type": "object", "properties": dict(properties), "required": required}


_ID: Final[Part] = {"type": "string", "pattern": ID_PATTERN}
_TRACEPARENT: Final[Part] = {
    "type": "string",
    "pattern": "^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$",
    "description": "W3C trace context",
}
