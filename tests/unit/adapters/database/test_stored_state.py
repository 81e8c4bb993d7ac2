"""A stored memory is read whole, also one of the schema before, or it is an error that names what is missing."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from adapters.database import stored_state
from adapters.database.packing import pack, unpack
from adapters.database.stored_state import SCHEMA_NUMBER, UnreadableState, dump, load, written
from domain.knowledge.meters import MeterMemory, Still
from domain.sharing.rotation import Rotation, ServiceRecord
from domain.site.power import MAX_MAGNITUDE
from tests.builders import EIGHT, a_site, a_state

OF_SCHEMA_2 = json.loads(Path(__file__).with_name("state_of_schema_2.json").read_text("utf-8"))
"""Two chargers, the second out of reach: each of its setpoints said when it was sent last, the newest too."""

BY_ID = {"ledger", "meters", "background", "usage", "records", "limits_w", "falls", "exceedances"}
"""What is looked up by an id: there nothing is missing that is not there."""


def complete() -> dict[str, Any]:
    data: dict[str, Any] = json.loads(unpack(dump(a_state(a_site()))))
    return data


def stored(data: object) -> bytes:
    return pack(json.dumps(data).encode())


def fields_of(data: Any, path: tuple[str | int, ...] = (), *, by_id: bool = False) -> Iterator[tuple[str | int, ...]]:
    """The places of everything that has a name."""
    for key, value in data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ():
        if isinstance(data, dict) and not by_id:
            yield (*path, key)
        yield from fields_of(value, (*path, key), by_id=key in BY_ID)


def without(data: dict[str, Any], path: tuple[str | int, ...]) -> dict[str, Any]:
    copy: Any = json.loads(json.dumps(data))
    place = copy
    for key in path[:-1]:
        place = place[key]
    del place[path[-1]]
    return copy  # type: ignore[no-any-return]


def test_what_was_stored_is_read_back() -> None:
    state = a_state(a_site(), event_seq=41, cycle_seq=17)
    assert stored_state.read_back(state) == state


@pytest.mark.parametrize("path", list(fields_of(complete())), ids=lambda path: "/".join(map(str, path)))
def test_a_field_that_is_missing_is_an_error_that_names_it(path: tuple[str | int, ...]) -> None:
    with pytest.raises(UnreadableState, match=f"{path[-1]}: Field required"):
        load(SCHEMA_NUMBER, stored(without(complete(), path)), event_seq=0, cycle_seq=0)


@pytest.mark.parametrize("schema_number", [1, 2, SCHEMA_NUMBER])
@pytest.mark.parametrize("data", [{}, {"memory": {}}, {"memory": None}, {"memory": {"ledger": {"cp-1/1": {}}}}])
def test_an_empty_memory_is_no_memory(schema_number: int, data: dict[str, Any]) -> None:
    with pytest.raises(UnreadableState):
        load(schema_number, stored(data), event_seq=0, cycle_seq=0)


@pytest.mark.parametrize("schema_number", [0, SCHEMA_NUMBER + 1])
def test_a_schema_that_is_not_known_is_not_guessed_at(schema_number: int) -> None:
    with pytest.raises(UnreadableState, match=f"schema {schema_number}"):
        load(schema_number, stored(complete()), event_seq=0, cycle_seq=0)


def test_what_the_schema_before_said_of_every_connector_is_said_once() -> None:
    state = load(2, stored(OF_SCHEMA_2), event_seq=16, cycle_seq=14)
    overtaken, newest = state.memory.ledger["cp-2/1"].setpoints
    assert overtaken.last_sent is not None
    assert (overtaken.limit_w, overtaken.last_sent.at) == (150_000, datetime(2026, 3, 16, 8, 6, 31, tzinfo=UTC))
    assert (newest.limit_w, newest.last_sent) == (10_000, None)
    assert state.memory.sendings[-1].at == datetime(2026, 3, 16, 8, 7, 41, tzinfo=UTC)
    assert state.rotation.records["cp-1/1"].served_w_us == 42_350_000_000_000
    assert stored_state.read_back(state) == state


def test_of_the_first_schema_the_background_is_estimated_anew() -> None:
    figures = OF_SCHEMA_2 | {"memory": OF_SCHEMA_2["memory"] | {"background": {"gc-1": 20_000}}}
    state = load(1, stored(figures), event_seq=16, cycle_seq=14)
    assert state.memory.background == {}
    assert state.memory.ledger == load(2, stored(OF_SCHEMA_2), event_seq=16, cycle_seq=14).memory.ledger


def test_what_is_written_for_the_release_before_says_how_lively_a_meter_is_and_what_that_writes_does_not() -> None:
    depot = a_state(a_site())
    lively = MeterMemory(EIGHT, still=Still(60_001, EIGHT, unrepeated=7))
    depot = replace(depot, memory=replace(depot.memory, meters={"gc-1": lively, "gc-2": MeterMemory(EIGHT)}))
    number, for_the_former = written(depot, for_the_former=True)
    assert load(number, for_the_former, event_seq=depot.event_seq, cycle_seq=depot.cycle_seq) == depot

    by_the_former = without(json.loads(unpack(for_the_former)), ("memory", "meters", "gc-1", "still", "unrepeated"))
    state = load(number, stored(by_the_former), event_seq=depot.event_seq, cycle_seq=depot.cycle_seq)
    assert state.memory.meters == {"gc-1": replace(lively, still=Still(60_001, EIGHT)), "gc-2": MeterMemory(EIGHT)}


@pytest.mark.parametrize("damaged", [b"", b"{}", dump(a_state(a_site()))[:-1], dump(a_state(a_site())) + b"{}"])
def test_bytes_that_are_not_whole_are_no_memory(damaged: bytes) -> None:
    with pytest.raises(UnreadableState, match="no whole Zstandard frame"):
        load(SCHEMA_NUMBER, damaged, event_seq=0, cycle_seq=0)


def test_what_is_stored_is_a_tenth_of_its_json() -> None:
    depot = a_state(a_site(chargers=25))
    assert len(dump(depot)) * 10 < len(unpack(dump(depot)))


def test_energies_beyond_64_bits_are_stored() -> None:
    a_day_us = 24 * 3600 * 1_000_000
    record = ServiceRecord("session-1", served_w_us=MAX_MAGNITUDE * a_day_us)
    state = replace(a_state(a_site()), rotation=Rotation({"cp-1/1": record}))
    assert stored_state.read_back(state) == state
