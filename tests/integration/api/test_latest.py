"""A status that is asked for again and again: read once after an event, and never older than the last one."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from adapters.clock import VirtualClock
from adapters.database.engine import create_engine
from adapters.database.read_model import SqlReadModel
from adapters.database.stored_events import SqlStoredEvents
from application.queries.rows import StatusRow
from domain.microgrid import Microgrid
from entrypoints.api import latest
from entrypoints.api.latest import LatestMicrogrids
from entrypoints.api.read_side import ReadSide
from tests.builders import EIGHT, a_configuration, a_cycle_completed
from tests.databases import new_sqlite
from tests.integration.api.conftest import client_of
from tests.integration.api.depots import METRICS, add
from tests.unit.application.projections.test_breaches import OPENED

STATUS = "/v1/microgrids/depot"
OVERVIEW = f"{STATUS}/overview"


class CountingReadModel(SqlReadModel):
    """Knows how often a status was read."""

    statuses_read = 0

    async def status(self, microgrid_id: str) -> StatusRow | None:
        self.statuses_read += 1
        return await super().status(microgrid_id)


class Depot:
    """A depot, its read side, and whoever asks for it."""

    def __init__(self, url: str, read_model: CountingReadModel, stored_events: SqlStoredEvents) -> None:
        self.url = url
        self.clock = VirtualClock(EIGHT)
        self.read_model = read_model
        self.read_side = ReadSide(read_model, stored_events, self.clock, lambda: METRICS, lambda: True)
        self.client = client_of(self.read_side)

    async def status(self) -> dict[str, Any]:
        status: dict[str, Any] = (await self.client.get(STATUS)).json()
        return status


@pytest.fixture
def url(tmp_path: Path) -> str:
    return new_sqlite(tmp_path)


@pytest.fixture
async def depot(url: str) -> AsyncIterator[Depot]:
    engine = create_engine(url)
    depot = Depot(url, CountingReadModel(engine), SqlStoredEvents(engine))
    await add(
        url,
        [*Microgrid("depot").configure(a_configuration(), EIGHT).events, a_cycle_completed("depot", 3)],
        depot.clock,
    )
    async with depot.client:
        yield depot
    await engine.dispose()


async def test_a_status_is_read_once_however_often_it_is_asked_for(depot: Depot) -> None:
    answers = {(await depot.client.get(STATUS)).content for _ in range(5)}
    assert len(answers) == 1
    assert depot.read_model.statuses_read == 1


async def test_those_who_ask_at_once_are_answered_by_one_reading(depot: Depot) -> None:
    answered = await asyncio.gather(*(depot.client.get(OVERVIEW) for _ in range(10)))
    assert {each.status_code for each in answered} == {200}
    assert depot.read_model.statuses_read == 1


async def test_an_overview_grows_old_though_nothing_happens_and_is_not_read_again(depot: Depot) -> None:
    fresh = await depot.client.get(OVERVIEW)
    aged = []
    for seconds in (7, 86_400):
        depot.clock.advance(EIGHT + timedelta(seconds=seconds))
        aged.append(await depot.client.get(OVERVIEW, headers={"If-None-Match": fresh.headers["etag"]}))
    assert [each.json()["age_s"] - fresh.json()["age_s"] for each in aged] == [7, 86_400]
    assert [each.json()["as_of"]["state"] for each in (fresh, *aged)] == ["fresh", "fresh", "stale"]
    assert depot.read_model.statuses_read == 1


async def test_after_a_breach_the_overview_shows_it(depot: Depot) -> None:
    assert (await depot.client.get(OVERVIEW)).json()["last_breach"] is None
    await add(depot.url, [replace(OPENED, microgrid_id="depot", event_seq=4)], depot.clock)
    overview = (await depot.client.get(OVERVIEW)).json()
    assert [each["breach_id"] for each in overview["open_breaches"]] == [OPENED.breach_id]
    assert overview["last_breach"]["breach_id"] == OPENED.breach_id


async def test_after_a_cycle_the_status_is_the_new_one(depot: Depot) -> None:
    first = await depot.client.get(STATUS)
    await add(depot.url, [a_cycle_completed("depot", 4, 2)], depot.clock)
    second = await depot.client.get(STATUS, headers={"If-None-Match": first.headers["etag"]})
    assert (first.json()["as_of"]["cycle_seq"], second.json()["as_of"]["cycle_seq"]) == (1, 2)


async def test_after_a_breach_the_status_shows_it(depot: Depot) -> None:
    assert (await depot.status())["open_breaches"] == []
    await add(depot.url, [replace(OPENED, microgrid_id="depot", event_seq=4)], depot.clock)
    assert len((await depot.status())["open_breaches"]) == 1


async def test_a_status_turns_stale_though_nothing_happens(depot: Depot) -> None:
    fresh = await depot.client.get(STATUS)
    depot.clock.advance(EIGHT + timedelta(days=1))
    stale = await depot.client.get(STATUS, headers={"If-None-Match": fresh.headers["etag"]})
    assert (fresh.json()["as_of"]["state"], stale.json()["as_of"]["state"]) == ("fresh", "stale")


async def test_no_more_than_some_microgrids_are_kept(depot: Depot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(latest, "KEPT", 1)
    await add(depot.url, Microgrid("another").configure(a_configuration("another"), EIGHT).events, depot.clock)
    microgrids = LatestMicrogrids(depot.read_side)
    for microgrid_id in ("depot", "depot", "another", "another", "depot"):
        known = await microgrids.of(microgrid_id)
        assert known is not None
        assert known.microgrid.microgrid_id == microgrid_id
    assert depot.read_model.statuses_read == 3
