"""`busbar run`: a real depot on one machine, in real time, and the commands that find it (CLI-30, CLI-28)."""

import json
import os
import signal
import socket
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.e2e.processes import PATIENCE_S, Running, run, running
from tests.services.processes import free_port

SITE: dict[str, Any] = {
    "microgrid_id": "garage",
    "version": 1,
    "settings": {"min_cycle_interval_s": 1, "telemetry_cycle_interval_s": 1},
    "circuits": [
        {"circuit_id": "north", "default_capacity_w": 100_000, "safe_operating_capacity_w": 50_000, "metered": True}
    ],
    "charge_points": [
        {
            "charge_point_id": "cp-1",
            "circuit_id": "north",
            "max_power_w": 150_000,
            "fallback_power_w": 4_000,
            "connectors": [{"connector_id": 1, "max_power_w": 150_000}],
        }
    ],
}
SECRET = "a-token-of-some-length"


def now(later_s: int = 0) -> str:
    return (datetime.now(UTC) + timedelta(seconds=later_s)).isoformat()


def meter(sequence: int, power_w: int = 20_000) -> dict[str, Any]:
    place = {"microgrid_id": "garage", "circuit_id": "north"}
    return {**place, "sequence": sequence, "measured_at": now(), "power_w": power_w}


def charger(sequence: int) -> dict[str, Any]:
    place = {"microgrid_id": "garage", "charge_point_id": "cp-1"}
    connector = {"connector_id": 1, "status": "Charging", "power_w": 10_000, "session": {"session_id": "bus-7"}}
    return {**place, "sequence": sequence, "measured_at": now(), "connectors": [connector]}


class Depot:
    """A run of the garage in a process of its own."""

    def __init__(self, home: Path, process: Running, port: int) -> None:
        self.home = home
        self.process = process
        self.port = port

    def get(self, path: str, **headers: str) -> httpx.Response:
        return httpx.get(f"http://127.0.0.1:{self.port}{path}", headers=headers, timeout=PATIENCE_S)

    def wait_for(self, holds: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """The status of the garage, once it is so."""
        patient_until, status = time.monotonic() + PATIENCE_S, {}
        while time.monotonic() < patient_until:
            answer = self.get("/v1/microgrids/garage")
            status = answer.json()
            if answer.status_code == 200 and holds(status):
                return dict(status)
            time.sleep(0.1)
        raise AssertionError(status)

    def send(self, *lines: bytes) -> list[dict[str, Any]]:
        """What the socket answers to these lines."""
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(str(self.home / "data" / "telemetry.sock"))
            client.sendall(b"".join(line + b"\n" for line in lines))
            client.shutdown(socket.SHUT_WR)
            answered = b"".join(iter(lambda: client.recv(65536), b""))
        return [json.loads(line) for line in answered.splitlines()]

    def setpoint(self) -> dict[str, Any]:
        (cycle,) = self.get("/v1/microgrids/garage/cycles?limit=1").json()["items"]
        whole = self.get(f"/v1/microgrids/garage/cycles/{cycle['cycle_seq']}").json()
        (setpoint,) = whole["setpoints"]
        return dict(setpoint)


@pytest.fixture
def site(home: Path) -> Path:
    file = home / "site.json"
    file.write_text(json.dumps(SITE))
    return file


@pytest.fixture
def depot(home: Path, site: Path) -> Iterator[Depot]:
    port = free_port()
    with running(home, "run", "--site", str(site), "--port", str(port), "--data", str(home / "data")) as process:
        _wait_for_an_answer(port)
        yield Depot(home, process, port)


def _wait_for_an_answer(port: int) -> None:
    patient_until = time.monotonic() + PATIENCE_S
    while True:
        try:
            httpx.get(f"http://127.0.0.1:{port}/health/live", timeout=PATIENCE_S)
        except httpx.TransportError:
            assert time.monotonic() < patient_until
            time.sleep(0.1)
        else:
            return


def test_a_depot_is_balanced_by_what_is_sent_to_it_and_goes_on_after_a_kill(depot: Depot, site: Path) -> None:
    depot.wait_for(lambda status: status["configuration_version"] == 1)
    lines = [json.dumps(each).encode() for each in (meter(1), charger(1))]
    answers = depot.send(*lines, b"nonsense", b"x" * (2**24 + 1), b"{}")
    assert [(each["line"], each["error"]["code"]) for each in answers] == [
        (3, "invalid_json"),
        (4, "line_too_long"),
        (5, "invalid_snapshot"),
    ]
    # Its meter shows 20 kW, 10 of them the building's: 90 are left.
    depot.wait_for(lambda status: status["nodes"][1]["mode"] == "normal")
    status = depot.wait_for(lambda _: depot.setpoint()["limit_w"] == 90_000)
    assert status["nodes"][1]["background_w"] == 10_000

    site.write_text(json.dumps(SITE | {"version": 2, "max_import_w": 60_000}))
    depot.wait_for(lambda status: status["configuration_version"] == 2)
    site.write_text("no longer JSON")
    # Holds CLI-39.
    lines = [json.dumps(each).encode() for each in (meter(2), charger(2))]
    sent = run(depot.home, "send", "-", stdin=b"\n".join([*lines, b"nonsense"]))
    assert (sent.code, [json.loads(line)["line"] for line in sent.lines]) == (2, [3])
    depot.wait_for(lambda _: depot.setpoint()["limit_w"] == 50_000)

    asked = run(depot.home, "status", "garage", "--json")
    assert (asked.code, asked.complaints) == (0, [])
    found = json.loads(asked.out)
    assert (found["configuration_version"], found["as_of"]["state"]) == (2, "fresh")

    site.write_text(json.dumps(SITE | {"version": 2, "max_import_w": 60_000}))
    cycle_seq = found["as_of"]["cycle_seq"]
    os.kill(depot.process.process.pid, signal.SIGKILL)
    depot.process.process.wait()
    assert run(depot.home, "status").code == 2
    with running(
        depot.home, "run", "--site", str(site), "--port", str(depot.port), "--data", str(depot.home / "data")
    ) as process:
        _wait_for_an_answer(depot.port)
        depot.wait_for(lambda status: status["as_of"]["cycle_seq"] > cycle_seq)
        began = time.monotonic()
        process.process.send_signal(signal.SIGTERM)
        assert process.process.wait(PATIENCE_S) == 0
        assert time.monotonic() - began < 10


def test_telemetry_comes_in_by_a_pipe_that_stays_open(home: Path, site: Path) -> None:
    port, pipe = free_port(), home / "pipe"
    os.mkfifo(pipe)
    options = ("--port", str(port), "--data", str(home / "data"), "--telemetry", str(pipe))
    with running(home, "run", "--site", str(site), *options) as process, pipe.open("wb", buffering=0) as lines:
        _wait_for_an_answer(port)
        depot = Depot(home, process, port)
        lines.write(b"nonsense\n" + json.dumps(meter(1)).encode() + b"\n")
        depot.wait_for(lambda status: status["latest_cycle"] is not None and status["nodes"][1]["mode"] == "normal")
        began = time.monotonic()
        process.process.send_signal(signal.SIGTERM)
        assert process.process.wait(PATIENCE_S) == 0
        assert time.monotonic() - began < 10
    assert "Line 1" in (home / "stderr").read_text()


def test_with_a_token_file_only_its_bearer_is_answered(home: Path, site: Path) -> None:
    port, token = free_port(), home / "token"
    token.write_text(f"{SECRET}\n")
    options = ("--port", str(port), "--data", str(home / "data"), "--token-file", str(token))
    variables = {"BUSBAR_HTTP_HOST": "0.0.0.0"}
    with running(home, "run", "--site", str(site), *options, variables=variables) as process:
        _wait_for_an_answer(port)
        depot = Depot(home, process, port)
        assert depot.get("/v1/microgrids").status_code == 401
        assert depot.get("/v1/microgrids", authorization="Bearer another-token-of-some-length").status_code == 401
        assert depot.get("/v1/microgrids", authorization=f"Bearer {SECRET}", host="depot.example").status_code == 200
    assert SECRET not in (home / "stderr").read_text()


def test_without_a_token_no_other_machine_is_served(home: Path, site: Path) -> None:
    ended = run(home, "run", "--site", str(site), variables={"BUSBAR_HTTP_HOST": "0.0.0.0"})
    assert (ended.code, len(ended.complaints)) == (2, 1)


@pytest.mark.parametrize(
    ("file", "content", "complaint"),
    [
        ("site.json", "{", "site configuration"),
        (
            "site.json",
            json.dumps(SITE | {"charge_points": [{**SITE["charge_points"][0], "circuit_id": "x"}]}),
            "circuit x",
        ),
        ("plan.csv", "who,when\n", "no column connector"),
        ("plan.csv", "connector,departs_at\ncp-1/1,tomorrow\n", "line 2"),
        ("token", "short", "16"),
    ],
)
def test_a_file_that_cannot_be_used_is_named_before_anything_is_begun(
    home: Path, site: Path, file: str, content: str, complaint: str
) -> None:
    for name, usable in (("plan.csv", "connector,departs_at\n"), ("token", SECRET)):
        (home / name).write_text(usable)
    (home / file).write_text(content)
    ended = run(home, "run", "--site", str(site), "--plan", "plan.csv", "--token-file", "token", "--data", "data")
    assert (ended.code, len(ended.complaints)) == (2, 1)
    assert complaint in ended.complaints[0]
    assert not (home / "data").exists()


def test_a_second_run_of_the_same_data_is_refused(depot: Depot, site: Path) -> None:
    ended = run(depot.home, "run", "--site", str(site), "--data", str(depot.home / "data"))
    assert (ended.code, len(ended.complaints)) == (2, 1)


def test_a_live_demo_that_goes_on_is_found_and_fresh_by_its_own_clock(home: Path) -> None:
    options = ("--scenario", "joondalup-small", "--port", str(free_port()), "--speed", "20")
    with running(home, "demo", *options) as demo:
        demo.read_until("cycle")
        listed = json.loads(run(home, "status", "--json").out)
        (line,) = listed["items"]
        assert (line["microgrid_id"], line["as_of"]["state"]) == ("joondalup-small", "fresh")
        assert run(home, "explain", "joondalup-small", "cp-1/1").code == 0
    ended = run(home, "status")
    assert (ended.code, "no live demo" in ended.complaints[0]) == (2, True)


def test_an_address_for_chargers_that_is_taken_ends_the_process_with_a_sentence(home: Path, site: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        ended = run(home, "run", "--site", str(site), "--port", str(free_port()), "--data", "data", "--ocpp", address)
    assert ended.code == 2
    assert "--ocpp" in ended.complaints[-1]
    assert "Traceback" not in ended.err.decode()
