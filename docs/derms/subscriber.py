"""A DERMS that listens to Busbar: what a site and its grid connections may draw, and what they do draw.

    busbar events --from-beginning --follow | python -m docs.derms.subscriber STATE

Reads Busbar's events as CloudEvents in JSON (structured form), one a line. Prints one JSON object a line: for every
cycle and group what the group may draw, and where its limit is exceeded that it is. A group is a grid connection, or
the microgrid where it has a limit of its own. What is not known is left out.

STATE is a file of its own: how far this has come in the stream of each microgrid, and what it remembers from there,
with headroom, open breaches and setpoints as they are now. Started again it goes on behind that, also where the input
repeats what it has read. It is written after what it covers was printed: a crash in between prints one event a second
time.
"""

import json
import os
import sys
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any, TypeAlias

from docs.derms import words

Event: TypeAlias = dict[str, Any]
Memory: TypeAlias = dict[str, Any]


class EventType(StrEnum):
    """The types of event that are understood here. Others only have their place in the stream."""

    CONFIGURATION_APPLIED = "busbar.configuration.applied.v1"
    CYCLE_COMPLETED = "busbar.cycle.completed.v1"
    CONSTRAINT_BREACHED = "busbar.constraint.breached.v1"
    CONSTRAINT_CLEARED = "busbar.constraint.cleared.v1"


PATIENCE = 1000
"""So many later events are kept for one that is missing. Then it is given up: every cycle states everything anew."""

ENERGY_WITHIN = timedelta(minutes=5)
"""Between two powers that are further apart no energy is told."""

NOW = ("measured", "headroom_w", "breaches", "setpoints")
"""What is remembered of now, beside what is configured."""


class Stream:
    """The events of one microgrid, each once and in their order, whatever order they come in and however often.

    `source` names the stream that Busbar leads. Where another one begins (its database was restored, say) it begins
    anywhere, and nothing more is taken of those that `ended`.
    """

    def __init__(self, event_seq: int | None = None, source: str | None = None, ended: Iterable[str] = ()) -> None:
        self.event_seq = event_seq
        self.source = source
        self.ended = list(ended)
        self._waiting: dict[str, Event] = {}

    def take(self, event: Event) -> Iterator[Event]:
        """The events whose turn it is now. A stream that is new begins with the first event that it meets."""
        if event["source"] in self.ended:
            return
        if event["source"] != self.source:
            self._begin(event["source"])
        if self.event_seq is None:
            self.event_seq = _number(event) - 1
        if _number(event) > self.event_seq:
            self._waiting.setdefault(event["id"], event)
        while self._waiting:
            first = min(self._waiting.values(), key=_number)
            gap = range(self.event_seq + 1, _number(first))
            if gap and len(self._waiting) <= PATIENCE:
                return
            if gap:
                _complain(f"{event['subject']}: events {gap[0]} to {gap[-1]} are missing, given up")
            del self._waiting[first["id"]]
            self.event_seq = _number(first)
            yield first

    def _begin(self, source: str) -> None:
        if self.source is not None:
            self.ended.append(self.source)
        self.source, self.event_seq = source, None
        self._waiting.clear()

    @property
    def missing(self) -> int | None:
        """The event that others wait for, None where none does."""
        return self.event_seq + 1 if self._waiting and self.event_seq is not None else None


def understood(event: Event, memory: Memory) -> Iterator[dict[str, Any]]:
    """What an event is told as. The memory of its microgrid is changed to what is known after it."""
    data = event["data"]
    match event["type"]:
        case EventType.CONFIGURATION_APPLIED:
            _configure(data["configuration"], memory)
        case EventType.CYCLE_COMPLETED:
            yield from _decided(data, memory)
        case EventType.CONSTRAINT_BREACHED:
            _forget_former(memory, {data["node_id"]})
            memory["breaches"][data["breach_id"]] = {"node_id": data["node_id"], "severity": data["severity"]}
            if data["node_type"] in ("microgrid", "grid_connection"):
                group_id = _group_id(data["microgrid_id"], data)
                error = words.compliance_error(group_id, data)
                yield {"at": data["decided_at"], "group_id": group_id, "oscp": {"GroupCapacityComplianceError": error}}
        case EventType.CONSTRAINT_CLEARED:
            memory["breaches"].pop(data["breach_id"], None)


def _configure(configuration: dict[str, Any], memory: Memory) -> None:
    memory["safe_w"] = {each["circuit_id"]: each["safe_operating_capacity_w"] for each in configuration["circuits"]}
    memory["ratings_w"] = {
        f"{charge_point['charge_point_id']}/{connector['connector_id']}": connector["max_power_w"]
        for charge_point in configuration["charge_points"]
        for connector in charge_point["connectors"]
    }


def _decided(cycle: dict[str, Any], memory: Memory) -> Iterator[dict[str, Any]]:
    """What every group may draw from a cycle on, and draws."""
    begin = datetime.fromisoformat(cycle["decided_at"])
    valid_for_s = max((setpoint["valid_for_s"] for setpoint in cycle["setpoints"]), default=0)
    ends = words.rfc3339(begin + timedelta(seconds=valid_for_s))
    memory["setpoints"] = {
        _node_id(each): {"limit_w": each["limit_w"], "until": ends}
        for each in cycle["setpoints"]
        if each["limit_w"] is not None
    }
    _forget_former(
        memory, {each["node_id"] for each in memory["breaches"].values()} - _over(cycle, memory["ratings_w"])
    )
    measured = memory["measured"]
    memory["measured"], memory["headroom_w"] = {}, {}
    for node in cycle["nodes"]:
        if node["node_type"] not in ("microgrid", "grid_connection") or node["limit_w"] is None:
            continue
        group_id = _group_id(cycle["microgrid_id"], node)
        group = words.Group(
            group_id,
            node,
            begin,
            valid_for_s,
            safe_w=memory["safe_w"].get(node["node_id"]),
            wanted_w=_wanted_w(node, cycle["setpoints"], memory["ratings_w"]),
            before=_before(measured.get(group_id), begin),
        )
        memory["headroom_w"][group_id] = node["headroom_w"]
        if node["measured_w"] is not None:
            memory["measured"][group_id] = {"at": cycle["decided_at"], "power_w": node["measured_w"]}
        yield {
            "at": cycle["decided_at"],
            "group_id": group_id,
            "oscp": words.oscp(group),
            "ieee_2030_5": words.ieee_2030_5(group),
            "openadr_3": words.openadr_3(group),
            "headroom_w": node["headroom_w"],
        }


def _over(cycle: Event, ratings_w: dict[str, int]) -> set[str]:
    """The nodes that by a cycle draw more than they may, or may do so: connectors too, and what is not known."""
    loads = [(each["node_id"], each["measured_w"], each["limit_w"]) for each in cycle["nodes"]]
    loads += [(_node_id(each), each["measured_w"], ratings_w.get(_node_id(each))) for each in cycle["setpoints"]]
    return {name for name, measured_w, limit_w in loads if None in (measured_w, limit_w) or measured_w > limit_w}


def _forget_former(memory: Memory, node_ids: set[str]) -> None:
    """Let go of what a former stream said of breaches at these nodes."""
    breaches = memory["breaches"].items()
    memory["breaches"] = {
        name: each for name, each in breaches if not (each.get("former") and each["node_id"] in node_ids)
    }


def _wanted_w(node: dict[str, Any], setpoints: list[dict[str, Any]], ratings_w: dict[str, int]) -> int | None:
    """The limit at which a group would bind no connector; None where it binds none, or where a demand is not known."""
    more_w = 0
    for setpoint in setpoints:
        if setpoint["binding_node_id"] == node["node_id"] and setpoint["target_w"] is not None:
            rating_w = ratings_w.get(_node_id(setpoint))
            if rating_w is None:
                return None
            wanted_w = rating_w if setpoint["requested_w"] is None else min(rating_w, setpoint["requested_w"])
            more_w += (wanted_w - setpoint["target_w"]) * setpoint["factor"] // 1000
    return node["limit_w"] + more_w if more_w > 0 else None


def _before(known: dict[str, Any] | None, now: datetime) -> tuple[datetime, int] | None:
    if known is None:
        return None
    at = datetime.fromisoformat(known["at"])
    return (at, known["power_w"]) if timedelta(0) < now - at <= ENERGY_WITHIN else None


def _group_id(microgrid_id: str, node: dict[str, Any]) -> str:
    return microgrid_id if node["node_type"] == "microgrid" else f"{microgrid_id}/{node['node_id']}"


def _node_id(setpoint: dict[str, Any]) -> str:
    return f"{setpoint['charge_point_id']}/{setpoint['connector_id']}"


def _number(event: Event) -> int:
    number: int = event["data"]["event_seq"]
    return number


def _complain(sentence: str) -> None:
    print(sentence, file=sys.stderr)


def main(state: Path) -> None:
    """Listen until the input ends."""
    known: dict[str, Memory] = json.loads(state.read_text("utf-8")) if state.exists() else {}
    streams = {
        microgrid_id: Stream(memory["event_seq"], memory["source"], memory["ended"])
        for microgrid_id, memory in known.items()
    }
    for line in sys.stdin:
        arrived: Event = json.loads(line)
        microgrid_id = arrived["subject"]
        stream = streams.setdefault(microgrid_id, Stream())
        for event in stream.take(arrived):
            memory = known.setdefault(microgrid_id, {"safe_w": {}, "ratings_w": {}})
            if event["source"] != memory.get("source"):
                # What the former stream said of now counts no more; a configuration that changed comes anew. A breach
                # that goes on is not announced again: it counts until a cycle shows no more than the limit.
                former = {name: each | {"former": True} for name, each in memory.get("breaches", {}).items()}
                memory |= {name: {} for name in NOW} | {"breaches": former}
            for told in understood(event, memory):
                print(json.dumps(told), flush=True)
            memory |= {"event_seq": _number(event), "source": stream.source, "ended": stream.ended}
            written = state.with_name(f"{state.name}.new")
            written.write_text(json.dumps(known), "utf-8")
            os.replace(written, state)
    for microgrid_id, stream in streams.items():
        if stream.missing is not None:
            _complain(f"{microgrid_id}: event {stream.missing} is missing; what follows it waits for the next time")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
