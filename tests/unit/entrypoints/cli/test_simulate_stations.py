"""`busbar simulate --ocpp` on the command line (CLI-36)."""

import json
from pathlib import Path

import pytest

from tests.services.processes import free_port
from tests.unit.conftest import CommandLine

URL = "ws://127.0.0.1:8180"


@pytest.mark.parametrize("url", ["127.0.0.1:8180", "http://127.0.0.1:8180", "ws://", "ws://127.0.0.1:none"])
def test_what_is_no_address_of_a_gateway_is_refused(busbar: CommandLine, url: str) -> None:
    assert "no address of a gateway" in busbar.refusal("simulate", "--ocpp", url)


@pytest.mark.parametrize("fault", ["take-overs", "ratings-lowered", "limit-below-minimums", "meter-frozen"])
def test_fault_scripts_that_act_on_more_than_chargers_find_nothing_to_affect(busbar: CommandLine, fault: str) -> None:
    refusal = busbar.refusal("simulate", "--ocpp", URL, "--scenario", "joondalup-small", "--fault", fault)
    assert f"The fault script {fault} finds nothing to affect in joondalup-small" in refusal


def test_passwords_are_those_of_stations(busbar: CommandLine, tmp_path: Path) -> None:
    file = tmp_path / "passwords"
    file.write_text("# of the depot\n\ncp-1 secret\ncp-2\n")
    assert "line 4" in busbar.refusal("simulate", "--ocpp", URL, "--passwords", file)
    assert "--ocpp" in busbar.refusal("simulate", "--passwords", file)


def test_a_run_in_which_no_gateway_was_there_does_not_pass(busbar: CommandLine) -> None:
    url = f"ws://127.0.0.1:{free_port()}"
    code, out, _ = busbar(
        "simulate", "--ocpp", url, "--scenario", "joondalup-small", "--for", "20s", "--speed", 20, "--json"
    )
    summary = json.loads(out)
    assert (code, summary["verdict"], summary["simulated_s"]) == (1, "fail", 20)
    assert {each["code"] for each in summary["expected"]} == {"not_connected"}
    assert "no gateway answers" in summary["expected"][0]["message"]
    assert [summary[key] for key in ("cycles", "cycles_published", "events", "breaches")] == [None] * 4
