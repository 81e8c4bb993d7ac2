"""`busbar run`: a real depot on one machine, until it is told to end."""

import asyncio
import fcntl
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import BinaryIO, TypeVar

import click
from platformdirs import user_state_path

from adapters.observability.logs import configure_logging
from entrypoints import settings as environment
from entrypoints.api.serve import Api
from entrypoints.container import Container, on_one_machine
from entrypoints.going_on import going_on
from entrypoints.run.depot import balance, opened
from entrypoints.run.lines import Lines
from entrypoints.run.plan import PlanFile, UnusablePlan
from entrypoints.run.site_file import SiteFile
from entrypoints.service.life_cycle import stop_by_signal
from entrypoints.service.refusals import refusing
from entrypoints.site_files import UnusableSite, read_site

_T = TypeVar("_T")

_logger = logging.getLogger(__name__)


def run(
    site: Path, port: int | None, data: Path | None, telemetry: BinaryIO | None, plan: Path | None, token: Path | None
) -> int:
    """Balance the depot of a site configuration; returns the exit code 0 once a signal ended it."""
    settings = environment.load()
    configure_logging(settings.log_level, settings.log_format)
    name = _readable(f"The site configuration {site}", partial(_name_of, site))
    planned = PlanFile(plan)
    _readable(f"The plan {plan}", planned.read)
    secret = None if token is None else _readable(f"The token file {token}", partial(_token, token))
    api = Api(settings, port, next_free=True, token=secret)
    with _kept(data, name) as folder, refusing():
        url = settings.database_url or f"sqlite+aiosqlite:///{folder / 'busbar.sqlite3'}"
        asyncio.run(_run(on_one_machine(url), api, name, site, folder, telemetry=telemetry, plan=planned))
    return 0


async def _run(
    container: Container, api: Api, name: str, site: Path, folder: Path, *, telemetry: BinaryIO | None, plan: PlanFile
) -> None:
    stop = stop_by_signal()
    lines = Lines(container.telemetry_publisher(), plan.joined)
    async with opened(container), lines.at(folder) as socket:
        _logger.info("%s is kept in %s", name, folder)
        inputs = [plan.keep_reading()]
        if telemetry is not None:
            inputs.append(lines.take_all(telemetry, telemetry.name))
        with going_on(name, container.database_url(), api.address, socket):
            await balance(container, api, SiteFile(site, container.configuration_publisher()), inputs, stop)


def _name_of(site: Path) -> str:
    return str(read_site(site.read_bytes()).configuration["microgrid_id"])


def _token(file: Path) -> str:
    token = file.read_text("utf-8").strip()
    if len(token) < 16 or not token.isascii() or not token.isprintable():
        raise ValueError("a token has at least 16 printable characters")
    return token


def _readable(what: str, read: Callable[[], _T]) -> _T:
    """What is read of a file. Raises UsageError."""
    try:
        return read()
    except (UnusableSite, UnusablePlan, OSError, ValueError) as error:
        raise click.UsageError(f"{what} cannot be used: {error}") from None


@contextmanager
def _kept(data: Path | None, name: str) -> Iterator[Path]:
    """The folder of a run, for it alone while inside. Raises UsageError."""
    try:
        folder = data or user_state_path("busbar", appauthor=False) / f"run-{name}"
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = (folder / "lock").open("w")
    except OSError as error:
        raise click.UsageError(f"The data folder cannot be used ({error}); name another one with --data.") from None
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise click.ClickException(f"Another run of {name} has {folder}; end that one first.") from None
        yield folder
