"""`busbar events`: the events on the bus, one a line, for pipes."""

from collections.abc import Sequence

from adapters.memory.partitioning import partition_of
from adapters.messages import envelope, registry
from application.ports.bus import Message, PublishedEvent
from entrypoints import settings as environment
from entrypoints.cli.printing import print_topic
from entrypoints.topics import Topics

NEWEST = 10
"""How many messages of each partition are looked at where neither the beginning nor what is to come is asked for."""


def run(microgrid_id: str | None, *, follow: bool, from_beginning: bool) -> int:
    """Print events; returns the exit code."""
    settings = environment.kafka()
    topic = Topics.under(settings.topic_prefix).events
    newest = None if from_beginning else 0 if follow else NEWEST

    def partitions_of(count: int) -> Sequence[int]:
        return range(count) if microgrid_id is None else [partition_of(microgrid_id, count)]

    def line_of(message: Message) -> bytes | None:
        event = registry.read(topic, message)
        if not isinstance(event, PublishedEvent) or microgrid_id not in (None, event.microgrid_id):
            return None
        return envelope.structured(message, event.data)

    print_topic(settings, topic, partitions_of, line_of, newest=newest, follow=follow)
    return 0
