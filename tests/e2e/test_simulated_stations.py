"""A depot under `busbar run --ocpp`: its chargers are those of `busbar simulate --ocpp` (CLI-36, CLI-37, DEPOT-4)."""

import json
import subprocess
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import httpx
import pytest
from pydantic_core import to_json

from adapters.ocpp.passwords import hashed
from tests.e2e.processes import COMMAND, PATIENCE_S, environment, run, running
from tests.services.processes import free_port
from tests.specification import ROOT

SITE: Final = ROOT / "examples" / "garage.json"
SAFE_W: Final = 30_000
"""What its grid connection is held to while nothing is heard of its meter."""

MINUTE_S: Final = 60

FALLBACKS_W: Final = 4 * 4_140

PASSWORDS: Final = {f"box-{number}": f"secret of box {number}" for number in range(1, 5)}


def test_a_depot_charges_under_a_binding_limit_a_moment_after_its_stations_connected(home: Path) -> None:
    """Real processes and websockets; five simulated seconds a second."""
    (home / "hashes").write_text("\n".join(hashed(*each) for each in PASSWORDS.items()))
    (home / "passwords").write_text("\n".join(f"{name} {password}" for name, password in PASSWORDS.items()))
    port = free_port()
    listening = ("--ocpp", f"127.0.0.1:{port}", "--passwords", "hashes", "--port", str(free_port()), "--data", "data")
    stations = ("--ocpp", f"ws://127.0.0.1:{port}", "--passwords", "passwords", "--report", "report.json", "--json")
    with running(home, "run", "--site", str(SITE), *listening):
        _soon(lambda: "Version 1 of garage is in force" in (home / "stderr").read_text())
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


@pytest.mark.slow
def test_a_metered_site_leaves_safe_mode_once_its_meter_is_heard(home: Path) -> None:
    """Chargers by websockets, their meter by `busbar send` (CLI-37, CLI-39)."""
    port = free_port()
    listening = ("--ocpp", f"127.0.0.1:{port}", "--port", str(free_port()), "--data", "data")
    with (
        running(home, "run", "--site", str(SITE), *listening),
        running(home, "simulate", "--site", str(SITE), "--ocpp", f"ws://127.0.0.1:{port}"),
    ):
        _soon(lambda: _mode(home) == "safe")
        sending = subprocess.Popen(
            [*COMMAND, "send", "-"], cwd=home, env=environment(home), stdin=subprocess.PIPE, stdout=subprocess.DEVNULL
        )
        assert sending.stdin is not None
        with sending:
            for _ in _every_s(lambda: _mode(home) == "normal"):
                at = datetime.now(UTC)
                sequence = int(at.timestamp() * 1000)
                reading = {"microgrid_id": "garage", "circuit_id": "gc-1", "sequence": sequence, "power_w": 45_000}
                sending.stdin.write(to_json(reading | {"measured_at": at}) + b"\n")
                sending.stdin.flush()
            sending.stdin.close()


@pytest.mark.slow
def test_the_first_vehicle_charges_under_a_binding_limit_within_a_minute_of_the_start(home: Path) -> None:
    """In real time, both commands started at once in an empty folder; prints the seconds."""
    page, port = free_port(), free_port()
    listening = ("--ocpp", f"127.0.0.1:{port}", "--port", str(page), "--data", "data")
    began = time.monotonic()
    with (
        running(home, "run", "--site", str(SITE), *listening),
        running(home, "simulate", "--site", str(SITE), "--ocpp", f"ws://127.0.0.1:{port}"),
    ):
        _soon(lambda: any(map(_is_held, _setpoints(page))))
        took_s = time.monotonic() - began
    print(f"{took_s:.1f} s from the start to the first vehicle that charges under a binding limit")
    assert took_s < MINUTE_S


def _setpoints(page: int) -> list[dict[str, Any]]:
    """Those of the latest cycle; none before there is one."""
    try:
        found = httpx.get(f"http://127.0.0.1:{page}/v1/microgrids/garage", trust_env=False, timeout=PATIENCE_S)
    except httpx.TransportError:
        return []
    cycle = found.json().get("latest_cycle") or {"setpoints": []}
    setpoints: list[dict[str, Any]] = cycle["setpoints"]
    return setpoints


def _is_held(setpoint: dict[str, Any]) -> bool:
    """Whether a vehicle draws, by more than nothing and no more than its charger is told, as a circuit has no more."""
    drawn_w, limit_w = setpoint["measured_w"] or 0, setpoint["limit_w"] or 0
    return setpoint["binding_node_id"] is not None and 0 < drawn_w <= limit_w * 1.06


def _mode(home: Path) -> str | None:
    """Of the grid connection; None before the first cycle."""
    ended = run(home, "status", "garage", "--json")
    nodes = json.loads(ended.out)["nodes"] if ended.code == 0 else []
    modes: list[str | None] = [node["mode"] for node in nodes if node["node_id"] == "gc-1"]
    return modes[0] if modes else None


def _every_s(holds: Callable[[], bool]) -> Iterator[None]:
    """Once a second or so until something holds."""
    until = time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < until
        yield
        time.sleep(0.5)


def _soon(holds: Callable[[], bool]) -> None:
    until = time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < until
        time.sleep(0.1)
