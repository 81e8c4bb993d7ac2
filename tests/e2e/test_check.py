"""`busbar check`: a site configuration judged before anybody applies it (CLI-29)."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.processes import run

SITE: dict[str, Any] = {
    "microgrid_id": "garage",
    "version": 1,
    "circuits": [
        {"circuit_id": "north", "default_capacity_w": 250_000, "safe_operating_capacity_w": 150_000, "metered": True},
        {"circuit_id": "dc", "parent_id": "north", "default_capacity_w": 200_000},
    ],
    "charge_points": [
        {
            "charge_point_id": "cp-1",
            "circuit_id": "dc",
            "max_power_w": 150_000,
            "fallback_power_w": 4_140,
            "connectors": [{"connector_id": 1, "max_power_w": 150_000}, {"connector_id": 2, "max_power_w": 150_000}],
        }
    ],
}


@pytest.fixture
def file(home: Path) -> Path:
    return home / "site.json"


def test_a_site_without_faults_ends_with_0_and_its_tree(home: Path, file: Path) -> None:
    file.write_text(json.dumps(SITE))
    ended = run(home, "check", str(file), "--strict")
    assert (ended.code, ended.complaints) == (0, [])
    assert ended.lines[-1] == "Valid."
    assert any(line.split()[:3] == ["north", "north", "250.0"] for line in ended.lines)


def test_every_fault_is_named_at_its_place_and_ends_with_1(home: Path, file: Path) -> None:
    broken = SITE | {"circuits": [{"circuit_id": "north"}, {"circuit_id": "x", "parent_id": "y"}], "version": "one"}
    file.write_text(json.dumps(broken))
    ended = run(home, "check", str(file), "--json")
    assert ended.code == 1
    found = json.loads(ended.out)
    assert found["valid"] is False
    assert {(each["code"], each["path"]) for each in found["faults"]} == {
        ("malformed", "/version"),
        ("grid_connection_without_limit", "/circuits/0/default_capacity_w"),
        ("unknown_parent", "/circuits/1/parent_id"),
        ("unknown_circuit", "/charge_points/0/circuit_id"),
    }


def test_a_limit_in_kilowatts_and_a_mistyped_key_are_warnings(home: Path, file: Path) -> None:
    slip = SITE["circuits"][0] | {"default_capacity_w": 250, "safe_operating_capacity_w": 150, "metred": True}
    file.write_text(json.dumps(SITE | {"circuits": [slip, SITE["circuits"][1]]}))
    ended, strict = run(home, "check", str(file), "--json"), run(home, "check", str(file), "--json", "--strict")
    assert (ended.code, strict.code) == (0, 1)
    found = json.loads(ended.out)
    assert [(each["code"], each["node_id"]) for each in found["slips"]] == [("likely_kilowatts", "north")] * 2
    assert found["unknown_keys"] == [{"path": "/circuits/0/metred", "key": "metred", "nearest": "metered"}]


def test_against_another_configuration_it_says_what_changes(home: Path, file: Path) -> None:
    former = home / "former.json"
    former.write_text(json.dumps(SITE))
    file.write_text(json.dumps(SITE | {"version": 2, "max_import_w": 300_000}))
    ended = run(home, "check", str(file), "--against", str(former), "--json")
    assert ended.code == 0
    assert json.loads(ended.out)["changes"] == [
        {"node_id": "garage", "field": "version", "before": 1, "now": 2},
        {"node_id": "garage", "field": "max_import_w", "before": None, "now": 300_000},
    ]
    file.write_text(json.dumps(SITE | {"max_import_w": 300_000}))
    refused = json.loads(run(home, "check", str(file), "--against", str(former), "--json").out)
    assert [each["code"] for each in refused["faults"]] == ["version_not_newer"]


def test_the_example_of_the_contract_is_taken_as_it_is(home: Path) -> None:
    example = Path(__file__).resolve().parents[2] / "contracts" / "examples" / "site.configuration.v1.json"
    assert run(home, "check", str(example)).code == 0


@pytest.mark.parametrize("text", [b"", b"{", b"\xff", b"[" * 5000])
def test_what_is_no_json_is_bad_usage(home: Path, file: Path, text: bytes) -> None:
    file.write_bytes(text)
    ended = run(home, "check", str(file))
    assert (ended.code, len(ended.complaints)) == (2, 1)


def test_what_a_file_says_steers_no_terminal(home: Path, file: Path) -> None:
    """Holds CLI-40."""
    steering = "\x1b[2J\x07\x9b\u2028\u202e"
    former, offered = home / "former.json", home / f"{steering}.json"
    former.write_text(json.dumps({**SITE, "workspace_id": "[/] north"}))
    offered.write_text("{")
    file.write_text(json.dumps({**SITE, f"un{steering}known": 1, "workspace_id": f"south{steering}"}))
    brokers = {"BUSBAR_KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:1"}
    for arguments in (
        ("check", str(file), "--against", str(former)),
        ("check", str(offered)),
        ("configure", str(file), "--strict"),
        ("configure", str(offered)),
        ("demo", "--scenario", steering),
        (steering,),
    ):
        ended = run(home, *arguments, variables=brokers)
        assert ended.code in (1, 2)
        said = (ended.out + ended.err).decode()
        assert [each for each in steering.replace("[2J", "") if each in said] == [], arguments
        assert "Traceback" not in said


def test_a_name_is_no_markup(home: Path, file: Path) -> None:
    """Holds CLI-40."""
    file.write_text(json.dumps({**SITE, "name": "[/] :smile:", "version": 2}))
    former = home / "former.json"
    former.write_text(json.dumps({**SITE, "name": "[red]garage"}))
    ended = run(home, "check", str(file), "--against", str(former))
    assert (ended.code, ended.complaints) == (0, [])
    assert any("[/] :smile:" in line and "[red]garage" in line for line in ended.lines)


def test_what_is_in_no_encoding_is_shown_escaped(home: Path, file: Path) -> None:
    """Half a surrogate pair can be written in JSON."""
    file.write_text(json.dumps(SITE | {"half \ud800": 1}))
    ended = run(home, "check", str(file))
    assert (ended.code, ended.complaints) == (0, [])
    assert any("nothing reads half \\ud800" in line for line in ended.lines)
