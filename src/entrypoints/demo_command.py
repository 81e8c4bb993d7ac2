"""`busbar demo`: a depot balanced headless as fast as it can, or live in step with the clock on the wall."""

import asyncio
import fcntl
import json
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, BinaryIO, TypeAlias, TypeVar

import click
from platformdirs import user_state_path

from entrypoints import settings as environment
from entrypoints.container import (
    FAULTS_BY_NAME,
    SCENARIOS_BY_NAME,
    Container,
    NothingToAffect,
    Scenario,
    UnusableSite,
    log_to_standard_error,
    read_site,
)
from entrypoints.demo import Demo, open_demo
from entrypoints.life_cycle import stop_by_signal
from entrypoints.refusals import refusing

HEADLESS_S = 7200
"""How much simulated time a headless run covers where nothing is said."""

DEFAULT_SCENARIO = "malaga"

Play: TypeAlias = Callable[[Container, Demo, asyncio.Event], Awaitable[None]]
"""Lets a demo run, until the event at the latest."""

_T = TypeVar("_T")


def run(
    scenario: str | None,
    site: BinaryIO | None,
    fault: str | None,
    seed: int,
    duration_s: int | None,
    speed: int,
    port: int | None,
    record: Path | None,
    *,
    headless: bool,
    as_json: bool,
) -> int:
    """Play a scenario or a site of one's own; returns the exit code: 1 where a limit was broken, else 0."""
    if scenario is not None and site is not None:
        raise click.UsageError("Play either a scenario or a site of your own, not both.")
    depot = named("scenario", scenario or DEFAULT_SCENARIO, SCENARIOS_BY_NAME) if site is None else own_site(site)
    script = None if fault is None else named("fault script", fault, FAULTS_BY_NAME)
    settings = environment.load()
    log_to_standard_error(settings.log_level, settings.log_format)
    play = (
        partial(_play_headless, seconds=duration_s or HEADLESS_S)
        if headless
        else _live(settings, port, duration_s, speed)
    )
    name = depot.name if site is None else f"site-{depot.name}"
    with (
        _database(settings.database_url, name, headless=headless) as database_url,
        _recording(record) as recording,
    ):
        container = Container(database_url=database_url, scenario=depot, seed=seed, fault=script)
        try:
            with refusing():
                summary = asyncio.run(_run(container, play, recording))
        except NothingToAffect as error:
            raise click.UsageError(
                f"The fault script {fault} finds nothing to affect in {depot.name}: {error}."
            ) from None
    summary = {"scenario": None if site else depot.name, "fault": fault, "seed": seed, **summary}
    click.echo(json.dumps(summary) if as_json else in_words(depot.name, summary))
    return 0 if summary["limit_violations"] == 0 else 1


def _live(settings: environment.Settings, port: int | None, duration_s: int | None, speed: int) -> Play:
    """Imported only now: a headless run starts without a web server."""
    from entrypoints import live_demo

    return live_demo.LiveDemo(settings, port, duration_s, speed).play


def in_words(depot: str, summary: dict[str, Any]) -> str:
    """A summary for people."""
    possible, delivered = summary["energy_possible_wh"], summary["energy_delivered_wh"]
    share = 100 * delivered / possible if possible else 100
    fault = f", fault {summary['fault']} ({summary['messages_affected']} messages affected)" if summary["fault"] else ""
    return (
        f"{depot}, {summary['simulated_s']} simulated seconds, seed {summary['seed']}{fault}: "
        f"{delivered / 1e6:.2f} MWh delivered, {share:.1f} % of what was possible; "
        f"{summary['vehicles_ready']} vehicles have what they need, {summary['vehicles_departed']} have left; "
        f"{summary['cycles']} cycles, {summary['cycles_published']} published; "
        f"limits violated in {summary['limit_violations']} seconds."
    )


def named(kind: str, name: str, known: Mapping[str, _T]) -> _T:
    """One of what is known by name. Raises UsageError."""
    if name not in known:
        raise click.UsageError(f"There is no {kind} {name!r}; there are {', '.join(known)}.")
    return known[name]


def own_site(site: BinaryIO) -> Scenario:
    """A site configuration of one's own, to be played. Raises UsageError."""
    try:
        return read_site(site.read())
    except (UnusableSite, OSError) as error:
        raise click.UsageError(f"The site configuration {site.name} cannot be used: {error}") from None


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
                raise environment.UnusableSetting(
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


async def _run(container: Container, play: Play, recording: BinaryIO | None) -> dict[str, Any]:
    stop = stop_by_signal()
    async with open_demo(container, recording) as demo:
        await play(container, demo, stop)
        return demo.summary()


async def _play_headless(container: Container, demo: Demo, stop: asyncio.Event, seconds: int) -> None:
    """As fast as it can."""
    for _ in range(seconds):
        if stop.is_set():
            return
        await demo.tick()
