"""A depot in fast and slow motion: what the service sees of it, and what it sees of the service."""

import json
import sys
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from adapters.simulation.delivery import deliveries
from adapters.simulation.layout import read_layout
from adapters.simulation.pace import Pace
from adapters.simulation.scenarios import SCENARIOS
from domain.site.configuration import Settings
from entrypoints.cli import main as cli
from entrypoints.cli.simulate import at_speed
from tests.unit.adapters.simulation.controller import START, Controller, a_depot, cycle, run

SPEEDS = [0.25, 1, 5, 20, 0.3]
JOONDALUP = SCENARIOS["joondalup-small"]


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def text(instant: datetime) -> str:
    return instant.isoformat().replace("+00:00", "Z")


@pytest.mark.parametrize("speed", SPEEDS)
def test_so_many_simulated_seconds_pass_in_a_second_from_the_start_on(speed: float) -> None:
    pace = Pace(START, speed)
    assert pace.simulated(START) == pace.on_the_wall(START) == START
    assert pace.simulated(at(60)) == at(60 * speed)
    assert pace.simulated(at(-60)) == at(-60 * speed)


@pytest.mark.parametrize("speed", SPEEDS)
def test_an_instant_goes_to_the_wall_and_back(speed: float) -> None:
    pace = Pace(START, speed)
    for seconds in (-7200, -1, 0, 1, 86400):
        assert abs(pace.simulated(pace.on_the_wall(at(seconds))) - at(seconds)) < timedelta(milliseconds=1)


@pytest.mark.parametrize("name", SCENARIOS)
def test_in_time_nothing_is_translated(name: str) -> None:
    pace = Pace(START, 1)
    sent = run(a_depot(name), 60, Controller(SCENARIOS[name]))
    assert any("connectors" in payload for payload in sent)
    assert json.dumps([pace.sent(payload) for payload in sent]) == json.dumps(sent)
    told = cycle(1, at(0.25), {("cp-1", 1): 60_000, ("cp-1", 2): None})
    assert deliveries(pace.received(told)) == deliveries(told)
    assert at_speed(SCENARIOS[name], 1) == SCENARIOS[name]


def test_what_is_sent_is_dated_by_the_wall_and_needs_its_energy_in_the_time_there_is_there() -> None:
    session = {"session_id": "s-1", "started_at": text(at(-3600)), "departs_at": text(at(7200)), "priority": 1}
    reading = {"connector_id": 1, "power_w": 60_000, "session": {**session, "energy_needed_wh": 210_000}}
    payload = {"charge_point_id": "cp-1", "measured_at": text(at(30)), "connectors": [reading]}
    sent = Pace(START, 10).sent(payload)
    assert sent["measured_at"] == text(at(3))
    (there,) = sent["connectors"]
    assert (there["connector_id"], there["power_w"]) == (1, 60_000)
    assert there["session"] == {
        "session_id": "s-1",
        "started_at": text(at(-360)),
        "departs_at": text(at(720)),
        "energy_needed_wh": 21_000,
        "priority": 1,
    }


@pytest.mark.parametrize("reading", [{"connector_id": 1, "session": None}, {"connector_id": 1, "session": "plain"}])
def test_what_a_reading_does_not_say_is_not_said_for_it(reading: dict[str, Any]) -> None:
    if reading["session"]:
        reading["session"] = {"session_id": "s-1", "started_at": text(START)}
    payload = {"charge_point_id": "cp-1", "measured_at": text(START), "connectors": [reading]}
    assert Pace(START, 10).sent(payload) == payload


def test_a_meter_is_dated_by_the_wall_too() -> None:
    payload = {"circuit_id": "gc-1", "measured_at": text(at(30)), "power_w": 7}
    assert Pace(START, 20).sent(payload) == {**payload, "measured_at": text(at(1.5))}


@pytest.mark.parametrize("speed", [0.5, 10])
def test_a_setpoint_lapses_in_the_depot_when_it_lapses_on_the_wall(speed: float) -> None:
    pace = Pace(START, speed)
    (delivery,) = deliveries(pace.received(cycle(7, at(4), {("cp-1", 1): 60_000}, valid_for_s=120)))
    lapses_at = delivery.decided_at + timedelta(seconds=delivery.setpoints[0]["valid_for_s"])
    assert delivery.decided_at == pace.simulated(at(4))
    assert lapses_at == pace.simulated(at(124))


def settings_of(configuration: Mapping[str, Any]) -> Settings:
    return Settings(**configuration["settings"])


def test_in_fast_motion_the_service_may_take_as_much_more_simulated_time_to_react() -> None:
    assert at_speed(JOONDALUP, 20) == replace(JOONDALUP, reaction_s=20 * JOONDALUP.reaction_s)


def test_in_slow_motion_the_service_gives_the_devices_as_much_more_time() -> None:
    slow = at_speed(JOONDALUP, 0.25)
    assert slow.reaction_s == JOONDALUP.reaction_s
    stretched, usual = settings_of(slow.configuration), Settings()
    assert stretched.apply_grace_s == 4 * usual.apply_grace_s
    assert stretched.rotation_quantum_s == 4 * usual.rotation_quantum_s
    assert stretched.usage_margin_w == usual.usage_margin_w
    assert {**slow.configuration, "settings": None} == {**JOONDALUP.configuration, "settings": None}


def test_chargers_remember_what_they_were_told_before_the_run() -> None:
    limits_w = {outlet.key: 30_000 for outlet in read_layout(JOONDALUP.configuration).outlets}
    depot = a_depot(JOONDALUP)
    depot.remember(cycle(3, at(-60), limits_w))
    (first, *_) = (payload for payload in run(depot, 1) if payload.get("connectors"))
    assert {reading["applied_limit_w"] for reading in first["connectors"]} == {30_000}
    depot.deliver(cycle(2, depot.now, dict.fromkeys(limits_w, 150_000)))
    later = [payload for payload in run(depot, 30) if payload.get("connectors")]
    assert {reading["applied_limit_w"] for payload in later for reading in payload["connectors"]} == {30_000}


def test_what_lapsed_before_the_run_is_remembered_as_lapsed() -> None:
    limits_w = {outlet.key: 30_000 for outlet in read_layout(JOONDALUP.configuration).outlets}
    depot = a_depot(JOONDALUP)
    depot.remember(cycle(3, at(-121), limits_w, valid_for_s=120))
    (first, *_) = (payload for payload in run(depot, 1) if payload.get("connectors"))
    assert 30_000 not in {reading["applied_limit_w"] for reading in first["connectors"]}


def test_what_was_told_before_the_run_counts_from_its_first_second() -> None:
    depot = a_depot(JOONDALUP)
    told_w = {outlet.key: outlet.max_power_w for outlet in read_layout(JOONDALUP.configuration).outlets}
    depot.remember(cycle(1, at(-60), told_w))
    run(depot, 1)
    assert depot.summary().limit_violations == 1


@pytest.mark.parametrize("speed", ["0", "0.001", "-1", "nan", "inf", "1e3", "fast", "1001", ""])
def test_a_speed_that_makes_no_sense_is_refused_in_a_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], speed: str
) -> None:
    monkeypatch.setattr(sys, "argv", ["busbar", "simulate", "--speed", speed])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    (line,) = capsys.readouterr().err.splitlines()
    assert ended.value.code == 2
    assert "0.01 to 1000" in line
