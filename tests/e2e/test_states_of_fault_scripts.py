"""What is said of a depot while a fault script has it: the sentence of each phase, from a run of the whole service."""

import re
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from adapters.simulation.faults.scripts import FAULTS
from adapters.simulation.scenarios import SCENARIOS
from application.queries.state import State, StateCode
from application.queries.status import state_of
from entrypoints.container import Container
from entrypoints.demo.in_one_process import open_demo
from tests.databases import sqlite_url


@dataclass(frozen=True, slots=True)
class Told:
    """What was said at a second of a run, and how long later nothing was decided any more."""

    second: int
    state: State


async def told(folder: Path, scenario: str, fault: str | None, minutes: int, every_s: int = 10) -> list[Told]:
    container = Container(
        database_url=sqlite_url(folder / "depot.sqlite3"),
        scenario=SCENARIOS[scenario],
        seed=1,
        fault=None if fault is None else FAULTS[fault],
    )
    said = []
    async with open_demo(container) as demo:
        for second in range(1, minutes * 60 + 1):
            await demo.tick()
            if second % every_s == 0:
                status = await demo.status()
                assert status is not None
                said.append(Told(second, status.state))
        row = await container.read_model().status(SCENARIOS[scenario].configuration["microgrid_id"])
        assert row is not None
        stopped = state_of(row.glance, demo.now + timedelta(seconds=200))
        assert stopped.code in (StateCode.NOT_DECIDED, StateCode.NO_DATA)
    return said


def codes(said: list[Told], since_s: int, until_s: int) -> set[StateCode]:
    return {each.state.code for each in said if since_s <= each.second < until_s}


@pytest.mark.parametrize("scenario", ["joondalup-small", pytest.param("malaga", marks=pytest.mark.slow)])
async def test_a_depot_that_falls_silent_is_said_to_be_and_then_to_send_no_data(tmp_path: Path, scenario: str) -> None:
    """Minute 5 to 15: nothing of the depot is heard."""
    said = await told(tmp_path, scenario, "all-silent", 17, every_s=20)

    assert not {StateCode.NO_DATA, StateCode.CHARGERS_SILENT} & codes(said, 120, 300)
    assert not {StateCode.WITHIN_LIMITS, StateCode.NO_DATA} & codes(said, 420, 470)
    silent = [each.state for each in said if 520 <= each.second < 900]
    assert {each.code for each in silent} == {StateCode.NO_DATA}
    (sentence,) = {each.sentence for each in silent}
    assert re.fullmatch(r"No data from the depot since (08|16):0[45]", sentence)
    assert StateCode.NO_DATA not in codes(said, 960, 1021)


async def test_a_limit_below_all_minimums_stops_vehicles_and_says_which_limit_and_since_when(tmp_path: Path) -> None:
    """Minute 5 to 15: every grid connection has half of what the minimums need, plus the background."""
    said = await told(tmp_path, "elizabeth-quay", "limit-below-minimums", 16)

    during = [each.state for each in said if 310 <= each.second < 900]
    assert {each.code for each in during} == {StateCode.STOPPED}
    for each in during:
        assert re.fullmatch(r"\d+ vehicles stopped: Grid connection fell to 65 kW at 08:05", each.sentence)
    assert StateCode.STOPPED not in codes(said, 910, 961)


async def test_a_charger_that_ignores_its_setpoint_is_over_its_limit_and_named(tmp_path: Path) -> None:
    said = await told(tmp_path, "joondalup-small", "ignores-setpoint", 16)

    during = codes(said, 330, 900)
    assert StateCode.OVER_LIMIT in during or StateCode.NOT_HONOURED in during
    assert codes(said, 0, 300) <= {StateCode.NO_DATA, StateCode.CHARGERS_SILENT, StateCode.WITHIN_LIMITS}


async def test_a_silent_meter_is_said_to_be(tmp_path: Path) -> None:
    said = await told(tmp_path, "joondalup-small", "meter-silent", 16)

    assert StateCode.METER_SILENT in codes(said, 360, 900)
