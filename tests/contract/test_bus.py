"""What every bus promises, whatever carries it: keyed, ordered, at least once, positions stored per group."""

from collections.abc import Sequence
from typing import Protocol

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.memory.bus import MemoryBus, MemorySource
from application.ports import (
    Assignment,
    DeadLetters,
    EventPublisher,
    Inbound,
    Message,
    MessageSource,
    Partition,
    Position,
    Received,
    Unreadable,
)

TELEMETRY, CONFIGURATION, DEAD_LETTER = "telemetry", "configuration", "dead-letter"
PARTITIONS = 5

# Keys and the 32-bit hashes Java's default partitioner gives them, from Kafka's own tests.
KAFKA_HASHES = {
    "21": -973932308,
    "foobar": -790332482,
    "a-little-bit-long-string": -985981536,
    "a-little-bit-longer-string": -1486304829,
    "lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8": -58897971,
    "abc": 479470107,
}


class Journal(Assignment):
    """Writes down, across members, who was told what."""

    def __init__(self, member: str = "", lines: list[str] | None = None) -> None:
        self.member = member
        self.lines = [] if lines is None else lines
        self.partitions: frozenset[Partition] = frozenset()

    async def assigned(self, partitions: frozenset[Partition]) -> None:
        self.lines.append(f"{self.member} assigned")
        self.partitions |= partitions

    async def revoked(self, partitions: frozenset[Partition]) -> None:
        self.lines.append(f"{self.member} revoked")
        self.partitions -= partitions


class Member(MessageSource, Protocol):
    """A consumer that can leave in order, or be lost."""

    async def close(self) -> None: ...

    async def crash(self) -> None: ...


class Bus(Protocol):
    """A bus with two topics of `PARTITIONS` partitions, and one of one for dead letters."""

    patience: int
    """How often in a row to ask a member for messages before there are none."""

    async def publish(self, topic: str, messages: Sequence[Message]) -> None: ...

    async def put_dead_letter(self, position: Position, unreadable: Unreadable) -> None: ...

    async def join(self, group: str, topics: Sequence[str], assignment: Assignment) -> Member: ...


class InMemory:
    """The in-process bus."""

    patience = 1

    def __init__(self) -> None:
        self.bus = MemoryBus({TELEMETRY: PARTITIONS, CONFIGURATION: PARTITIONS, DEAD_LETTER: 1})

    async def publish(self, topic: str, messages: Sequence[Message]) -> None:
        publisher: EventPublisher = self.bus.publisher(topic)
        await publisher.publish(messages)

    async def put_dead_letter(self, position: Position, unreadable: Unreadable) -> None:
        dead_letters: DeadLetters = self.bus.dead_letters(DEAD_LETTER)
        await dead_letters.put(position, unreadable)

    async def join(self, group: str, topics: Sequence[str], assignment: Assignment) -> MemorySource:
        return await self.bus.join(group, topics, as_it_came, assignment)


@pytest.fixture(params=[InMemory], ids=["memory"])
def bus(request: pytest.FixtureRequest) -> Bus:
    made: Bus = request.param()
    return made


def as_it_came(topic: str, message: Message) -> Inbound:
    return Unreadable(topic, "", message)


def message(key: str | None, value: str) -> Message:
    return Message(key, (), value.encode())


def numbered(key: str, first: int, last: int) -> list[Message]:
    return [message(key, f"{key} {number}") for number in range(first, last + 1)]


def carried(received: Received) -> Message:
    assert isinstance(received.body, Unreadable)
    return received.body.message


def values(received: Sequence[Received]) -> list[str]:
    return [(carried(each).value or b"").decode() for each in received]


async def everything(bus: Bus, member: Member, limit: int = 100) -> list[Received]:
    """What there is for this member, in batches of `limit`, acknowledging nothing."""
    taken: list[Received] = []
    silent = 0
    while silent < bus.patience:
        batch = await member.receive(limit)
        assert len(batch) <= limit
        silent = 0 if batch else silent + 1
        taken += batch
    return taken


async def test_key_headers_and_value_arrive_as_they_were_sent(bus: Bus) -> None:
    sent = Message("malaga", (("ce_type", b"a"), ("ce_type", b"\xff\x00"), ("empty", b"")), b"\x00 bytes \xff")
    member = await bus.join("worker", [TELEMETRY], Journal())
    await bus.publish(TELEMETRY, [sent])
    assert [carried(each) for each in await everything(bus, member)] == [sent]


async def test_a_null_value_arrives_as_null_and_so_does_a_null_key(bus: Bus) -> None:
    member = await bus.join("worker", [CONFIGURATION], Journal())
    await bus.publish(CONFIGURATION, [Message("malaga", (), None), Message(None, (), b"")])
    assert {carried(each) for each in await everything(bus, member)} == {
        Message("malaga", (), None),
        Message(None, (), b""),
    }


async def test_a_reader_is_told_the_topic_the_position_and_the_trace(bus: Bus) -> None:
    traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    member = await bus.join("worker", [TELEMETRY], Journal())
    traced = Message("21", (("traceparent", traceparent.encode()),), b"")
    await bus.publish(TELEMETRY, [traced, message("21", "untraced")])
    first, second = await everything(bus, member)
    assert isinstance(first.body, Unreadable)
    assert first.body.code == TELEMETRY
    assert (first.traceparent, second.traceparent) == (traceparent, None)
    assert second.position == Position(TELEMETRY, first.position.partition, first.position.offset + 1)


@pytest.mark.parametrize("key", KAFKA_HASHES)
async def test_a_key_lies_on_the_partition_that_javas_default_partitioner_chooses(bus: Bus, key: str) -> None:
    member = await bus.join("worker", [TELEMETRY, CONFIGURATION], Journal())
    await bus.publish(TELEMETRY, [message(key, "reading")])
    await bus.publish(CONFIGURATION, [message(key, "site")])
    places = {each.position.partition for each in await everything(bus, member)}
    assert places == {(KAFKA_HASHES[key] & 0x7FFFFFFF) % PARTITIONS}


async def test_messages_of_a_key_arrive_in_the_order_they_were_sent(bus: Bus) -> None:
    member = await bus.join("worker", [TELEMETRY], Journal())
    sent = {key: numbered(key, 1, 20) for key in KAFKA_HASHES}
    for turn in range(20):
        await bus.publish(TELEMETRY, [messages[turn] for messages in sent.values()])
    received = [carried(each) for each in await everything(bus, member, limit=7)]
    assert {key: [each for each in received if each.key == key] for key in sent} == sent


async def test_a_group_that_comes_late_begins_with_the_oldest_message_there_is(bus: Bus) -> None:
    await bus.publish(TELEMETRY, numbered("malaga", 1, 2))
    member = await bus.join("worker", [TELEMETRY], Journal())
    assert values(await everything(bus, member)) == ["malaga 1", "malaga 2"]


async def test_every_group_receives_every_message(bus: Bus) -> None:
    worker = await bus.join("worker", [TELEMETRY], Journal())
    projector = await bus.join("projector", [TELEMETRY], Journal())
    await bus.publish(TELEMETRY, numbered("malaga", 1, 3))
    first = await everything(bus, worker)
    await worker.acknowledge([each.position for each in first])
    assert values(first) == values(await everything(bus, projector)) == ["malaga 1", "malaga 2", "malaga 3"]


async def test_a_message_is_received_once_while_nothing_goes_wrong(bus: Bus) -> None:
    member = await bus.join("worker", [TELEMETRY], Journal())
    await bus.publish(TELEMETRY, numbered("malaga", 1, 1))
    assert values(await everything(bus, member)) == ["malaga 1"]
    assert await everything(bus, member) == []


async def test_a_busy_partition_does_not_keep_others_waiting(bus: Bus) -> None:
    member = await bus.join("worker", [TELEMETRY], Journal())
    await bus.publish(TELEMETRY, numbered("21", 1, 500))
    await bus.publish(TELEMETRY, numbered("abc", 1, 1))
    first_hundred = [text for _ in range(10) for text in values(await member.receive(10))]
    assert "abc 1" in first_hundred


async def test_what_was_received_but_not_acknowledged_is_delivered_again_after_a_crash(bus: Bus) -> None:
    member = await bus.join("worker", [TELEMETRY], Journal())
    await bus.publish(TELEMETRY, numbered("malaga", 1, 4))
    batch = await everything(bus, member)
    await member.acknowledge([batch[1].position])
    await member.crash()
    heir = await bus.join("worker", [TELEMETRY], Journal())
    assert values(await everything(bus, heir)) == ["malaga 3", "malaga 4"]


async def test_a_crashed_member_receives_nothing_any_more(bus: Bus) -> None:
    member = await bus.join("worker", [TELEMETRY], Journal())
    await member.crash()
    await bus.publish(TELEMETRY, numbered("malaga", 1, 1))
    assert await everything(bus, member) == []


async def test_a_group_whose_members_all_left_goes_on_where_it_stopped(bus: Bus) -> None:
    member = await bus.join("worker", [TELEMETRY], Journal())
    await bus.publish(TELEMETRY, numbered("malaga", 1, 2))
    await member.acknowledge([each.position for each in await everything(bus, member)])
    await member.close()
    await bus.publish(TELEMETRY, numbered("malaga", 3, 4))
    heir = await bus.join("worker", [TELEMETRY], Journal())
    assert values(await everything(bus, heir)) == ["malaga 3", "malaga 4"]


async def test_an_acknowledgement_covers_what_came_before_on_its_partition_and_no_other(bus: Bus) -> None:
    member = await bus.join("worker", [TELEMETRY], Journal())
    await bus.publish(TELEMETRY, [*numbered("21", 1, 3), *numbered("abc", 1, 1)])
    batch = await everything(bus, member)
    await member.acknowledge([each.position for each in batch if values([each]) == ["21 2"]])
    await member.crash()
    heir = await bus.join("worker", [TELEMETRY], Journal())
    assert sorted(values(await everything(bus, heir))) == ["21 3", "abc 1"]


async def test_positions_are_acknowledged_in_any_order(bus: Bus) -> None:
    member = await bus.join("worker", [TELEMETRY], Journal())
    await bus.publish(TELEMETRY, numbered("malaga", 1, 4))
    batch = await everything(bus, member)
    await member.acknowledge([batch[2].position, batch[0].position, batch[1].position])
    await member.crash()
    heir = await bus.join("worker", [TELEMETRY], Journal())
    assert values(await everything(bus, heir)) == ["malaga 4"]


async def test_an_older_acknowledgement_does_not_turn_the_position_back(bus: Bus) -> None:
    await bus.join("slower", [TELEMETRY], Journal())
    member = await bus.join("worker", [TELEMETRY], Journal())
    await bus.publish(TELEMETRY, numbered("malaga", 1, 3))
    positions = [each.position for each in await everything(bus, member)]
    await member.acknowledge([positions[2]])
    await member.acknowledge([positions[0]])
    await member.crash()
    heir = await bus.join("worker", [TELEMETRY], Journal())
    assert await everything(bus, heir) == []


async def test_members_share_the_partitions_and_one_number_of_two_topics_lies_with_one_member(bus: Bus) -> None:
    journals = [Journal(), Journal(), Journal()]
    for journal in journals:
        await bus.join("worker", [CONFIGURATION, TELEMETRY], journal)
    shared = [
        [{each.number for each in journal.partitions if each.topic == topic} for journal in journals]
        for topic in (CONFIGURATION, TELEMETRY)
    ]
    assert shared == [[{0, 1}, {2, 3}, {4}]] * 2


async def test_a_member_beyond_the_partitions_waits_and_takes_over(bus: Bus) -> None:
    members = [await bus.join("worker", [TELEMETRY], Journal()) for _ in range(PARTITIONS)]
    spare = Journal()
    await bus.join("worker", [TELEMETRY], spare)
    assert spare.partitions == frozenset()
    await members[0].close()
    assert len(spare.partitions) == 1


async def test_a_joining_member_is_assigned_only_after_the_others_were_revoked(bus: Bus) -> None:
    lines: list[str] = []
    await bus.join("worker", [TELEMETRY], Journal("old", lines))
    lines.clear()
    await bus.join("worker", [TELEMETRY], Journal("new", lines))
    assert lines.index("old revoked") < lines.index("new assigned")


async def test_a_leaving_member_is_revoked_before_the_others_are_assigned(bus: Bus) -> None:
    lines: list[str] = []
    journal = Journal("heir", lines)
    leaver = await bus.join("worker", [TELEMETRY], Journal("leaver", lines))
    await bus.join("worker", [TELEMETRY], journal)
    lines.clear()
    await leaver.close()
    assert lines.index("leaver revoked") < lines.index("heir assigned")
    assert len(journal.partitions) == PARTITIONS


async def test_a_crashed_member_is_not_asked_and_its_partitions_go_to_the_others(bus: Bus) -> None:
    lines: list[str] = []
    journal = Journal("heir", lines)
    crashed = await bus.join("worker", [TELEMETRY], Journal("crashed", lines))
    await bus.join("worker", [TELEMETRY], journal)
    lines.clear()
    await crashed.crash()
    assert "crashed revoked" not in lines
    assert len(journal.partitions) == PARTITIONS


async def test_what_a_member_acknowledges_while_it_is_revoked_is_not_delivered_again(bus: Bus) -> None:
    class Draining(Journal):
        async def revoked(self, partitions: frozenset[Partition]) -> None:
            await old.acknowledge([each.position for each in batch])

    old = await bus.join("worker", [TELEMETRY], Draining())
    await bus.publish(TELEMETRY, [each for key in KAFKA_HASHES for each in numbered(key, 1, 2)])
    batch = await everything(bus, old)
    assert len(batch) == 2 * len(KAFKA_HASHES)
    new = await bus.join("worker", [TELEMETRY], Journal())
    assert await everything(bus, old) + await everything(bus, new) == []


async def test_what_was_in_hand_when_partitions_moved_is_delivered_to_their_new_members(bus: Bus) -> None:
    old = await bus.join("worker", [TELEMETRY], Journal())
    sent = [each for key in KAFKA_HASHES for each in numbered(key, 1, 2)]
    await bus.publish(TELEMETRY, sent)
    await everything(bus, old)
    new = await bus.join("worker", [TELEMETRY], Journal())
    with_new = values(await everything(bus, new))
    assert with_new
    assert sorted(values(await everything(bus, old)) + with_new) == sorted(
        (each.value or b"").decode() for each in sent
    )


async def test_what_was_in_hand_when_partitions_came_back_may_still_be_acknowledged(bus: Bus) -> None:
    member = await bus.join("worker", [TELEMETRY], Journal())
    await bus.publish(TELEMETRY, numbered("malaga", 1, 3))
    batch = await everything(bus, member)
    await (await bus.join("worker", [TELEMETRY], Journal())).close()
    await member.acknowledge([batch[1].position])
    assert values(await everything(bus, member)) == ["malaga 3"]


async def test_an_acknowledgement_for_a_partition_that_was_lost_changes_nothing(bus: Bus) -> None:
    member = await bus.join("worker", [TELEMETRY], Journal())
    await bus.publish(TELEMETRY, numbered("malaga", 1, 2))
    batch = await everything(bus, member)
    await member.crash()
    heir = await bus.join("worker", [TELEMETRY], Journal())
    await member.acknowledge([each.position for each in batch])
    await heir.crash()
    last = await bus.join("worker", [TELEMETRY], Journal())
    assert values(await everything(bus, last)) == ["malaga 1", "malaga 2"]


async def test_a_dead_letter_is_the_message_as_it_came_with_its_coordinates(bus: Bus) -> None:
    unreadable = Unreadable("key_mismatch", "not for publication", Message(None, (("ce_type", b"x"),), None))
    await bus.put_dead_letter(Position(TELEMETRY, 3, 41), unreadable)
    member = await bus.join("undertaker", [DEAD_LETTER], Journal())
    assert [carried(each) for each in await everything(bus, member)] == [
        Message(
            None,
            (
                ("ce_type", b"x"),
                ("dlq_topic", TELEMETRY.encode()),
                ("dlq_partition", b"3"),
                ("dlq_offset", b"41"),
                ("dlq_code", b"key_mismatch"),
            ),
            None,
        )
    ]


ACTIONS = st.sampled_from(["publish", "receive", "acknowledge", "join", "close", "crash"])


@given(st.lists(st.tuples(ACTIONS, st.integers(0, 5)), max_size=60))
async def test_whatever_members_do_nothing_is_lost_skipped_or_delivered_after_its_acknowledgement(
    script: list[tuple[str, int]],
) -> None:
    bus = InMemory()
    keys = list(KAFKA_HASHES)
    members = [await bus.join("worker", [TELEMETRY], Journal())]
    in_hand: dict[int, list[Received]] = {}
    sent = dict.fromkeys(keys, 0)
    seen = dict.fromkeys(keys, 0)
    done: set[Position] = set()

    def note(batch: Sequence[Received]) -> None:
        for each in batch:
            assert each.position not in done
            key, number = values([each])[0].rsplit(" ", 1)
            assert int(number) <= seen[key] + 1
            seen[key] = max(seen[key], int(number))

    for action, choice in script:
        member = members[choice % len(members)]
        if action == "publish":
            sent[keys[choice]] += 1
            await bus.publish(TELEMETRY, numbered(keys[choice], sent[keys[choice]], sent[keys[choice]]))
        elif action == "receive":
            batch = await member.receive(choice)
            note(batch)
            in_hand.setdefault(id(member), []).extend(batch)
        elif action == "acknowledge":
            positions = [each.position for each in in_hand.pop(id(member), [])]
            await member.acknowledge(positions)
            done.update(positions)
        elif action == "join":
            members.append(await bus.join("worker", [TELEMETRY], Journal()))
            in_hand.clear()
        elif len(members) > 1:
            members.remove(member)
            await (member.close() if action == "close" else member.crash())
            in_hand.clear()
    for member in members:
        note(await everything(bus, member))
    assert seen == sent
