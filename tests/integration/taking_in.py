"""A member of a group in a process of its own: says what it took in, and how much memory that took at most."""

import asyncio
import json
import resource
import sys

from adapters.kafka.connection import Connection
from adapters.kafka.publisher import KafkaPublisher
from adapters.kafka.source import KafkaSource
from adapters.messages import registry
from adapters.messages.dead_letters import DeadLetterTopic
from application.ports.bus import Unreadable
from entrypoints.service.assignments import Unconcerned


def peak_mib() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


async def main(servers: str, prefix: str, count: int) -> None:
    connection = Connection(servers)
    publisher = KafkaPublisher(connection, f"{prefix}.dead-letter")
    letters = DeadLetterTopic(publisher)
    topic = f"{prefix}.telemetry"
    source = await KafkaSource.join(connection, f"{prefix}.worker", [topic], registry.read, Unconcerned())
    before = peak_mib()
    kinds: list[tuple[int, str]] = []
    while len(kinds) < count:
        batch = await source.receive(500)
        for each in batch:
            kinds.append((each.position.offset, each.body.code if isinstance(each.body, Unreadable) else "read"))
            if isinstance(each.body, Unreadable):
                await letters.put([(each.position, each.body)])
        await source.acknowledge([each.position for each in batch])
    await source.close()
    await publisher.close()
    print(json.dumps({"kinds": kinds, "more_mib": peak_mib() - before}))


asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3])))
