"""What every bus promises, whatever carries it: keyed, ordered, at least once, positions stored per group."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from random import randbytes

import pytest
from hypothesis import given
from hypothesis import strategies as st

from application.ports.bus import Assignment, Message, Partition, Position, Received, Unreadable
from tests.contract.buses import PARTITIONS, Bus, InMemory, Member
from tests.services.kafka_bus import KafkaBus

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


@pytest.fixture(params=["memory", "kafka"])
async def bus(request: pytest.FixtureRequest) -> AsyncIterator[Bus]:
    if request.param == "memory":
        yield InMemory()
        return
    bus = KafkaBus(request.getfixturevalue("kafka_broker").bootstrap_servers, PARTITIONS)
    await bus.open()
    yield bus
    await bus.close()


def message(key: str | None, value: str) -> Message:
    return Message(key, (), value.encode())


def numbered(key: str, first: int, last: int) -> list[Message]:
    return [message(key, f"{key} {number}") for number in range(first, last + 1)]


def carried(received: Received) -> Message:
    assert isinstance(received.body, Unreadable)
    return received.body.message


def values(received: Sequence[Received]) -> list[str]:
    return [(carried(each).value or b"").decode() for each in received]


async def everything(member: Member, limit: int = 100) -> list[Received]:
    """What there is for this member, in batches of `limit`, acknowledging nothing."""
    taken: list[Received] = []
    while True:
        batch = await member.receive(limit)
        assert len(batch) <= limit
        taken += batch
        if not batch and await member.exhausted():
            return taken


async def test_key_headers_and_value_arrive_as_they_were_sent(bus: Bus) -> None:
    sent = Message("malaga", (("ce_type", b"a"), ("ce_type", b"\xff\x00"), ("empty", b"")), b"\x00 bytes \xff")
    member = await bus.join("worker", [bus.telemetry], Journal())
    await bus.publish(bus.telemetry, [sent])
    assert [carried(each) for each in await everything(member)] == [sent]


async def test_a_null_value_a_null_key_and_a_null_header_arrive_as_null(bus: Bus) -> None:
    member = await bus.join("worker", [bus.telemetry], Journal())
    sent = [Message("malaga", (), None), Message(None, (), b""), Message(None, (("ce_type", None),), None)]
    await bus.publish(bus.telemetry, sent)
    assert {carried(each) for each in await everything(member)} == set(sent)


async def test_a_key_that_is_no_utf8_arrives_as_it_was_sent(bus: Bus) -> None:
    sent = Message(b"m\xe1laga".decode(errors="surrogateescape"), (), b"")
    member = await bus.join("worker", [bus.telemetry], Journal())
    await bus.publish(bus.telemetry, [sent])
    assert [carried(each) for each in await everything(member)] == [sent]


async def test_a_reader_is_told_the_topic_the_position_and_the_trace(bus: Bus) -> None:
    traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    member = await bus.join("worker", [bus.telemetry], Journal())
    traced = Message("21", (("traceparent", traceparent.encode()),), b"")
    await bus.publish(bus.telemetry, [traced, message("21", "untraced")])
    first, second = await everything(member)
    assert isinstance(first.body, Unreadable)
    assert first.body.code == bus.telemetry
    assert (first.traceparent, second.traceparent) == (traceparent, None)
    assert second.position == Position(bus.telemetry, first.position.partition, first.position.offset + 1)


async def test_a_topic_that_is_left_out_keeps_what_it_has_and_holds_up_no_other(bus: Bus) -> None:
    member = await bus.join("worker", [bus.configuration, bus.telemetry], Journal())
    sites = [f"site {number}" for number in range(4)]
    await bus.publish(bus.configuration, [message("21", each) for each in sites])
    taken: list[str] = []
    while not taken:
        taken += values(await member.receive(1))
    readings: list[str] = []
    for reading in ("reading 0", "reading 1"):
        await bus.publish(bus.telemetry, [message("21", reading)])
        while reading not in readings:
            readings += values(await member.receive(100, without=[bus.configuration]))
            await asyncio.sleep(0.01)
    assert readings == ["reading 0", "reading 1"]
    assert taken + values(await everything(member)) == sites


@pytest.mark.parametrize("key", KAFKA_HASHES)
async def test_a_key_lies_on_the_partition_that_javas_default_partitioner_chooses(bus: Bus, key: str) -> None:
    """Holds BUS-1."""
    member = await bus.join("worker", [bus.telemetry, bus.configuration], Journal())
    await bus.publish(bus.telemetry, [message(key, "reading")])
    await bus.publish(bus.configuration, [message(key, "site")])
    places = {each.position.partition for each in await everything(member)}
    assert places == {(KAFKA_HASHES[key] & 0x7FFFFFFF) % PARTITIONS}


async def test_messages_of_a_key_arrive_in_the_order_they_were_sent(bus: Bus) -> None:
    member = await bus.join("worker", [bus.telemetry], Journal())
    sent = {key: numbered(key, 1, 20) for key in KAFKA_HASHES}
    for turn in range(20):
        await bus.publish(bus.telemetry, [messages[turn] for messages in sent.values()])
    received = [carried(each) for each in await everything(member, limit=7)]
    assert {key: [each for each in received if each.key == key] for key in sent} == sent


async def test_a_group_that_comes_late_begins_with_the_oldest_message_there_is(bus: Bus) -> None:
    await bus.publish(bus.telemetry, numbered("malaga", 1, 2))
    member = await bus.join("worker", [bus.telemetry], Journal())
    assert values(await everything(member)) == ["malaga 1", "malaga 2"]


async def test_every_group_receives_every_message(bus: Bus) -> None:
    worker = await bus.join("worker", [bus.telemetry], Journal())
    projector = await bus.join("projector", [bus.telemetry], Journal())
    await bus.publish(bus.telemetry, numbered("malaga", 1, 3))
    first = await everything(worker)
    await worker.acknowledge([each.position for each in first])
    assert values(first) == values(await everything(projector)) == ["malaga 1", "malaga 2", "malaga 3"]


async def test_a_message_is_received_once_while_nothing_goes_wrong(bus: Bus) -> None:
    member = await bus.join("worker", [bus.telemetry], Journal())
    await bus.publish(bus.telemetry, numbered("malaga", 1, 1))
    assert values(await everything(member)) == ["malaga 1"]
    assert await everything(member) == []


async def test_a_busy_partition_does_not_keep_others_waiting(bus: Bus) -> None:
    busy = [Message("21", (), randbytes(10_000)) for _ in range(400)]
    member = await bus.join("worker", [bus.telemetry], Journal())
    await bus.publish(bus.telemetry, [*busy, message("abc", "waiting")])
    keys: list[str | None] = []
    while "abc" not in keys:
        keys += [carried(each).key for each in await member.receive(10)]
    assert len(keys) < len(busy)


async def test_what_was_received_but_not_acknowledged_is_delivered_again_after_a_crash(bus: Bus) -> None:
    member = await bus.join("worker", [bus.telemetry], Journal())
    await bus.publish(bus.telemetry, numbered("malaga", 1, 4))
    batch = await everything(member)
    await member.acknowledge([batch[1].position])
    await member.crash()
    heir = await bus.join("worker", [bus.telemetry], Journal())
    assert values(await everything(heir)) == ["malaga 3", "malaga 4"]


async def test_a_crashed_member_receives_nothing_any_more(bus: Bus) -> None:
    member = await bus.join("worker", [bus.telemetry], Journal())
    await member.crash()
    await bus.publish(bus.telemetry, numbered("malaga", 1, 1))
    assert await everything(member) == []


async def test_a_group_whose_members_all_left_goes_on_where_it_stopped(bus: Bus) -> None:
    member = await bus.join("worker", [bus.telemetry], Journal())
    await bus.publish(bus.telemetry, numbered("malaga", 1, 2))
    await member.acknowledge([each.position for each in await everything(member)])
    await member.close()
    await bus.publish(bus.telemetry, numbered("malaga", 3, 4))
    heir = await bus.join("worker", [bus.telemetry], Journal())
    assert values(await everything(heir)) == ["malaga 3", "malaga 4"]


async def test_an_acknowledgement_covers_what_came_before_on_its_partition_and_no_other(bus: Bus) -> None:
    member = await bus.join("worker", [bus.telemetry], Journal())
    await bus.publish(bus.telemetry, [*numbered("21", 1, 3), *numbered("abc", 1, 1)])
    batch = await everything(member)
    await member.acknowledge([each.position for each in batch if values([each]) == ["21 2"]])
    await member.crash()
    heir = await bus.join("worker", [bus.telemetry], Journal())
    assert sorted(values(await everything(heir))) == ["21 3", "abc 1"]


async def test_positions_are_acknowledged_in_any_order(bus: Bus) -> None:
    member = await bus.join("worker", [bus.telemetry], Journal())
    await bus.publish(bus.telemetry, numbered("malaga", 1, 4))
    batch = await everything(member)
    await member.acknowledge([batch[2].position, batch[0].position, batch[1].position])
    await member.crash()
    heir = await bus.join("worker", [bus.telemetry], Journal())
    assert values(await everything(heir)) == ["malaga 4"]


async def test_an_older_acknowledgement_does_not_turn_the_position_back(bus: Bus) -> None:
    await bus.join("slower", [bus.telemetry], Journal())
    member = await bus.join("worker", [bus.telemetry], Journal())
    await bus.publish(bus.telemetry, numbered("malaga", 1, 3))
    positions = [each.position for each in await everything(member)]
    await member.acknowledge([positions[2]])
    await member.acknowledge([positions[0]])
    await member.crash()
    heir = await bus.join("worker", [bus.telemetry], Journal())
    assert await everything(heir) == []


async def test_members_share_the_partitions_and_one_number_of_two_topics_lies_with_one_member(bus: Bus) -> None:
    journals = [Journal(), Journal(), Journal()]
    for journal in journals:
        await bus.join("worker", [bus.configuration, bus.telemetry], journal)
    shared = [
        [{each.number for each in journal.partitions if each.topic == topic} for journal in journals]
        for topic in (bus.configuration, bus.telemetry)
    ]
    assert sorted(map(sorted, shared[0])) == [[0, 1], [2, 3], [4]]
    assert shared[1] == shared[0]


async def test_a_member_beyond_the_partitions_waits_and_takes_over(bus: Bus) -> None:
    journals = [Journal() for _ in range(PARTITIONS + 1)]
    members = [await bus.join("worker", [bus.telemetry], journal) for journal in journals]
    assert sorted(len(journal.partitions) for journal in journals) == [0] + [1] * PARTITIONS
    leaver = next(member for member, journal in zip(members, journals, strict=True) if journal.partitions)
    await leaver.close()
    assert sorted(len(journal.partitions) for journal in journals) == [0] + [1] * PARTITIONS


async def test_a_joining_member_is_assigned_only_after_the_others_were_revoked(bus: Bus) -> None:
    lines: list[str] = []
    await bus.join("worker", [bus.telemetry], Journal("old", lines))
    lines.clear()
    await bus.join("worker", [bus.telemetry], Journal("new", lines))
    assert lines.index("old revoked") < lines.index("new assigned")


async def test_a_leaving_member_is_revoked_before_the_others_are_assigned(bus: Bus) -> None:
    lines: list[str] = []
    journal = Journal("heir", lines)
    leaver = await bus.join("worker", [bus.telemetry], Journal("leaver", lines))
    await bus.join("worker", [bus.telemetry], journal)
    lines.clear()
    await leaver.close()
    assert lines.index("leaver revoked") < lines.index("heir assigned")
    assert len(journal.partitions) == PARTITIONS


async def test_a_crashed_member_is_not_asked_and_its_partitions_go_to_the_others(bus: Bus) -> None:
    lines: list[str] = []
    journal = Journal("heir", lines)
    crashed = await bus.join("worker", [bus.telemetry], Journal("crashed", lines))
    await bus.join("worker", [bus.telemetry], journal)
    lines.clear()
    await crashed.crash()
    assert "crashed revoked" not in lines
    assert len(journal.partitions) == PARTITIONS


async def test_what_a_member_acknowledges_while_it_is_revoked_is_not_delivered_again(bus: Bus) -> None:
    class Draining(Journal):
        async def revoked(self, partitions: frozenset[Partition]) -> None:
            await old.acknowledge([each.position for each in batch])

    old = await bus.join("worker", [bus.telemetry], Draining())
    await bus.publish(bus.telemetry, [each for key in KAFKA_HASHES for each in numbered(key, 1, 2)])
    batch = await everything(old)
    assert len(batch) == 2 * len(KAFKA_HASHES)
    new = await bus.join("worker", [bus.telemetry], Journal())
    assert await everything(old) + await everything(new) == []


async def test_what_was_in_hand_when_partitions_moved_is_delivered_to_their_new_members(bus: Bus) -> None:
    old = await bus.join("worker", [bus.telemetry], Journal())
    sent = [each for key in KAFKA_HASHES for each in numbered(key, 1, 2)]
    await bus.publish(bus.telemetry, sent)
    await everything(old)
    new = await bus.join("worker", [bus.telemetry], Journal())
    with_new = values(await everything(new))
    assert with_new
    assert sorted(values(await everything(old)) + with_new) == sorted((each.value or b"").decode() for each in sent)


async def test_what_was_in_hand_when_partitions_came_back_may_still_be_acknowledged(bus: Bus) -> None:
    member = await bus.join("worker", [bus.telemetry], Journal())
    await bus.publish(bus.telemetry, numbered("malaga", 1, 3))
    batch = await everything(member)
    await (await bus.join("worker", [bus.telemetry], Journal())).close()
    await member.acknowledge([batch[1].position])
    assert values(await everything(member)) == ["malaga 3"]


async def test_what_is_acknowledged_with_what_was_lost_is_done_all_the_same(bus: Bus) -> None:
    old = await bus.join("worker", [bus.telemetry], Journal())
    await bus.publish(bus.telemetry, [each for key in KAFKA_HASHES for each in numbered(key, 1, 2)])
    batch = await everything(old)
    new = await bus.join("worker", [bus.telemetry], Journal())
    await old.acknowledge([each.position for each in batch])
    assert await everything(old) == []
    assert 0 < len(await everything(new)) < len(batch)


async def test_an_acknowledgement_for_a_partition_that_was_lost_changes_nothing(bus: Bus) -> None:
    member = await bus.join("worker", [bus.telemetry], Journal())
    await bus.publish(bus.telemetry, numbered("malaga", 1, 2))
    batch = await everything(member)
    await member.crash()
    heir = await bus.join("worker", [bus.telemetry], Journal())
    await member.acknowledge([each.position for each in batch])
    await heir.crash()
    last = await bus.join("worker", [bus.telemetry], Journal())
    assert values(await everything(last)) == ["malaga 1", "malaga 2"]


async def test_a_dead_letter_is_the_message_as_it_came_with_its_coordinates(bus: Bus) -> None:
    """Holds BUS-3."""
    unreadable = Unreadable("key_mismatch", "It has none.", Message(None, (("ce_type", b"x"),), None))
    await bus.put_dead_letter(Position(bus.telemetry, 3, 41), unreadable)
    member = await bus.join("undertaker", [bus.dead_letter], Journal())
    assert [carried(each) for each in await everything(member)] == [
        Message(
            None,
            (
                ("ce_type", b"x"),
                ("dlq_topic", bus.telemetry.encode()),
                ("dlq_partition", b"3"),
                ("dlq_offset", b"41"),
                ("dlq_code", b"key_mismatch"),
                ("dlq_detail", b"It has none."),
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
    members = [await bus.join("worker", [bus.telemetry], Journal())]
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
            await bus.publish(bus.telemetry, numbered(keys[choice], sent[keys[choice]], sent[keys[choice]]))
        elif action == "receive":
            batch = await member.receive(choice)
            note(batch)
            in_hand.setdefault(id(member), []).extend(batch)
        elif action == "acknowledge":
            positions = [each.position for each in in_hand.pop(id(member), [])]
            await member.acknowledge(positions)
            done.update(positions)
        elif action == "join":
            members.append(await bus.join("worker", [bus.telemetry], Journal()))
            in_hand.clear()
        elif len(members) > 1:
            members.remove(member)
            await (member.close() if action == "close" else member.crash())
            in_hand.clear()
    for member in members:
        note(await everything(member))
    assert seen == sent
