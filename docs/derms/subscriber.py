"""A DERMS that listens to Busbar: what every grid connection may draw, in the words of OSCP and of IEEE 2030.5.

    python docs/derms/subscriber.py POSITIONS < events

Reads Busbar's events as CloudEvents in JSON (structured form), one a line, and prints one JSON object a line for every
grid connection and cycle. POSITIONS is a file of its own: up to where it has come in the stream of each microgrid, and
what it has to remember from there. Started again it goes on behind that, also where the input repeats what it has
read. It is written after what it covers was printed: a crash in between prints one cycle a second time.
"""

import json
import os
import sys
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, TypeAlias

Event: TypeAlias = dict[str, Any]

CONFIGURATION_APPLIED = "busbar.configuration.applied.v1"
CYCLE_COMPLETED = "busbar.cycle.completed.v1"

PATIENCE = 1000
"""So many later events are kept for one that is missing. Then it is given up: every cycle states everything anew."""


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


def group_capacities(cycle: dict[str, Any], safe_w: dict[str, int | None]) -> Iterator[dict[str, Any]]:
    """What each grid connection may draw from a cycle on; `safe_w` are their safe operating capacities, by node id."""
    valid_for_s = max((setpoint["valid_for_s"] for setpoint in cycle["setpoints"]), default=0)
    begin = datetime.fromisoformat(cycle["decided_at"])
    for node in cycle["nodes"]:
        if node["node_type"] == "grid_connection" and node["limit_w"] is not None:
            group_id = f"{cycle['microgrid_id']}/{node['node_id']}"
            fail_safe_w = safe_w.get(node["node_id"])
            yield {
                "at": cycle["decided_at"],
                "oscp": _oscp(group_id, node, fail_safe_w, begin, begin + timedelta(seconds=valid_for_s)),
                "ieee_2030_5": _ieee_2030_5(group_id, node, fail_safe_w, begin, valid_for_s),
                "measured_w": node["measured_w"],
                "headroom_w": node["headroom_w"],
            }


def _oscp(
    group_id: str, node: dict[str, Any], fail_safe_w: int | None, begin: datetime, end: datetime
) -> list[dict[str, Any]]:
    """UpdateGroupCapacityForecast messages."""
    capacities_w = {"CONSUMPTION": node["limit_w"], "FALLBACK_CONSUMPTION": fail_safe_w}
    return [
        {
            "group_id": group_id,
            "type": kind,
            "forecasted_blocks": [
                {
                    "capacity": capacity_w / 1000,
                    "phase": "ALL",
                    "unit": "KW",
                    "start_time": _rfc3339(begin),
                    "end_time": _rfc3339(end),
                }
            ],
        }
        for kind, capacity_w in capacities_w.items()
        if capacity_w is not None
    ]


def _ieee_2030_5(
    group_id: str, node: dict[str, Any], fail_safe_w: int | None, begin: datetime, valid_for_s: int
) -> dict[str, Any]:
    """A DERProgram. In safe mode there is no DERControl, so that its DefaultDERControl is in effect."""
    program: dict[str, Any] = {"description": group_id}
    if node["mode"] == "normal":
        interval = {"start": int(begin.timestamp()), "duration": valid_for_s}
        program["DERControl"] = {"interval": interval, **_import_limit(node["limit_w"])}
    else:
        fail_safe_w = node["limit_w"]
    if fail_safe_w is not None:
        program["DefaultDERControl"] = _import_limit(fail_safe_w)
    return program


def _import_limit(limit_w: int) -> dict[str, Any]:
    return {"DERControlBase": {"opModImpLimW": _active_power(limit_w)}}


def _active_power(power_w: int) -> dict[str, int]:
    """ActivePower has 16 bits and a power of ten. A limit is rounded down."""
    value, multiplier = power_w, 0
    while value > 2**15 - 1:
        value, multiplier = value // 10, multiplier + 1
    return {"multiplier": multiplier, "value": value}


def _number(event: Event) -> int:
    number: int = event["data"]["event_seq"]
    return number


def _rfc3339(instant: datetime) -> str:
    return instant.isoformat().replace("+00:00", "Z")


def _complain(sentence: str) -> None:
    print(sentence, file=sys.stderr)


def main(positions: Path) -> None:
    """Listen until the input ends."""
    known: dict[str, Any] = json.loads(positions.read_text("utf-8")) if positions.exists() else {}
    streams = {
        microgrid_id: Stream(memory["event_seq"], memory["source"], memory["ended"])
        for microgrid_id, memory in known.items()
    }
    for line in sys.stdin:
        arrived: Event = json.loads(line)
        microgrid_id = arrived["subject"]
        stream = streams.setdefault(microgrid_id, Stream())
        for event in stream.take(arrived):
            data = event["data"]
            memory = known.setdefault(microgrid_id, {"safe_w": {}})
            if event["type"] == CONFIGURATION_APPLIED:
                memory["safe_w"] = {
                    circuit["circuit_id"]: circuit["safe_operating_capacity_w"]
                    for circuit in data["configuration"]["circuits"]
                    if circuit["parent_id"] is None
                }
            elif event["type"] == CYCLE_COMPLETED:
                for capacity in group_capacities(data, memory["safe_w"]):
                    print(json.dumps(capacity), flush=True)
            memory |= {"event_seq": _number(event), "source": stream.source, "ended": stream.ended}
            written = positions.with_name(f"{positions.name}.new")
            written.write_text(json.dumps(known), "utf-8")
            os.replace(written, positions)
    for microgrid_id, stream in streams.items():
        if stream.missing is not None:
            _complain(f"{microgrid_id}: event {stream.missing} is missing; what follows it waits for the next time")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
