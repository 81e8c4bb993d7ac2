"""Plans in CSV, joined to the sessions of the vehicles that are there (CLI-30)."""

import os
from pathlib import Path
from typing import Any

import pytest

from entrypoints.run.plan import Departure, Plan, PlanFile, UnusablePlan

TEXT = """connector,departs_at,energy_needed_wh,priority
cp-1/1,2030-01-01T05:00:00Z,80000,3
TAG-7,,1000,
"""


def telemetry(session: dict[str, Any] | None) -> dict[str, Any]:
    return {"charge_point_id": "cp-1", "connectors": [{"connector_id": 1, "session": session}, {"connector_id": 2}]}


def test_what_is_planned_is_put_into_a_session_that_does_not_say_it() -> None:
    joined = Plan.read(TEXT).joined(telemetry({"session_id": "a", "priority": 1, "departs_at": None}))
    assert joined["connectors"][0]["session"] == {
        "session_id": "a",
        "priority": 1,
        "departs_at": "2030-01-01T05:00:00Z",
        "energy_needed_wh": 80_000,
    }


def test_without_a_session_nothing_is_joined() -> None:
    assert Plan.read(TEXT).joined(telemetry(None)) == telemetry(None)
    meter = {"circuit_id": "gc-1", "power_w": 5}
    assert Plan.read(TEXT).joined(meter) == meter


def test_a_departure_is_found_by_connector_or_by_id_tag() -> None:
    plan = Plan.read(TEXT)
    assert plan.of("cp-9/1", "TAG-7") == Departure(None, 1000, None)
    assert plan.of("cp-9/1", None) is None


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("", "line 1"),
        ("vehicle\n", "line 1"),
        ("connector,priority\na,b\n", "line 2"),
        ("connector,energy_needed_wh\na,-1\n", "line 2"),
        ("connector,energy_needed_wh\na,1\nb,1.5\n", "line 3"),
        ("connector,departs_at\na,2030-01-01 05:00\n", "line 2"),
        (f"connector,priority\na,{'9' * 5000}\n", "line 2: priority"),
        (f"{'x' * 140_000},connector\n", "line 1"),
        ("conn\rector\n", "line 1"),
    ],
)
def test_a_plan_that_cannot_be_read_names_the_line(text: str, place: str) -> None:
    with pytest.raises(UnusablePlan, match=place):
        Plan.read(text)


def test_a_plan_that_is_saved_anew_is_read_again(tmp_path: Path) -> None:
    file = tmp_path / "plan.csv"
    file.write_text(TEXT)
    plan = PlanFile(file)
    plan.read()
    file.write_text(TEXT.replace("80000", "90000"))
    os.utime(file, (1, 1))
    plan.read()
    joined = plan.joined(telemetry({"session_id": "a"}))
    assert joined["connectors"][0]["session"]["energy_needed_wh"] == 90_000
