"""The DERMS sample under `docs/derms`: what it makes of the events of a demo and of the examples."""

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

from docs.derms.subscriber import NOW, PATIENCE, EventType, Stream, understood
from tools.contract_files.listening import Heard
from tools.contract_files.schemas import OUTBOUND

ROOT = Path(__file__).resolve().parents[2]
CYCLE = EventType.CYCLE_COMPLETED.value
BREACHED = EventType.CONSTRAINT_BREACHED.value


@pytest.fixture(scope="module")
def events(said: list[Heard]) -> list[str]:
    """What a demo published, in JSON, as the CNCF's library writes it."""
    published = [heard for heard in said if heard.type in OUTBOUND]
    messages = [kafka.KafkaMessage(each.headers, each.message.key, each.message.value or b"") for each in published]
    return [JSONFormat().write(kafka.from_binary(each, JSONFormat())).decode() for each in messages]


def told(state: Path, events: Iterable[str]) -> tuple[list[dict[str, Any]], str]:
    """What the subscriber prints of these events, and what it complains of."""
    ended = subprocess.run(
        [sys.executable, "-m", "docs.derms.subscriber", state],
        cwd=ROOT,
        input="".join(f"{event}\n" for event in events),
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return [json.loads(line) for line in ended.stdout.splitlines()], ended.stderr


def cycles(events: Iterable[str]) -> list[dict[str, Any]]:
    read = [json.loads(event) for event in events]
    return [event["data"] for event in read if event["type"] == CYCLE]


def kilowatts(line: dict[str, Any]) -> list[float]:
    """What the forecasts of a line say."""
    forecasts = line["oscp"]["UpdateGroupCapacityForecast"]
    return [forecast["forecasted_blocks"][0]["capacity"] for forecast in forecasts]


def test_every_cycle_tells_what_the_grid_connection_may_draw(tmp_path: Path, events: list[str]) -> None:
    lines, complaints = told(tmp_path / "state", events)
    assert complaints == ""
    assert [(line["at"], line["group_id"], kilowatts(line)) for line in lines if "headroom_w" in line] == [
        (cycle["decided_at"], "joondalup-small/gc-1", [node["limit_w"] / 1000, 300.0])
        for cycle in cycles(events)
        for node in cycle["nodes"]
        if node["node_id"] == "gc-1"
    ]


def a_memory(**known: Any) -> dict[str, Any]:
    return {"safe_w": {}, "ratings_w": {}, **{name: {} for name in NOW}, **known}


def of_example(examples: dict[str, dict[str, Any]], name: str, **changed: Any) -> dict[str, Any]:
    example = examples[name]
    return {"type": example["headers"]["ce_type"], "data": copy.deepcopy(example["payload"]) | changed}


def with_node(event: dict[str, Any], node_id: str, **changed: Any) -> dict[str, Any]:
    (node,) = (each for each in event["data"]["nodes"] if each["node_id"] == node_id)
    node |= changed
    return event


def test_a_limit_of_the_site_is_a_group_of_its_own(examples: dict[str, dict[str, Any]]) -> None:
    memory = a_memory()
    event = with_node(of_example(examples, CYCLE), "depot", limit_w=300_000, limit_kind="max_import", headroom_w=64_711)
    lines = list(understood(event, memory))
    assert [(line["group_id"], kilowatts(line)) for line in lines] == [("depot", [300.0]), ("depot/gc-1", [250.0])]
    assert memory["headroom_w"] == {"depot": 64_711, "depot/gc-1": 14_711}


def test_more_capacity_is_asked_for_where_a_group_binds_and_every_demand_is_known(
    examples: dict[str, dict[str, Any]],
) -> None:
    event = of_example(examples, CYCLE)
    for setpoint in event["data"]["setpoints"]:
        if setpoint["charge_point_id"] == "cp-1":
            setpoint["binding_node_id"] = "gc-1"
    ratings_w = {"cp-1/1": 150_000, "cp-1/2": 150_000, "cp-2/1": 80_000, "cp-3/1": 50_000}

    (line,) = understood(event, a_memory(ratings_w=ratings_w))
    asked = line["oscp"]["AdjustGroupCapacityForecast"]["forecasted_blocks"][0]["capacity"]
    # Each asks for 142,857 W and is to get 42,857 W, as it is told them; it draws 5 % more.
    assert asked == 250.0 + 2 * 105.0

    (line,) = understood(event, a_memory())
    assert "AdjustGroupCapacityForecast" not in line["oscp"]


def test_a_group_over_its_limit_does_not_comply_and_stays_known_until_it_does(
    examples: dict[str, dict[str, Any]],
) -> None:
    memory = a_memory()
    of_group = {"node_id": "gc-1", "node_type": "grid_connection"}
    breached = of_example(examples, BREACHED, **of_group)
    (line,) = understood(breached, memory)
    assert line["group_id"] == "depot/gc-1"
    assert line["oscp"]["GroupCapacityComplianceError"]["message"] == (
        "depot/gc-1 draws 80000 W, 20000 W above its limit of 60000 W (major, setpoint_not_honoured)."
    )
    (line,) = understood(of_example(examples, f"{BREACHED}.escalated", **of_group), memory)
    assert [each["severity"] for each in memory["breaches"].values()] == ["critical"]
    assert list(understood(of_example(examples, EventType.CONSTRAINT_CLEARED.value, **of_group), memory)) == []
    assert memory["breaches"] == {}


def test_a_breach_of_a_former_stream_counts_until_its_node_is_seen_within_its_limit(
    examples: dict[str, dict[str, Any]],
) -> None:
    former = {"former/1": {"node_id": "f-2", "severity": "major", "former": True}}

    def after(event: dict[str, Any]) -> set[str]:
        memory = a_memory(breaches=dict(former))
        list(understood(event, memory))
        return set(memory["breaches"])

    over = with_node(of_example(examples, CYCLE), "f-2", limit_w=60_000, measured_w=60_001)
    kept = with_node(of_example(examples, CYCLE), "f-2", limit_w=60_000, measured_w=60_000)
    unknown = with_node(of_example(examples, CYCLE), "f-2", limit_w=60_000, measured_w=None)
    assert [after(each) for each in (over, kept, unknown)] == [{"former/1"}, set(), {"former/1"}]
    assert "former/1" not in after(of_example(examples, BREACHED))


def test_a_breach_of_this_stream_is_closed_by_its_own_event_alone(examples: dict[str, dict[str, Any]]) -> None:
    memory = a_memory(breaches={"breach": {"node_id": "f-2", "severity": "major"}})
    list(understood(with_node(of_example(examples, CYCLE), "f-2", limit_w=60_000, measured_w=0), memory))
    assert set(memory["breaches"]) == {"breach"}


def test_a_breach_below_a_group_is_remembered_and_nothing_is_told(examples: dict[str, dict[str, Any]]) -> None:
    memory = a_memory()
    assert list(understood(of_example(examples, BREACHED), memory)) == []
    assert [each["node_id"] for each in memory["breaches"].values()] == ["f-2"]


def test_a_type_that_is_not_known_is_passed_over(tmp_path: Path, events: list[str]) -> None:
    whole, _ = told(tmp_path / "whole", events)
    first, *rest = events
    later = [json.dumps(json.loads(event) | {"type": "busbar.microgrid.retired.v1"}) for event in (first,)]
    assert told(tmp_path / "state", [*later, *rest]) == (whole, "")


def test_a_subscriber_that_was_away_catches_up(tmp_path: Path, events: list[str]) -> None:
    whole, _ = told(tmp_path / "whole", events)
    half = len(events) // 2
    before, _ = told(tmp_path / "state", events[:half])
    after, _ = told(tmp_path / "state", events)
    again, _ = told(tmp_path / "state", events)
    assert before
    assert after
    assert before + after == whole
    assert again == []
    assert (tmp_path / "state").read_text() == (tmp_path / "whole").read_text()


def test_repeated_and_reordered_events_change_nothing(tmp_path: Path, events: list[str]) -> None:
    whole, _ = told(tmp_path / "whole", events)
    first, *rest = events
    disordered = [*rest, *rest]
    Random(1).shuffle(disordered)
    assert told(tmp_path / "state", [first, *disordered]) == (whole, "")


def test_what_follows_a_missing_event_waits_for_it(tmp_path: Path, events: list[str]) -> None:
    whole, _ = told(tmp_path / "whole", events)
    before, complaints = told(tmp_path / "state", [*events[:4], *events[5:]])
    after, _ = told(tmp_path / "state", events)
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
    before, _ = told(tmp_path / "state", events)
    assert before == whole
    after, complaints = told(tmp_path / "state", [*anew[:2], *events, *anew])
    assert complaints == ""
    assert [(each["at"], each["group_id"]) for each in after] == [
        (each["at"], each["group_id"]) for each in whole[-len(after) :]
    ]
    assert [kilowatts(each) for each in after if "headroom_w" in each] == [
        kilowatts(each) for each in whole[-len(after) :] if "headroom_w" in each
    ]
    assert told(tmp_path / "state", [*events, *anew]) == ([], "")


def test_what_the_former_stream_said_of_now_counts_no_more(tmp_path: Path, events: list[str]) -> None:
    told(tmp_path / "state", events)
    applied = events[1]
    assert json.loads((tmp_path / "state").read_text())["joondalup-small"]["setpoints"]
    told(tmp_path / "state", [of_another_stream(applied)])
    known = json.loads((tmp_path / "state").read_text())["joondalup-small"]
    assert {name: known[name] for name in NOW} == {name: {} for name in NOW}
    assert known["safe_w"]["gc-1"] == 300_000


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
