"""`busbar simulate --ocpp`: the chargers of a simulated depot as stations of a gateway, in time or faster (CLI-36)."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, replace
from datetime import datetime, timedelta
from math import ceil
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit

import click

from adapters.simulation.pace import Pace
from adapters.simulation.scenario import Scenario
from application.ports.clock import Clock
from entrypoints.cli.ocpp import require_packages
from entrypoints.cli.simulate import at_speed
from entrypoints.demo.in_one_process import TICK
from entrypoints.demo.playing import Played, Wanted, affecting, played, require_chargers_alone, told
from entrypoints.service.stopping import stop_by_signal

UNHEARD = {"cycles": None, "cycles_published": None, "events": None, "breaches": None}
"""What only the bus could tell."""


def run(wanted: Wanted, speed: float, url: str, passwords: Path | None) -> int:
    """Play until the end or until stopped; returns the exit code: 1 where the verdict is `fail`, else 0.

    Raises UsageError.
    """
    require_packages()
    _require_an_address(url)
    known = {} if passwords is None else _passwords(passwords)
    depot = played(wanted)
    require_chargers_alone(depot)
    with affecting(depot):
        result, account = asyncio.run(_play(depot, url, known, wanted.duration_s, speed))
    return told(depot, wanted, result, account)


def chargers_alone(scenario: Scenario) -> Scenario:
    """The scenario without what a gateway cannot be told: readings of meters, other configurations.

    Its chargers say what OCPP 1.6 has and no more.
    """
    circuits = [{**each, "metered": False} for each in scenario.configuration["circuits"]]
    configuration = {**scenario.configuration, "circuits": circuits}
    return replace(scenario, configuration=configuration, capacity_steps=(), silences=(), plain_ocpp=True)


async def _play(
    played: Played, url: str, passwords: Mapping[str, str], duration_s: int | None, speed: float
) -> tuple[dict[str, Any], dict[str, Any]]:
    from entrypoints.ocpp_container import OcppStations

    stop, parts = stop_by_signal(), OcppStations()
    clock = parts.clock()
    start = clock.now().replace(microsecond=0)
    pace = Pace(start, speed)
    scenario = at_speed(chargers_alone(played.scenario), speed)
    depot = parts.depot(
        scenario, played.seed, start, fault=played.fault, chargers=played.chargers, borne_s=scenario.reaction_s
    )
    stations = parts.stations(depot, url, passwords, pace=pace, seed=played.seed, chargers=played.chargers)
    end = None if duration_s is None else start + timedelta(seconds=duration_s)
    async with asyncio.TaskGroup() as links:
        connected = links.create_task(stations.live())
        await in_time(stations, pace, clock, end, stop)
        connected.cancel()
    return _summary(asdict(depot.summary()), [asdict(each) for each in stations.never_connected()]), depot.account()


class Passing(Protocol):
    """What time passes for, second by second."""

    @property
    def now(self) -> datetime: ...

    def tick(self) -> None: ...


async def in_time(depot: Passing, pace: Pace, clock: Clock, end: datetime | None, stop: asyncio.Event) -> None:
    """Let the seconds of a depot pass in time until its end, or until it is told to stop."""
    while not stop.is_set() and depot.now != end:
        with suppress(TimeoutError):
            until_next = (pace.on_the_wall(depot.now + TICK) - clock.now()).total_seconds()
            await asyncio.wait_for(stop.wait(), max(until_next, 0.001))
        due = (pace.simulated(clock.now()) - depot.now) // TICK
        for _ in range(min(due, ceil(pace.speed))):
            if depot.now == end:
                break
            depot.tick()


def _summary(summary: dict[str, Any], never_connected: list[dict[str, Any]]) -> dict[str, Any]:
    """What breaches a fault script explains is not heard here: what is expected is that every station is let in."""
    is_well = not summary["limit_violations"] and not never_connected
    verdict = "pass" if is_well else "fail"
    return {
        "simulated_s": summary.pop("simulated_s"),
        **UNHEARD,
        **summary,
        "verdict": verdict,
        "expected": never_connected,
    }


def _require_an_address(url: str) -> None:
    try:
        parts = urlsplit(url)
        is_one = parts.scheme in ("ws", "wss") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_one = False
    if not is_one:
        raise click.UsageError(f"{url!r} is no address of a gateway; write it like ws://127.0.0.1:8180.")


def _passwords(file: Path) -> dict[str, str]:
    """By charge point. Raises UsageError."""
    try:
        lines = file.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise click.UsageError(f"The passwords {file} cannot be read: {error}.") from None
    passwords = {}
    for number, line in enumerate(lines, start=1):
        if not line.strip() or line.startswith("#"):
            continue
        charge_point_id, _, password = line.strip().partition(" ")
        if not password.strip():
            raise click.UsageError(f"The passwords {file} cannot be used: line {number} is no id and password.")
        passwords[charge_point_id] = password.strip()
    return passwords
