"""`busbar status`, `busbar breaches` and `busbar explain` on a database, as somebody who types them sees them.

Holds CLI-27.
"""

import asyncio
import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from adapters.database.engine import create_engine
from adapters.database.read_model import SqlReadModelTransactions
from domain.breaches.constraint import ConstraintBreached
from domain.events import DomainEvent, Trigger
from domain.knowledge.readings import Control, Readings
from domain.microgrid import Microgrid
from entrypoints.cli import main as cli
from tests.builders import EIGHT, a_configuration
from tests.databases import new_sqlite, sqlite_url
from tests.unit.application.projections.test_breaches import CLEARED, OPENED
from tests.unit.application.read_side import project
from tests.unit.application.telemetry import a_charger_says, a_meter_says


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command ended, and what it said."""

    code: int
    out: str
    err: str


Command: TypeAlias = Callable[..., Ended]


def a_decided_depot(microgrid_id: str = "depot") -> Sequence[DomainEvent]:
    """The events of a depot of four connectors, one of them charging, that was decided once."""
    configuration = a_configuration(microgrid_id)
    configured = Microgrid(microgrid_id).configure(configuration, EIGHT)
    microgrid, readings = configured.microgrid, Readings()
    assert microgrid.site is not None
    says = a_charger_says(microgrid_id=microgrid_id, power_w=30_000)
    says = replace(says, control=Control("it refuses", "A", True, None))
    for message in (says, a_meter_says(37_000, microgrid_id=microgrid_id)):
        readings.receive(message, microgrid.site.tree, EIGHT)
    return (*configured.events, *microgrid.run_cycle(readings, Trigger.MANUAL, EIGHT).events)


def a_breach(breach_id: str, event_seq: int, **changes: Any) -> ConstraintBreached:
    return replace(OPENED, breach_id=breach_id, event_seq=event_seq, **changes)


@pytest.fixture(scope="module")
def database_url(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A database in which two depots are: one with breaches, one that was only configured."""
    url = new_sqlite(tmp_path_factory.mktemp("database"))
    breaches = (a_breach("b-1", 7), replace(CLEARED, event_seq=8), a_breach("b-2", 9, node_id="f-1"))
    events = (*a_decided_depot(), *breaches, *a_decided_depot("another")[:-1])

    async def fill() -> None:
        engine = create_engine(url)
        await project(events, SqlReadModelTransactions(engine))
        await engine.dispose()

    asyncio.run(fill())
    return url


@pytest.fixture
def busbar(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Command:
    """Runs a command on that database."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BUSBAR_DATABASE_URL", database_url)

    def run(*arguments: str) -> Ended:
        monkeypatch.setattr(sys, "argv", ["busbar", *arguments])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        said = capsys.readouterr()
        return Ended(ended.value.code or 0, said.out, said.err)  # type: ignore[arg-type]

    return run


def test_the_status_of_all_is_a_line_each(busbar: Command) -> None:
    ended = busbar("status")

    assert ended.code == 0
    heading, *lines = ended.out.splitlines()
    assert heading.split()[:4] == ["microgrid", "name", "state", "outcome"]
    assert [line.split()[0] for line in lines] == ["another", "depot"]
    assert "No data from the depot yet" in lines[0]
    assert "not decided yet" in lines[0]
    assert "Not decided for " in lines[1]
    assert "degraded" in lines[1]


def test_the_status_of_all_for_programs(busbar: Command) -> None:
    another, depot = json.loads(busbar("status", "--json").out)["items"]

    assert (another["microgrid_id"], another["outcome"], another["open_breaches"]) == ("another", None, 0)
    assert (depot["microgrid_id"], depot["open_breaches"]) == ("depot", 1)
    assert depot["totals"]["requested_w"] == 150_000
    assert depot["as_of"] == {"cycle_seq": 1, "event_seq": 9, "at": "2026-11-22T08:00:00Z", "state": "stale"}


def test_the_status_of_one_shows_its_tree_and_its_open_breaches(busbar: Command) -> None:
    ended = busbar("status", "depot")

    assert ended.code == 0
    for shown in ("Malaga depot (depot)", "Grid connection 1", "cp-2", "4,000.0", "Cycle 1", "f-1", "major"):
        assert shown in ended.out
    assert "cleared" in ended.out
    assert ended.out.count("still open") == 1


def test_the_status_of_one_shows_what_a_gateway_found_of_its_chargers(busbar: Command) -> None:
    """DEPOT-4"""
    lines = [line.split() for line in busbar("status", "depot").out.splitlines()]
    assert ["cp-1", "not", "controlled:", "it", "refuses", "A", "yes", "not", "known"] in lines
    assert json.loads(busbar("status", "depot", "--json").out)["controls"] == [
        {"charge_point_id": "cp-1", "control": {"why": "it refuses", "unit": "A", "reads_back": True, "lapses": None}}
    ]


def test_the_status_of_one_for_programs(busbar: Command) -> None:
    status = json.loads(busbar("status", "depot", "--json").out)

    assert list(status) == [
        "microgrid_id",
        "name",
        "state",
        "not_ready",
        "configuration_version",
        "warnings",
        "nodes",
        "latest_cycle",
        "open_breaches",
        "headroom_w",
        "time_zone",
        "unknown_statuses",
        "controls",
        "as_of",
    ]
    assert [node["node_id"] for node in status["nodes"]] == ["depot", "gc-1", "f-1", "cp-1", "cp-2"]
    assert status["latest_cycle"]["cycle_seq"] == 1
    assert [breach["breach_id"] for breach in status["open_breaches"]] == ["b-2"]


def test_the_status_of_one_that_was_never_decided_has_no_figures(busbar: Command) -> None:
    ended = busbar("status", "another")
    assert ended.code == 0
    assert "no cycle yet" in ended.out
    assert "No breach is open" in ended.out


@pytest.mark.parametrize(
    ("arguments", "listed"),
    [
        ((), ["b-2"]),
        (("depot",), ["b-2"]),
        (("--state", "closed"), ["b-1"]),
        (("depot", "--state", "all"), ["b-2", "b-1"]),
        (("another", "--state", "all"), []),
    ],
)
def test_breaches_for_programs(busbar: Command, arguments: tuple[str, ...], listed: list[str]) -> None:
    items = json.loads(busbar("breaches", *arguments, "--json").out)["items"]
    assert [item["breach_id"] for item in items] == listed


def test_a_breach_is_its_latest_event_and_when_it_opened_and_cleared(busbar: Command) -> None:
    (cleared,) = json.loads(busbar("breaches", "depot", "--state", "closed", "--json").out)["items"]

    assert (cleared["event_seq"], cleared["excess_w"], cleared["cause"]) == (8, -1, "unknown")
    assert (cleared["opened_at"], cleared["cleared_at"]) == ("2026-11-22T08:00:05Z", "2026-11-22T08:02:00Z")


def test_breaches_for_people(busbar: Command) -> None:
    ended = busbar("breaches", "--state", "all")

    assert ended.code == 0
    lines = ended.out.splitlines()[1:]
    assert [("still open" in line, "08:02:00Z" in line) for line in lines] == [(True, False), (False, True)]
    assert (
        busbar("breaches", "another").out == "No breach is open; busbar breaches --state all lists those that were.\n"
    )
    assert busbar("breaches", "another", "--state", "all").out == "No breaches.\n"


def test_an_explanation_for_people(busbar: Command) -> None:
    ended = busbar("explain", "depot", "cp-1/1")

    assert ended.code == 0
    assert ended.out.startswith("cp-1/1 may draw ")
    chain = [line.split()[:2] for line in ended.out.splitlines()[2:7]]
    assert chain[1] == ["binds", "cp-1"]
    assert [node_id for node_id, *_ in chain if node_id != "binds"] == ["cp-1/1", "f-1", "gc-1", "depot"]
    assert "Nothing changed since the cycle before." in ended.out


def test_a_connector_that_is_not_heard_is_explained(busbar: Command) -> None:
    assert "is not heard from" in busbar("explain", "depot", "cp-1/2").out


def test_an_explanation_for_programs(busbar: Command) -> None:
    explained = json.loads(busbar("explain", "depot", "cp-1/1", "--json").out)

    assert list(explained) == [
        "microgrid_id",
        "node_id",
        "as_of",
        "setpoint",
        "chain",
        "differences",
        "asked_again_within_s",
    ]
    assert explained["asked_again_within_s"] is None
    assert explained["setpoint"]["charge_point_id"] == "cp-1"
    assert [link["node_id"] for link in explained["chain"]] == ["cp-1/1", "cp-1", "f-1", "gc-1", "depot"]


def test_any_other_node_is_explained_by_what_is_below_it(busbar: Command) -> None:
    """Holds CLI-38."""
    explained = json.loads(busbar("explain", "depot", "f-1", "--json").out)
    assert list(explained) == ["microgrid_id", "node_id", "as_of", "chain", "below", "held_back"]
    assert [link["node_id"] for link in explained["chain"]] == ["f-1", "gc-1", "depot"]
    assert [link["node_id"] for link in explained["below"]] == ["cp-1", "cp-2"]
    assert explained["held_back"] == []


def test_a_node_that_holds_a_connector_back_says_so(busbar: Command) -> None:
    (held_back,) = json.loads(busbar("explain", "depot", "cp-1", "--json").out)["held_back"]
    assert (held_back["node_id"], held_back["setpoint"]["binding_node_id"]) == ("cp-1/1", "cp-1")
    ended = busbar("explain", "depot", "cp-1")
    assert ended.code == 0
    assert "It holds back one connector." in ended.out
    assert "cp-1/1" in ended.out


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("status", "nowhere"), "busbar: There is no microgrid 'nowhere'; there are another, depot.\n"),
        (("breaches", "nowhere"), "busbar: There is no microgrid 'nowhere'; there are another, depot.\n"),
        (("explain", "nowhere", "cp-1/1"), "busbar: There is no microgrid 'nowhere'; there are another, depot.\n"),
        (
            ("explain", "depot", "cp-3"),
            "busbar: There is no node 'cp-3'; there are "
            "cp-1, cp-1/1, cp-1/2, cp-2, cp-2/1, cp-2/2, depot, f-1, gc-1.\n",
        ),
        (("explain", "another", "cp-1/1"), "busbar: Nothing was decided for another yet.\n"),
    ],
)
def test_what_is_not_there_is_answered_in_a_sentence(
    busbar: Command, arguments: tuple[str, ...], complaint: str
) -> None:
    assert busbar(*arguments) == Ended(2, "", complaint)


@pytest.mark.parametrize("command", [("status",), ("breaches",), ("explain", "depot", "cp-1/1")])
def test_a_database_that_cannot_be_read_is_refused_and_none_is_made(
    busbar: Command, command: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text, missing = tmp_path / "text", tmp_path / "missing.sqlite3"
    text.write_text("no database")
    for url, complaint in (
        (sqlite_url(missing), "has not the schema of this release: run `busbar migrate` first."),
        (sqlite_url(text), "cannot be used: file is not a database."),
        ("nonsense", "cannot be used: "),
    ):
        monkeypatch.setenv("BUSBAR_DATABASE_URL", url)
        ended = busbar(*command)
        assert (ended.code, ended.out, len(ended.err.splitlines())) == (2, "", 1)
        assert f"The database of BUSBAR_DATABASE_URL {complaint}" in ended.err
    assert not missing.exists()

    monkeypatch.delenv("BUSBAR_DATABASE_URL")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    nothing = "The variable BUSBAR_DATABASE_URL is missing, and no live demo and no run of this user is going on."
    assert busbar(*command) == Ended(2, "", f"busbar: {nothing}\n")
