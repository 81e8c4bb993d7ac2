"""`busbar gateway ocpp` and the passwords of its chargers."""

import re
import secrets
from importlib.util import find_spec
from pathlib import Path
from typing import BinaryIO

import click
from platformdirs import user_state_path

from adapters.ocpp.addresses import is_loopback
from adapters.ocpp.passwords import Passwords, UnusablePasswords, hashed
from domain.site.identifiers import ID_PATTERN
from entrypoints.site_files import UnusableSite, read_valid

MISSING = (
    "The packages of OCPP are not installed: install the extra `ocpp` of the project "
    "(python -m pip install --editable '.[ocpp]')."
)


def run_ocpp(
    site: BinaryIO, listen: tuple[str, int], *, passwords: Path | None, data: Path | None, port: int | None
) -> int:
    """Serve chargers until stopped; returns the exit code. Raises UsageError and UnusableSetting."""
    require_packages()
    from entrypoints.service import gateway

    host, listens_on = listen
    folder = data or user_state_path("busbar", appauthor=False)
    try:
        configuration = read_valid(site.read())
        known = None if passwords is None else Passwords.read(passwords)
        folder.mkdir(parents=True, exist_ok=True)
    except UnusableSite as error:
        raise click.UsageError(f"The site configuration {site.name} cannot be used: {error}") from None
    except UnusablePasswords as error:
        raise click.UsageError(f"The passwords {passwords} cannot be used: {error}.") from None
    except OSError as error:
        raise click.UsageError(f"The folder {folder} cannot be used: {error.strerror}.") from None
    if known is None and not is_loopback(host):
        raise click.UsageError(
            f"--listen {host} lets chargers in from beyond this machine: say by --passwords who they are."
        )
    return gateway.run(gateway.Wanted(configuration, host, listens_on, known, folder), port)


def require_packages() -> None:
    """Raises UsageError where the extra is missing."""
    if any(find_spec(name) is None for name in ("ocpp", "websockets")):
        raise click.UsageError(MISSING)


def password_line(charge_point_id: str, given: str | None) -> str:
    """A line for the file of passwords; one that is not given is made up, and shown on standard error, this once.

    Raises UsageError where the id is none.
    """
    if re.fullmatch(ID_PATTERN, charge_point_id) is None:
        raise click.UsageError(f"{charge_point_id!r} is no id of a charge point.")
    password = given or secrets.token_hex(16)
    if given is None:
        click.echo(f"The password of {charge_point_id} is {password}", err=True)
    return hashed(charge_point_id, password)
