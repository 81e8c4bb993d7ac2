"""What only the in-process bus does: forget what nobody will ask for again, refuse a wiring that splits keys."""

import pytest

from adapters.memory.bus import TAIL, MemoryBus, MemorySource
from application.ports.bus import Assignment, Inbound, Message, Partition, Received, Unreadable
from entrypoints.service.assignments import Unconcerned

MESSAGES = [Message("malaga", (), str(number).encode()) for number in range(TAIL + 5)]


def as_it_came(topic: str, message: Message) -> Inbound:
    return Unreadable(topic, "", message)


async def member(bus: MemoryBus, group: str, assignment: Assignment | None = None) -> MemorySource:
    return await bus.join(group, ["events"], as_it_came, assignment or Unconcerned())


async def kept(bus: MemoryBus) -> list[Message]:
    """What a group that nobody expected still finds."""
    received = await (await member(bus, "latecomer")).receive(10 * TAIL)
    return [each.body.message for each in received if isinstance(each.body, Unreadable)]


async def test_a_message_is_kept_until_the_last_group_has_acknowledged_it() -> None:
    bus = MemoryBus({"events": 3})
    fast, slow = await member(bus, "fast"), await member(bus, "slow")
    await bus.publisher("events").publish(MESSAGES)
    await fast.acknowledge([each.position for each in await fast.receive(10 * TAIL)])
    await slow.acknowledge([each.position for each in await slow.receive(7)])
    assert await kept(bus) == MESSAGES[7:]


async def test_a_group_without_members_keeps_its_messages() -> None:
    bus = MemoryBus({"events": 1})
    await (await member(bus, "away")).close()
    await bus.publisher("events").publish(MESSAGES)
    assert await kept(bus) == MESSAGES


async def test_a_topic_that_no_group_reads_keeps_its_newest_messages() -> None:
    bus = MemoryBus({"events": 1})
    await bus.publisher("events").publish(MESSAGES)
    assert await kept(bus) == MESSAGES[-TAIL:]


async def test_a_rebalance_takes_all_partitions_away_and_gives_them_anew() -> None:
    bus, told = MemoryBus({"events": 2}), list[str]()

    class Told(Unconcerned):
        async def assigned(self, partitions: frozenset[Partition]) -> None:
            told.append(f"{len(partitions)} assigned")

        async def revoked(self, partitions: frozenset[Partition]) -> None:
            told.append(f"{len(partitions)} revoked")

    own = await member(bus, "workers", Told())
    await bus.publisher("events").publish(MESSAGES[:3])
    await own.acknowledge([each.position for each in await own.receive(2)])
    await bus.rebalance("workers")
    assert told == ["2 assigned", "2 revoked", "2 assigned"]
    assert [each.body.message for each in await own.receive(5) if isinstance(each.body, Unreadable)] == MESSAGES[2:3]


async def test_offsets_go_on_where_messages_were_forgotten() -> None:
    bus = MemoryBus({"events": 1})
    await bus.publisher("events").publish(MESSAGES)
    received = await (await member(bus, "latecomer")).receive(1)
    assert received[0].position.offset == len(MESSAGES) - TAIL


async def test_topics_of_unequal_partition_counts_cannot_be_read_together() -> None:
    bus = MemoryBus({"events": 3, "telemetry": 4})
    with pytest.raises(ValueError, match="equal partition counts"):
        await bus.join("worker", ["events", "telemetry"], as_it_came, Unconcerned())


async def test_a_member_receives_nothing_while_it_gives_up_its_partitions() -> None:
    class Greedy(Unconcerned):
        async def revoked(self, partitions: frozenset[Partition]) -> None:
            received.extend(await reader.receive(1))

    received: list[Received] = []
    bus = MemoryBus({"events": 1})
    reader = await member(bus, "readers", Greedy())
    await bus.publisher("events").publish(MESSAGES)
    await member(bus, "readers")
    assert received == []
