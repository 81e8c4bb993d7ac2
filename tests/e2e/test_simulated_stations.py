"""A depot under `busbar run --ocpp`: its chargers are those of `busbar simulate --ocpp` (CLI-36, CLI-37, DEPOT-4)."""

import json
import time
from pathlib import Path
from typing import Final

from adapters.ocpp.passwords import hashed
from tests.e2e.processes import run, running
from tests.services.processes import free_port
from tests.specification import ROOT

SITE: Final = ROOT / "examples" / "garage.json"
SAFE_W: Final = 30_000
"""What its grid connection is held to while nothing is heard of its meter."""

FALLBACKS_W: Final = 4 * 4_140

PASSWORDS: Final = {f"box-{number}": f"secret of box {number}" for number in range(1, 5)}


def test_a_depot_charges_under_a_binding_limit_within_a_minute_of_the_start(home: Path) -> None:
    """Real processes and websockets; five simulated seconds a second."""
    (home / "hashes").write_text("\n".join(hashed(*each) for each in PASSWORDS.items()))
    (home / "passwords").write_text("\n".join(f"{name} {password}" for name, password in PASSWORDS.items()))
    port, began = free_port(), time.monotonic()
    listening = ("--ocpp", f"127.0.0.1:{port}", "--passwords", "hashes", "--port", str(free_port()), "--data", "data")
    stations = ("--ocpp", f"ws://127.0.0.1:{port}", "--passwords", "passwords", "--report", "report.json", "--json")
    with running(home, "run", "--site", str(SITE), *listening):
        ended = run(home, "simulate", "--site", str(SITE), *stations, "--for", "60s", "--speed", "5")
        status = json.loads(run(home, "status", "garage", "--json").out)
    assert [each["charge_point_id"] for each in status["controls"]] == [*PASSWORDS]
    assert {each["control"]["why"] for each in status["controls"]} == {None}
    assert {each["control"]["unit"] for each in status["controls"]} <= {"W", "A"}
    summary = json.loads(ended.out)
    assert (ended.code, summary["verdict"], summary["expected"], summary["simulated_s"]) == (0, "pass", [], 60)
    assert [summary[key] for key in ("scenario", "cycles", "events", "breaches")] == [None] * 4
    assert summary["limit_violations"] == 0
    assert summary["energy_delivered_wh"] > 0
    report = json.loads((home / "report.json").read_text())
    assert report["true_overloads"] == []
    drawn_w = [sample["load_w"][0] for sample in report["time_line"]["samples"]]
    assert FALLBACKS_W * 1.3 < drawn_w[-1] <= SAFE_W
    assert time.monotonic() - began < 60
