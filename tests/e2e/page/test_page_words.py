"""What the page says of a connector that stands by, of its factor, and of what is wrong with a node's figures."""

import re
from dataclasses import replace

import pytest
from playwright.async_api import expect

from domain.events import CycleCompleted, DomainEvent, Trigger
from domain.sharing.plan import Quality, Reason
from tests.e2e.page.dashboard import Dashboard, word
from tests.e2e.page.depot import Feeder, served
from tests.integration.api.depots import add

pytestmark = pytest.mark.asyncio(loop_scope="session")

QUALITIES = {"gc-1": Quality.BAD, "f-1": Quality.ESTIMATED, "cp-2": Quality.MISSING}


def as_it_may_be(event: DomainEvent) -> CycleCompleted:
    """The same cycle, in which cp-1/1 stands by and draws 6 % more than it is told."""
    assert isinstance(event, CycleCompleted)
    first, *others = event.setpoints
    return replace(
        event,
        setpoints=(replace(first, reason=Reason.STANDBY, factor=1060), *others),
        nodes=tuple([replace(node, quality=QUALITIES.get(node.node_id, Quality.OK)) for node in event.nodes]),
    )


async def test_reasons_factors_and_qualities_are_said_in_words(database_url: str, tab: Dashboard) -> None:
    feeder = Feeder(database_url)
    await feeder.provision()
    feeder.depot.hears("cp-1/1", 0)
    change = feeder.depot.microgrid.run_cycle(feeder.depot.readings, Trigger.TELEMETRY, feeder.depot.at)
    await add(database_url, [as_it_may_be(change.events[0])], feeder.clock)

    async with served(database_url, feeder.clock) as address:
        await tab.page.goto(address)
        await tab.is_live()

        await tab.node("cp-1/1").click()
        explanation = tab.explanation("cp-1/1")
        for said in (
            r"Reason\s*Standing by, it is full or asleep; asked again within 65 min",
            r"Draws\s*1\.06 W for each W it is told",
        ):
            await expect(explanation).to_contain_text(re.compile(said))
        chain = await explanation.get_by_role("listitem").all_inner_texts()
        for node_id, said in {
            "gc-1": "shows too little, or stands still",
            "f-1": "not all of its load is measured",
        }.items():
            (link,) = (each for each in chain if word(node_id).search(each))
            assert said in link

        await tab.node("cp-2/1").click()
        await expect(tab.explanation("cp-2/1")).not_to_contain_text("for each W")
        await tab.node("gc-1").click()
        await expect(tab.explanation("gc-1")).to_contain_text("; its meter shows too little, or stands still")
        await tab.node("cp-2").click()
        await expect(tab.explanation("cp-2")).to_contain_text("; nothing of its load is measured")
