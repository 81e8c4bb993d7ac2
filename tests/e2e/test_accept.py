"""`busbar accept site`: what a customer's integration test begins with (DEPOT-1, DEPOT-2)."""

import hashlib
import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from adapters.ocpp.spoken import ALONE
from adapters.simulation.faults.scripts import FAULTS
from tests.e2e.processes import run

SITE: dict[str, Any] = {
    "microgrid_id": "garage",
    "version": 1,
    "circuits": [
        {"circuit_id": "north", "default_capacity_w": 60_000, "safe_operating_capacity_w": 30_000, "metered": True},
        {"circuit_id": "boxes", "parent_id": "north", "default_capacity_w": 44_000},
    ],
    "charge_points": [
        {
            "charge_point_id": f"box-{number}",
            "circuit_id": "boxes",
            "max_power_w": 22_000,
            "fallback_power_w": 4_140,
            "connectors": [{"connector_id": 1, "max_power_w": 22_000, "min_power_w": 4_140}],
        }
        for number in (1, 2, 3)
    ],
}


@pytest.fixture
def file(home: Path) -> Path:
    return home / "site.json"


def test_a_site_that_passes_is_played_under_everything_that_its_time_is_enough_for(home: Path, file: Path) -> None:
    file.write_text(json.dumps(SITE))
    ended = run(home, "accept", "site", str(file), "--for", "90s", "--report", "signed")
    assert (ended.code, ended.complaints) == (0, [])
    assert ended.lines[-2:] == [ALONE, "garage is accepted: pass."]

    found = json.loads((home / "signed/report.json").read_text())
    assert (found["verdict"], found["sha256"]) == ("pass", hashlib.sha256(file.read_bytes()).hexdigest())
    assert [each["name"] for each in found["runs"]] == ["plain", *FAULTS]
    played = {each["name"]: each for each in found["runs"] if each["not_played"] is None}
    assert played.keys() == {"plain", "duplicates-and-late", "clock-skew", "late-meters", "overdraw"}
    assert all(each["summary"]["simulated_s"] == 90 and each["energy_percent"] > 0 for each in played.values())
    assert all(each["worst"] and each["changes_a_charger_and_hour"] is not None for each in played.values())
    silent = next(each for each in found["runs"] if each["name"] == "all-silent")
    assert silent["not_played"] == "Nothing of it is seen before second 300: that takes a longer --for."

    suite = ElementTree.fromstring((home / "signed/junit.xml").read_bytes())
    skipped = str(len(FAULTS) - 4)
    assert [suite.get(key) for key in ("tests", "failures", "skipped")] == [str(len(FAULTS) + 3), "0", skipped]
    assert "<svg" in (home / "signed/report.html").read_text()


def test_a_site_that_does_not_fail_safe_is_named_and_the_same_seed_gives_the_same_report(
    home: Path, file: Path
) -> None:
    file.write_text(json.dumps(SITE))
    asked = ("accept", "site", str(file), "--background", "boxes=40000", "--for", "2s", "--seed", "3", "--report")
    ended = [run(home, *asked, folder) for folder in ("one", "two")]
    assert [each.code for each in ended] == [1, 1]
    sentence = (
        "boxes would draw 52,420 W (12,420 W of fallbacks and 40,000 W of background), above its capacity of 44,000"
    )
    assert any(sentence in line for line in ended[0].lines)

    found = [json.loads((home / folder / "report.json").read_text()) for folder in ("one", "two")]
    assert sentence in found[0]["fail_safe"]["failures"][0]
    assert [each["verdict"] for each in found[0]["runs"] if each["verdict"]] == ["pass"] * 4
    dates = [each.pop("made_at") for each in found]
    assert found[0] == found[1]
    for name in ("report.html", "junit.xml"):
        first, second = ((home / folder / name).read_text() for folder in ("one", "two"))
        assert sentence in first
        assert first.replace(dates[0][:19], "") == second.replace(dates[1][:19], "")


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"default_capacity_w": 44}, ("likely_kilowatts boxes", "were 44 kW")),
        ({"parent_id": "south"}, ("unknown_parent /circuits/1/parent_id", "south")),
        ({"parent_id": "boxes"}, ("circuit_cycle /circuits/1/parent_id", "not by the grid")),
        ({"metred": True}, ("unknown_key /circuits/1/metred", "was metered meant?")),
    ],
)
def test_a_configuration_that_is_not_what_is_meant_is_named_and_not_played(
    home: Path, file: Path, changed: dict[str, Any], named: tuple[str, str]
) -> None:
    north, boxes = SITE["circuits"]
    file.write_text(json.dumps(SITE | {"circuits": [north, boxes | changed]}))
    ended = run(home, "accept", "site", str(file), "--report", "signed")
    assert ended.code == 1
    found = json.loads((home / "signed/report.json").read_text())
    page, suite = ((home / "signed" / name).read_text() for name in ("report.html", "junit.xml"))
    assert (found["verdict"], found["runs"]) == ("fail", [])
    for words in named:
        assert words in found["check"]["failures"][0]
        assert words in page
        assert words in suite


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (("--background", "box-1=5"), "'box-1', which is neither a circuit nor the microgrid"),
        (("--background", "north"), "is no background"),
        (("--report", "site.json"), "site.json"),
    ],
)
def test_a_question_that_makes_no_sense_ends_with_2(
    home: Path, file: Path, options: tuple[str, ...], complaint: str
) -> None:
    file.write_text(json.dumps(SITE))
    ended = run(home, "accept", "site", str(file), *options)
    assert ended.code == 2
    assert complaint in ended.err.decode()
