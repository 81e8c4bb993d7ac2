"""Depots as a deterministic run left them, and what a terminal shows of them.

`python -m tests.unit.entrypoints.demo.recordings` plays them again and writes both down anew.
"""

import asyncio
import json
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from io import StringIO
from pathlib import Path
from typing import Any, Final

from pydantic import TypeAdapter
from rich.console import Console

from adapters.simulation.faults.scripts import FAULTS
from adapters.simulation.scenarios import SCENARIOS
from application.queries.status import MicrogridStatus
from entrypoints.container import Container
from entrypoints.demo.in_one_process import open_demo
from entrypoints.demo.screen import Screen
from tests.databases import sqlite_url

HERE: Final = Path(__file__).parent
SIZES: Final = ((80, 24), (100, 30), (120, 40), (200, 50))


@dataclass(frozen=True, slots=True)
class Moment:
    """A second of a run that is worth seeing, in a depot of this time zone."""

    scenario: str
    fault: str | None
    second: int
    time_zone: str


MOMENTS: Final = {
    "charger-ignores": Moment("malaga", "ignores-setpoint", 480, "Australia/Perth"),
    "limit-fell": Moment("new-lynn-night", None, 2402, "Pacific/Auckland"),
    "nothing-heard": Moment("joondalup-small", "all-silent", 560, "Australia/Perth"),
}


@dataclass(frozen=True, slots=True)
class Recorded:
    """All that the view is told."""

    status: MicrogridStatus
    summary: Mapping[str, Any]
    now: datetime


_RECORDED: Final = TypeAdapter(Recorded)


def recorded(name: str) -> Recorded:
    """What was written down."""
    return _RECORDED.validate_json((HERE / "recorded" / f"{name}.json").read_bytes())


def capture(name: str, size: tuple[int, int]) -> Path:
    """The file with what a screen of this size showed."""
    return HERE / "captures" / f"{name}-{size[0]}.txt"


def shown(of: Recorded, size: tuple[int, int]) -> str:
    """What a screen of this size shows, without its colours."""
    written = StringIO()
    screen = Screen(*size, speed=10, address="http://127.0.0.1:8080/")
    console = Console(file=written, width=size[0], color_system=None, legacy_windows=False)
    console.print(screen.of(of.status, of.summary, of.now))
    return "".join(f"{line.rstrip()}\n" for line in written.getvalue().splitlines())


async def play(moment: Moment) -> Recorded:
    """Play up to the moment. The view asks nothing of setpoints, so they are left out."""
    with tempfile.TemporaryDirectory() as folder:
        scenario = SCENARIOS[moment.scenario]
        container = Container(
            database_url=sqlite_url(Path(folder) / "depot.sqlite3"),
            scenario=replace(scenario, configuration={**scenario.configuration, "time_zone": moment.time_zone}),
            seed=1,
            fault=None if moment.fault is None else FAULTS[moment.fault],
        )
        async with open_demo(container) as demo:
            for _ in range(moment.second):
                await demo.tick()
            status = await demo.status()
            assert status is not None
            assert status.latest_cycle is not None
            cycle = replace(status.latest_cycle, setpoints=())
            return Recorded(replace(status, latest_cycle=cycle), demo.summary(), demo.now)


async def main() -> None:
    """Write all of it down anew."""
    for name, moment in MOMENTS.items():
        played = json.loads(_RECORDED.dump_json(await play(moment)))
        (HERE / "recorded" / f"{name}.json").write_text(json.dumps(played, indent=1) + "\n", "utf-8")
        for size in SIZES:
            capture(name, size).write_text(shown(recorded(name), size), "utf-8")


if __name__ == "__main__":
    asyncio.run(main())
