"""The checker sees every fault that it is there for, planted in a history in which everything holds."""

from dataclasses import replace
from typing import Any

import pytest
from pydantic_core import to_json

from adapters.messages import envelope
from application.ports.bus import Message, Position
from tests.faults import planted
from tests.faults.checker import INVARIANTS, repeated, violations
from tests.faults.history import Commit, Event, History, Record, State

DEPOT = "depot-0"
READING = {"microgrid_id": DEPOT, "charge_point_id": "cp-1", "connectors": [{"connector_id": 1, "power_w": 1}]}


def an_event(event_seq: int, event_type: str, offset: int | None = None, **data: Any) -> Event:
    value = to_json({"microgrid_id": DEPOT, "event_seq": event_seq, **data})
    message = envelope.wrap(f"busbar.{event_type}.v1", f"{DEPOT}/{event_seq}", DEPOT, value)
    place = None if offset is None else Position("test.events", 0, offset)
    return Event(DEPOT, message.headers, value, place)


def a_cycle(event_seq: int, cycle_seq: int, offset: int | None = None, limit_w: int = 50_000) -> Event:
    nodes = [
        {"node_id": DEPOT, "parent_id": None, "limit_w": None},
        {"node_id": "gc", "parent_id": DEPOT, "limit_w": 100_000},
        {"node_id": "cp-1", "parent_id": "gc", "limit_w": 100_000},
    ]
    setpoints = [{"charge_point_id": "cp-1", "limit_w": limit_w}, {"charge_point_id": "cp-1", "limit_w": 50_000}]
    decided_at = f"2026-11-30T08:00:{cycle_seq:02}Z"
    cycle = {"cycle_seq": cycle_seq, "decided_at": decided_at, "nodes": nodes, "setpoints": setpoints}
    return an_event(event_seq, "cycle.completed", offset, **cycle)


def a_record(topic: str, offset: int, message: Message) -> Record:
    return Record(Position(f"test.{topic}", 0, offset), message)


def a_bad(kind: str, offset: int, version: int = 7) -> Record:
    topic, message = planted.bad_message(kind, READING, version)
    return a_record(topic, offset, message)


UNREADABLE = a_bad("invalid_json", 5)
REFUSED = a_bad(planted.REJECTED, 6)
PUBLISHED = (
    an_event(1, "configuration.rejected", 0, version=7),
    a_cycle(2, 1, 1),
    a_cycle(3, 2, 2),
    a_cycle(2, 1, 3),
    a_cycle(3, 2, 4),
    a_cycle(4, 3, 5),
)
COMMITTED = tuple(replace(PUBLISHED[number], position=None) for number in (0, 1, 2, 5))
LETTER = a_record("dead-letter", 0, planted.as_dead_letter(UNREADABLE, "invalid_json"))

SOUND = History(
    PUBLISHED,
    COMMITTED,
    [Commit(DEPOT, version, 3, 3) for version in (1, 2, 3, 4)],
    {DEPOT: State(4, 3, 4)},
    [LETTER],
    [UNREADABLE, REFUSED],
    {"cycles": [{"cycle_seq": 1}]},
    {"cycles": [{"cycle_seq": 1}]},
)

FAULTS = {
    "a cycle decided twice": (
        "one decision",
        replace(SOUND, committed=[*COMMITTED, a_cycle(5, 3)], states={DEPOT: State(4, 3, 5)}),
    ),
    "a cycle published with two contents": (
        "one decision",
        replace(SOUND, published=[*PUBLISHED, a_cycle(4, 3, 6, limit_w=1)]),
    ),
    "a cycle left out": (
        "one decision",
        replace(SOUND, published=[*PUBLISHED, a_cycle(5, 5, 6)], committed=[*COMMITTED, a_cycle(5, 5)]),
    ),
    "a gap on the topic": ("gap-free", replace(SOUND, published=[each for each in PUBLISHED if each.event_seq != 3])),
    "a gap in the outbox": ("gap-free", replace(SOUND, committed=COMMITTED[:2] + COMMITTED[3:])),
    "an outbox that ends too early": ("gap-free", replace(SOUND, committed=COMMITTED[:3])),
    "an event that was never published": ("published as committed", replace(SOUND, published=PUBLISHED[:5])),
    "an event that was never committed": ("published as committed", replace(SOUND, committed=COMMITTED[:3])),
    "an event published with other bytes": (
        "published as committed",
        replace(SOUND, published=[*PUBLISHED[:5], a_cycle(4, 3, 5, limit_w=1)]),
    ),
    "an event published with other headers": (
        "published as committed",
        replace(SOUND, published=[*PUBLISHED, replace(PUBLISHED[5], headers=(*PUBLISHED[5].headers, ("more", b"")))]),
    ),
    "an event published with another key": (
        "published as committed",
        replace(SOUND, published=[*PUBLISHED, replace(PUBLISHED[5], key="other")]),
    ),
    "two events in the wrong order": (
        "in order",
        replace(SOUND, published=[PUBLISHED[0], PUBLISHED[2], PUBLISHED[1], PUBLISHED[5]]),
    ),
    "a commit under an epoch that had ended": (
        "under the current epoch",
        replace(SOUND, commits=[*SOUND.commits[:3], Commit(DEPOT, 4, 3, 4)]),
    ),
    "a version committed twice": ("no lost version", replace(SOUND, commits=[*SOUND.commits, Commit(DEPOT, 4, 3, 3)])),
    "a version that nobody committed": ("no lost version", replace(SOUND, commits=SOUND.commits[:3])),
    "a cycle that was decided no later than the one before": (
        "time runs on",
        replace(SOUND, committed=[*COMMITTED[:3], a_cycle(4, 2)]),
    ),
    "a row that the events do not give": (
        "read model is the topic",
        replace(SOUND, live={"cycles": [{"cycle_seq": 2}]}),
    ),
    "a row missing from the read model": ("read model is the topic", replace(SOUND, live={"cycles": []})),
    "an unreadable message without a dead letter": ("bad messages accounted for", replace(SOUND, dead_letters=[])),
    "a dead letter with another code": (
        "bad messages accounted for",
        replace(SOUND, dead_letters=[a_record("dead-letter", 0, planted.as_dead_letter(UNREADABLE, "malformed"))]),
    ),
    "a made-up configuration without an answer or a dead letter": (
        "bad messages accounted for",
        replace(SOUND, planted=[*SOUND.planted, a_bad(planted.MADE_UP, 9, version=8)]),
    ),
    "a dead letter of a made-up configuration with another code": (
        "bad messages accounted for",
        replace(
            SOUND,
            planted=[*SOUND.planted, a_bad(planted.MADE_UP, 9)],
            dead_letters=[
                LETTER,
                a_record("dead-letter", 1, planted.as_dead_letter(a_bad(planted.MADE_UP, 9), "invalid_json")),
            ],
        ),
    ),
    "a dead letter of a good message": (
        "bad messages accounted for",
        replace(SOUND, planted=[REFUSED]),
    ),
    "a dead letter of a message that can be read": (
        "bad messages accounted for",
        replace(
            SOUND,
            planted=[*SOUND.planted, a_bad("future", 9)],
            dead_letters=[LETTER, a_record("dead-letter", 1, planted.as_dead_letter(a_bad("future", 9), "malformed"))],
        ),
    ),
    "a malformed configuration without an answer": (
        "bad messages accounted for",
        replace(SOUND, published=[an_event(1, "configuration.rejected", 0, version=8), *PUBLISHED[1:]]),
    ),
    "a reading of the future that counts": (
        "bad messages accounted for",
        replace(SOUND, published=[*PUBLISHED, an_event(5, "cycle.new", 6, measured_w=planted.MARKED_W)]),
    ),
    "setpoints beyond a limit": (
        "setpoints within limits",
        replace(SOUND, published=[*PUBLISHED, a_cycle(5, 4, 6, limit_w=50_001)]),
    ),
}


def test_a_history_in_which_everything_holds_has_no_violations() -> None:
    assert violations(SOUND) == []
    assert repeated(SOUND.published) == 2


@pytest.mark.parametrize("fault", FAULTS)
def test_a_planted_fault_is_seen(fault: str) -> None:
    invariant, history = FAULTS[fault]
    assert invariant in {violation.invariant for violation in violations(history)}


def test_every_invariant_has_been_seen_broken() -> None:
    assert {invariant for invariant, _ in FAULTS.values()} == INVARIANTS.keys()
