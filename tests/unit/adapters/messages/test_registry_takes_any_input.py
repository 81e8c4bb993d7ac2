"""Whatever arrives, reading it gives a value and never an exception."""

import json
import math
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from adapters.messages.events import fact_of
from adapters.messages.lines import LineError, write_error
from adapters.messages.registry import READERS, read
from adapters.messages.snapshot import Snapshot, read_snapshot
from application.ports.bus import MalformedConfiguration, Message, PublishedEvent, Tombstone, Unreadable
from domain.knowledge.readings import ChargePointTelemetry, CircuitTelemetry
from domain.site.configuration import SiteConfiguration
from tests.unit.adapters.messages.examples import (
    CHARGE_POINT_TELEMETRY,
    CIRCUIT_TELEMETRY,
    CONFIGURATION,
    SNAPSHOT,
    changed,
)

INBOUND = (
    SiteConfiguration,
    MalformedConfiguration,
    ChargePointTelemetry,
    CircuitTelemetry,
    Tombstone,
    PublishedEvent,
    Unreadable,
)
EXAMPLES = {
    "site.configuration.v1": CONFIGURATION,
    "charge_point.telemetry.v1": CHARGE_POINT_TELEMETRY,
    "circuit.telemetry.v1": CIRCUIT_TELEMETRY,
}

JSON_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(-1, 2)
    | st.floats()
    | st.sampled_from([10**400, math.inf, "\ud800", "\x00", "2026-11-22T08:00:00Z", "malaga", "gc-1"])
    | st.text(st.characters()),
    lambda children: st.lists(children, max_size=3) | st.dictionaries(st.text(max_size=3), children, max_size=3),
    max_leaves=8,
)
KEYS = st.none() | st.sampled_from(["malaga", "", "\udcff"]) | st.text()
TYPES = st.sampled_from(sorted(READERS))


def places(value: Any, path: str = "") -> list[str]:
    """The JSON pointers of every value inside this one."""
    members = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [inner for key, each in members for inner in (f"{path}/{key}", *places(each, f"{path}/{key}"))]


def line(value: Any) -> bytes:
    """JSON as some writers produce it: NaN, infinities and lone surrogates included."""
    return json.dumps(value).encode()


def check_snapshot(raw: bytes) -> None:
    answer = read_snapshot(raw)
    assert isinstance(answer, Snapshot | LineError)
    if isinstance(answer, LineError):
        error = json.loads(write_error(answer))["error"]
        assert set(error) == {"code", "message", "faults"}
        assert error["code"] in {"invalid_json", "invalid_snapshot"}


@given(st.binary() | st.text().map(str.encode))
@example(b"\x00")
@example(b'{"at":')
def test_any_bytes_as_a_line(raw: bytes) -> None:
    check_snapshot(raw)


@given(JSON_VALUES)
def test_any_json_as_a_line(value: Any) -> None:
    check_snapshot(line(value))


@settings(max_examples=300)
@given(st.sampled_from(places(SNAPSHOT)), JSON_VALUES)
def test_any_json_anywhere_in_a_line(path: str, value: Any) -> None:
    check_snapshot(line(changed(SNAPSHOT, path, value)))


@settings(max_examples=200)
@given(st.data())
def test_a_line_with_bytes_changed(data: st.DataObject) -> None:
    raw = bytearray(line(SNAPSHOT))
    for _ in range(data.draw(st.integers(1, 3))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    check_snapshot(bytes(raw))


@given(
    st.sampled_from(["busbar.configuration", "busbar.telemetry", "", "."]),
    KEYS,
    st.lists(st.tuples(st.sampled_from(["ce_type", "content-type"]) | st.text(), st.binary())).map(tuple),
    st.none() | st.binary(),
)
def test_any_message(topic: str, key: str | None, headers: tuple[tuple[str, bytes], ...], value: bytes | None) -> None:
    assert isinstance(read(topic, Message(key, headers, value)), INBOUND)


@given(TYPES, KEYS, JSON_VALUES)
def test_any_json_under_any_type(ce_type: str, key: str | None, value: Any) -> None:
    message = Message(key, (("ce_type", ce_type.encode()),), line(value))
    assert isinstance(read("busbar.telemetry", message), INBOUND)


@settings(max_examples=300)
@given(st.sampled_from([(ce_type, path) for ce_type in EXAMPLES for path in places(EXAMPLES[ce_type])]), JSON_VALUES)
def test_any_json_anywhere_in_a_message(place: tuple[str, str], value: Any) -> None:
    ce_type, path = place
    message = Message("malaga", (("ce_type", ce_type.encode()),), line(changed(EXAMPLES[ce_type], path, value)))
    body = read("busbar.telemetry", message)
    assert isinstance(body, INBOUND)
    if ce_type == "site.configuration.v1" and path != "/microgrid_id" and isinstance(body, Unreadable):
        assert body.code == "invalid_json"


@pytest.mark.parametrize("depth", [250, 900, 990, 2000, 100_000])
@pytest.mark.parametrize(
    ("topic", "message_type", "data"),
    [
        ("configuration", "site.configuration.v1", CONFIGURATION),
        ("telemetry", "charge_point.telemetry.v1", CHARGE_POINT_TELEMETRY),
        ("telemetry", "circuit.telemetry.v1", CIRCUIT_TELEMETRY),
        ("events", "busbar.cycle.completed.v1", {"microgrid_id": "malaga", "event_seq": 1}),
    ],
)
def test_what_nothing_reads_may_be_nested_as_deep_as_anybody_likes(
    topic: str, message_type: str, data: dict[str, Any], depth: int
) -> None:
    value = json.dumps(data)[:-1].encode() + b', "unread": ' + b"[" * depth + b"]" * depth + b"}"
    body = read(topic, Message("malaga", (("ce_type", message_type.encode()),), value))
    assert isinstance(body, INBOUND)
    if isinstance(body, Unreadable):
        assert body.code == "invalid_json"
    if isinstance(body, PublishedEvent):
        with pytest.raises(ValidationError):
            fact_of(body)
