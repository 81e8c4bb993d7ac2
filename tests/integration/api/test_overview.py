"""What the page is told: every node with its state, and the answers, as the cycle and the breaches have them.

Holds HTTP-3.
"""

from typing import Any

import httpx

from tests.integration.api.conftest import Shapes
from tests.integration.api.depots import MICROGRIDS, PLAYED, held_back


async def read(api: httpx.AsyncClient, path: str) -> Any:
    answered = await api.get(f"/v1/microgrids/{path}")
    assert answered.status_code == 200, answered.text
    return answered.json()


async def test_an_overview_has_the_shape_that_is_described(api: httpx.AsyncClient, shapes: Shapes) -> None:
    for microgrid_id in MICROGRIDS:
        assert shapes.faults("Overview", await read(api, f"{microgrid_id}/overview")) == []


async def test_an_overview_agrees_with_the_cycle_that_it_is_as_of(api: httpx.AsyncClient) -> None:
    overview = await read(api, f"{PLAYED}/overview")
    cycle = await read(api, f"{PLAYED}/cycles/{overview['as_of']['cycle_seq']}")
    status = await read(api, PLAYED)
    told = {f"{each['charge_point_id']}/{each['connector_id']}": each for each in cycle["setpoints"]}
    nodes = {node["node_id"]: node for node in overview["nodes"]}

    assert set(nodes) == {node["node_id"] for node in cycle["nodes"]} | set(told)
    assert {node_id: nodes[node_id]["setpoint"] for node_id in told} == told
    assert {each["node_id"] for each in overview["binding"]} == {
        node["node_id"] for node in cycle["nodes"] if node["constrained"]
    }
    assert {(each["node_id"], each["gets_w"], each["binding_node_id"]) for each in overview["held_back"]} == {
        (node_id, each["limit_w"], each["binding_node_id"]) for node_id, each in told.items() if held_back(each)
    }
    assert overview["headroom_w"] == status["headroom_w"]


async def test_an_overview_without_sessions_is_the_same_but_for_them(api: httpx.AsyncClient) -> None:
    whole, without = [await read(api, f"{PLAYED}/overview{query}") for query in ("", "?sessions=false")]
    setpoints = [node["setpoint"] for node in whole["nodes"] if node["setpoint"] is not None]
    assert setpoints
    for setpoint in setpoints:
        del setpoint["session"]
    assert without == whole


async def test_a_node_in_breach_is_over_its_limit_and_its_breach_is_the_last(api: httpx.AsyncClient) -> None:
    overview = await read(api, f"{PLAYED}/overview")
    breaches = (await read(api, f"{PLAYED}/breaches?state=all"))["items"]
    assert overview["last_breach"] == breaches[0]
    over = {node["node_id"] for node in overview["nodes"] if node["state"] == "over_limit"}
    assert over >= {each["node_id"] for each in overview["open_breaches"]} != set()
    assert overview["over_limit"] == len(over)


async def test_children_follow_their_parents_and_connectors_their_charge_points(api: httpx.AsyncClient) -> None:
    seen: set[str | None] = {None}
    for node in (await read(api, f"{PLAYED}/overview"))["nodes"]:
        assert node["parent_id"] in seen
        seen.add(node["node_id"])


async def test_before_the_first_cycle_every_node_is_undecided(api: httpx.AsyncClient) -> None:
    undecided = [each for each in MICROGRIDS if (await read(api, each))["latest_cycle"] is None]
    assert undecided != []
    for microgrid_id in undecided:
        overview = await read(api, f"{microgrid_id}/overview")
        assert {node["state"] for node in overview["nodes"]} == {"undecided"}
        assert (overview["binding"], overview["held_back"], overview["age_s"]) == ([], [], None)
