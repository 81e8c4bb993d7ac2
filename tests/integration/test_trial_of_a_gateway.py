"""The trial of a gateway: one that keeps its duties passes, each that neglects one fails by its own check (DEPOT-3)."""

import asyncio
import os
import sys
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from adapters.clock import SystemClock
from adapters.messages.configuration import read_configuration
from adapters.simulation.habits import Chargers
from adapters.simulation.layout import Payload
from application.trial.checks import CHECKS, results
from application.trial.findings import Verdict
from application.trial.record import Record
from application.trial.rungs import rungs
from application.trial.script import DARK, UNPLUG, UNPLUG_ASKED
from application.trial.trial import Trial
from domain.events import CycleCompleted
from domain.site.configuration import Settings
from domain.site.power_tree import derive
from entrypoints.accept.gateway.playing import Terminal
from tests.builders import EIGHT, a_configuration
from tests.gateways.good import CAPACITY_W, MINIMUM_W, Gateway, site
from tests.gateways.planted import FIRST, PLANTED
from tests.gateways.trying import tried


@pytest.mark.parametrize("chargers", Chargers)
def test_a_gateway_that_keeps_its_duties_passes(chargers: Chargers) -> None:
    found = tried(site(), Gateway(site(), EIGHT, chargers=chargers))
    assert {name: each.failures for name, each in found.items() if not each.passed} == {}
    unseen = {name for name, each in found.items() if each.verdict is Verdict.NOT_SEEN}
    assert unseen <= {"link", "refusals", "applied_cycle"}


@pytest.mark.parametrize("name", PLANTED)
def test_one_that_neglects_a_duty_fails_by_its_own_check(name: str) -> None:
    planted, found_by = PLANTED[name]
    found = tried(site(), planted(site(), EIGHT))
    assert {check for check, each in found.items() if each.verdict is Verdict.FAIL} == found_by
    assert all(found[check].failures for check in found_by)


def test_every_check_finds_some_gateway() -> None:
    assert {check for _, found_by in PLANTED.values() for check in found_by} == {each.name for each in CHECKS} - {
        "link"
    }


class Resumes(Gateway):
    """Has vehicles that take a while to draw again after they had to stop."""

    stopped_at: datetime | None = None

    def obey(self, cycle: dict[str, Any]) -> None:
        if cycle["setpoints"] and not any(each["limit_w"] for each in cycle["setpoints"]):
            self.stopped_at = self.depot.now
        if self.stopped_at is not None and self.depot.now < self.stopped_at + timedelta(seconds=45):
            setpoints = [{**each, "limit_w": min(each["limit_w"], MINIMUM_W)} for each in cycle["setpoints"]]
            cycle = {**cycle, "setpoints": setpoints}
        super().obey(cycle)


def test_vehicles_may_take_a_while_to_draw_again() -> None:
    found = tried(site(), Resumes(site(), EIGHT))
    assert {name: each.verdict for name, each in found.items() if not each.passed} == {}


class Refuses(Gateway):
    """Has a charger that refuses whatever is lower, and says so."""

    def obey(self, cycle: dict[str, Any]) -> None:
        charger = self.depot.plant.chargers[FIRST]
        charger.refuses = charger.sockets[0].setpoint is not None and any(
            each["charge_point_id"] == FIRST and each["limit_w"] < 10_000 for each in cycle["setpoints"]
        )
        super().obey(cycle)


def test_a_refusal_that_is_said_keeps_the_duty() -> None:
    found = tried(site(), Refuses(site(), EIGHT))
    assert {name: each.failures for name, each in found.items() if not each.passed} == {}
    assert found["refusals"].verdict is Verdict.PASS


class Unplugged(Gateway):
    """Loses the link to a charger while it is told to. `forgets`: what came meanwhile is not obeyed afterwards."""

    is_down, forgets = False, False
    missed: dict[str, Any] | None = None

    def obey(self, cycle: dict[str, Any]) -> None:
        if self.is_down:
            self.missed = cycle
            setpoints = [each for each in cycle["setpoints"] if each["charge_point_id"] != FIRST]
            cycle = {**cycle, "setpoints": setpoints}
        elif self.forgets and self.missed is not None:
            longer = [{**each, "limit_w": each["limit_w"] * 3} for each in cycle["setpoints"]]
            cycle = {**cycle, "setpoints": longer}
        super().obey(cycle)

    def reconnect(self) -> None:
        self.is_down = False
        if self.missed is not None:
            self.obey(self.missed)

    def say(self, payloads: list[Payload], now: datetime) -> list[Payload]:
        return [each for each in payloads if not (self.is_down and each.get("charge_point_id") == FIRST)]


@pytest.mark.parametrize(("forgets", "verdict"), [(False, Verdict.PASS), (True, Verdict.FAIL)])
def test_a_plug_is_pulled_and_the_newest_setpoint_is_passed_on_when_it_is_back(forgets: bool, verdict: Verdict) -> None:
    gateway = Unplugged(site(), EIGHT)
    gateway.forgets = forgets
    since = dict[str, datetime]()

    def pulled(trial: Trial, now: datetime) -> None:
        begun = since.setdefault(trial.step.name, now)
        if trial.question is None or now < begun + timedelta(seconds=60):
            return
        if trial.step.name == UNPLUG:
            gateway.is_down = True
        elif trial.step.name == DARK:
            gateway.reconnect()
        trial.answer(now)

    found = tried(site(), gateway, pulled, attended=True)
    assert found["link"].verdict is verdict
    assert {name for name, each in found.items() if each.verdict is Verdict.FAIL} == ({"link"} if forgets else set())


class Asked(Exception):
    """A trial asks for something."""


async def test_an_engineer_at_a_terminal_is_asked_once_and_answers_with_a_line(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def asked(trial: Trial, now: datetime) -> None:
        if trial.question is not None:
            raise Asked(trial)

    with pytest.raises(Asked) as raised:
        tried(site(), Gateway(site(), EIGHT), asked, attended=True)
    (trial,) = raised.value.args
    read, write = os.pipe()
    with os.fdopen(read) as typed:
        monkeypatch.setattr(sys, "stdin", typed)
        told: list[str] = []
        terminal = Terminal(trial, SystemClock(), told.append)
        terminal.look()
        terminal.look()
        assert told == [UNPLUG_ASKED]
        os.write(write, b"\n")
        async with asyncio.timeout(10):
            while trial.question is not None:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        terminal.look()
        assert told == [UNPLUG_ASKED, "Step unplug ..."]
    os.close(write)


def test_a_gateway_that_says_nothing_is_not_accepted_and_not_waited_for() -> None:
    class Silent(Gateway):
        def say(self, payloads: list[Payload], now: datetime) -> list[Payload]:
            return []

    found = tried(site(), Silent(site(), EIGHT))
    assert found["alive"].failures[0] == "cp-1 was never heard."
    assert {each.verdict for name, each in found.items() if name != "alive"} == {Verdict.NOT_SEEN}
    assert not found["in_time"].passed


def test_a_depot_without_vehicles_shows_no_obedience_and_is_not_accepted() -> None:
    class Empty(Gateway):
        def tick(self, now: datetime) -> list[Payload]:
            for socket in self.depot.plant.sockets:
                socket.vehicle = None
            return super().tick(now)

    found = tried(site(), Empty(site(), EIGHT))
    not_seen = {name for name, each in found.items() if not each.passed}
    assert not_seen >= {"in_time", "lapses", "renews", "newest", "zero"}
    assert not any(each.verdict is Verdict.FAIL for each in found.values())


def test_what_all_are_told_together_keeps_to_every_capacity() -> None:
    configuration = read_configuration(site())
    told = rungs(derive(configuration), configuration.settings).values()
    assert sum(each.high_w for each in told) == CAPACITY_W
    tight = a_configuration(chargers=30)
    assert sum(each.high_w for each in rungs(derive(tight), Settings()).values()) <= 1_200_000


def test_cycles_are_numbered_so_that_a_later_trial_is_newer() -> None:
    def first(at: datetime) -> int:
        due = Trial(read_configuration(site())).turn(at)
        return next(each.cycle_seq for each in due if isinstance(each, CycleCompleted))

    assert first(EIGHT + timedelta(hours=1)) > first(EIGHT) + 1000


def test_a_record_of_nothing_is_judged_not_seen() -> None:
    trial = Trial(replace(read_configuration(site()), charge_points=()))
    trial.turn(EIGHT)
    assert isinstance(trial.record, Record)
    assert not any(each.verdict is Verdict.FAIL for each in results(trial.record))
