"""Four answers that stand on the page as text: what binds, what is left, who is held back and why, the last breach.

What they have to say is worked out here from the API, once more and in another way than the page does it.
"""

import re
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from playwright.async_api import Locator, expect

from adapters.clock import VirtualClock
from domain.knowledge.readings import ChargePointTelemetry, Control
from tests.e2e.page.dashboard import Dashboard, word
from tests.e2e.page.depot import Feeder, served
from tests.e2e.processes import PATIENCE_S
from tests.integration.api.depots import PLAYED, Depots, held_back

pytestmark = pytest.mark.asyncio(loop_scope="session")


@dataclass(frozen=True, slots=True)
class Answers:
    """What is true of a microgrid at its latest cycle: ids and watts."""

    binding: list[str]
    headroom_w: int | None
    held_back: dict[str, str]
    """Connectors, and the node that binds each."""

    last_breach: dict[str, Any] | None


async def answers(address: str, microgrid_id: str) -> Answers:
    """By the routes of HTTP-1 to HTTP-7."""
    one = f"/v1/microgrids/{microgrid_id}"
    async with httpx.AsyncClient(base_url=address, trust_env=False, timeout=PATIENCE_S) as client:
        cycles = (await client.get(f"{one}/cycles?limit=1")).json()["items"]
        cycle = (await client.get(f"{one}/cycles/{cycles[0]['cycle_seq']}")).json()
        breaches = (await client.get(f"{one}/breaches?state=all&limit=500")).json()["items"]
    root, *others = cycle["nodes"]
    connections = [node["headroom_w"] for node in others if node["parent_id"] == microgrid_id]
    return Answers(
        [node["node_id"] for node in cycle["nodes"] if node["constrained"]],
        sum(connections) if root["limit_w"] is None else root["headroom_w"],
        {
            f"{each['charge_point_id']}/{each['connector_id']}": each["binding_node_id"]
            for each in cycle["setpoints"]
            if held_back(each)
        },
        max(breaches, key=lambda breach: str(breach["opened_at"]), default=None),
    )


def kilowatts(watts: int) -> re.Pattern[str]:
    """As people write it, to the kilowatt or to a tenth of it."""
    return re.compile(rf"(?<![\d.,]){watts // 1000:,}(\.{watts % 1000 // 100}\d*)?\s?kW")


async def says(tab: Dashboard, question: str, *patterns: re.Pattern[str]) -> Locator:
    """The answer to this question, once it says all of that."""
    answer = tab.answer(question)
    for pattern in patterns:
        await expect(answer).to_have_text(pattern, use_inner_text=True)
    return answer


async def ids(answer: Locator, attribute: str = "data-node-ids") -> list[str]:
    return (await answer.get_attribute(attribute) or "").split()


async def agree(tab: Dashboard, true: Answers) -> None:
    """Every answer on the page says what is true, in words, and no more than that."""
    binding = await says(tab, "Which limit binds now", *map(word, true.binding))
    assert await ids(binding) == true.binding
    assert true.headroom_w is not None
    headroom = await says(tab, "Headroom", kilowatts(true.headroom_w))
    assert await headroom.get_attribute("data-headroom-w") == str(true.headroom_w)
    held_back = await says(tab, "Held back", *map(word, true.held_back), *map(word, set(true.held_back.values())))
    assert dict(zip(await ids(held_back), await ids(held_back, "data-binding-node-ids"), strict=True)) == true.held_back
    if true.last_breach is None:
        await says(tab, "Last breach", re.compile("None"))
    else:
        await says(tab, "Last breach", word(true.last_breach["node_id"]), kilowatts(true.last_breach["peak_excess_w"]))


async def test_the_answers_are_those_of_the_api_where_something_binds(feeder: Feeder, tab: Dashboard) -> None:
    async with served(feeder.database_url, feeder.clock) as address:
        await tab.page.goto(address)
        await tab.is_live()
        true = await answers(address, "depot")
        assert true == Answers(["f-1"], 300_000, {"cp-1/1": "f-1", "cp-2/1": "f-1"}, None)
        await agree(tab, true)


async def test_what_a_gateway_found_of_chargers_is_told_those_that_are_not_controlled_first(
    feeder: Feeder, tab: Dashboard
) -> None:
    """DEPOT-4"""
    async with served(feeder.database_url, feeder.clock) as address:
        await tab.page.goto(address)
        await tab.is_live()
        await expect(tab.page.locator("#answer-control")).to_be_hidden()
        for charge_point_id, control in (
            ("cp-1", Control(None, "W", True, True)),
            ("cp-2", Control("it refuses charging profiles", "A", False, None)),
        ):
            feeder.depot.receives(ChargePointTelemetry("depot", charge_point_id, 99, feeder.depot.at, (), control))
        await feeder.goes_on()
        found = await says(tab, "Controlled by its gateway", re.compile("1 of 2 chargers not"))
        assert await found.get_by_role("listitem").all_inner_texts() == [
            "cp-2 is not controlled: it refuses charging profiles, takes A, not read back",
            "cp-1 is controlled, takes W, read back, lapses by itself",
        ]


async def test_the_answers_are_those_of_the_api_where_a_breach_is_open(depots: Depots, tab: Dashboard) -> None:
    async with served(depots.url, VirtualClock(depots.now)) as address:
        await tab.page.goto(address)
        await tab.page.get_by_role("link").filter(has_text=PLAYED).click()
        await tab.is_live()
        true = await answers(address, PLAYED)
        assert true.last_breach is not None
        await agree(tab, true)
