"""An hour of which nothing is kept longer than two minutes: memory and rows do not grow. A run as those of `runs`."""

import asyncio
import random
import time
from collections.abc import Iterator, Mapping, Sequence
from statistics import mean
from typing import Final, TypeAlias

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from adapters.database.tables import metadata
from tests.e2e.stacks import Stack
from tests.faults import recording
from tests.faults.briefly import KEPT
from tests.faults.following import followed
from tests.faults.runs import RECOVERED_S, Figures, under_load
from tests.faults.stage import Stage

DEPOTS: Final = tuple(f"depot-{number}" for number in range(50))
SAMPLED_EVERY_S: Final = 5.0
MINUTE_S: Final = 60.0

MOST: Final = 1.1
"""What the last minute may have of what the minute after a third had."""

MANY_ROWS: Final = 1000
"""A table of fewer counts with all the others alone."""

ALL: Final = "all"
BRIEF: Final = {"retention.ms": f"{KEPT.total_seconds() * 1000:.0f}", "segment.ms": "30000"}
COUNT: Final = " UNION ALL ".join(f"SELECT '{name}', count(*) FROM {name}" for name in metadata.tables)

Samples: TypeAlias = Sequence[tuple[float, Mapping[str, int]]]
"""Seconds since the beginning, and what there was then, by name."""


def kept_briefly(stage: Stage, _: random.Random, seconds: float = 3600.0) -> Figures:
    """Topics, outbox and read models forget what is older than two minutes, and all goes on as it was."""
    asyncio.run(_forget_soon(stage.stack))
    members = [stage.keeping_briefly(command) for command in ("project", "worker", "worker")]
    memory, rows = list[tuple[float, Mapping[str, int]]](), list[tuple[float, Mapping[str, int]]]()
    with followed(stage.stack) as events:
        under_load(stage, *members)
        began = time.monotonic()
        while (at := time.monotonic() - began) < seconds:
            memory.append((at, {member.name: member.resident_kb() for member in members}))
            rows.append((at, _counted(stage.stack)))
            time.sleep(SAMPLED_EVERY_S)
        stage.ready(RECOVERED_S)
        stage.at_rest()
    stored = recording.ask(stage.stack.database_url, "SELECT microgrid_id, event_seq FROM microgrid_state")
    lost = [each for each in stored if events.reached[each.microgrid_id] != each.event_seq]
    found = [*events.faults, *(f"{each} is not what was published" for each in lost)]
    found += [*_grown(memory, seconds, "kB"), *_grown(rows, seconds, "rows", MANY_ROWS)]
    assert not found, found[:20]
    assert len(stored) == len(DEPOTS)
    return {
        "events": str(sum(events.reached.values())),
        "forgotten by their topic": str(events.forgotten),
        "memory after a third and at the end": " -> ".join(
            f"{sum(each.values()):.0f} kB" for each in _both(memory, seconds)
        ),
        "rows": " -> ".join(f"{each[ALL]:.0f}" for each in _both(rows, seconds)),
    }


async def _forget_soon(stack: Stack) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=stack.bootstrap_servers)
    await admin.start()
    try:
        topics = [f"{stack.prefix}.{name}" for name in ("events", "telemetry", "dead-letter")]
        await admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, topic, BRIEF) for topic in topics])
    finally:
        await admin.close()


def _counted(stack: Stack) -> Mapping[str, int]:
    rows = {name: int(count) for name, count in recording.ask(stack.database_url, COUNT)}
    return rows | {ALL: sum(rows.values())}


def _both(samples: Samples, seconds: float) -> tuple[Mapping[str, float], Mapping[str, float]]:
    """The means of the minute after a third, and of the last."""
    return _mean(samples, seconds / 3), _mean(samples, seconds - MINUTE_S)


def _mean(samples: Samples, since_s: float) -> Mapping[str, float]:
    those = [sample for at, sample in samples if since_s <= at < since_s + MINUTE_S]
    return {name: mean(each[name] for each in those) for name in those[0]}


def _grown(samples: Samples, seconds: float, unit: str, least: int = 0) -> Iterator[str]:
    early, late = _both(samples, seconds)
    for name in late:
        if late[name] > max(early[name], least) * MOST:
            yield f"{name} grew from {early[name]:.0f} to {late[name]:.0f} {unit}"
