"""History, log and sessions over HTTP (HTTP-17 to HTTP-19), as JSON and as tables."""

import csv
from io import StringIO
from typing import Any

import httpx
import pytest

from tests.integration.api.conftest import Shapes
from tests.integration.api.depots import NORTH, PLAYED

TABLE = {"Accept": "text/csv"}


async def read(api: httpx.AsyncClient, path: str, **parameters: Any) -> Any:
    response = await api.get(f"/v1/microgrids/{path}", params=parameters)
    assert response.status_code == 200, response.text
    return response.json()


async def table(api: httpx.AsyncClient, path: str, **parameters: Any) -> list[dict[str, str]]:
    response = await api.get(f"/v1/microgrids/{path}", params=parameters, headers=TABLE)
    assert response.status_code == 200, response.text
    assert response.headers["content-type"] == "text/csv; charset=utf-8"
    return list(csv.DictReader(StringIO(response.text)))


async def test_the_log_tells_of_the_configuration_and_of_the_breach(api: httpx.AsyncClient, shapes: Shapes) -> None:
    body = await read(api, f"{PLAYED}/log")

    assert shapes.faults("Log", body) == []
    codes = [each["code"] for each in body["items"]]
    assert "breach_opened" in codes
    assert codes[-1] == "configuration_applied"
    assert [each["at"] for each in body["items"]] == sorted((each["at"] for each in body["items"]), reverse=True)


async def test_the_log_can_be_asked_for_a_code_and_a_node_and_is_read_in_pages(api: httpx.AsyncClient) -> None:
    everything = (await read(api, f"{NORTH}/log", limit=500))["items"]
    opened = [each for each in everything if each["code"] == "breach_opened"]
    assert (await read(api, f"{NORTH}/log", code="breach_opened"))["items"] == opened != []
    at_f1 = [each for each in everything if each["node_id"] == "f-1"]
    assert (await read(api, f"{NORTH}/log", node_id="f-1"))["items"] == at_f1 != []

    found: list[Any] = []
    cursor: dict[str, str] = {}
    while True:
        page = await read(api, f"{NORTH}/log", limit=1, **cursor)
        found += page["items"]
        if page["next_cursor"] is None:
            break
        cursor = {"cursor": page["next_cursor"]}
    assert found == everything


@pytest.mark.parametrize("parameters", [{"code": "nonsense"}, {"cursor": "bG9nIHg"}, {"from": "yesterday"}])
async def test_a_log_that_cannot_be_asked_for_is_a_problem(api: httpx.AsyncClient, parameters: dict[str, str]) -> None:
    assert (await api.get(f"/v1/microgrids/{PLAYED}/log", params=parameters)).status_code == 422


async def test_every_vehicle_is_listed_with_its_session(api: httpx.AsyncClient, shapes: Shapes) -> None:
    body = await read(api, f"{PLAYED}/sessions")

    assert shapes.faults("Sessions", body) == []
    assert body["items"] != []
    setpoints = (await read(api, PLAYED))["latest_cycle"]["setpoints"]
    told = {f"{each['charge_point_id']}/{each['connector_id']}": each["session"] for each in setpoints}
    assert {each["connector"]: each["session"] for each in body["items"]} == {
        connector: session for connector, session in told.items() if session is not None
    }


@pytest.mark.parametrize("step", ["10s", "1m", "15m"])
async def test_history_comes_in_steps(api: httpx.AsyncClient, shapes: Shapes, step: str) -> None:
    body = await read(api, f"{PLAYED}/history/gc-1", step=step, limit=500)

    assert shapes.faults("History", body) == []
    items = body["items"]
    assert items != []
    assert all(each["measured_w"] <= each["measured_max_w"] for each in items if each["measured_w"] is not None)
    assert all(each["at"].endswith(":00Z") for each in items if step != "10s")


async def test_tables_have_the_same_rows_and_nothing_for_null(api: httpx.AsyncClient) -> None:
    for path in (f"{PLAYED}/log", f"{PLAYED}/sessions", f"{PLAYED}/history/gc-1"):
        items = (await read(api, path, limit=500))["items"]
        rows = await table(api, path)
        assert len(rows) == len(items) > 0
        for row, item in zip(rows, items, strict=True):
            flat = {**item, **item.pop("session")} if "session" in item else item
            row.pop("time_utc", None)
            assert row == {name: "" if flat[name] is None else str(flat[name]) for name in row}


async def test_a_table_has_a_link_to_what_follows(api: httpx.AsyncClient) -> None:
    response = await api.get(f"/v1/microgrids/{PLAYED}/history/gc-1?limit=2", headers=TABLE)
    following = response.headers["link"].split(">")[0].removeprefix("<")
    second = await api.get(following, headers=TABLE)
    everything = await table(api, f"{PLAYED}/history/gc-1")
    assert list(csv.DictReader(StringIO(second.text))) == everything[2:4]


async def test_json_goes_before_where_it_is_named_first(api: httpx.AsyncClient) -> None:
    for accepted in ("*/*", "application/json, text/csv", "text/html"):
        response = await api.get(f"/v1/microgrids/{PLAYED}/log", headers={"Accept": accepted})
        assert response.headers["content-type"] == "application/json"
