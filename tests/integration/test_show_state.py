"""`busbar show-state` (CLI-34) on a database, as its user sees it."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from adapters.clock import VirtualClock
from adapters.database.engine import create_engine
from adapters.database.ownership import SqlOwnership
from adapters.database.packing import pack
from adapters.database.tables import microgrid_state
from adapters.database.unit_of_work import SqlTransactions
from adapters.messages import registry
from domain.microgrid import Microgrid
from entrypoints.cli import show_state
from entrypoints.unusable import UnusableSetting
from tests.builders import EIGHT, a_site, a_state
from tests.databases import new_sqlite

KEPT = ["refusals", "published", "memory", "rotation", "breaches", "retired_at", "retirements"]

Change = Callable[..., None]


@pytest.fixture
def change(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Change:
    """Changes columns of the only state in the configured database."""
    url = new_sqlite(tmp_path)
    monkeypatch.setenv("BUSBAR_DATABASE_URL", url)

    async def store() -> None:
        engine = create_engine(url)
        (epoch,) = await SqlOwnership(engine).claim([0])
        async with SqlTransactions(engine, registry.write, VirtualClock(EIGHT)).begin(epoch) as transaction:
            site = a_site()
            await transaction.microgrids.save(Microgrid("depot", site, a_state(site, event_seq=41, cycle_seq=17)))
            await transaction.commit()
        await engine.dispose()

    def change(**values: Any) -> None:
        async def write() -> None:
            engine = create_engine(url)
            async with engine.begin() as connection:
                await connection.execute(microgrid_state.update().values(values))
            await engine.dispose()

        asyncio.run(write())

    asyncio.run(store())
    return change


@pytest.mark.usefixtures("change")
def test_a_state_is_shown_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert show_state.run("depot") == 0
    shown = json.loads(capsys.readouterr().out)
    assert (shown["microgrid_id"], shown["version"], shown["epoch"]) == ("depot", 1, 1)
    assert (shown["event_seq"], shown["cycle_seq"], shown["unreadable"]) == (41, 17, None)
    assert list(shown["state"]) == KEPT
    assert list(shown["state"]["memory"]["ledger"]) == ["cp-1/1", "cp-1/2", "cp-2/1", "cp-2/2"]


@pytest.mark.usefixtures("change")
def test_where_nothing_is_stored_it_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    assert show_state.run("elsewhere") == 1
    said = capsys.readouterr()
    assert (said.out, said.err) == ("", "Nothing is stored of a microgrid 'elsewhere'.\n")


@pytest.mark.parametrize(
    ("values", "why", "state"),
    [
        ({"data": pack(b'{"memory": {}}')}, "memory/ledger: Field required", {"memory": {}}),
        ({"schema_number": 99, "data": pack(b'{"new": 1}')}, "schema 99", {"new": 1}),
        ({"data": pack(b'{"memory": {')}, "EOF", None),
        ({"data": pack(b'{"memory": {}}')[:-3]}, "no whole Zstandard frame", None),
    ],
)
def test_of_a_state_that_cannot_be_read_it_shows_what_can_be_known(
    change: Change, capsys: pytest.CaptureFixture[str], values: dict[str, Any], why: str, state: object
) -> None:
    change(**values)

    assert show_state.run("depot") == 1
    said = capsys.readouterr()
    shown = json.loads(said.out)
    assert (shown["event_seq"], shown["stored_bytes"], shown["state"]) == (41, len(values["data"]), state)
    assert why in shown["unreadable"]
    assert said.err.startswith("Nothing is decided for depot: ")


def test_a_database_of_an_older_schema_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BUSBAR_DATABASE_URL", f"sqlite+aiosqlite:///{tmp_path / 'empty.sqlite3'}")
    with pytest.raises(UnusableSetting, match="busbar migrate"):
        show_state.run("depot")
