"""The DERMS sample under `docs/derms`, on the events of a demo."""

import copy
import json
import subprocess
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from random import Random
from typing import Any

import pytest
from cloudevents.core.bindings import kafka
from cloudevents.core.formats.json import JSONFormat

from docs.derms.subscriber import PATIENCE, Stream, group_capacities
from tools.contract_files.listening import Heard
from tools.contract_files.schemas import OUTBOUND

SUBSCRIBER = Path(__file__).resolve().parents[2] / "docs" / "derms" / "subscriber.py"


@pytest.fixture(scope="module")
def events(said: list[Heard]) -> list[str]:
    """What a demo published, in JSON, as the CNCF's library writes it."""
    published = [heard for heard in said if heard.type in OUTBOUND]
    messages = [kafka.KafkaMessage(each.headers, each.message.key, each.message.value or b"") for each in published]
    return [JSONFormat().write(kafka.from_binary(each, JSONFormat())).decode() for each in messages]


def told(positions: Path, events: Iterable[str]) -> tuple[list[dict[str, Any]], str]:
    """What the subscriber prints of these events, and what it complains of."""
    ended = subprocess.run(
        [sys.executable, SUBSCRIBER, positions],
        input="".join(f"{event}\n" for event in events),
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return [json.loads(line) for line in ended.stdout.splitlines()], ended.stderr


def cycles(events: Iterable[str]) -> list[dict[str, Any]]:
    read = [json.loads(event) for event in events]
    return [event["data"] for event in read if event["type"] == "busbar.cycle.completed.v1"]


def told_of(capacity: dict[str, Any]) -> tuple[str, float, float]:
    """When it was decided, and the kilowatts of both forecasts."""
    in_force, fallback = (forecast["forecasted_blocks"][0]["capacity"] for forecast in capacity["oscp"])
    return capacity["at"], in_force, fallback


def test_every_cycle_tells_what_the_grid_connection_may_draw(tmp_path: Path, events: list[str]) -> None:
    capacities, complaints = told(tmp_path / "positions", events)
    assert complaints == ""
    assert [told_of(capacity) for capacity in capacities] == [
        (cycle["decided_at"], node["limit_w"] / 1000, 300.0)
        for cycle in cycles(events)
        for node in cycle["nodes"]
        if node["node_id"] == "gc-1"
    ]


@pytest.mark.parametrize(
    ("mode", "limit_w", "in_force"),
    [
        (
            "normal",
            400_000,
            {
                "DERControl": {
                    "interval": {"start": 1773648106, "duration": 120},
                    "DERControlBase": {"opModImpLimW": {"multiplier": 2, "value": 4_000}},
                },
                "DefaultDERControl": {"DERControlBase": {"opModImpLimW": {"multiplier": 1, "value": 15_000}}},
            },
        ),
        (
            "safe",
            149_999,
            {"DefaultDERControl": {"DERControlBase": {"opModImpLimW": {"multiplier": 1, "value": 14_999}}}},
        ),
    ],
)
def test_group_capacity_is_named_as_oscp_and_ieee_2030_5_name_it(
    examples: dict[str, dict[str, Any]], mode: str, limit_w: int, in_force: dict[str, Any]
) -> None:
    cycle = copy.deepcopy(examples["busbar.cycle.completed.v1"]["payload"])
    (grid_connection,) = (node for node in cycle["nodes"] if node["node_id"] == "gc-1")
    grid_connection |= {"mode": mode, "limit_w": limit_w}

    (capacity,) = group_capacities(cycle, {"gc-1": 150_000})

    assert capacity["oscp"] == [
        {
            "group_id": "depot/gc-1",
            "type": kind,
            "forecasted_blocks": [
                {
                    "capacity": capacity_kw,
                    "phase": "ALL",
                    "unit": "KW",
                    "start_time": "2026-03-16T08:01:46Z",
                    "end_time": "2026-03-16T08:03:46Z",
                }
            ],
        }
        for kind, capacity_kw in (("CONSUMPTION", limit_w / 1000), ("FALLBACK_CONSUMPTION", 150.0))
    ]
    assert capacity["ieee_2030_5"] == {"description": "depot/gc-1", **in_force}
    assert (capacity["measured_w"], capacity["headroom_w"]) == (223_584, 14_711)


def test_a_subscriber_that_was_away_catches_up(tmp_path: Path, events: list[str]) -> None:
    whole, _ = told(tmp_path / "whole", events)
    half = len(events) // 2
    before, _ = told(tmp_path / "positions", events[:half])
    after, _ = told(tmp_path / "positions", events)
    again, _ = told(tmp_path / "positions", events)
    assert before
    assert after
    assert before + after == whole
    assert again == []


def test_repeated_and_reordered_events_change_nothing(tmp_path: Path, events: list[str]) -> None:
    whole, _ = told(tmp_path / "whole", events)
    first, *rest = events
    disordered = [*rest, *rest]
    Random(1).shuffle(disordered)
    assert told(tmp_path / "positions", [first, *disordered]) == (whole, "")


def test_what_follows_a_missing_event_waits_for_it(tmp_path: Path, events: list[str]) -> None:
    whole, _ = told(tmp_path / "whole", events)
    before, complaints = told(tmp_path / "positions", [*events[:4], *events[5:]])
    after, _ = told(tmp_path / "positions", events)
    assert complaints == "joondalup-small: event 5 is missing; what follows it waits for the next time\n"
    assert before == told(tmp_path / "first four", events[:4])[0]
    assert before + after == whole


def of_another_stream(event: str) -> str:
    read = json.loads(event)
    return json.dumps(read | {"id": f"again/{read['id']}", "source": "urn:busbar:again"})


def test_a_new_source_begins_anew_and_ends_the_one_before(tmp_path: Path, events: list[str]) -> None:
    whole, _ = told(tmp_path / "whole", events)
    half = len(events) // 2
    anew = [of_another_stream(event) for event in events[half:]]
    before, _ = told(tmp_path / "positions", events)
    assert before == whole
    after, complaints = told(tmp_path / "positions", [*anew[:2], *events, *anew])
    assert complaints == ""
    assert [told_of(each) for each in after] == [told_of(each) for each in whole[-len(after) :]]
    assert len(after) == len(cycles(events[half:])) * len(whole) // len(cycles(events))
    assert told(tmp_path / "positions", [*events, *anew]) == ([], "")


def numbered(numbers: Sequence[int]) -> list[dict[str, Any]]:
    return [
        {"id": f"s-1/depot/{number}", "source": "urn:busbar:s-1", "subject": "depot", "data": {"event_seq": number}}
        for number in numbers
    ]


def test_a_missing_event_is_given_up_in_the_end(capsys: pytest.CaptureFixture[str]) -> None:
    stream = Stream(1, "urn:busbar:s-1")
    waiting = numbered(range(4, 4 + PATIENCE))
    assert [event for each in waiting for event in stream.take(each)] == []
    (last,) = numbered([4 + PATIENCE])
    assert list(stream.take(last)) == [*waiting, last]
    assert capsys.readouterr().err == "depot: events 2 to 3 are missing, given up\n"
