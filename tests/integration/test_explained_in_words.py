"""What `busbar explain` and `busbar status` say of a connector that stands by, of its factor, of a node's quality."""

import asyncio
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from adapters.database.engine import create_engine
from adapters.database.read_model import SqlReadModelTransactions
from domain.events import CycleCompleted, DomainEvent
from domain.sharing.plan import Quality, Reason
from entrypoints.cli import main as cli
from tests.databases import new_sqlite
from tests.integration.test_read_commands import a_decided_depot
from tests.unit.application.read_side import project

QUALITIES = {"gc-1": Quality.BAD, "f-1": Quality.ESTIMATED, "cp-1": Quality.OK, "cp-2": Quality.MISSING}


def as_it_may_be(event: DomainEvent) -> DomainEvent:
    """The same cycle, in which cp-1/1 stands by and draws 6 % more than it is told."""
    if not isinstance(event, CycleCompleted):
        return event
    first, *others = event.setpoints
    return replace(
        event,
        setpoints=(replace(first, reason=Reason.STANDBY, factor=1060), *others),
        nodes=tuple([replace(node, quality=QUALITIES.get(node.node_id, Quality.OK)) for node in event.nodes]),
    )


@pytest.fixture
def said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """What a command prints of that depot."""
    url = new_sqlite(tmp_path)

    async def fill() -> None:
        engine = create_engine(url)
        await project(list(map(as_it_may_be, a_decided_depot())), SqlReadModelTransactions(engine))
        await engine.dispose()

    asyncio.run(fill())
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BUSBAR_DATABASE_URL", url)

    def run(*arguments: str) -> str:
        monkeypatch.setattr(sys, "argv", ["busbar", *arguments])
        with pytest.raises(SystemExit):
            cli.main()
        return capsys.readouterr().out

    return run


def test_r33_one_that_stands_by_is_asked_again_within_the_time_that_the_last_of_all_waits(
    said: Callable[..., str],
) -> None:
    """45 minutes by the settings, and up to 7/16 of that later, as not all are asked at once."""
    sentence = said("explain", "depot", "cp-1/1").splitlines()[0]
    assert ": it is full or asleep, and is asked again within 65 min." in sentence


def test_r34_a_factor_is_said_where_it_is_not_one(said: Callable[..., str]) -> None:
    assert said("explain", "depot", "cp-1/1").splitlines()[0].endswith(" It draws 1.06 W for each W it is told.")
    assert "for each W" not in said("explain", "depot", "cp-1/2")


def test_r25_what_is_wrong_with_the_figures_above_a_connector_is_said(said: Callable[..., str]) -> None:
    lines = said("explain", "depot", "cp-1/1").splitlines()
    assert [line for line in lines if line.startswith(("gc-1: ", "f-1: ", "cp-1: ", "depot: "))] == [
        "f-1: not all of its load is measured.",
        "gc-1: its meter shows too little, or stands still.",
    ]
    assert "cp-2: nothing of its load is measured." in said("explain", "depot", "cp-2/1").splitlines()


def test_the_status_says_it_of_every_node(said: Callable[..., str]) -> None:
    lines = {line.split()[0]: line for line in said("status", "depot").splitlines() if line.strip()}
    assert lines["gc-1"].rstrip().endswith("its meter shows too little, or stands still")
    assert lines["f-1"].rstrip().endswith("not all of its load is measured")
    assert lines["cp-2"].rstrip().endswith("nothing of its load is measured")
    assert "measured" not in lines["cp-1"]
