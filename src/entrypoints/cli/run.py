"""`busbar run`: a real depot on one machine, until it is told to end."""

import asyncio
import fcntl
import logging
from collections.abc import Callable, Coroutine, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, TypeVar

import click
from platformdirs import user_state_path

from adapters.observability.logs import configure_logging
from adapters.ocpp.addresses import is_loopback
from adapters.ocpp.passwords import Passwords, UnusablePasswords
from domain.site.configuration import SiteConfiguration
from entrypoints import settings as environment
from entrypoints import webhook
from entrypoints.api.serve import Api
from entrypoints.cli.ocpp import require_packages
from entrypoints.container import Container, on_one_machine
from entrypoints.going_on import Entry, going_on
from entrypoints.run.depot import balance, opened
from entrypoints.run.lines import Lines
from entrypoints.run.plan import PlanFile, UnusablePlan
from entrypoints.run.planned import Planned
from entrypoints.run.site_file import SiteFile
from entrypoints.service.refusals import refusing
from entrypoints.service.stopping import stop_by_signal
from entrypoints.site_files import UnusableSite, read_valid

if TYPE_CHECKING:
    from entrypoints.run.stations import Listening

_T = TypeVar("_T")

_logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be run, as it stands on the command line."""

    site: Path
    port: int | None
    data: Path | None
    telemetry: BinaryIO | None
    plan: Path | None
    token: Path | None
    ocpp: tuple[str, int] | None
    passwords: Path | None


def run(wanted: Wanted) -> int:
    """Balance the depot of a site configuration; returns the exit code 0 once a signal ended it."""
    settings = environment.load()
    configure_logging(settings.log_level, settings.log_format)
    hook = webhook.hook()
    configuration = _readable(f"The site configuration {wanted.site}", lambda: read_valid(wanted.site.read_bytes()))
    plan = PlanFile(wanted.plan)
    _readable(f"The plan {wanted.plan}", plan.read)
    token = None if wanted.token is None else _readable(f"The token file {wanted.token}", partial(_token, wanted.token))
    listening = None if wanted.ocpp is None else _listening(wanted.ocpp, wanted.passwords)
    api = Api(settings, wanted.port, next_free=True, token=token)
    with _kept(wanted.data, configuration.microgrid_id) as folder, refusing():
        url = settings.database_url or f"sqlite+aiosqlite:///{folder / 'busbar.sqlite3'}"
        container = on_one_machine(url, hook)
        lines, inputs = Lines(Planned(container.telemetry_publisher(), plan)), [plan.keep_reading()]
        if wanted.telemetry is not None:
            inputs.append(lines.take_all(wanted.telemetry, wanted.telemetry.name))
        if listening is not None:
            inputs.append(_stations(container, configuration, listening, folder, plan))
        site = SiteFile(wanted.site, container.configuration_publisher())
        entry = partial(going_on, configuration.microgrid_id, url, api.address)
        asyncio.run(_run(container, lambda stop: balance(container, api, site, inputs, stop), entry, lines, folder))
    return 0


async def _run(
    container: Container,
    balancing: Callable[[asyncio.Event], Coroutine[Any, Any, None]],
    entry: Callable[[Path], AbstractContextManager[Entry]],
    lines: Lines,
    folder: Path,
) -> None:
    stop = stop_by_signal()
    async with opened(container), lines.at(folder) as socket:
        _logger.info("The depot is kept in %s", folder)
        with entry(socket):
            await balancing(stop)


def _listening(address: tuple[str, int], file: Path | None) -> "Listening":
    """Raises UsageError where the extra is missing, or where chargers from elsewhere would need no password."""
    require_packages()
    from entrypoints.run.stations import Listening

    host, port = address
    passwords = None if file is None else _readable(f"The passwords {file}", partial(Passwords.read, file))
    if passwords is None and not is_loopback(host):
        raise click.UsageError(
            f"--ocpp {host} lets chargers in from beyond this machine: say by --passwords who they are."
        )
    return Listening(host, port, passwords)


async def _stations(
    container: Container, configuration: SiteConfiguration, listening: "Listening", folder: Path, plan: PlanFile
) -> None:
    from entrypoints.run.stations import serve_stations

    await serve_stations(container, configuration, listening, folder, plan)


def _token(file: Path) -> str:
    token = file.read_text("utf-8").strip()
    if len(token) < 16 or not token.isascii() or not token.isprintable():
        raise ValueError("a token has at least 16 printable characters")
    return token


def _readable(what: str, read: Callable[[], _T]) -> _T:
    """What is read of a file. Raises UsageError."""
    try:
        return read()
    except (UnusableSite, UnusablePlan, UnusablePasswords, OSError, ValueError) as error:
        raise click.UsageError(f"{what} cannot be used: {error}") from None


@contextmanager
def _kept(data: Path | None, name: str) -> Iterator[Path]:
    """The folder of a run, for it alone while inside. Raises UsageError."""
    try:
        folder = (data or user_state_path("busbar", appauthor=False) / f"run-{name}").resolve()
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
