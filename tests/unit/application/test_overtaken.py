"""A database that is behind its bus decides nothing, and takes over as soon as it leads a stream of its own.

Holds BUS-12.
"""

from collections.abc import Collection, Mapping, Sequence

import pytest

from application.overtaken import NotOvertaken, StreamBegun
from application.ports.bus import Partition, PublishedEvent, Withheld
from tests.fakes.assignments import Known


class Tails:
    def __init__(self, *events: PublishedEvent) -> None:
        self.events = events

    async def newest(self, partitions: Collection[int]) -> Mapping[int, Sequence[PublishedEvent]]:
        return {number: [each for each in self.events if each.microgrid_id == f"m-{number}"] for number in partitions}


class Database:
    def __init__(self, **reached: int) -> None:
        self.stream = "s-1"
        self._reached = {name.replace("_", "-"): seq for name, seq in reached.items()}

    async def current(self) -> str:
        return self.stream

    async def reached(self, microgrid_ids: Collection[str]) -> Mapping[str, int]:
        return {each: self._reached[each] for each in microgrid_ids if each in self._reached}


def an_event(number: int, event_seq: int, stream: str = "s-1") -> PublishedEvent:
    return PublishedEvent(f"m-{number}", event_seq, "busbar.cycle.completed.v1", "{}", stream)


BOTH = ("busbar.configuration", "busbar.telemetry")


def of(*numbers: int) -> frozenset[Partition]:
    return frozenset(Partition(topic, number) for topic in BOTH for number in numbers)


async def test_what_the_database_knows_is_taken() -> None:
    taken = Known()
    tails = Tails(an_event(1, 41), an_event(1, 42), an_event(2, 60, "of-before"))
    await NotOvertaken(taken, tails, Database(m_1=42, m_2=7)).assigned(of(1, 2, 3))
    assert taken.partitions == of(1, 2, 3)


@pytest.mark.parametrize("database", [Database(m_1=41), Database()], ids=["behind", "without it"])
async def test_a_partition_in_which_the_bus_is_ahead_is_not_taken_and_the_others_are(database: Database) -> None:
    taken = Known()
    not_overtaken = NotOvertaken(taken, Tails(an_event(1, 42), an_event(1, 40)), database)
    with pytest.raises(Withheld, match=r"partition 1, .*`busbar migrate --new-stream`") as withheld:
        await not_overtaken.assigned(of(1, 2))
    assert withheld.value.partitions == of(1)
    assert taken.partitions == of(2)

    await not_overtaken.look()
    database.stream = "s-2"
    with pytest.raises(StreamBegun):
        await not_overtaken.look()
    await not_overtaken.revoked(of(2))
    await not_overtaken.assigned(of(1, 2))
    await not_overtaken.look()
    assert taken.partitions == of(1, 2)
