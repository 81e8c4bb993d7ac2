"""`busbar demo`: a depot balanced headless as fast as it can, or live in step with the clock on the wall."""

import asyncio
import fcntl
from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, BinaryIO, TypeAlias

import click
from platformdirs import user_state_path

from adapters.observability.logs import configure_logging
from entrypoints import settings as environment
from entrypoints.container import Container
from entrypoints.demo.defaults import HEADLESS_S
from entrypoints.demo.in_one_process import Demo, open_demo
from entrypoints.demo.playing import Wanted, affecting, played, told
from entrypoints.demo.progress import watched
from entrypoints.service.refusals import refusing
from entrypoints.service.stopping import stop_by_signal
from entrypoints.unusable import UnusableSetting

Play: TypeAlias = Callable[[Container, Demo, asyncio.Event], Awaitable[None]]
"""Lets a demo run, until the event at the latest."""


def run(wanted: Wanted, speed: int, port: int | None, record: Path | None, *, headless: bool) -> int:
    """Play a scenario or a site of one's own; returns the exit code: 1 where the verdict is `fail`, else 0."""
    depot = played(wanted)
    settings = environment.load()
    configure_logging(settings.log_level, settings.log_format)
    play = (
        partial(_play_headless, seconds=wanted.duration_s or HEADLESS_S)
        if headless
        else _live(settings, port, wanted.duration_s, speed)
    )
    with (
        _database(
            settings.database_url, depot.scenario_name or f"site-{depot.scenario.name}", headless=headless
        ) as url,
        _recording(record) as recording,
    ):
        container = Container(
            database_url=url,
            scenario=depot.scenario,
            seed=depot.seed,
            fault=depot.fault,
            chargers=depot.chargers,
            keeping=settings.keeping,
        )
        with affecting(depot), refusing():
            result, account = asyncio.run(_run(container, play, recording))
    return told(depot, wanted, result, account)


def _live(settings: environment.Settings, port: int | None, duration_s: int | None, speed: int) -> Play:
    """Imported only now: a headless run starts without a web server."""
    from entrypoints.demo import live as live_demo

    return live_demo.LiveDemo(settings, port, duration_s, speed).play


@contextmanager
def _database(configured: str | None, name: str, *, headless: bool) -> Iterator[str]:
    """The database of this run: the configured one, else a temporary one, live a file for each scenario or site."""
    with ExitStack() as stack:
        if configured is not None:
            yield configured
        elif headless:
            yield _sqlite(Path(stack.enter_context(TemporaryDirectory(prefix="busbar-"))) / "demo.sqlite3")
        else:
            try:
                folder = user_state_path("busbar", appauthor=False, ensure_exists=True)
                lock = stack.enter_context((folder / f"{name}.lock").open("w"))
            except OSError as error:
                raise UnusableSetting(
                    f"The state folder cannot be used ({error}); name a database in BUSBAR_DATABASE_URL."
                ) from None
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise click.ClickException(f"Another live demo of {name} is running; end that one first.") from None
            yield _sqlite(folder / f"{name}.sqlite3")


@contextmanager
def _recording(file: Path | None) -> Iterator[BinaryIO | None]:
    """Where the messages of this run are written down. Raises UsageError."""
    if file is None:
        yield None
        return
    try:
        opened = file.open("wb")
    except OSError as error:
        raise click.UsageError(f"The recording {file} cannot be written: {error.strerror}.") from None
    with opened:
        yield opened


def _sqlite(file: Path) -> str:
    return f"sqlite+aiosqlite:///{file}"


async def _run(container: Container, play: Play, recording: BinaryIO | None) -> tuple[dict[str, Any], dict[str, Any]]:
    stop = stop_by_signal()
    async with open_demo(container, recording) as demo:
        await play(container, demo, stop)
        return demo.summary(), demo.account()


async def _play_headless(container: Container, demo: Demo, stop: asyncio.Event, seconds: int) -> None:
    """As fast as it can."""
    for _ in watched(seconds):
        if stop.is_set():
            return
        await demo.tick()
