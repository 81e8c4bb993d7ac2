"""The samples under `docs/gateway` on a real broker with a real worker: chargers in Java, a meter by its telegrams."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from docs.gateway.meter import powers_w
from tests.databases import sqlite_url
from tests.e2e.processes import COMMAND, environment
from tests.e2e.stacks import Events, Stack, a_prefix
from tests.gateways.good import CAPACITY_W, CHARGE_POINTS, FALLBACK_W, site
from tests.services.java import java_program
from tests.services.kafka import Broker

SAMPLES = Path(__file__).resolve().parents[2] / "docs/gateway"
SETTINGS = {
    "refresh_interval_s": 2,
    "telemetry_cycle_interval_s": 1,
    "setpoint_valid_for_s": 30,
    "apply_grace_s": 5,
    "background_confirm_s": 1,
    "background_hold_s": 1,
}
BUILDING_W = 20_000


def telegram(power_w: int) -> str:
    """What a smart meter writes to its P1 port, as far as it concerns power."""
    return f"/ISK5\\2M550E-1012\n\n1-0:1.7.0({power_w / 1000:06.3f}*kW)\n1-0:2.7.0(00.000*kW)\n!6F4A\n"


def test_a_telegram_is_a_power_drawn_less_fed_back_and_a_torn_one_is_none() -> None:
    fed_back = "1-0:1.7.0(00.000*kW)\n1-0:2.7.0(01.250*kW)\n!AAAA\n"
    torn = "1-0:2.7.0(00.000*kW)\n!BBBB\n"
    assert [*powers_w((telegram(21_640) + torn + fed_back).splitlines())] == [21_640, -1_250]


class Meter:
    """The reader of a meter, piped into `busbar send`."""

    def __init__(self, reader: subprocess.Popen[str]) -> None:
        self._reader = reader

    def shows(self, power_w: int) -> None:
        assert self._reader.stdin is not None
        self._reader.stdin.write(telegram(power_w))
        self._reader.stdin.flush()


@contextmanager
def a_meter(stack: Stack) -> Iterator[Meter]:
    program = [sys.executable, str(SAMPLES / "meter.py"), "garage", "gc"]
    variables = environment(stack.home, stack.variables)
    with (
        subprocess.Popen(program, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as reader,
        subprocess.Popen([*COMMAND, "send", "-"], stdin=reader.stdout, cwd=stack.home, env=variables) as send,
    ):
        yield Meter(reader)
        assert reader.stdin is not None
        reader.stdin.close()
        assert (reader.wait(), send.wait()) == (0, 0)


@pytest.fixture
def stack(kafka_broker: Broker, tmp_path: Path) -> Stack:
    stack = Stack(tmp_path, kafka_broker.bootstrap_servers, sqlite_url(tmp_path / "busbar.sqlite3"), a_prefix())
    assert stack.run("migrate").code == 0
    return stack


def newest(events: list[dict[str, Any]]) -> dict[str, Any] | None:
    cycles = [each["data"] for each in events if each["type"] == "busbar.cycle.completed.v1"]
    return cycles[-1] if cycles else None


def at_the_meter_w(setpoints: list[dict[str, Any]]) -> int:
    """What the samples' vehicles draw: all that they may. A meter sees it before a charger's next reading says so."""
    told = {each["charge_point_id"]: each["limit_w"] for each in setpoints if each["limit_w"] is not None}
    return sum(told.get(each, FALLBACK_W) for each in CHARGE_POINTS)


def test_chargers_and_a_meter_that_the_samples_connect_are_balanced(stack: Stack) -> None:
    file = stack.home / "site.json"
    file.write_text(json.dumps(site(SETTINGS)))
    arguments = (stack.bootstrap_servers, stack.prefix, str(file))
    with (
        stack.running("worker", "worker", "--port", "0"),
        java_program(SAMPLES / "Gateway.java", *arguments, log=stack.home / "gateway.log"),
        a_meter(stack) as meter,
        stack.running("events", "events", "--follow", "--from-beginning") as listening,
    ):
        assert stack.run("configure", "site.json", "--wait", "60s").code == 0
        last = time.monotonic()

        def balanced(events: list[dict[str, Any]]) -> bool:
            nonlocal last
            cycle = newest(events)
            setpoints = [] if cycle is None else cycle["setpoints"]
            if time.monotonic() > last + 1:
                last = time.monotonic()
                meter.shows(BUILDING_W + at_the_meter_w(setpoints))
            drawn = [each["measured_w"] or 0 for each in setpoints]
            return len(drawn) == len(CHARGE_POINTS) and sum(drawn) > 0.8 * (CAPACITY_W - BUILDING_W)

        Events(listening).wait_for(balanced)
        cycle = newest(Events(listening).all())
    assert cycle is not None
    (grid,) = (node for node in cycle["nodes"] if node["node_id"] == "gc")
    assert (grid["mode"], grid["quality"]) == ("normal", "ok")
    assert sum(each["measured_w"] for each in cycle["setpoints"]) <= CAPACITY_W - BUILDING_W + 1_000
