"""Scenarios, sites of one's own and faults on the command line."""

import json
from pathlib import Path
from typing import Any

import pytest

from adapters.simulation.faults.scripts import FAULTS
from adapters.simulation.scenarios import SCENARIOS
from tests.unit.conftest import CommandLine

GRID: dict[str, Any] = {"circuit_id": "gc", "name": "Grid", "default_capacity_w": 60_000.0, "metered": True}
OWN: dict[str, Any] = {
    "microgrid_id": "own",
    "name": "A depot of one's own",
    "version": 7,
    "circuits": [GRID],
    "charge_points": [
        {"charge_point_id": f"cp-{number}", "circuit_id": "gc", "max_power_w": 22_000, "fallback_power_w": 4_000}
        | {"connectors": [{"connector_id": 1, "max_power_w": 22_000}]}
        for number in range(4)
    ],
}


@pytest.fixture
def own(tmp_path: Path) -> Path:
    file = tmp_path / "own.json"
    file.write_text(json.dumps(OWN))
    return file


def test_scenarios_and_faults_are_listed_with_a_sentence_each(busbar: CommandLine) -> None:
    code, out, _ = busbar("scenarios", "--json")
    listed = json.loads(out)
    assert code == 0
    assert listed["scenarios"] == [{"name": each.name, "summary": each.summary} for each in SCENARIOS.values()]
    assert listed["faults"] == [{"name": each.name, "summary": each.summary} for each in FAULTS.values()]
    code, out, _ = busbar("scenarios")
    assert code == 0
    assert all(each["name"] in out and each["summary"] in out for kind in listed.values() for each in kind)


def test_a_fault_is_named_in_the_summary_and_so_are_the_messages_it_affected(busbar: CommandLine) -> None:
    """Holds CLI-7."""
    arguments = ("--scenario", "joondalup-small", "--for", "10s", "--seed", 3)
    summary = busbar.demo(*arguments, "--fault", "clock-skew")
    assert (summary["scenario"], summary["fault"], summary["seed"]) == ("joondalup-small", "clock-skew", 3)
    assert summary["messages_affected"] > 0
    plain = busbar.demo(*arguments)
    assert (plain["fault"], plain["messages_affected"]) == (None, 0)


def test_a_site_of_ones_own_is_played_with_half_of_its_connectors_taken(busbar: CommandLine, own: Path) -> None:
    """Holds CLI-5."""
    summary = busbar.demo("--site", own, "--for", "60s")
    assert (summary["scenario"], summary["connectors"], summary["limit_violations"]) == (None, 4, 0)
    assert summary["energy_delivered_wh"] > 0
    assert busbar.demo("--site", own, "--for", "60s", "--fault", "duplicates-and-late")["messages_affected"] > 0


def test_a_configuration_that_changes_during_the_run_is_published(busbar: CommandLine) -> None:
    summary = busbar.demo("--scenario", "joondalup-small", "--for", "301s", "--fault", "limit-below-minimums")
    assert summary["events"]["busbar.configuration.applied.v1"] == 2
    assert summary["messages_affected"] == 1


def test_a_take_over_is_one_of_the_things_that_a_script_affects(busbar: CommandLine) -> None:
    summary = busbar.demo("--scenario", "joondalup-small", "--for", "326s", "--fault", "take-overs")
    assert (summary["messages_affected"], summary["limit_violations"]) == (2, 0)


def test_a_depot_has_the_chargers_that_it_is_given(busbar: CommandLine) -> None:
    arguments = ("--scenario", "joondalup-small", "--for", "30s")
    ideal, real, default = (
        busbar.demo(*arguments, *more) for more in (("--chargers", "ideal"), ("--chargers", "real"), ())
    )
    assert default == real
    assert ideal["energy_delivered_wh"] != real["energy_delivered_wh"]


def test_a_later_run_begins_with_its_own_configuration_whatever_an_earlier_one_left_in_force(
    busbar: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BUSBAR_DATABASE_URL", f"sqlite+aiosqlite:///{tmp_path}/demo.sqlite3")
    scenario = ("--scenario", "joondalup-small")
    busbar.demo(*scenario, "--for", "301s", "--fault", "limit-below-minimums")
    assert busbar.demo(*scenario, "--for", "5s")["events"]["busbar.configuration.applied.v1"] == 1
    assert "busbar.configuration.applied.v1" not in busbar.demo(*scenario, "--for", "5s")["events"]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--scenario", "nowhere"), "There is no scenario 'nowhere'; there are malaga, joondalup-small, "),
        (("--fault", "nothing"), "There is no fault script 'nothing'; there are charger-offline, meter-silent, "),
        (("--site", "missing.json"), "'missing.json': No such file or directory"),
    ],
)
def test_unknown_names_are_answered_with_the_known_ones(
    busbar: CommandLine, arguments: tuple[str, ...], sentence: str
) -> None:
    assert sentence in busbar.refusal("demo", *arguments)


@pytest.mark.parametrize(
    ("fault", "duration"), [("charger-offline", "5m"), ("late-meters", "1m"), ("cold-start", "2m")]
)
@pytest.mark.parametrize("command", ["demo", "simulate"])
def test_a_fault_script_that_is_left_no_time_is_bad_usage(
    busbar: CommandLine, command: str, fault: str, duration: str
) -> None:
    """Holds CLI-3."""
    line = busbar.refusal(command, "--fault", fault, "--for", duration)
    assert f"leaves no time for the fault script {fault}" in line


def test_where_the_worker_is_another_process_take_overs_find_nothing_to_affect(busbar: CommandLine) -> None:
    line = busbar.refusal("simulate", "--fault", "take-overs")
    assert line == (
        "busbar: The fault script take-overs finds nothing to affect in malaga: the worker is another process."
    )


def test_a_scenario_and_a_site_at_once_are_one_too_many(busbar: CommandLine, own: Path) -> None:
    assert "not both" in busbar.refusal("demo", "--site", own, "--scenario", "malaga")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "Expecting value"),
        ("\x00\xff", "UTF-8"),
        ("[1]", "dictionary"),
        (json.dumps(OWN | {"name": 7}), "/name"),
        (json.dumps(OWN | {"circuits": []}), "/circuits: No circuit is a grid connection (has no parent)"),
        (json.dumps(OWN | {"strategy": {"order": "luck"}}), "/strategy/order"),
    ],
)
def test_a_site_that_cannot_be_used_ends_with_a_reason(
    busbar: CommandLine, tmp_path: Path, text: str, reason: str
) -> None:
    file = tmp_path / "bad.json"
    file.write_text(text, encoding="latin-1")
    line = busbar.refusal("demo", "--headless", "--site", file)
    assert str(file) in line
    assert reason in line


def test_a_fault_that_finds_nothing_to_affect_ends_with_a_sentence(busbar: CommandLine, tmp_path: Path) -> None:
    """Holds CLI-3."""
    file = tmp_path / "unmetered.json"
    file.write_text(json.dumps(OWN | {"circuits": [GRID | {"metered": False}]}))
    line = busbar.refusal("demo", "--headless", "--site", file, "--fault", "meter-silent")
    assert line == "busbar: The fault script meter-silent finds nothing to affect in own: there are no meters."
