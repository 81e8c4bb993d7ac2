"""What src makes of a snapshot that is parsed JSON, as the oracle takes it."""

import json

from adapters.messages.lines import LineError
from adapters.messages.snapshot import answer, read_snapshot
from domain.knowledge.memory import NO_MEMORY, Memory
from domain.knowledge.readings import Readings
from domain.knowledge.situation import Situation, Snapshot, assess
from domain.site.site import Site
from tests.oracle.depot import Json


def written_answer(snapshot: Json) -> bytes:
    """The line of `busbar rebalance` that answers a valid snapshot."""
    line, usable = answer(json.dumps(snapshot).encode())
    assert usable, line
    return line


def situation_of(snapshot: Json, memory: Memory = NO_MEMORY) -> Situation:
    """What the domain knows before it decides a valid snapshot, which it knows this of."""
    read = read_snapshot(json.dumps(snapshot).encode())
    assert not isinstance(read, LineError), read
    site, readings = Site.of(read.configuration), Readings()
    for message in sorted(read.telemetry, key=lambda each: (each.measured_at, each.sequence)):
        readings.receive(message, site.tree, read.at)
    return assess(Snapshot(site, readings, read.at, memory))
