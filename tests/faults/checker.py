"""What must hold of every history, whatever was killed, stopped, cut off or sent: pure functions over a record."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from tests.faults import planted
from tests.faults.history import Event, History

CYCLE_COMPLETED: Final = "busbar.cycle.completed.v1"
CONFIGURATION_REJECTED: Final = "busbar.configuration.rejected.v1"


@dataclass(frozen=True, slots=True)
class Violation:
    """An invariant that a history breaks, and where."""

    invariant: str
    detail: str


def violations(history: History) -> list[Violation]:
    """Every breach of every invariant."""
    return [Violation(name, detail) for name, holds in INVARIANTS.items() for detail in holds(history)]


def _one_decision(history: History) -> Iterator[str]:
    """A `cycle_seq` of a microgrid is one decision, on the topic and in the database; none is left out."""
    for where, events in (("published", history.published), ("committed", history.committed)):
        decisions: dict[str, dict[int, set[object]]] = defaultdict(lambda: defaultdict(set))
        for event in events:
            if event.type == CYCLE_COMPLETED:
                decisions[event.data["microgrid_id"]][event.data["cycle_seq"]].add(event.content)
        for microgrid_id, by_cycle in decisions.items():
            for cycle_seq, contents in by_cycle.items():
                if len(contents) > 1:
                    yield f"{where}: cycle {cycle_seq} of {microgrid_id} was decided {len(contents)} times"
            yield from _gaps(f"{where}: cycle_seq of {microgrid_id}", by_cycle, history.states[microgrid_id].cycle_seq)


def _gap_free(history: History) -> Iterator[str]:
    """`event_seq` counts from 1 to what the state says, on the topic and in the database."""
    for where, events in (("published", history.published), ("committed", history.committed)):
        found: dict[str, set[int]] = defaultdict(set)
        for event in events:
            found[event.data["microgrid_id"]].add(event.event_seq)
        for microgrid_id, state in history.states.items():
            yield from _gaps(f"{where}: event_seq of {microgrid_id}", found[microgrid_id], state.event_seq)


def _gaps(what: str, found: Iterable[int], last: int) -> Iterator[str]:
    missing, beyond = set(range(1, last + 1)) - set(found), set(found) - set(range(1, last + 1))
    if missing or beyond:
        yield f"{what} ends with {last}: {sorted(missing)[:5]} are missing, {sorted(beyond)[:5]} too many"


def _published_as_committed(history: History) -> Iterator[str]:
    """The ids on the topic are those of the outbox, and every time with the same key, headers and bytes."""
    committed = {event.id: event.content for event in history.committed}
    for event in history.published:
        if event.id not in committed:
            yield f"{event.id} at {event.position} was never committed"
        elif event.content != committed[event.id]:
            yield f"{event.id} at {event.position} is not what was committed"
    for lost in committed.keys() - {event.id for event in history.published}:
        yield f"{lost} was committed and never published"


def _in_order(history: History) -> Iterator[str]:
    """Without what came again, the events of a key follow each other."""
    reached: dict[str | None, int] = defaultdict(int)
    seen: set[str] = set()
    for event in history.published:
        if event.id not in seen:
            seen.add(event.id)
            if event.event_seq != reached[event.key] + 1:
                yield f"{event.id} at {event.position} follows {reached[event.key]}"
            reached[event.key] = event.event_seq


def _under_the_current_epoch(history: History) -> Iterator[str]:
    """Nobody commits for a partition that somebody else has claimed meanwhile."""
    for commit in history.commits:
        if commit.epoch != commit.current_epoch:
            yield f"version {commit.version} of {commit.microgrid_id}: epoch {commit.epoch}, not {commit.current_epoch}"


def _no_lost_version(history: History) -> Iterator[str]:
    """Every version of a microgrid was committed once."""
    found: dict[str, list[int]] = defaultdict(list)
    for commit in history.commits:
        found[commit.microgrid_id].append(commit.version)
    for microgrid_id, state in history.states.items():
        if sorted(found[microgrid_id]) != list(range(1, state.version + 1)):
            yield f"{microgrid_id} is at version {state.version} after {len(found[microgrid_id])} commits"


def _time_runs_on(history: History) -> Iterator[str]:
    """What a microgrid's stream decides later has a later time, whatever the clocks of hosts say."""
    reached: dict[str, datetime] = {}
    for event in sorted(history.committed, key=lambda each: (each.data["microgrid_id"], each.event_seq)):
        if event.type == CYCLE_COMPLETED:
            microgrid_id, at = event.data["microgrid_id"], datetime.fromisoformat(event.data["decided_at"])
            if microgrid_id in reached and at <= reached[microgrid_id]:
                yield f"{event.id} was decided at {at}, after what was decided at {reached[microgrid_id]}"
            reached[microgrid_id] = at


def _read_model_is_the_topic(history: History) -> Iterator[str]:
    """What the same projections make of the whole topic in an empty database is what is there, row for row."""
    for table, rebuilt in history.rebuilt.items():
        live = history.live[table]
        if len(live) != len(rebuilt):
            yield f"{table} has {len(live)} rows, rebuilt {len(rebuilt)}"
        for row, again in zip(live, rebuilt, strict=False):
            if row != again:
                yield f"{table}: {row} instead of {again}"[:500]


def _bad_messages_accounted_for(history: History) -> Iterator[str]:
    """What cannot be read is a dead letter with its coordinates, as it came; a malformed configuration is answered;
    a reading that must not count is found nowhere; nothing else is a dead letter."""
    letters = {planted.coordinates(record.message): record.message for record in history.dead_letters}
    answered = {
        (event.data["microgrid_id"], event.data["version"])
        for event in history.published
        if event.type == CONFIGURATION_REJECTED
    }
    for record in history.planted:
        kind, place = planted.kind_of(record.message), record.position
        letter = letters.pop((place.topic, place.partition, place.offset), None)
        if kind in planted.DEAD_LETTERS:
            if letter is None or planted.but_for_detail(letter) != planted.as_dead_letter(record, kind):
                yield f"{kind} at {place} gave {letter}"
        elif kind == planted.MADE_UP and letter is not None:
            if planted.but_for_detail(letter) != planted.as_dead_letter(record, "malformed"):
                yield f"{kind} at {place} gave {letter}"
        elif letter is not None:
            yield f"{kind} at {place} is a dead letter"
        elif kind in (planted.REJECTED, planted.MADE_UP) and planted.refused(record.message) not in answered:
            yield f"{kind} at {place} was not answered"
    yield from (f"{place} is a dead letter and was not planted" for place in letters)
    for event in history.published:
        if planted.MARKED.search(event.value):
            yield f"{event.id} counts a reading that is late, of the future or of an unknown charger"


def _setpoints_within_limits(history: History) -> Iterator[str]:
    """In every published cycle the setpoints below a node come to no more than its limit in force."""
    for event in history.published:
        if event.type == CYCLE_COMPLETED:
            yield from (f"{event.id}: {detail}" for detail in exceeded(event.data))


def exceeded(cycle: Mapping[str, Any]) -> Iterator[str]:
    """Each node whose setpoints come to more than its limit in force."""
    nodes = {node["node_id"]: node for node in cycle["nodes"]}
    permitted: dict[str, int] = defaultdict(int)
    for setpoint in cycle["setpoints"]:
        above: str | None = setpoint["charge_point_id"]
        while above is not None:
            permitted[above] += setpoint["limit_w"] or 0
            above = nodes[above]["parent_id"]
    for node_id, permitted_w in permitted.items():
        limit_w = nodes[node_id]["limit_w"]
        if limit_w is not None and permitted_w > limit_w:
            yield f"{permitted_w} W are permitted below {node_id}, which bears {limit_w} W"


INVARIANTS: Final[Mapping[str, Callable[[History], Iterator[str]]]] = {
    "one decision": _one_decision,
    "gap-free": _gap_free,
    "published as committed": _published_as_committed,
    "in order": _in_order,
    "under the current epoch": _under_the_current_epoch,
    "no lost version": _no_lost_version,
    "time runs on": _time_runs_on,
    "read model is the topic": _read_model_is_the_topic,
    "bad messages accounted for": _bad_messages_accounted_for,
    "setpoints within limits": _setpoints_within_limits,
}


def repeated(published: Iterable[Event]) -> int:
    """How many messages were on the topic already: allowed, and few."""
    ids = [event.id for event in published]
    return len(ids) - len(set(ids))
