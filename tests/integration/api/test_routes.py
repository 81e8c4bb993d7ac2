"""Every read (HTTP-1, HTTP-2, HTTP-4 to HTTP-6), over the fakes and over SQLite."""

from datetime import timedelta
from typing import Any

import httpx
import pytest
from pydantic_core import from_json

from adapters.clock import VirtualClock
from adapters.messages.events import write_cycle_completed
from entrypoints.api.cursors import encode
from entrypoints.api.read_side import ReadSide
from tests.integration.api.conftest import Shapes
from tests.integration.api.depots import CYCLES_OF_NORTH, METRICS, MICROGRIDS, NORTH, PLAYED, UNDECIDED

AS_OF_NORTH = {
    "cycle_seq": CYCLES_OF_NORTH,
    "event_seq": CYCLES_OF_NORTH + 6,
    "at": "2026-11-22T08:00:59Z",
    "state": "fresh",
}


async def read(api: httpx.AsyncClient, path: str, **parameters: Any) -> dict[str, Any]:
    response = await api.get(path, params=parameters)
    assert response.status_code == 200, response.text
    assert response.headers["content-type"] == "application/json"
    body: dict[str, Any] = response.json()
    return body


async def pages(api: httpx.AsyncClient, path: str, limit: int, **parameters: Any) -> list[list[Any]]:
    """The items of all pages of a list."""
    found = []
    cursor: dict[str, str] = {}
    while True:
        body = await read(api, path, limit=limit, **parameters, **cursor)
        assert set(body) == {"items", "next_cursor", "as_of"}
        found.append(body["items"])
        if body["next_cursor"] is None:
            return found
        cursor = {"cursor": body["next_cursor"]}


async def test_microgrids_are_listed_in_natural_order_with_what_their_latest_cycle_came_to(
    api: httpx.AsyncClient, shapes: Shapes
) -> None:
    """Holds HTTP-1."""
    body = await read(api, "/v1/microgrids")

    assert shapes.faults("Microgrids", body) == []
    assert [line["microgrid_id"] for line in body["items"]] == list(MICROGRIDS)
    undecided, played, north = body["items"]
    assert (undecided["outcome"], undecided["degraded"], undecided["totals"]) == (None, None, None)
    assert undecided["as_of"] == {"cycle_seq": None, "event_seq": 2, "at": None, "state": "stale"}
    assert (north["outcome"], north["open_breaches"], north["totals"]["requested_w"]) == ("curtailed", 2, 600_000)
    assert played["open_breaches"] == 1
    assert body["as_of"] == north["as_of"]


async def test_the_status_shows_the_tree_with_names_capacities_and_figures(
    api: httpx.AsyncClient, shapes: Shapes
) -> None:
    """Holds HTTP-2."""
    body = await read(api, f"/v1/microgrids/{PLAYED}")

    assert shapes.faults("Status", body) == []
    assert [node["node_id"] for node in body["nodes"]] == [PLAYED, "gc-1", "c-1", "cp-1", "cp-2"]
    connection = body["nodes"][1]
    assert (connection["name"], connection["default_capacity_w"], connection["safe_operating_capacity_w"]) == (
        "Grid connection",
        500_000,
        300_000,
    )
    assert body["headroom_w"] == connection["headroom_w"]
    assert body["latest_cycle"]["cycle_seq"] == body["as_of"]["cycle_seq"]
    assert len(body["latest_cycle"]["setpoints"]) == 4
    assert "nodes" not in body["latest_cycle"]
    assert body["as_of"]["state"] == "fresh"
    (breach,) = body["open_breaches"]
    assert (breach["cause"], breach["cleared_at"]) == ("setpoint_not_honoured", None)


async def test_before_the_first_cycle_the_status_is_the_bare_tree(api: httpx.AsyncClient, shapes: Shapes) -> None:
    """As of an event, though of no cycle (HTTP-20)."""
    body = await read(api, f"/v1/microgrids/{UNDECIDED}")

    assert shapes.faults("Status", body) == []
    assert (body["latest_cycle"], body["headroom_w"], body["open_breaches"]) == (None, None, [])
    assert body["as_of"] == {"cycle_seq": None, "event_seq": 2, "at": None, "state": "stale"}
    assert body["state"] == {"code": "no_data", "sentence": "No data from the depot yet", "since": None}


async def test_what_is_shown_is_stale_once_the_latest_cycle_is_older_than_two_refresh_intervals(
    api: httpx.AsyncClient, any_read_side: ReadSide
) -> None:
    """Holds HTTP-9."""
    clock = any_read_side.clock
    assert isinstance(clock, VirtualClock)
    decided_at = (await any_read_side.read_model.cycles(PLAYED, None, 1))[0].decided_at
    states = []
    for seconds in (80, 81):
        clock.advance(decided_at + timedelta(seconds=seconds))
        states += [
            (await read(api, f"/v1/microgrids/{PLAYED}{path}"))["as_of"]["state"]
            for path in ("", "/cycles", "/cycles/1", "/breaches", "/history/gc-1")
        ]
    assert states == ["fresh"] * 5 + ["stale"] * 5


async def test_cycles_are_listed_newest_first_without_what_is_long(api: httpx.AsyncClient, shapes: Shapes) -> None:
    """Holds HTTP-4, HTTP-9."""
    body = await read(api, f"/v1/microgrids/{NORTH}/cycles")

    assert shapes.faults("Cycles", body) == []
    assert [cycle["cycle_seq"] for cycle in body["items"]] == list(range(59, 9, -1))
    assert not {"nodes", "setpoints"} & set(body["items"][0])
    assert body["as_of"] == AS_OF_NORTH


@pytest.mark.parametrize("limit", [1, 7, 59, 500])
async def test_pages_of_cycles_show_every_cycle_once(api: httpx.AsyncClient, limit: int) -> None:
    """Holds HTTP-9."""
    found = await pages(api, f"/v1/microgrids/{NORTH}/cycles", limit)
    assert [cycle["cycle_seq"] for page in found for cycle in page] == list(range(59, 0, -1))
    assert {len(page) for page in found[:-1]} <= {limit}


async def test_one_cycle_is_whole(api: httpx.AsyncClient, shapes: Shapes, any_read_side: ReadSide) -> None:
    """Holds HTTP-4."""
    body = await read(api, f"/v1/microgrids/{PLAYED}/cycles/3")

    assert shapes.faults("Cycle", body) == []
    stored = await any_read_side.read_model.cycle(PLAYED, 3)
    assert stored is not None
    assert {key: value for key, value in body.items() if key != "as_of"} == from_json(write_cycle_completed(stored))
    assert len(body["setpoints"]) == 4
    assert body["as_of"]["cycle_seq"] > 3


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        ({}, ["b-3", "b-2"]),
        ({"state": "open"}, ["b-3", "b-2"]),
        ({"state": "closed"}, ["b-1"]),
        ({"state": "all"}, ["b-3", "b-2", "b-1"]),
    ],
)
async def test_breaches_are_listed_by_their_state(
    api: httpx.AsyncClient, shapes: Shapes, state: dict[str, str], expected: list[str]
) -> None:
    """Holds HTTP-5."""
    path = f"/v1/microgrids/{NORTH}/breaches"
    body = await read(api, path, **state)

    assert shapes.faults("Breaches", body) == []
    assert [breach["breach_id"] for breach in body["items"]] == expected
    assert [each["breach_id"] for page in await pages(api, path, 1, **state) for each in page] == expected
    for breach in body["items"]:
        assert breach["opened_at"] == "2026-11-22T08:00:05Z"
        assert breach["cleared_at"] == ("2026-11-22T08:02:00Z" if breach["breach_id"] == "b-1" else None)


@pytest.mark.parametrize("node_id", [PLAYED, "gc-1", "c-1", "cp-1", "cp-1/1", "cp-2/2"])
async def test_the_history_of_a_node_is_in_buckets_newest_first(
    api: httpx.AsyncClient, shapes: Shapes, node_id: str
) -> None:
    """Holds HTTP-6."""
    path = f"/v1/microgrids/{PLAYED}/history/{node_id}"
    body = await read(api, path)

    assert shapes.faults("History", body) == []
    instants = [bucket["at"] for bucket in body["items"]]
    assert len(instants) > 5
    assert instants == sorted(set(instants), reverse=True)
    assert [bucket for page in await pages(api, path, 3) for bucket in page] == body["items"]


async def test_a_history_is_from_an_instant_on_and_before_another(api: httpx.AsyncClient) -> None:
    path = f"/v1/microgrids/{PLAYED}/history/gc-1"
    instants = [bucket["at"] for bucket in (await read(api, path))["items"]]
    newest, oldest = instants[2], instants[5]

    def within(body: dict[str, Any]) -> list[str]:
        return [bucket["at"] for bucket in body["items"]]

    assert within(await read(api, path, **{"from": oldest, "to": newest})) == instants[3:6]
    assert within(await read(api, path, **{"from": oldest.replace("Z", "+00:00")})) == instants[:6]
    assert within(await read(api, path, **{"from": newest, "to": oldest})) == []
    found = await pages(api, path, 2, **{"from": oldest, "to": newest})
    assert [[bucket["at"] for bucket in page] for page in found] == [instants[3:5], instants[5:6]]


@pytest.mark.parametrize(
    "path",
    [
        "/v1/microgrids/nowhere",
        "/v1/microgrids/no%00where",
        "/v1/microgrids/nowhere/cycles",
        "/v1/microgrids/nowhere/stream",
        f"/v1/microgrids/{PLAYED}/cycles/100000",
        f"/v1/microgrids/{PLAYED}/history/cp-1/3",
        f"/v1/microgrids/{PLAYED}/history/cp-9",
        f"/v1/microgrids/{PLAYED}/history/",
        f"/v1/microgrids/{PLAYED}/nothing",
        "/v1/microgrids/",
        "/v1",
        "/v2/microgrids",
        "/docs",
    ],
)
async def test_what_is_unknown_is_a_404_problem(api: httpx.AsyncClient, shapes: Shapes, path: str) -> None:
    """Holds HTTP-10."""
    response = await api.get(path)
    assert_problem(response, 404, shapes)


@pytest.mark.parametrize(
    ("path", "parameter"),
    [
        ("/v1/microgrids?limit=0", "limit"),
        ("/v1/microgrids?limit=501", "limit"),
        ("/v1/microgrids?limit=many", "limit"),
        ("/v1/microgrids?cursor=%FF", "cursor"),
        ("/v1/microgrids?cursor=Y3ljbGVzIDI", "cursor"),
        (f"/v1/microgrids?cursor={encode('microgrids', '9' * 5000)}", "cursor"),
        (f"/v1/microgrids?cursor={encode('microgrids', chr(0))}", "cursor"),
        (f"/v1/microgrids/{PLAYED}/sessions?cursor={encode('sessions', '9' * 5000)}", "cursor"),
        (f"/v1/microgrids/{PLAYED}/log?cursor={encode('log', '0001-01-01T00:00:00+14:00 1')}", "cursor"),
        (f"/v1/microgrids/{PLAYED}/log?cursor={encode('log', '2026-01-01T00:00:00+00:00 ' + '9' * 30)}", "cursor"),
        (f"/v1/microgrids/{PLAYED}/history/gc-1?cursor={encode('history', '9999-12-31T23:59:59-14:00')}", "cursor"),
        (f"/v1/microgrids/{PLAYED}/cycles?cursor=bm9uZQ", "cursor"),
        (f"/v1/microgrids/{PLAYED}/cycles?cursor=Y3ljbGVzIC0x", "cursor"),
        (f"/v1/microgrids/{PLAYED}/cycles/first", "cycle_seq"),
        (f"/v1/microgrids/{PLAYED}/cycles/0", "cycle_seq"),
        (f"/v1/microgrids/{PLAYED}/cycles/9223372036854775808", "cycle_seq"),
        (f"/v1/microgrids/{PLAYED}/breaches?state=ajar", "state"),
        (f"/v1/microgrids/{PLAYED}/history/gc-1?from=yesterday", "from"),
        (f"/v1/microgrids/{PLAYED}/history/gc-1?from=1700000000", "from"),
        (f"/v1/microgrids/{PLAYED}/history/gc-1?to=2026-11-22T08:00:00", "to"),
        (f"/v1/microgrids/{PLAYED}/history/gc-1?to=0001-01-01T00:00:00%2B01:00", "to"),
        (f"/v1/microgrids/{PLAYED}/history/gc-1?cursor=aGlzdG9yeSAyMDI2", "cursor"),
    ],
)
async def test_a_bad_value_is_a_422_problem_that_names_it(
    api: httpx.AsyncClient, shapes: Shapes, path: str, parameter: str
) -> None:
    """Holds HTTP-10."""
    response = await api.get(path)
    assert_problem(response, 422, shapes)
    assert [error["parameter"] for error in response.json()["errors"]] == [parameter]


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
@pytest.mark.parametrize("path", ["/v1/microgrids", f"/v1/microgrids/{PLAYED}/stream", "/health/live"])
async def test_a_wrong_method_is_a_405_problem_that_names_the_right_ones(
    client: httpx.AsyncClient, shapes: Shapes, method: str, path: str
) -> None:
    """Holds HTTP-10."""
    response = await client.request(method, path)
    assert_problem(response, 405, shapes)
    assert response.headers["allow"] == "GET, HEAD"


async def test_health_metrics_and_the_document_are_served(api: httpx.AsyncClient, shapes: Shapes) -> None:
    """Holds HTTP-8."""
    for state in ("live", "ready"):
        assert await read(api, f"/health/{state}") == {"status": state}
    metrics = await api.get("/metrics")
    assert metrics.content == METRICS
    assert metrics.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert (await read(api, "/openapi.json"))["openapi"].startswith("3.1.")


def assert_problem(response: httpx.Response, status: int, shapes: Shapes) -> None:
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    assert shapes.faults("Problem", response.json()) == []
    assert response.json()["status"] == status
