"""The bus as an AsyncAPI 3.0 document: topics, keys, headers, types, and who sends and receives what."""

from collections.abc import Mapping
from typing import Any, Final

import yaml

from adapters.messages.envelope import MEDIA_TYPE, STRUCTURED
from tools.contract_files.examples import Example
from tools.contract_files.headers import DEAD_LETTER_HEADERS, ID, Part, event_headers, inbound_headers
from tools.contract_files.schemas import INBOUND, OUTBOUND
from tools.contract_files.topics import DEAD, DEFAULT_PREFIX, TOPICS, Topic

BINDING: Final = "0.5.0"
DAY_MS: Final = 86_400_000

DESCRIPTION: Final = f"""\
What Busbar is told, and what it decides and observes, as CloudEvents 1.0 in Kafka's binary mode: attributes in headers,
data alone in the value. What Busbar receives may be in the structured mode too (`{STRUCTURED}`).

- **Units.** Power is whole watts (`_w`), energy whole watt-hours (`_wh`), import positive; durations are seconds
  (`_s`); times are RFC 3339 in UTC. Null or absent states nothing; 0 means that nothing may flow.
- **Keys and partitions.** The key is the id of the microgrid. It is partitioned as Java's own partitioner does
  (murmur2 of the key; librdkafka: `partitioner=murmur2_random`). A record in another partition is answered with a dead
  letter `wrong_partition`. The topics of configuration, telemetry and events have the same number of partitions,
  for good.
- **Delivery.** At least once, in order within a microgrid. An event that is sent again has the same id, headers and
  bytes.
- **Retention.** As stated at each topic where no `BUSBAR_RETAIN_` setting says otherwise.
- **Evolution.** Within a version of a type fields are added, never renamed, retyped or removed, and enumerations are
  closed. Readers ignore fields that they do not know and skip types that they do not know.
"""


def asyncapi(schemas: Mapping[str, Part], examples: Mapping[Example, Part]) -> str:
    """The document in YAML, whole in itself: shapes, each once, and examples are part of it."""
    types = [*INBOUND, *OUTBOUND]
    shown = {name: [_example(*each) for each in examples.items() if each[0].type == name] for name in types}
    messages = {name: _message(name, schemas[name], shown[name]) for name in types} | {DEAD: _dead_letter()}
    document = {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Busbar",
            "version": "1.0.0",
            "description": DESCRIPTION,
            "license": {"name": "Apache-2.0", "url": "https://www.apache.org/licenses/LICENSE-2.0"},
        },
        "defaultContentType": MEDIA_TYPE,
        "servers": _SERVERS,
        "channels": {topic.name: _channel(topic) for topic in TOPICS},
        "operations": {f"{topic.does}-{topic.name}": _operation(topic) for topic in TOPICS},
        "components": {
            "messages": messages,
            "schemas": shapes({name: schemas[name] for name in types}),
            "securitySchemes": {
                "plain": {"type": "plain", "description": "SASL/PLAIN"},
                "scram-sha-256": {"type": "scramSha256", "description": "SASL/SCRAM-SHA-256"},
                "scram-sha-512": {"type": "scramSha512", "description": "SASL/SCRAM-SHA-512"},
                "certificate": {"type": "X509", "description": "A client certificate, over TLS"},
            },
        },
    }
    return yaml.dump(document, Dumper=_WithoutAliases, sort_keys=False, allow_unicode=True, width=120)


class _WithoutAliases(yaml.SafeDumper):
    def ignore_aliases(self, data: Any) -> bool:
        return True


def shapes(schemas: Mapping[str, Part]) -> dict[str, Part]:
    """Every shape by its name, once, the data of messages first. Raises ValueError where two shapes share a name."""
    known: dict[str, Part] = {}
    of_data = {schema["title"]: schema for schema in schemas.values()}
    shared = [pair for schema in schemas.values() for pair in schema.get("definitions", {}).items()]
    for name, shape in [*of_data.items(), *shared]:
        parts = {key: value for key, value in shape.items() if key not in ("$schema", "$id", "definitions")}
        if known.setdefault(name, _referring(parts)) != _referring(parts):
            raise ValueError(f"two shapes are called {name}")
    return known


def _referring(part: Any) -> Any:
    """The same, referring to the shapes of the document. A shape or null has a name too, which generators ask for."""
    if isinstance(part, list):
        return [_referring(each) for each in part]
    if not isinstance(part, dict):
        return part
    named = {}
    match part.get("anyOf"):
        case [{"$ref": shape}, {"type": "null"}]:
            named = {"title": f"{shape.rpartition('/')[2]}OrNull"}
    return named | {
        key: value.replace("#/definitions/", "#/components/schemas/") if key == "$ref" else _referring(value)
        for key, value in part.items()
    }


_BOOTSTRAP: Final = {
    "host": "{bootstrap}",
    "variables": {"bootstrap": {"default": "localhost:9092", "description": "BUSBAR_KAFKA_BOOTSTRAP_SERVERS"}},
}
_SERVERS: Final = {
    "kafka": {**_BOOTSTRAP, "protocol": "kafka", "description": "A cluster inside a network that is trusted."},
    "kafka-secure": {
        **_BOOTSTRAP,
        "protocol": "kafka-secure",
        "description": "A cluster over TLS (`BUSBAR_KAFKA_SECURITY_PROTOCOL`), with any one of these ways to sign in.",
        "security": [
            {"$ref": f"#/components/securitySchemes/{name}"}
            for name in ("scram-sha-512", "scram-sha-256", "plain", "certificate")
        ],
    },
}


def _channel(topic: Topic) -> Part:
    return {
        "address": f"{{prefix}}.{topic.name}",
        "title": topic.title,
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
    binding = {
        "groupId": {"type": "string", "const": group, "description": "The consumer group of Busbar's workers"},
        "bindingVersion": BINDING,
    }
    return {
        "action": topic.does,
        "channel": {"$ref": f"#/channels/{topic.name}"},
        "summary": topic.summary,
        **({"bindings": {"kafka": binding}} if topic.group else {}),
    }


def _message(name: str, schema: Part, examples: list[Part]) -> Part:
    return {
        "name": name,
        "title": schema["title"],
        "summary": schema["description"].partition("\n")[0],
        "contentType": MEDIA_TYPE,
        "headers": event_headers(name) if name in OUTBOUND else inbound_headers(name),
        "payload": {"$ref": f"#/components/schemas/{schema['title']}"},
        "bindings": {"kafka": {"key": {**ID, "description": "The id of the microgrid"}, "bindingVersion": BINDING}},
        "examples": examples,
    }


def _example(example: Example, message: Part) -> Part:
    named = {"name": example.case} if example.case else {}
    return {**named, "summary": example.summary, "headers": message["headers"], "payload": message["payload"]}


def _dead_letter() -> Part:
    return {
        "name": DEAD,
        "title": "DeadLetter",
        "summary": "A message as it came: key, value and headers, whatever they are, and these headers more.",
        "contentType": "application/octet-stream",
        "headers": DEAD_LETTER_HEADERS,
        "payload": {"title": "DeadLetterValue", "description": "Any bytes, or none"},
        "bindings": {
            "kafka": {
                "key": {"type": ["string", "null"], "description": "The key as it came"},
                "bindingVersion": BINDING,
            }
        },
    }
