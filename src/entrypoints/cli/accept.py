"""`busbar accept`: what a customer's integration test begins with."""

import signal
import sys
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO, NoReturn, TypeVar

import click

from entrypoints.cli.options import FOLDER, Background, Duration

Made = TypeVar("Made")

EACH_S = 1200
"""How long each run lasts where nothing is said."""


@click.group(invoke_without_command=True)
@click.pass_context
def accept(context: click.Context) -> None:
    """Test a depot before its chargers are balanced, with a report to sign."""
    if context.invoked_subcommand is None:
        click.echo(context.get_help())


@accept.command()
@click.argument("file", type=click.File("rb"))
@click.option(
    "--background",
    type=Background(),
    multiple=True,
    metavar="NODE=W",
    help="The highest load at a circuit that no charger causes, in watts; repeatable. [default: what its safe"
    " operating capacity leaves free]",
)
@click.option("--for", "seconds", type=Duration(), default=EACH_S, help="Simulated time of each run. [default: 20m]")
@click.option("--seed", default=1, show_default=True, help="Same seed, same report but for its date.")
@click.option("--report", type=FOLDER, metavar="DIR", help="Write report.html, report.json and junit.xml.")
def site(file: BinaryIO, background: tuple[tuple[str, int], ...], seconds: int, seed: int, report: Path | None) -> int:
    """Check a site, prove that it fails safe, and play it with all that can go wrong.

    It is played with real chargers, plain and under every fault script that finds something to affect.

    Exit 0 where all passed, else 1.
    """
    from rich.console import Group

    from entrypoints.accept import reports
    from entrypoints.accept.acceptance import Asked
    from entrypoints.accept.acceptance import accept as accept_site
    from entrypoints.accept.tables import shown
    from entrypoints.cli import views

    signal.signal(signal.SIGTERM, _end)
    asked = Asked(Path(file.name).name, _read(file), dict(background), seed=seed, seconds=seconds)
    if report is not None:
        _prepare(report, reports.FILES)
    acceptance = accept_site(asked, datetime.now(UTC))
    if report is not None:
        _write(acceptance, reports.FILES, report)
    views.show(Group(*shown(acceptance)))
    return 0 if acceptance.passed else 1


@accept.command()
@click.argument("file", type=click.File("rb"))
@click.option(
    "--topic-prefix",
    default="accept",
    show_default=True,
    metavar="TEXT",
    help="Whose topics the gateway is pointed to; not those of a service.",
)
@click.option("--report", type=FOLDER, metavar="DIR", help="Write report.html, report.json and junit.xml.")
def gateway(file: BinaryIO, topic_prefix: str, report: Path | None) -> int:
    """Test the gateway of a depot on the bus: scripted setpoints against what it and its chargers do.

    Start it first, pointed to the topics of the prefix, with vehicles at its chargers. It takes about ten minutes; at a
    terminal you are then asked to pull a plug.

    Exit 0 where it keeps the duties of a gateway, else 1.
    """
    from rich.console import Group

    from entrypoints.accept.asked import SiteFile
    from entrypoints.accept.gateway import reports
    from entrypoints.accept.gateway.command import accept as accept_gateway
    from entrypoints.accept.gateway.tables import shown
    from entrypoints.cli import views

    signal.signal(signal.SIGTERM, _end)
    asked = SiteFile(Path(file.name).name, _read(file))
    if report is not None:
        _prepare(report, reports.FILES)
    acceptance = accept_gateway(asked, topic_prefix)
    if report is not None:
        _write(acceptance, reports.FILES, report)
    views.show(Group(*shown(acceptance)))
    return 0 if acceptance.passed else 1


def _write(made: Made, files: Mapping[str, Callable[[Made], bytes]], folder: Path) -> None:
    from entrypoints.accept import forms

    try:
        forms.write(made, files, folder)
    except OSError as error:
        raise _unwritable(folder, error) from None


def _read(file: BinaryIO) -> bytes:
    try:
        return file.read()
    except OSError as error:
        raise click.UsageError(f"The site configuration {file.name} cannot be read: {error}") from None


def _prepare(folder: Path, names: Iterable[str]) -> None:
    """Make sure that reports can be written before the time for them is spent. Raises UsageError."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name in names:
            (folder / name).write_bytes(b"")
    except OSError as error:
        raise _unwritable(folder, error) from None


def _unwritable(folder: Path, error: OSError) -> click.UsageError:
    return click.UsageError(f"The reports cannot be written to {folder}: {error.strerror}.")


def _end(number: int, frame: object) -> NoReturn:
    """Told to end, end the processes that play too."""
    sys.exit(128 + number)
