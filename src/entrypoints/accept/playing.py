"""The site played with real chargers, plain and under every fault script, on all processors."""

import asyncio
import multiprocessing
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import click

from adapters.simulation.faults.script import NothingToAffect
from adapters.simulation.faults.scripts import FAULTS
from adapters.simulation.habits import Chargers
from entrypoints import settings as environment
from entrypoints.accept.outcomes import PLAIN, NotPlayed, Outcome, Played
from entrypoints.container import Container
from entrypoints.demo.in_one_process import open_demo
from entrypoints.demo.progress import counted
from entrypoints.service.refusals import quiet
from entrypoints.site_files import read_site


@dataclass(frozen=True, slots=True)
class Run:
    """A run to play: the site as JSON, a fault script by name (None: nothing goes wrong), how long, by which seed."""

    site: bytes
    fault: str | None
    seed: int
    seconds: int


def play_all(site: bytes, seed: int, seconds: int) -> tuple[Outcome, ...]:
    """Play a valid site plain and under every script, in the order of the scripts. Shows progress on a terminal."""
    runs = [Run(site, fault, seed, seconds) for fault in (None, *FAULTS)]
    with _processes() as processes:
        futures = [processes.submit(play, run) for run in runs]
        try:
            for _ in counted(as_completed(futures), len(futures), "runs"):
                pass
            return tuple(future.result() for future in futures)
        except BrokenProcessPool:
            raise click.ClickException(
                "A process that played the site was ended; was there too little memory?"
            ) from None


def play(run: Run) -> Outcome:
    """Play the site once."""
    fault = None if run.fault is None else FAULTS[run.fault]
    name = run.fault or PLAIN
    if fault is not None and run.seconds <= fault.starts_s:
        return NotPlayed(name, f"Nothing of it is seen before second {fault.starts_s}: that takes a longer --for.")
    try:
        return asyncio.run(_play(run))
    except NothingToAffect as error:
        return NotPlayed(name, f"It finds nothing to affect: {error}.")


async def _play(run: Run) -> Played:
    scenario = read_site(run.site)
    fault = None if run.fault is None else FAULTS[run.fault]
    with TemporaryDirectory(prefix="busbar-") as folder:
        container = Container(
            database_url=f"sqlite+aiosqlite:///{Path(folder) / 'accept.sqlite3'}",
            scenario=scenario,
            seed=run.seed,
            fault=fault,
            chargers=Chargers.REAL,
        )
        async with open_demo(container, is_shown=False) as demo:
            for _ in range(run.seconds):
                await demo.tick()
            return Played(
                name=run.fault or PLAIN,
                causes=frozenset() if fault is None else fault.causes,
                charge_points=len(scenario.configuration["charge_points"]),
                summary=demo.summary(),
                account=demo.account(),
            )


@contextmanager
def _processes() -> Iterator[ProcessPoolExecutor]:
    """One for every processor, none of which outlives this one's interest in it."""
    executor = ProcessPoolExecutor(
        mp_context=multiprocessing.get_context("spawn"),
        initializer=_begin,
    )
    try:
        yield executor
    except BaseException:
        for process in multiprocessing.active_children():
            process.terminate()
        raise
    finally:
        executor.shutdown(cancel_futures=True)


def _begin() -> None:
    """In a process that plays: it says what went wrong through its result alone."""
    quiet(environment.load())
